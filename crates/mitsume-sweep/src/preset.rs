//! Preset sweeps: the thesis' two experiments (section 5), and quick versions of a few minutes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mitsume_artifacts::Action;

use crate::{DataSet, Result, SweepConfig, SweepError};

/// Names and descriptions of the presets.
pub const PRESETS: [(&str, &str); 3] = [
    (
        "analytic",
        "does consistency go with kappa? Levels 1 to 5, 6 seeds, plain training",
    ),
    (
        "learning",
        "does training for consistency help? Levels 1 to 5, five lambdas",
    ),
    (
        "late",
        "as learning, with lambda switched on for the last epochs only (thesis 6.4)",
    ),
];

/// The preset `name` on the given data sets (name, folder), which may be changed before it is run.
///
/// - `models`: levels or ONNX files in place of the preset's; none: the preset's.
///
/// # Errors
/// An unknown preset, two data sets with the same name, or a folder without splits.
pub fn preset(
    name: &str,
    quick: bool,
    data: &[(Option<String>, PathBuf)],
    models: &[String],
) -> Result<SweepConfig> {
    let text = match (name, quick) {
        ("analytic", false) => include_str!("../presets/analytic.toml"),
        ("analytic", true) => include_str!("../presets/analytic-quick.toml"),
        ("learning", false) => include_str!("../presets/learning.toml"),
        ("learning", true) => include_str!("../presets/learning-quick.toml"),
        ("late", false) => include_str!("../presets/late.toml"),
        ("late", true) => include_str!("../presets/late-quick.toml"),
        _ => {
            let names = PRESETS.map(|(name, _)| name).join(", ");
            let problem = format!("no preset \"{name}\"; there are {names}");
            return Err(SweepError::Request(problem));
        }
    };
    let mut sets = BTreeMap::new();
    for (name, folder) in data {
        let folder = std::path::absolute(folder)
            .map_err(|error| SweepError::io(Action::Find, folder, error))?;
        let own = folder.file_name().map(|name| name.to_string_lossy());
        let name = name.clone().or(own.map(|name| name.into_owned()));
        let name = name.unwrap_or_else(|| "data".to_owned());
        if sets.insert(name.clone(), splits(&folder)?).is_some() {
            let problem = format!("--data: two data sets are called {name}; write NAME=FOLDER");
            return Err(SweepError::Request(problem));
        }
    }
    let data = toml::to_string(&BTreeMap::from([("data", sets)]))
        .map_err(|error| SweepError::Request(format!("--data: {error}")))?;
    let mut config: toml::Table = format!("{text}\n{data}")
        .parse()
        .map_err(|error| SweepError::Request(format!("--data: {error}")))?;
    if !models.is_empty() {
        config.insert("models".to_owned(), models.to_vec().into());
    }
    SweepConfig::from_toml(&config.to_string(), Path::new(name))
}

/// The training and validation folders of a data set, by their usual names.
fn splits(folder: &Path) -> Result<DataSet> {
    // A test set is preferred to a validation set: results are published on it, and `val` of Chest
    // X-Ray has only 16 images.
    let train = subfolder(folder, &["train", "training"])?;
    let valid = subfolder(folder, &["test", "testing", "valid", "validation", "val"])?;
    Ok(DataSet {
        train,
        valid,
        ..DataSet::default()
    })
}

fn subfolder(folder: &Path, names: &[&str]) -> Result<PathBuf> {
    let request =
        |problem: String| SweepError::Request(format!("--data: {}: {problem}", folder.display()));
    let entries = std::fs::read_dir(folder)
        .map_err(|error| request(format!("cannot read this folder: {error}")))?;
    let found: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let wanted = names.iter().find_map(|name| {
        let same = |found: &&String| found.to_lowercase() == *name;
        found.iter().find(same)
    });
    wanted.map(|name| folder.join(name)).ok_or_else(|| {
        request(format!(
            "no folder called {} in it; name the splits in a sweep.toml (--print shows one)",
            names.join(" or ")
        ))
    })
}
