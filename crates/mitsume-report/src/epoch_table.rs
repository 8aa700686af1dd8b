//! The table of all epochs of a run.

use mitsume_artifacts::EpochRow;
use mitsume_locale::{Language, text};

use crate::number_format;
use crate::template_data::EpochTable;

/// A column of the table.
struct Column {
    /// Its name in `epochs.csv`.
    csv_name: &'static str,
    title: Title,
    cell: fn(&EpochRow) -> String,
}

/// The heading of a column.
enum Title {
    /// The id of a message.
    Message(&'static str),
    /// A name that is the same in every language.
    Name(&'static str),
}

/// The columns with a heading and a number format of their own, in order. Other columns of
/// `epochs.csv` follow under their own names.
const COLUMNS: &[Column] = &[
    Column {
        csv_name: "epoch",
        title: Title::Message("report-column-epoch"),
        cell: |row| row.epoch.to_string(),
    },
    Column {
        csv_name: "learning_rate",
        title: Title::Message("report-column-rate"),
        cell: |row| number_format::setting(row.learning_rate),
    },
    Column {
        csv_name: "lambda",
        title: Title::Message("report-lambda"),
        cell: |row| number_format::setting(row.lambda),
    },
    Column {
        csv_name: "train_cross_entropy",
        title: Title::Message("report-column-train-ce"),
        cell: |row| number_format::significant_4(row.train_cross_entropy),
    },
    Column {
        csv_name: "train_cam_loss",
        title: Title::Message("report-column-cam-loss"),
        cell: |row| number_format::significant_4_or_dash(row.train_cam_loss),
    },
    Column {
        csv_name: "train_accuracy",
        title: Title::Message("report-column-train-accuracy"),
        cell: |row| number_format::percent(row.train_accuracy),
    },
    Column {
        csv_name: "val_loss",
        title: Title::Message("report-column-val-ce"),
        cell: |row| number_format::significant_4_or_dash(row.val_loss),
    },
    Column {
        csv_name: "val_accuracy",
        title: Title::Message("report-column-val-accuracy"),
        cell: |row| number_format::or_dash(row.val_accuracy, number_format::percent),
    },
    Column {
        csv_name: "kappa",
        title: Title::Message("report-kappa"),
        cell: |row| number_format::significant_4_or_dash(row.kappa),
    },
    Column {
        csv_name: "consistency_squared_l2",
        title: Title::Name("squared-l2"),
        cell: |row| number_format::significant_4_or_dash(row.consistency_squared_l2),
    },
    Column {
        csv_name: "consistency_l2",
        title: Title::Name("l2"),
        cell: |row| number_format::significant_4_or_dash(row.consistency_l2),
    },
    Column {
        csv_name: "counted",
        title: Title::Message("report-counted"),
        cell: |row| number_format::or_dash(row.counted, number_format::count),
    },
    Column {
        csv_name: "seconds",
        title: Title::Message("report-column-seconds"),
        cell: |row| format!("{:.1}", row.seconds),
    },
];

/// Columns of `epochs.csv` that the table leaves out: the total loss is the cross-entropy plus
/// lambda times the CAM loss, which have columns of their own.
const LEFT_OUT: &[&str] = &["train_loss"];

/// The table of `epochs`, with headings in `language`.
pub(crate) fn epoch_table(epochs: &[EpochRow], language: Language) -> EpochTable {
    let mut header: Vec<String> = COLUMNS
        .iter()
        .map(|column| match column.title {
            Title::Message(id) => text!(language, id),
            Title::Name(name) => name.to_owned(),
        })
        .collect();
    let row = EpochRow::default();
    let names = row.values().map(|(name, _)| name);
    header.extend(names.filter(|name| is_other(name)).map(str::to_owned));
    EpochTable {
        header,
        rows: epochs.iter().map(cells).collect(),
    }
}

fn cells(row: &EpochRow) -> Vec<String> {
    let cells = COLUMNS.iter().map(|column| (column.cell)(row));
    let others = row.values().filter(|(name, _)| is_other(name));
    cells
        .chain(others.map(|(_, value)| number_format::significant_4_or_dash(value)))
        .collect()
}

/// Whether a column of `epochs.csv` is neither in [`COLUMNS`] nor left out.
fn is_other(csv_name: &str) -> bool {
    !LEFT_OUT.contains(&csv_name) && COLUMNS.iter().all(|column| column.csv_name != csv_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_the_file_is_in_the_table_once_or_left_out() {
        let row = EpochRow::default();
        let names: Vec<&str> = row.values().map(|(name, _)| name).collect();
        assert!(
            COLUMNS
                .iter()
                .map(|column| column.csv_name)
                .chain(LEFT_OUT.iter().copied())
                .all(|name| names.contains(&name)),
            "{names:?}"
        );
        let table = epoch_table(&[row], Language::English);
        assert_eq!(table.header.len(), names.len() - LEFT_OUT.len());
        assert_eq!(table.rows[0].len(), table.header.len());
        assert!(is_other("a_new_column") && !is_other("train_loss") && !is_other("kappa"));
    }
}
