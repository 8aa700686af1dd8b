//! The committed records: run directories of the repeated runs, tables of the published ones.

use std::error::Error;
use std::path::{Path, PathBuf};

use mitsume_artifacts::{EpochRow, MeasureRow, RunConfig, RunDir, read_epochs, read_measures};
use mitsume_stats::EpochRecord;

/// The measures of consistency that a run records, the published one first.
pub const MEASURES: [&str; 5] = [
    "l2",
    "squared-l2",
    "grid-l2",
    "grid-squared-l2",
    "chance-corrected",
];

/// The records of all runs of experiment 1, with the measure of this index.
///
/// # Errors
/// A file that cannot be read.
pub fn repeated(evidence: &Path, measure: usize) -> Result<Vec<EpochRecord>, Box<dyn Error>> {
    let mut records = Vec::new();
    for experiment in folders(&evidence.join("records"))? {
        let name = experiment.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("experiment-1") {
            continue;
        }
        for folder in folders(&experiment)? {
            let run = RunDir::new(&folder);
            let config = RunConfig::read(&run.config(), &[])?;
            let rows = read_epochs(&run.epochs())?;
            let measures = read_measures(&run.measures())?;
            records.extend(
                rows.iter()
                    .zip(&measures)
                    .map(|(row, further)| EpochRecord {
                        dataset: config.data.title(),
                        run: folder.display().to_string(),
                        seed: Some(config.train.seed.to_string()),
                        model: config.model.name.clone(),
                        equivalent_models: Vec::new(),
                        lambda: None,
                        epoch: row.epoch as u32,
                        kappa: row.kappa,
                        consistency: value(row, further, measure),
                    }),
            );
        }
    }
    Ok(records)
}

fn value(row: &EpochRow, further: &MeasureRow, measure: usize) -> Option<f64> {
    match MEASURES[measure] {
        "l2" => row.consistency_l2,
        "squared-l2" => row.consistency_squared_l2,
        "grid-l2" => further.grid_l2,
        "grid-squared-l2" => further.grid_squared_l2,
        _ => further.chance_corrected,
    }
}

/// Every table of epochs in a folder.
///
/// # Errors
/// A file that cannot be read.
pub fn tables(folder: &Path) -> Result<Vec<EpochRecord>, Box<dyn Error>> {
    let mut records = Vec::new();
    for file in entries(folder)? {
        records.extend(mitsume_stats::read_epochs(&file)?);
    }
    Ok(records)
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = entries(path)?;
    found.retain(|entry| entry.is_dir());
    Ok(found)
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries =
        std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let paths: Result<Vec<_>, _> = entries
        .map(|entry| Ok::<_, std::io::Error>(entry?.path()))
        .collect();
    let mut paths = paths?;
    paths.sort();
    Ok(paths)
}
