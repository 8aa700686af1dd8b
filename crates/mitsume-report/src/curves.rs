//! Which curves a page shows.

use mitsume_record::EpochRow;

use crate::chart::{Chart, Series};
use crate::source::Entry;

/// A quantity of an epoch.
type Value = fn(&EpochRow) -> Option<f64>;
/// A quantity with its name.
type Column = (&'static str, Value);

/// The charts of the page: of one run several quantities share a chart, of several runs each
/// quantity has its own with one line per run. Charts without values are left out.
pub(crate) fn charts(entries: &[Entry]) -> Vec<Chart> {
    let runs: Vec<(usize, &str, &[EpochRow])> = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| {
            Some((index, entry.name.as_str(), &*entry.run.as_ref()?.epochs))
        })
        .filter(|(_, _, epochs)| !epochs.is_empty())
        .collect();
    let charts = match runs[..] {
        [] => Vec::new(),
        [(_, _, epochs)] if entries.len() == 1 => of_one_run(epochs),
        _ => of_several(&runs),
    };
    charts.into_iter().filter(Chart::has_values).collect()
}

fn of_one_run(epochs: &[EpochRow]) -> Vec<Chart> {
    let mut loss: Vec<Column> = vec![
        ("training cross-entropy", |row| {
            Some(row.train_cross_entropy)
        }),
        ("validation cross-entropy", |row| Some(row.val_loss)),
    ];
    let cam_loss = epochs.iter().any(|row| row.lambda != 0.0);
    if cam_loss {
        loss.push(("training loss (with the CAM loss)", |row| {
            Some(row.train_loss)
        }));
    }
    let mut charts = vec![
        chart("Loss", "lower is better", epochs, &loss),
        chart(
            "Accuracy and kappa",
            "higher is better",
            epochs,
            &[
                ("validation accuracy", |row| Some(row.val_accuracy)),
                ("validation kappa", |row| Some(row.kappa)),
                ("training accuracy", |row| Some(row.train_accuracy)),
            ],
        ),
        chart(
            SQUARED_L2,
            LOWER,
            epochs,
            &[("squared-l2", |row| row.consistency_squared_l2)],
        ),
        chart(L2, LOWER, epochs, &[("l2", |row| row.consistency_l2)]),
    ];
    if cam_loss {
        charts.push(chart(
            "Weight of the CAM loss",
            "lambda_t of the curriculum",
            epochs,
            &[LAMBDA],
        ));
        charts.push(chart(
            "CAM loss",
            "mean over the images of an epoch",
            epochs,
            &[CAM_LOSS],
        ));
    }
    charts.push(chart(
        "Learning rate",
        "lowered when the validation loss stalls",
        epochs,
        &[RATE],
    ));
    charts
}

const SQUARED_L2: &str = "Gaze consistency, squared-l2";
const L2: &str = "Gaze consistency, l2";
const LOWER: &str = "lower is more consistent";
const LAMBDA: Column = ("lambda", |row| Some(row.lambda));
const CAM_LOSS: Column = ("CAM loss", |row| row.train_cam_loss);
const RATE: Column = ("learning rate", |row| Some(row.learning_rate));

fn of_several(runs: &[(usize, &str, &[EpochRow])]) -> Vec<Chart> {
    let quantities: [(&str, &str, Value); 8] = [
        ("Validation accuracy", "higher is better", |row| {
            Some(row.val_accuracy)
        }),
        ("Validation kappa", "higher is better", |row| {
            Some(row.kappa)
        }),
        (SQUARED_L2, LOWER, |row| row.consistency_squared_l2),
        (L2, LOWER, |row| row.consistency_l2),
        ("Validation cross-entropy", "lower is better", |row| {
            Some(row.val_loss)
        }),
        ("Training cross-entropy", "lower is better", |row| {
            Some(row.train_cross_entropy)
        }),
        ("Training accuracy", "higher is better", |row| {
            Some(row.train_accuracy)
        }),
        (
            "Weight of the CAM loss",
            "lambda_t of the curriculum",
            |row| Some(row.lambda),
        ),
    ];
    quantities
        .into_iter()
        .map(|(title, caption, value)| Chart {
            title: title.to_owned(),
            caption: caption.to_owned(),
            series: runs
                .iter()
                .map(|(index, name, epochs)| Series {
                    label: (*name).to_owned(),
                    style: *index,
                    points: points(epochs, value),
                })
                .collect(),
        })
        .collect()
}

fn chart(title: &str, caption: &str, epochs: &[EpochRow], columns: &[Column]) -> Chart {
    let series = columns
        .iter()
        .enumerate()
        .map(|(style, (label, value))| Series {
            label: (*label).to_owned(),
            style,
            points: points(epochs, *value),
        });
    Chart {
        title: title.to_owned(),
        caption: caption.to_owned(),
        series: series.collect(),
    }
}

fn points(epochs: &[EpochRow], value: Value) -> Vec<(u64, Option<f64>)> {
    epochs.iter().map(|row| (row.epoch, value(row))).collect()
}
