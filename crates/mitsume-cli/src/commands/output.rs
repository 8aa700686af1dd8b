//! Output on stdout (text, JSON and tables), and the folder of a page.

use std::io::{ErrorKind, Write};
use std::path::Path;

use mitsume::measures::Measures;
use mitsume_locale::{Language, text};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::table;
pub use super::table::table;
use crate::failure::{Failure, Result};

/// Creates the folder that `--out` names.
pub fn create_folder(out: &Path) -> Result {
    std::fs::create_dir_all(out)
        .map_err(|error| Failure::Request(format!("cannot create {}: {error}", out.display())))
}

/// Prints text with a newline at the end.
pub fn text(text: &str) -> Result {
    write(text.trim_end().as_bytes())
}

/// Prints one JSON object.
pub fn json(value: &impl Serialize) -> Result {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Work(format!("cannot write JSON: {error}")))?;
    write(json.as_bytes())
}

fn write(bytes: &[u8]) -> Result {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Work(format!("cannot write to stdout: {error}")),
        })
}

/// A number with six decimals, or a dash for `None`.
pub fn decimal(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.6}"))
}

/// A list with one `- ` item per sentence.
pub fn bullet_list(sentences: &[String]) -> String {
    let lines = sentences.iter().map(|sentence| format!("- {sentence}\n"));
    lines.collect()
}

/// Measures besides `squared-l2` and `l2`, one per line; those that were not computed are left out.
pub fn measures(measures: Option<&Measures>, language: Language) -> String {
    let Some(measures) = measures else {
        return String::new();
    };
    let [rows, columns] = measures.grid;
    let computed = measures
        .values()
        .filter_map(|(name, value)| Some(vec![language.measure(name), format!("{:.6}", value?)]));
    let text = table::indented(&computed.collect::<Vec<_>>());
    let grid = format!("{rows}x{columns}");
    format!(
        "{}\n{text}",
        text!(language, "command-measures", grid = grid)
    )
}

/// Both forms of the metric, with the number of counted images and what these are: `label`,
/// `predicted`, `class` (see `ExplainedClass::kind`) or `finding`.
pub fn consistency(
    counted: u64,
    over: &str,
    [squared_l2, l2]: [Option<f64>; 2],
    language: Language,
) -> String {
    format!(
        "{}\n  squared-l2 {}\n  l2         {}\n",
        text!(
            language,
            "command-consistency",
            counted = counted,
            explained = over
        ),
        decimal(squared_l2),
        decimal(l2),
    )
}

/// The header of a table of classes.
pub fn class_header(language: Language) -> Vec<String> {
    vec![
        text!(language, "command-class"),
        text!(language, "command-images"),
        text!(language, "command-correct"),
        "squared-l2".into(),
        "l2".into(),
    ]
}

/// Text with spaces on the right, to `width` terminal columns.
pub fn pad_right(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A duration in at most two units: "45 s", "3 min 10 s", "2 h 5 min".
pub fn duration(seconds: f64, language: Language) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    match (hours, minutes) {
        (0, 0) => {
            let decimals = usize::from(seconds < 10.0);
            let seconds = format!("{seconds:.decimals$}");
            text!(language, "command-seconds", seconds = seconds)
        }
        (0, _) => text!(
            language,
            "command-minutes",
            minutes = minutes,
            seconds = whole % 60
        ),
        _ => text!(language, "command-hours", hours = hours, minutes = minutes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        let texts = |language| [4.56, 45.0, 190.0, 7500.0].map(|time| duration(time, language));
        let english = ["4.6 s", "45 s", "3 min 10 s", "2 h 5 min"];
        assert_eq!(texts(Language::English), english);
        let japanese = ["4.6 秒", "45 秒", "3 分 10 秒", "2 時間 5 分"];
        assert_eq!(texts(Language::Japanese), japanese);
    }
}
