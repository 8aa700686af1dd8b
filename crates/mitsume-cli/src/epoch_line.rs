//! The table of a run's epochs, one line each, as wide as the terminal.

use mitsume_artifacts::EpochRow;
use mitsume_locale::{Language, text};
use unicode_width::UnicodeWidthStr;

/// Minimum widths of the columns: epoch, lambda, training loss, CAM loss, validation loss,
/// accuracy, kappa, both forms of the metric, the epoch's time, the run's remaining time.
const MIN_WIDTHS: [usize; 11] = [7, 5, 5, 7, 5, 5, 6, 7, 8, 6, 6];

/// The columns by priority: a narrow terminal shows the first ones that fit.
const PRIORITY: [usize; 11] = [0, 6, 10, 5, 7, 2, 9, 4, 8, 1, 3];

/// Header and lines of the table.
pub struct EpochLines {
    language: Language,
    /// Which columns are shown.
    shown: [bool; 11],
}

fn column_names(language: Language) -> [String; 11] {
    [
        text!(language, "command-epoch"),
        text!(language, "command-lambda"),
        text!(language, "command-loss"),
        text!(language, "command-cam-loss"),
        text!(language, "command-valid-loss"),
        text!(language, "command-accuracy"),
        "kappa".into(),
        "sq-l2".into(),
        "l2".into(),
        text!(language, "command-time"),
        text!(language, "command-left"),
    ]
}

fn column_widths(language: Language) -> [usize; 11] {
    let names = column_names(language);
    std::array::from_fn(|column| MIN_WIDTHS[column].max(names[column].width()))
}

impl EpochLines {
    /// As many columns as fit `width` characters; all of them if it is `None`.
    pub fn new(language: Language, width: Option<usize>) -> Self {
        let widths = column_widths(language);
        let mut shown = [false; 11];
        let mut taken = 0;
        for column in PRIORITY {
            taken += widths[column] + usize::from(taken > 0);
            if width.is_some_and(|width| taken > width) {
                break;
            }
            shown[column] = true;
        }
        Self { language, shown }
    }

    /// The header line.
    pub fn header(&self) -> String {
        self.line(&column_names(self.language))
    }

    /// The line of an epoch. `epochs` is the run's total, `left` its remaining seconds if known.
    pub fn epoch(&self, row: &EpochRow, epochs: u64, left: Option<f64>) -> String {
        let optional = |value: Option<f64>, width| {
            value.map_or("-".into(), |value| fit_to_width(value, width))
        };
        self.line(&[
            format!("{}/{epochs}", row.epoch),
            fit_to_width(row.lambda, MIN_WIDTHS[1]),
            fit_to_width(row.train_loss, MIN_WIDTHS[2]),
            optional(row.train_cam_loss, MIN_WIDTHS[3]),
            optional(row.val_loss, MIN_WIDTHS[4]),
            optional(row.val_accuracy, MIN_WIDTHS[5]),
            optional(row.kappa, MIN_WIDTHS[6]),
            optional(row.consistency_squared_l2, MIN_WIDTHS[7]),
            optional(row.consistency_l2, MIN_WIDTHS[8]),
            short_duration(row.seconds),
            left.map_or("-".into(), short_duration),
        ])
    }

    fn line(&self, cells: &[String; 11]) -> String {
        let columns = cells
            .iter()
            .zip(column_widths(self.language))
            .zip(self.shown);
        let padded = columns.filter(|(_, shown)| *shown);
        let padded =
            padded.map(|((cell, width), _)| " ".repeat(width.saturating_sub(cell.width())) + cell);
        padded.collect::<Vec<_>>().join(" ")
    }
}

/// The value with as many decimals as fit `width`, at most six.
fn fit_to_width(value: f64, width: usize) -> String {
    let decimals = (0..=6).rev();
    let mut texts = decimals.map(|decimals| format!("{value:.decimals$}"));
    texts
        .find(|text| text.len() <= width)
        .unwrap_or_else(|| format!("{value:.0e}"))
}

/// A duration in at most six characters: 4.6s, 45s, 3m10s, 2h05m, 3d07h.
fn short_duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match (
        whole / 86400,
        whole / 3600 % 24,
        whole / 60 % 60,
        whole % 60,
    ) {
        (0, 0, 0, _) if seconds < 9.95 => format!("{seconds:.1}s"),
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, hours, ..) => format!("{days}d{hours:02}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> EpochRow {
        EpochRow {
            epoch: 12,
            lambda: -66.666_667,
            train_loss: 1.386_294,
            train_cam_loss: Some(0.001_234_5),
            val_loss: Some(11.386_294),
            val_accuracy: Some(0.625),
            kappa: Some(-0.012_345),
            consistency_squared_l2: Some(0.012_345_6),
            consistency_l2: None,
            seconds: 3599.0,
            ..EpochRow::default()
        }
    }

    #[test]
    fn lines_fit_80_columns_and_align_with_the_header() {
        for language in Language::ALL {
            let lines = EpochLines::new(language, Some(80));
            let header = lines.header();
            assert!(header.width() <= 80, "{}: {header}", header.width());
            for (epochs, left) in [(20, None), (100, Some(86_399.0))] {
                let line = lines.epoch(&row(), epochs, left);
                assert_eq!(line.width(), header.width(), "\n{header}\n{line}");
            }
        }
        let english = EpochLines::new(Language::English, Some(80));
        let english = english.epoch(&row(), 20, Some(7500.0));
        let cells: Vec<_> = english.split_whitespace().collect();
        assert_eq!(
            cells,
            [
                "12/20", "-66.7", "1.386", "0.00123", "11.39", "0.625", "-0.012", "0.01235", "-",
                "59m59s", "2h05m"
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_shows_the_columns_of_highest_priority() {
        for language in Language::ALL {
            for width in 10..100 {
                let lines = EpochLines::new(language, Some(width));
                let (header, line) = (lines.header(), lines.epoch(&row(), 20, None));
                assert!(
                    header.width() <= width && line.width() <= width,
                    "{width}: {header}"
                );
            }
        }
        let narrow = EpochLines::new(Language::English, Some(40)).header();
        let names: Vec<_> = narrow.split_whitespace().collect();
        assert_eq!(names, ["epoch", "acc.", "kappa", "sq-l2", "left"]);
        let unknown = EpochLines::new(Language::English, None);
        assert_eq!(unknown.shown, [true; 11]);
    }

    #[test]
    fn durations_are_short() {
        let texts = [4.56, 9.96, 45.0, 190.0, 7500.0, 300_000.0].map(short_duration);
        assert_eq!(texts, ["4.6s", "10s", "45s", "3m10s", "2h05m", "3d11h"]);
    }

    #[test]
    fn a_value_that_does_not_fit_is_in_scientific_notation() {
        assert_eq!(fit_to_width(1e30, 6), "1e30");
        assert_eq!(fit_to_width(0.5, 6), "0.5000");
    }
}
