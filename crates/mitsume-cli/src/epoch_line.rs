//! The epochs of a run, a line each under a head, within 80 columns of a terminal or those it has.

use mitsume_artifacts::EpochRow;
use mitsume_locale::{Language, text};
use unicode_width::UnicodeWidthStr;

/// The columns' least widths: epoch, lambda, losses of training, of its consistency and of
/// validation, accuracy, kappa, both forms of the metric, the epoch's time, the run's time left.
const WIDTHS: [usize; 11] = [7, 5, 5, 7, 5, 5, 6, 7, 8, 6, 6];

/// The same columns, the most important first: those that a narrow terminal keeps.
const KEPT: [usize; 11] = [0, 6, 10, 5, 7, 2, 9, 4, 8, 1, 3];

/// Head and lines of one width.
pub struct EpochLines {
    language: Language,
    /// Which columns there is room for.
    shown: [bool; 11],
}

fn names(language: Language) -> [String; 11] {
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

fn widths(language: Language) -> [usize; 11] {
    let names = names(language);
    std::array::from_fn(|column| WIDTHS[column].max(names[column].width()))
}

impl EpochLines {
    /// As many columns as `room` has place for; all where nobody says how much there is.
    pub fn new(language: Language, room: Option<usize>) -> Self {
        let widths = widths(language);
        let mut shown = [false; 11];
        let mut taken = 0;
        for column in KEPT {
            taken += widths[column] + usize::from(taken > 0);
            if room.is_some_and(|room| taken > room) {
                break;
            }
            shown[column] = true;
        }
        Self { language, shown }
    }

    /// What stands above the lines.
    pub fn head(&self) -> String {
        self.line(&names(self.language))
    }

    /// An epoch of `epochs`, with the seconds that the run will still take where they are known.
    pub fn epoch(&self, row: &EpochRow, epochs: u64, left: Option<f64>) -> String {
        let figure =
            |value: Option<f64>, width| value.map_or("-".into(), |value| fitted(value, width));
        self.line(&[
            format!("{}/{epochs}", row.epoch),
            fitted(row.lambda, WIDTHS[1]),
            fitted(row.train_loss, WIDTHS[2]),
            figure(row.train_cam_loss, WIDTHS[3]),
            fitted(row.val_loss, WIDTHS[4]),
            fitted(row.val_accuracy, WIDTHS[5]),
            fitted(row.kappa, WIDTHS[6]),
            figure(row.consistency_squared_l2, WIDTHS[7]),
            figure(row.consistency_l2, WIDTHS[8]),
            short(row.seconds),
            left.map_or("-".into(), short),
        ])
    }

    fn line(&self, cells: &[String; 11]) -> String {
        let columns = cells.iter().zip(widths(self.language)).zip(self.shown);
        let padded = columns.filter(|(_, shown)| *shown);
        let padded =
            padded.map(|((cell, width), _)| " ".repeat(width.saturating_sub(cell.width())) + cell);
        padded.collect::<Vec<_>>().join(" ")
    }
}

/// The value with as many decimals as fit `width`, six at most.
fn fitted(value: f64, width: usize) -> String {
    let decimals = (0..=6).rev();
    let mut texts = decimals.map(|decimals| format!("{value:.decimals$}"));
    texts
        .find(|text| text.len() <= width)
        .unwrap_or_else(|| format!("{value:.0e}"))
}

/// A time in a column of a few letters: 4.6s, 45s, 3m10s, 2h05m, 3d07h.
fn short(seconds: f64) -> String {
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
            val_loss: 11.386_294,
            val_accuracy: 0.625,
            kappa: -0.012_345,
            consistency_squared_l2: Some(0.012_345_6),
            consistency_l2: None,
            seconds: 3599.0,
            ..EpochRow::default()
        }
    }

    #[test]
    fn lines_fit_80_columns_and_stand_under_their_heads() {
        for language in Language::ALL {
            let lines = EpochLines::new(language, Some(80));
            let head = lines.head();
            assert!(head.width() <= 80, "{}: {head}", head.width());
            for (epochs, left) in [(20, None), (100, Some(86_399.0))] {
                let line = lines.epoch(&row(), epochs, left);
                assert_eq!(line.width(), head.width(), "\n{head}\n{line}");
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
    fn a_narrow_terminal_gets_the_most_important_columns() {
        for language in Language::ALL {
            for room in 10..100 {
                let lines = EpochLines::new(language, Some(room));
                let (head, line) = (lines.head(), lines.epoch(&row(), 20, None));
                assert!(
                    head.width() <= room && line.width() <= room,
                    "{room}: {head}"
                );
            }
        }
        let narrow = EpochLines::new(Language::English, Some(40)).head();
        let names: Vec<_> = narrow.split_whitespace().collect();
        assert_eq!(names, ["epoch", "acc.", "kappa", "sq-l2", "left"]);
        let unknown = EpochLines::new(Language::English, None);
        assert_eq!(unknown.shown, [true; 11]);
    }

    #[test]
    fn times_are_short() {
        let texts = [4.56, 9.96, 45.0, 190.0, 7500.0, 300_000.0].map(short);
        assert_eq!(texts, ["4.6s", "10s", "45s", "3m10s", "2h05m", "3d11h"]);
    }

    #[test]
    fn a_value_that_fits_no_column_is_still_a_number() {
        assert_eq!(fitted(1e30, 6), "1e30");
        assert_eq!(fitted(0.5, 6), "0.5000");
    }
}
