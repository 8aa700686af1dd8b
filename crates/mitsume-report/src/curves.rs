//! The curves of a report.

use mitsume_artifacts::EpochRow;
use mitsume_locale::{Language, text};

use crate::chart::{Chart, Series};
use crate::entries::Entry;

/// A quantity of an epoch.
type Value = fn(&EpochRow) -> Option<f64>;
/// A quantity with the message id of its name.
type Column = (&'static str, Value);

/// The charts of the page. For one run, several quantities share a chart; for several runs, each
/// quantity has a chart with one line per run. Charts without values are left out.
pub(crate) fn charts(entries: &[Entry], language: Language) -> Vec<Chart> {
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
        [(_, _, epochs)] if entries.len() == 1 => charts_of_one_run(epochs, language),
        _ => charts_of_several_runs(&runs, language),
    };
    charts.into_iter().filter(Chart::has_values).collect()
}

fn charts_of_one_run(epochs: &[EpochRow], language: Language) -> Vec<Chart> {
    let mut loss: Vec<Column> = vec![
        ("report-curve-line-train-ce", |row| {
            Some(row.train_cross_entropy)
        }),
        ("report-curve-line-val-ce", |row| row.val_loss),
    ];
    let cam_loss = trained_with_cam_loss(epochs);
    if cam_loss {
        loss.push(("report-curve-train-loss", |row| Some(row.train_loss)));
    }
    let chart =
        |title, caption, columns: &[Column]| chart([title, caption], epochs, columns, language);
    let mut charts = vec![
        chart("report-curve-loss", "report-curve-lower-better", &loss),
        chart(
            "report-curve-accuracy-kappa",
            "report-curve-higher-better",
            &[
                ("report-curve-line-val-accuracy", |row| row.val_accuracy),
                ("report-curve-line-val-kappa", |row| row.kappa),
                ("report-curve-line-train-accuracy", |row| {
                    Some(row.train_accuracy)
                }),
            ],
        ),
        chart(
            SQUARED_L2,
            LOWER,
            &[(SQUARED_L2, |row| row.consistency_squared_l2)],
        ),
        chart(L2, LOWER, &[(L2, |row| row.consistency_l2)]),
    ];
    if cam_loss {
        charts.push(chart(
            "report-curve-lambda",
            "report-curve-lambda-caption",
            &[LAMBDA],
        ));
        charts.push(chart(
            "report-curve-cam-loss",
            "report-curve-cam-loss-caption",
            &[CAM_LOSS],
        ));
    }
    charts.push(chart(
        "report-curve-rate",
        "report-curve-rate-caption",
        &[RATE],
    ));
    charts
}

const SQUARED_L2: &str = "report-curve-squared-l2";
const L2: &str = "report-curve-l2";
const LOWER: &str = "report-curve-lower-consistent";
const LAMBDA: Column = ("report-lambda", |row| Some(row.lambda));
const CAM_LOSS: Column = ("report-curve-cam-loss", |row| row.train_cam_loss);
const RATE: Column = ("report-curve-line-rate", |row| Some(row.learning_rate));

fn charts_of_several_runs(runs: &[(usize, &str, &[EpochRow])], language: Language) -> Vec<Chart> {
    let mut quantities: Vec<(&str, &str, Value)> = vec![
        (
            "report-curve-val-accuracy",
            "report-curve-higher-better",
            |row| row.val_accuracy,
        ),
        (
            "report-curve-val-kappa",
            "report-curve-higher-better",
            |row| row.kappa,
        ),
        (SQUARED_L2, LOWER, |row| row.consistency_squared_l2),
        (L2, LOWER, |row| row.consistency_l2),
        ("report-curve-val-ce", "report-curve-lower-better", |row| {
            row.val_loss
        }),
        (
            "report-curve-train-ce",
            "report-curve-lower-better",
            |row| Some(row.train_cross_entropy),
        ),
        (
            "report-curve-train-accuracy",
            "report-curve-higher-better",
            |row| Some(row.train_accuracy),
        ),
    ];
    if runs
        .iter()
        .any(|(_, _, epochs)| trained_with_cam_loss(epochs))
    {
        let (title, value) = ("report-curve-lambda", LAMBDA.1);
        quantities.push((title, "report-curve-lambda-caption", value));
    }
    quantities
        .into_iter()
        .map(|(title, caption, value)| Chart {
            title: text!(language, title),
            caption: text!(language, caption),
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

fn chart(
    [title, caption]: [&str; 2],
    epochs: &[EpochRow],
    columns: &[Column],
    language: Language,
) -> Chart {
    let series = columns
        .iter()
        .enumerate()
        .map(|(style, (label, value))| Series {
            label: text!(language, label),
            style,
            points: points(epochs, *value),
        });
    Chart {
        title: text!(language, title),
        caption: text!(language, caption),
        series: series.collect(),
    }
}

fn trained_with_cam_loss(epochs: &[EpochRow]) -> bool {
    epochs.iter().any(|row| row.lambda != 0.0)
}

/// A line goes on over epochs that were not evaluated; a gap is a value that is not defined.
fn points(epochs: &[EpochRow], value: Value) -> Vec<(u64, Option<f64>)> {
    let points = epochs.iter().map(|row| (row, value(row)));
    let known = points.filter(|(row, value)| value.is_some() || row.is_evaluated());
    known.map(|(row, value)| (row.epoch, value)).collect()
}
