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

/// A run or an evaluation that was found.
struct FoundFolder {
    path: PathBuf,
    name: String,
}

/// Reads all runs and evaluations in each of `dirs`, in the order of the folders' names. Where there
/// are several, those in one are named after it.
///
/// # Errors
/// Nothing is found in one of them; two of one name; evaluations of multi-label models beside others;
/// a damaged record.
pub(crate) fn read_folders(dirs: &[PathBuf]) -> Result<Found> {
    let mut found: Vec<FoundFolder> = Vec::new();
    for dir in dirs {
        let mut paths = Vec::new();
        find_folders(dir, MAX_DEPTH, &mut paths)?;
        if paths.is_empty() {
            return Err(ReportError::Nothing {
                path: dir.to_owned(),
                depth: MAX_DEPTH,
            });
        }
        for path in paths {
            let name = entry_name(dir, &path);
            let name = match dirs.len() > 1 && path != *dir {
                true => format!("{}/{name}", own_name(dir)),
                false => name,
            };
            if found.iter().any(|other| other.name == name) {
                return Err(ReportError::SameName { path, name });
            }
            found.push(FoundFolder { path, name });
        }
    }
    let mut multi_label = Vec::new();
    for folder in &found {
        let evaluation = EvaluationDir::new(&folder.path);
        let is_run = RunDir::new(&folder.path).is_run();
        multi_label.push(!is_run && evaluation.is_multi_label()?);
    }
    if multi_label.iter().all(|is| *is) {
        let entries = found.into_iter().map(read_multi_label);
        return Ok(Found::MultiLabel(entries.collect::<Result<_>>()?));
    }
    if let Some(position) = multi_label.iter().position(|is| *is) {
        return Err(ReportError::MultiLabel {
            path: found[position].path.clone(),
        });
    }
    let entries = found.into_iter().map(read_entry);
    Ok(Found::Entries(entries.collect::<Result<_>>()?))
}

/// As [`read_folders`] of one folder, where only runs and evaluations of one class for each image are
/// expected.
///
/// # Errors
/// As [`read_folders`]; evaluations of multi-label models.
pub(crate) fn read_entries(dir: &Path) -> Result<Vec<Entry>> {
    match read_folders(&[dir.to_owned()])? {
        Found::Entries(entries) => Ok(entries),
        Found::MultiLabel(_) => Err(ReportError::MultiLabel {
            path: dir.to_owned(),
        }),
    }
}

fn read_multi_label(folder: FoundFolder) -> Result<MultiLabelEntry> {
    let (summary, maps) = EvaluationDir::new(&folder.path).read_multi_label()?;
    Ok(MultiLabelEntry {
        name: folder.name,
        summary,
        maps,
    })
}

/// The folder relative to the reported one, or its own name.
fn entry_name(dir: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(dir).unwrap_or(path);
    if relative.as_os_str().is_empty() {
        own_name(path)
    } else {
        relative.to_string_lossy().into_owned()
    }
}

/// The last part of a folder's path.
pub(crate) fn own_name(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let name = whole.file_name();
    name.map_or_else(|| "/".into(), |name| name.to_string_lossy().into_owned())
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

fn read_entry(FoundFolder { path, name }: FoundFolder) -> Result<Entry> {
    let run = RunDir::new(&path);
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
