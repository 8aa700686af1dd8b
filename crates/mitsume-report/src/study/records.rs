//! The epochs of many runs as tables: one per way to measure consistency.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mitsume_record::{EpochRow, MeasureRow, RunConfig, read_measures};
use mitsume_stats::EpochRecord;

use crate::source::{self, Entry, Run};
use crate::{ReportError, Result};

/// A way to measure consistency, and every epoch measured with it.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    /// Its name in JSON and file names.
    pub key: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// What to know of it, in a sentence.
    pub note: &'static str,
    /// Whether more means more consistent.
    pub more_is_consistent: bool,
    pub records: Vec<EpochRecord>,
}

/// A run of the folder.
#[derive(Debug, Clone)]
pub(crate) struct RunLine {
    pub name: String,
    pub dataset: String,
    pub model: String,
    pub lambda: f64,
    pub seed: u64,
    pub epochs: String,
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
    pub runs: Vec<RunLine>,
}

/// Reads a table (`.csv`), or the runs of a folder.
pub(crate) fn read(path: &Path) -> Result<Records> {
    if path.is_dir() {
        return of_folder(path);
    }
    let records = mitsume_stats::read_epochs(path)?;
    Ok(Records {
        measures: vec![Measure {
            key: "consistency",
            title: "consistency",
            note: "As in the table's column of this name; lower is more consistent.",
            more_is_consistent: false,
            records,
        }],
        runs: Vec::new(),
    })
}

type Column = fn(&EpochRow) -> Option<f64>;
type MeasureColumn = fn(&MeasureRow) -> Option<f64>;

fn of_folder(path: &Path) -> Result<Records> {
    let entries: Vec<Entry> = source::read(path)?
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
    let labels = labels(&runs);
    let lambdas: BTreeSet<u64> = runs.iter().map(|run| lambda(run).to_bits()).collect();
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
        lambda: varied.then(|| lambda(runs[index])),
        epoch: u32::try_from(epoch).unwrap_or(u32::MAX),
        kappa: Some(kappa),
        consistency,
    };
    let of_rows = |column: Column| -> Vec<EpochRecord> {
        let each = runs.iter().enumerate().flat_map(|(index, run)| {
            let rows = run.epochs.iter();
            rows.map(move |row| (index, row))
        });
        each.map(|(index, row)| record(index, row.epoch, row.kappa, column(row)))
            .collect()
    };
    let of_measures = |column: MeasureColumn| -> Vec<EpochRecord> {
        let each = runs.iter().enumerate().flat_map(|(index, run)| {
            let pairs = run.epochs.iter().zip(&more[index]);
            pairs.map(move |(row, measure)| (index, row, measure))
        });
        each.map(|(index, row, measure)| record(index, row.epoch, row.kappa, column(measure)))
            .collect()
    };
    let mut measures = vec![
        Measure {
            key: "squared-l2",
            title: "squared-l2",
            note: "The definition (Eq. 9, 10): the mean squared deviation from the class mean map. \
                   Lower is more consistent.",
            more_is_consistent: false,
            records: of_rows(|row| row.consistency_squared_l2),
        },
        Measure {
            key: "l2",
            title: "l2",
            note: "As published: it falls as a map is sampled more finely, so models whose maps \
                   differ in size do not compare. Lower is more consistent.",
            more_is_consistent: false,
            records: of_rows(|row| row.consistency_l2),
        },
    ];
    if more.iter().any(|rows| !rows.is_empty()) {
        measures.extend([
            Measure {
                key: "grid-squared-l2",
                title: "squared-l2 on the common grid",
                note: "The definition, on maps averaged over the cells of one coarse grid: models \
                       whose maps differ in size compare. Lower is more consistent.",
                more_is_consistent: false,
                records: of_measures(|row| row.grid_squared_l2),
            },
            Measure {
                key: "grid-l2",
                title: "l2 on the common grid",
                note: "The published form on maps averaged over the cells of one coarse grid. Lower \
                       is more consistent.",
                more_is_consistent: false,
                records: of_measures(|row| row.grid_l2),
            },
            Measure {
                key: "chance-corrected",
                title: "chance-corrected consistency",
                note: "How much of the maps' variance the class explains: 0 where images of one \
                       class are looked at no more alike than images of different classes, 1 where \
                       all of a class have one map. Higher is more consistent.",
                more_is_consistent: true,
                records: of_measures(|row| row.chance_corrected),
            },
        ]);
    }
    let lines = entries.iter().zip(&labels).filter_map(|(entry, label)| {
        let run = entry.run.as_ref()?;
        Some(RunLine {
            name: entry.name.clone(),
            dataset: run.config.data.title(),
            model: label.clone(),
            lambda: lambda(run),
            seed: run.config.train.seed,
            epochs: format!("{}/{}", run.epochs.len(), run.config.train.epochs),
            last: run.epochs.last().cloned(),
            evaluated: entry.evaluation.is_some(),
        })
    });
    Ok(Records {
        runs: lines.collect(),
        measures,
    })
}

fn lambda(run: &Run) -> f64 {
    // -0 is 0.
    run.config.consistency.lambda_max + 0.0
}

/// The models' names, with the settings that differ between runs of one model: those runs are not
/// repetitions of each other.
fn labels(runs: &[&Run]) -> Vec<String> {
    let settings: Vec<BTreeMap<String, String>> =
        runs.iter().map(|run| settings(&run.config)).collect();
    let label = |index: usize| {
        let name = &runs[index].config.model.name;
        let same = (0..runs.len()).filter(|&other| runs[other].config.model.name == *name);
        let same: Vec<usize> = same.collect();
        let own = settings[index].iter().filter(|(key, value)| {
            let differs = |&other: &usize| settings[other].get(*key) != Some(value);
            same.iter().any(differs)
        });
        let own: Vec<String> = own
            .map(|(key, value)| {
                let key = key.rsplit('.').next().unwrap_or(key).replace('_', " ");
                format!("{key} {value}")
            })
            .collect();
        if own.is_empty() {
            name.clone()
        } else {
            format!("{name} ({})", own.join(", "))
        }
    };
    (0..runs.len()).map(label).collect()
}

/// What may tell two kinds of runs of one model apart, by key.
fn settings(config: &RunConfig) -> BTreeMap<String, String> {
    const NOT: [&str; 7] = [
        "data.name",
        "data.train",
        "data.valid",
        "data.cache",
        "model.name",
        "train.seed",
        "consistency.lambda_max",
    ];
    let mut flat = BTreeMap::new();
    if let Ok(text) = config.to_toml()
        && let Ok(table) = text.parse::<toml::Table>()
    {
        flatten(&table, "", &mut flat);
    }
    flat.retain(|key, _| !NOT.contains(&&**key));
    flat
}

fn flatten(table: &toml::Table, above: &str, flat: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(inner, &key, flat),
            toml::Value::String(text) => {
                flat.insert(key, text.clone());
            }
            other => {
                flat.insert(key, other.to_string());
            }
        }
    }
}
