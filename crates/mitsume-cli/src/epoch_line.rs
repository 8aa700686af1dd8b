//! The epochs of a run, a line each under a head, within 80 columns of a terminal.

use mitsume_locale::{Language, text};
use mitsume_record::EpochRow;
use unicode_width::UnicodeWidthStr;

/// The columns' least widths: epoch, lambda, losses of training, of its consistency and of
/// validation, accuracy, kappa, both forms of the metric, the epoch's time, the run's time left.
const WIDTHS: [usize; 11] = [7, 5, 5, 7, 5, 5, 6, 7, 8, 6, 6];

/// What stands above the lines.
pub fn head(language: Language) -> String {
    line(&names(language), language)
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

/// An epoch of `epochs`, with the seconds that the run will still take where they are known.
pub fn epoch_line(row: &EpochRow, epochs: u64, left: Option<f64>, language: Language) -> String {
    let figure = |value: Option<f64>, width| value.map_or("-".into(), |value| fitted(value, width));
    let cells = [
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
    ];
    line(&cells, language)
}

fn line(cells: &[String; 11], language: Language) -> String {
    let names = names(language);
    let columns = cells.iter().zip(WIDTHS).zip(&names);
    let padded = columns.map(|((cell, width), name)| {
        let blanks = width.max(name.width()).saturating_sub(cell.width());
        " ".repeat(blanks) + cell
    });
    padded.collect::<Vec<_>>().join(" ")
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
            learning_rate: 1e-4,
            lambda: -66.666_667,
            train_loss: 1.386_294,
            train_cross_entropy: 1.3,
            train_cam_loss: Some(0.001_234_5),
            train_accuracy: 0.5,
            val_loss: 11.386_294,
            val_accuracy: 0.625,
            kappa: -0.012_345,
            consistency_squared_l2: Some(0.012_345_6),
            consistency_l2: None,
            counted: 12,
            seconds: 3599.0,
        }
    }

    #[test]
    fn lines_fit_80_columns_and_stand_under_their_heads() {
        for language in Language::ALL {
            let head = head(language);
            assert!(head.width() <= 80, "{}: {head}", head.width());
            for (epochs, left) in [(20, None), (100, Some(86_399.0))] {
                let line = epoch_line(&row(), epochs, left, language);
                assert_eq!(line.width(), head.width(), "\n{head}\n{line}");
            }
        }
        let english = epoch_line(&row(), 20, Some(7500.0), Language::English);
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
