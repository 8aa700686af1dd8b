//! The epochs of many runs as records, one list per measure of consistency.

use std::collections::BTreeSet;
use std::path::Path;

use mitsume_artifacts::{EpochRow, MeasureRow, read_measures};
use mitsume_stats::EpochRecord;

use super::conditions::{Conditions, conditions};
use super::measure::MeasureName;
use super::run_values::{self, RunValues, ValuesOf};
use crate::entries::{Entry, MAX_DEPTH, Run, read_entries};
use crate::settings::effective_lambda;
use crate::{ReportError, Result};

/// A measure of consistency, and all epochs with its values.
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
    /// Effective lambda: 0 if training ends before lambda rises.
    pub lambda: f64,
    pub lambda_max: f64,
    pub seed: u64,
    pub epochs: String,
    pub unfinished: bool,
    /// Whether it repeats another run, which is counted instead.
    pub repeats: bool,
    /// The last evaluated epoch.
    pub last: Option<EpochRow>,
    /// Whether it has an evaluation and therefore a report.
    pub evaluated: bool,
}

/// The records of all measures, and the runs they come from.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    /// At least one; the first is the main one.
    pub measures: Vec<Measure>,
    /// The runs of a folder; empty for a table.
    pub runs: Vec<RunSummary>,
    /// What each run that is counted ends with.
    pub values: Vec<RunValues>,
    pub values_of: ValuesOf,
}

impl Records {
    /// Names of the runs that fulfil a condition.
    pub fn names_where(&self, are: impl Fn(&RunSummary) -> bool) -> Vec<&str> {
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
        values: run_values::of_table(&records),
        values_of: ValuesOf::LastEpoch,
        measures: vec![Measure {
            name: MeasureName::OfTable,
            records,
        }],
        runs: Vec::new(),
    })
}

fn records_from_folder(path: &Path) -> Result<Records> {
    let entries: Vec<Entry> = read_entries(path)?
        .into_iter()
        .filter(|entry| entry.run.is_some())
        .collect();
    if entries.is_empty() {
        return Err(ReportError::Nothing {
            path: path.to_owned(),
            depth: MAX_DEPTH,
        });
    }
    let folder = Folder::new(path, &entries)?;
    let values_of = folder.values_of();
    Ok(Records {
        measures: folder.measures(),
        runs: folder.run_summaries(),
        values: folder.run_values(path, values_of)?,
        values_of,
    })
}

/// The runs of a folder with what is known of each, in the same order.
struct Folder<'a> {
    entries: &'a [Entry],
    runs: Vec<&'a Run>,
    conditions: Conditions,
    /// The rows of `measures.csv`; empty for a run without that file.
    more_measures: Vec<Vec<MeasureRow>>,
    /// Whether the runs differ in lambda.
    lambda_varies: bool,
}

impl<'a> Folder<'a> {
    fn new(path: &Path, entries: &'a [Entry]) -> Result<Self> {
        let runs: Vec<&Run> = entries.iter().filter_map(|e| e.run.as_ref()).collect();
        let lambdas: BTreeSet<u64> = runs
            .iter()
            .map(|run| effective_lambda(&run.config).to_bits())
            .collect();
        let more_measures = entries.iter().map(|entry| read_more_measures(path, entry));
        Ok(Self {
            entries,
            conditions: conditions(&runs),
            runs,
            more_measures: more_measures.collect::<Result<_>>()?,
            lambda_varies: lambdas.len() > 1,
        })
    }

    /// Every measure with its records; those of `measures.csv` only if a run has that file.
    fn measures(&self) -> Vec<Measure> {
        let mut measures = vec![
            self.epoch_measure(MeasureName::SquaredL2, |row| row.consistency_squared_l2),
            self.epoch_measure(MeasureName::L2, |row| row.consistency_l2),
        ];
        if self.more_measures.iter().any(|rows| !rows.is_empty()) {
            measures.extend([
                self.further_measure(MeasureName::GridSquaredL2, |row| row.grid_squared_l2),
                self.further_measure(MeasureName::GridL2, |row| row.grid_l2),
                self.further_measure(MeasureName::ChanceCorrected, |row| row.chance_corrected),
            ]);
        }
        measures
    }

    /// A measure that is a column of `epochs.csv`.
    fn epoch_measure(&self, name: MeasureName, value: fn(&EpochRow) -> Option<f64>) -> Measure {
        let records = self.counted_runs().flat_map(|index| {
            let rows = self.runs[index].epochs.iter();
            let rows = rows.filter(|row| row.is_evaluated());
            rows.map(move |row| self.record(index, row, value(row)))
        });
        Measure {
            name,
            records: records.collect(),
        }
    }

    /// A measure that is a column of `measures.csv`.
    fn further_measure(&self, name: MeasureName, value: fn(&MeasureRow) -> Option<f64>) -> Measure {
        let records = self.counted_runs().flat_map(|index| {
            let rows = self.runs[index].epochs.iter();
            let rows = rows.zip(&self.more_measures[index]);
            let rows = rows.filter(|(row, _)| row.is_evaluated());
            rows.map(move |(row, measures)| self.record(index, row, value(measures)))
        });
        Measure {
            name,
            records: records.collect(),
        }
    }

    /// The runs that do not repeat another.
    fn counted_runs(&self) -> impl Iterator<Item = usize> {
        (0..self.runs.len()).filter(|index| self.conditions.same_as[*index].is_none())
    }

    fn values_of(&self) -> ValuesOf {
        run_values::values_of(self.counted_runs().map(|index| &self.entries[index]))
    }

    /// What each counted run ends with; runs that have not been evaluated yet are left out.
    fn run_values(&self, path: &Path, of: ValuesOf) -> Result<Vec<RunValues>> {
        let mut all = Vec::new();
        for index in self.counted_runs() {
            let (entry, config) = (&self.entries[index], &self.runs[index].config);
            let epochs = &self.runs[index].epochs;
            let found = match of {
                ValuesOf::Evaluation => run_values::of_evaluation(entry),
                ValuesOf::LastEpoch => EpochRow::last_evaluated(epochs).and_then(|row| {
                    let position = epochs.iter().position(|other| other.epoch == row.epoch)?;
                    let further = self.more_measures[index].get(position);
                    Some((row.kappa?, run_values::of_epoch(row, further)))
                }),
            };
            let Some((kappa, measures)) = found else {
                continue;
            };
            all.push(RunValues {
                seed: config.train.seed,
                removed_share: config.data.removed_share,
                removed_by: config.data.removed_by.clone(),
                dataset: config.data.title(),
                model: self.conditions.labels[index].clone(),
                lambda: self.lambda_varies.then(|| effective_lambda(config)),
                kappa: Some(kappa),
                measures,
                controls: run_values::read_controls(path, entry)?,
            });
        }
        Ok(all)
    }

    fn record(&self, index: usize, row: &EpochRow, consistency: Option<f64>) -> EpochRecord {
        let config = &self.runs[index].config;
        EpochRecord {
            dataset: config.data.title(),
            run: self.entries[index].name.clone(),
            seed: Some(config.train.seed.to_string()),
            model: self.conditions.labels[index].clone(),
            equivalent_models: self.conditions.equivalent_models[index].clone(),
            lambda: self.lambda_varies.then(|| effective_lambda(config)),
            epoch: u32::try_from(row.epoch).unwrap_or(u32::MAX),
            kappa: row.kappa,
            consistency,
        }
    }

    fn run_summaries(&self) -> Vec<RunSummary> {
        let runs = self.entries.iter().zip(&self.runs).enumerate();
        let summary = |(index, (entry, run)): (usize, (&Entry, &&Run))| RunSummary {
            name: entry.name.clone(),
            dataset: run.config.data.title(),
            model: self.conditions.labels[index].clone(),
            lambda: effective_lambda(&run.config),
            lambda_max: run.config.consistency.lambda_max,
            seed: run.config.train.seed,
            epochs: format!("{}/{}", run.epochs.len(), run.config.train.epochs),
            unfinished: !run.config.train.is_done(&run.epochs),
            repeats: self.conditions.same_as[index].is_some(),
            last: EpochRow::last_evaluated(&run.epochs).cloned(),
            evaluated: entry.evaluation.is_some(),
        };
        runs.map(summary).collect()
    }
}

/// The rows of a run's `measures.csv`, or of the one in `path` itself; empty if there is neither.
fn read_more_measures(path: &Path, entry: &Entry) -> Result<Vec<MeasureRow>> {
    let files = [path.join(&entry.name), path.to_owned()].map(|dir| dir.join("measures.csv"));
    match files.iter().find(|file| file.is_file()) {
        Some(file) => Ok(read_measures(file)?),
        None => Ok(Vec::new()),
    }
}
