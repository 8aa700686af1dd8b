//! What goes to stdout.

use std::io::{ErrorKind, Write};

use mitsume::measures::Measures;
use mitsume_locale::{Language, text};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::failure::{Failure, Result};

/// Prints text, ending in a new line.
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

/// A figure with six decimals, or a dash.
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.6}"))
}

/// Sentences, each after a dash on lines of its own.
pub fn list(sentences: &[String]) -> String {
    let lines = sentences.iter().map(|sentence| format!("- {sentence}\n"));
    lines.collect()
}

/// Measures beyond the two forms, a line each; those that were not taken are left out.
pub fn measures(measures: Option<&Measures>, language: Language) -> String {
    let Some(measures) = measures else {
        return String::new();
    };
    let [rows, columns] = measures.grid;
    let lines = [
        (
            text!(language, "command-measure-grid-squared-l2"),
            measures.grid_squared_l2,
        ),
        (text!(language, "command-measure-grid-l2"), measures.grid_l2),
        (
            text!(language, "command-measure-chance-corrected"),
            measures.chance_corrected,
        ),
        (
            format!("  {}", text!(language, "command-measure-chance-p")),
            measures.chance_p,
        ),
        (text!(language, "command-measure-cosine"), measures.cosine),
        (
            text!(language, "command-measure-jensen-shannon"),
            measures.jensen_shannon,
        ),
        (
            text!(language, "command-measure-earth-mover"),
            measures.earth_mover,
        ),
        (text!(language, "command-measure-pearson"), measures.pearson),
        (text!(language, "command-measure-ssim"), measures.ssim),
    ];
    let taken = lines
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    let text: String = taken
        .map(|(name, value)| format!("  {}{value:.6}\n", padded(name, 32)))
        .collect();
    let grid = format!("{rows}x{columns}");
    format!(
        "{}\n{text}",
        text!(language, "command-measures", grid = grid)
    )
}

/// Both forms of the metric, under how many images they are of.
pub fn consistency(
    counted: u64,
    squared_l2: Option<f64>,
    l2: Option<f64>,
    language: Language,
) -> String {
    format!(
        "{}\n  squared-l2 {}\n  l2         {}\n",
        text!(language, "command-consistency", counted = counted),
        figure(squared_l2),
        figure(l2),
    )
}

/// The head of a table of classes.
pub fn class_header(language: Language) -> Vec<String> {
    vec![
        text!(language, "command-class"),
        text!(language, "command-images"),
        text!(language, "command-correct"),
        "squared-l2".into(),
        "l2".into(),
    ]
}

/// Text with blanks behind it, `width` columns of a terminal in all.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A time as people say it: "45 s", "3 min 10 s", "2 h 5 min".
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

/// Rows under a header, in columns; the first is aligned to the left and the rest to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(i, (cell, width))| {
                let blanks = " ".repeat(width.saturating_sub(cell.width()));
                if i == 0 {
                    format!("{cell}{blanks}")
                } else {
                    format!("{blanks}{cell}")
                }
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units_at_most() {
        let texts = |language| [4.56, 45.0, 190.0, 7500.0].map(|time| duration(time, language));
        let english = ["4.6 s", "45 s", "3 min 10 s", "2 h 5 min"];
        assert_eq!(texts(Language::English), english);
        let japanese = ["4.6 秒", "45 秒", "3 分 10 秒", "2 時間 5 分"];
        assert_eq!(texts(Language::Japanese), japanese);
    }

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["class".into(), "n".into()],
            vec!["a".into(), "12".into()],
        ];
        assert_eq!(table(&rows), "class   n\na      12\n");
        // Twice as wide as Latin letters.
        let rows = [
            vec!["クラス".into(), "枚".into()],
            vec!["a".into(), "12".into()],
        ];
        assert_eq!(table(&rows), "クラス  枚\na       12\n");
    }
}
