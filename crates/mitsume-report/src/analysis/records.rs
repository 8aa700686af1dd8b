//! The epochs of many runs as tables: one per way to measure consistency.

use std::collections::BTreeSet;
use std::path::Path;

use mitsume_artifacts::{EpochRow, MeasureRow, read_measures};
use mitsume_stats::EpochRecord;

use super::conditions::{Conditions, conditions};
use super::measure::MeasureName;
use crate::entries::{Entry, Run, read_entries};
use crate::settings::lambda;
use crate::{ReportError, Result};

/// A way to measure consistency, and every epoch measured with it.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub name: MeasureName,
    pub records: Vec<EpochRecord>,
}

/// A run of the folder.
#[derive(Debug, Clone)]
pub(crate) struct RunSummary {
    pub name: String,
    pub dataset: String,
    pub model: String,
    /// What it was trained with: 0 where lambda_max is never reached.
    pub lambda: f64,
    pub lambda_max: f64,
    pub seed: u64,
    pub epochs: String,
    pub unfinished: bool,
    /// Whether another run has the same epochs, and counts instead.
    pub repeats: bool,
    pub last: Option<EpochRow>,
    /// Whether it has an evaluation, and so a report of its own.
    pub evaluated: bool,
}

/// Everything that was read.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    /// At least one; the first is the one to read first.
    pub measures: Vec<Measure>,
    /// Of a folder; none of a table.
    pub runs: Vec<RunSummary>,
}

impl Records {
    /// Names of the runs that are so.
    pub fn names(&self, are: impl Fn(&RunSummary) -> bool) -> Vec<&str> {
        let runs = self.runs.iter().filter(|run| are(run));
        runs.map(|run| &run.name[..]).collect()
    }
}

/// Reads a table (`.csv`), or the runs of a folder.
pub(crate) fn read(path: &Path) -> Result<Records> {
    if path.is_dir() {
        return records_from_folder(path);
    }
    let records = mitsume_stats::read_epochs(path)?;
    Ok(Records {
        measures: vec![Measure {
            name: MeasureName::OfTable,
            records,
        }],
        runs: Vec::new(),
    })
}

type Column = fn(&EpochRow) -> Option<f64>;
type MeasureColumn = fn(&MeasureRow) -> Option<f64>;

fn records_from_folder(path: &Path) -> Result<Records> {
    let entries: Vec<Entry> = read_entries(path)?
        .into_iter()
        .filter(|entry| entry.run.is_some())
        .collect();
    let runs: Vec<&Run> = entries.iter().filter_map(|e| e.run.as_ref()).collect();
    if runs.is_empty() {
        return Err(ReportError::Nothing {
            path: path.to_owned(),
            depth: 3,
        });
    }
    let Conditions {
        labels,
        equivalent_models,
        same_as,
    } = conditions(&runs);
    let lambdas: BTreeSet<u64> = runs
        .iter()
        .map(|run| lambda(&run.config).to_bits())
        .collect();
    let varied = lambdas.len() > 1;
    let mut more = Vec::new();
    for entry in &entries {
        let file = path.join(&entry.name).join("measures.csv");
        let file = if file.is_file() {
            file
        } else {
            path.join("measures.csv")
        };
        more.push(if file.is_file() {
            read_measures(&file)?
        } else {
            Vec::new()
        });
    }
    let record = |index: usize, epoch: u64, kappa: f64, consistency: Option<f64>| EpochRecord {
        dataset: runs[index].config.data.title(),
        run: entries[index].name.clone(),
        seed: Some(runs[index].config.train.seed.to_string()),
        model: labels[index].clone(),
        equivalent_models: equivalent_models[index].clone(),
        lambda: varied.then(|| lambda(&runs[index].config)),
        epoch: u32::try_from(epoch).unwrap_or(u32::MAX),
        kappa: Some(kappa),
        consistency,
    };
    let counted = || {
        let all = runs.iter().enumerate();
        all.filter(|(index, _)| same_as[*index].is_none())
    };
    let of_rows = |column: Column| -> Vec<EpochRecord> {
        let each = counted().flat_map(|(index, run)| {
            let rows = run.epochs.iter();
            rows.map(move |row| (index, row))
        });
        each.map(|(index, row)| record(index, row.epoch, row.kappa, column(row)))
            .collect()
    };
    let of_measures = |column: MeasureColumn| -> Vec<EpochRecord> {
        let each = counted().flat_map(|(index, run)| {
            let pairs = run.epochs.iter().zip(&more[index]);
            pairs.map(move |(row, measure)| (index, row, measure))
        });
        each.map(|(index, row, measure)| record(index, row.epoch, row.kappa, column(measure)))
            .collect()
    };
    let mut measures = vec![
        Measure {
            name: MeasureName::SquaredL2,
            records: of_rows(|row| row.consistency_squared_l2),
        },
        Measure {
            name: MeasureName::L2,
            records: of_rows(|row| row.consistency_l2),
        },
    ];
    if more.iter().any(|rows| !rows.is_empty()) {
        measures.extend([
            Measure {
                name: MeasureName::GridSquaredL2,
                records: of_measures(|row| row.grid_squared_l2),
            },
            Measure {
                name: MeasureName::GridL2,
                records: of_measures(|row| row.grid_l2),
            },
            Measure {
                name: MeasureName::ChanceCorrected,
                records: of_measures(|row| row.chance_corrected),
            },
        ]);
    }
    let lines = entries.iter().zip(&runs).enumerate();
    let lines = lines.map(|(index, (entry, run))| RunSummary {
        name: entry.name.clone(),
        dataset: run.config.data.title(),
        model: labels[index].clone(),
        lambda: lambda(&run.config),
        lambda_max: run.config.consistency.lambda_max,
        seed: run.config.train.seed,
        epochs: format!("{}/{}", run.epochs.len(), run.config.train.epochs),
        unfinished: (run.epochs.len() as u64) < run.config.train.epochs,
        repeats: same_as[index].is_some(),
        last: run.epochs.last().cloned(),
        evaluated: entry.evaluation.is_some(),
    });
    Ok(Records {
        runs: lines.collect(),
        measures,
    })
}
