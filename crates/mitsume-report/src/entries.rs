//! Reads the runs and evaluations of a folder.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{
    Environment, EpochRow, Evaluation, EvaluationDir, ImageRow, Maps, RunConfig, RunDir,
    read_epochs,
};

use crate::multi_label::MultiLabelEntry;
use crate::{ReportError, Result};

/// How many folders below the given one are searched.
pub(crate) const MAX_DEPTH: usize = 3;

/// One run, or one evaluation without a run.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Folder relative to the reported one, or its own name.
    pub name: String,
    pub run: Option<Run>,
    pub evaluation: Option<Evaluated>,
}

#[derive(Debug)]
pub(crate) struct Run {
    pub config: RunConfig,
    /// The configuration file as it is.
    pub config_text: String,
    pub environment: Option<Environment>,
    pub epochs: Vec<EpochRow>,
}

#[derive(Debug)]
pub(crate) struct Evaluated {
    pub summary: Evaluation,
    /// Rows and maps; `None` if only the metrics were written.
    pub images: Option<(Vec<ImageRow>, Maps)>,
}

/// What is found in a folder.
#[derive(Debug)]
pub(crate) enum Found {
    /// Runs, and evaluations of one class for each image.
    Entries(Vec<Entry>),
    /// Evaluations of multi-label models.
    MultiLabel(Vec<MultiLabelEntry>),
}

/// Reads all runs and evaluations in `dir`, in the order of the folders' names.
///
/// # Errors
/// Nothing is found; evaluations of multi-label models beside others; a damaged record.
pub(crate) fn read_folder(dir: &Path) -> Result<Found> {
    let mut found = Vec::new();
    find_folders(dir, MAX_DEPTH, &mut found)?;
    if found.is_empty() {
        return Err(ReportError::Nothing {
            path: dir.to_owned(),
            depth: MAX_DEPTH,
        });
    }
    let mut multi_label = Vec::new();
    for path in &found {
        let evaluation = EvaluationDir::new(path);
        let is_run = RunDir::new(path).is_run();
        multi_label.push(!is_run && evaluation.is_multi_label()?);
    }
    if multi_label.iter().all(|is| *is) {
        let entries = found.iter().map(|path| read_multi_label(dir, path));
        return Ok(Found::MultiLabel(entries.collect::<Result<_>>()?));
    }
    if let Some(position) = multi_label.iter().position(|is| *is) {
        return Err(ReportError::MultiLabel {
            path: found[position].clone(),
        });
    }
    let entries = found.iter().map(|path| read_entry(dir, path));
    Ok(Found::Entries(entries.collect::<Result<_>>()?))
}

/// As [`read_folder`], where only runs and evaluations of one class for each image are expected.
///
/// # Errors
/// As [`read_folder`]; evaluations of multi-label models.
pub(crate) fn read_entries(dir: &Path) -> Result<Vec<Entry>> {
    match read_folder(dir)? {
        Found::Entries(entries) => Ok(entries),
        Found::MultiLabel(_) => Err(ReportError::MultiLabel {
            path: dir.to_owned(),
        }),
    }
}

fn read_multi_label(dir: &Path, path: &Path) -> Result<MultiLabelEntry> {
    let (summary, maps) = EvaluationDir::new(path).read_multi_label()?;
    Ok(MultiLabelEntry {
        name: entry_name(dir, path),
        summary,
        maps,
    })
}

/// The folder relative to the reported one, or its own name.
fn entry_name(dir: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(dir).unwrap_or(path);
    if relative.as_os_str().is_empty() {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        whole
            .file_name()
            .map_or_else(|| "/".into(), |name| name.to_string_lossy().into_owned())
    } else {
        relative.to_string_lossy().into_owned()
    }
}

/// Finds the folders with a run or an evaluation; these are not searched further.
fn find_folders(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if RunDir::new(dir).is_run() || EvaluationDir::new(dir).is_evaluation() {
        found.push(dir.to_owned());
        return Ok(());
    }
    let fail = |source| ReportError::List {
        path: dir.to_owned(),
        source,
    };
    let mut children = Vec::new();
    for child in std::fs::read_dir(dir).map_err(fail)? {
        let child = child.map_err(fail)?;
        // Skips symbolic links (possible loops) and temporary folders.
        let hidden = child.file_name().as_encoded_bytes().starts_with(b".");
        if child.file_type().map_err(fail)?.is_dir() && !hidden {
            children.push(child.path());
        }
    }
    children.sort();
    if depth > 0 {
        for child in children {
            find_folders(&child, depth - 1, found)?;
        }
    }
    Ok(())
}

fn read_entry(dir: &Path, path: &Path) -> Result<Entry> {
    let name = entry_name(dir, path);
    let run = RunDir::new(path);
    if run.is_run() {
        let inner = EvaluationDir::new(run.evaluation());
        let evaluation = inner
            .is_evaluation()
            .then(|| read_evaluation(&inner))
            .transpose()?;
        return Ok(Entry {
            name,
            run: Some(read_run(&run)?),
            evaluation,
        });
    }
    Ok(Entry {
        name,
        run: None,
        evaluation: Some(read_evaluation(&EvaluationDir::new(path))?),
    })
}

/// The run may be in progress, so all files but the configuration may be missing.
fn read_run(run: &RunDir) -> Result<Run> {
    let config = RunConfig::read(&run.config(), &[])?;
    let config_text = config.to_toml()?;
    let environment = run.environment();
    let epochs = run.epochs();
    Ok(Run {
        config,
        config_text,
        environment: environment
            .exists()
            .then(|| Environment::read(&environment))
            .transpose()?,
        epochs: if epochs.exists() {
            read_epochs(&epochs)?
        } else {
            Vec::new()
        },
    })
}

fn read_evaluation(dir: &EvaluationDir) -> Result<Evaluated> {
    // `mitsume eval --json > eval.json` keeps only the metrics.
    if !dir.images_path().exists() && !dir.maps_path().exists() {
        return Ok(Evaluated {
            summary: dir.summary()?,
            images: None,
        });
    }
    let (summary, images, maps) = dir.read()?;
    Ok(Evaluated {
        summary,
        images: Some((images, maps)),
    })
}
