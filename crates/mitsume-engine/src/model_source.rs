//! Resolves `--model`, `--run` and `--weights` to a model.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{EvaluationDir, RunConfig, RunDir};
use mitsume_nn::Level;

use crate::{EngineError, Result, RunStatus, WeightMetadata, shell_word};

/// The flags that name a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelRequest<'a> {
    /// `--model`: `level1` to `level5`, an ONNX file or a run directory.
    pub model: Option<&'a str>,
    /// `--run`: a run directory.
    pub run: Option<&'a Path>,
    /// `--weights`: a level's weight file.
    pub weights: Option<&'a Path>,
}

/// Files of a model.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelSource {
    /// An ONNX file.
    Onnx(OnnxSource),
    /// One of the five levels.
    Level {
        /// The level.
        level: Level,
        /// Its weight file.
        weights: PathBuf,
        /// Status of the run if it is not finished; `weights` are then its checkpoint's.
        unfinished: Option<RunStatus>,
    },
}

/// An ONNX file, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OnnxSource {
    /// The file.
    pub path: PathBuf,
    /// How it was trained, if a run did.
    pub run: Option<OnnxRun>,
}

/// How the ONNX file of a run was trained.
#[derive(Clone, Debug, PartialEq)]
pub struct OnnxRun {
    /// Classes, size and transform of its images.
    pub metadata: WeightMetadata,
    /// The layer whose maps were trained and evaluated; `None` for the default.
    pub target_layer: Option<String>,
    /// Rows and columns of its tokens, where they were given.
    pub token_grid: Option<[usize; 2]>,
    /// Status of the run if it is not finished; the file is then its checkpoint's.
    pub unfinished: Option<RunStatus>,
}

impl ModelRequest<'_> {
    /// Finds the model.
    ///
    /// # Errors
    /// Flags that are missing, contradict each other, or name files of the wrong kind.
    pub fn find(&self) -> Result<ModelSource> {
        let Some(model) = self.model else {
            return match (self.run, self.weights) {
                (Some(run), _) => from_run(run, "--run"),
                (None, Some(weights)) => from_weights(weights),
                (None, None) => Err(EngineError::Request(
                    "which model? --run RUN_DIRECTORY, --model FILE.onnx, or --model level1 to \
                     level5 with --weights FILE"
                        .into(),
                )),
            };
        };
        let path = Path::new(model);
        if let Ok(level) = model.parse() {
            return self.level_source(level);
        }
        let has_weights = |what: &str| match self.weights {
            Some(weights) => Err(EngineError::Request(format!(
                "--weights {}: {what} has its own weights",
                weights.display()
            ))),
            None => Ok(()),
        };
        if path.is_dir() {
            has_weights("a run directory")?;
            return from_run(path, "--model");
        }
        if ends_in(path, &["onnx"]) {
            has_weights("an ONNX file")?;
            let path = path.to_owned();
            return Ok(ModelSource::Onnx(OnnxSource { path, run: None }));
        }
        if path.is_file() && ends_in(path, &["safetensors", "pth", "pt"]) {
            return Err(EngineError::Request(format!(
                "--model {model}: a weight file is given by --weights, with --model level1 to level5"
            )));
        }
        Err(EngineError::Request(format!(
            "--model: no model named \"{model}\": one of level1, level2, level3, level4, level5 (with \
             --weights), a file ending in .onnx, or a run directory"
        )))
    }

    fn level_source(&self, level: Level) -> Result<ModelSource> {
        let Some(weights) = self.weights else {
            return Err(EngineError::Request(format!(
                "--weights: which weights of {level}? A file, .safetensors or PyTorch's .pth; of a \
                 run, --run RUN_DIRECTORY says it all"
            )));
        };
        refuse_folder(weights)?;
        Ok(ModelSource::Level {
            level,
            weights: weights.to_owned(),
            unfinished: None,
        })
    }
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default();
    endings.iter().any(|one| ending.eq_ignore_ascii_case(one))
}

/// The level whose name the weight file's metadata holds.
fn from_weights(weights: &Path) -> Result<ModelSource> {
    refuse_folder(weights)?;
    if let Err(error) = std::fs::File::open(weights) {
        let weights = weights.display();
        return Err(EngineError::Request(format!(
            "--weights {weights}: {error}"
        )));
    }
    let Some(metadata) = WeightMetadata::read(weights)? else {
        return Err(EngineError::Request(format!(
            "--model: {} does not say which network it is of: level1 to level5?",
            weights.display()
        )));
    };
    Ok(ModelSource::Level {
        level: level_named(&metadata.model, weights)?,
        weights: weights.to_owned(),
        unfinished: None,
    })
}

fn level_named(name: &str, file: &Path) -> Result<Level> {
    let named = name.parse::<Level>();
    named.map_err(|error| EngineError::Request(format!("{}: {error}", file.display())))
}

/// An error if a folder is given as a weight file; often it is a run directory.
fn refuse_folder(weights: &Path) -> Result<()> {
    if !weights.is_dir() {
        return Ok(());
    }
    let path = weights.display();
    let run = RunDir::new(weights);
    let advice = if run.is_run() {
        format!(
            "is a run directory, which is given by --run {} alone, without --model and \
             --weights; its weight file is {}",
            shell_word(weights),
            run.weights().display()
        )
    } else {
        "is a folder: --weights takes a weight file, .safetensors or PyTorch's .pth; a run \
         directory is given by --run"
            .into()
    };
    Err(EngineError::Request(format!("--weights {path}: {advice}")))
}

/// The latest weights of a run: the final ones, or those of its checkpoint.
fn from_run(dir: &Path, flag: &str) -> Result<ModelSource> {
    let run = RunDir::new(dir);
    if !run.is_run() {
        return Err(EngineError::Request(format!(
            "{flag} {}: {}",
            dir.display(),
            describe_folder(dir)
        )));
    }
    let config = RunConfig::read(&run.config(), &[])?;
    let Some(level) = config.model.level() else {
        return from_onnx_run(&run, config, flag);
    };
    let status = RunStatus::read(&run, &config)?;
    let finished = status.as_ref().is_none_or(RunStatus::is_finished);
    if finished && run.weights().is_file() {
        return Ok(ModelSource::Level {
            level,
            weights: run.weights(),
            unfinished: None,
        });
    }
    let Some(status) = status else {
        return Err(EngineError::Request(format!(
            "{flag} {}: the run has no weights yet: mitsume train --resume {} goes on with it",
            dir.display(),
            shell_word(dir)
        )));
    };
    Ok(ModelSource::Level {
        level,
        weights: status.weights.clone(),
        unfinished: Some(status),
    })
}

/// The latest ONNX file of a run: the one written at its end, or its checkpoint's.
fn from_onnx_run(run: &RunDir, config: RunConfig, flag: &str) -> Result<ModelSource> {
    let status = RunStatus::read(run, &config)?;
    let finished = status.as_ref().is_some_and(RunStatus::is_finished);
    let (path, weights, unfinished) = match status {
        Some(_) if finished && run.onnx().is_file() && run.weights().is_file() => {
            (run.onnx(), run.weights(), None)
        }
        Some(status) if !finished && status.onnx.is_file() => {
            (status.onnx.clone(), status.weights.clone(), Some(status))
        }
        _ => return Err(no_model_yet(run, flag)),
    };
    let Some(metadata) = WeightMetadata::read(&weights)? else {
        return Err(no_model_yet(run, flag));
    };
    Ok(ModelSource::Onnx(OnnxSource {
        path,
        run: Some(OnnxRun {
            metadata,
            target_layer: config.model.target_layer,
            token_grid: config.model.token_grid,
            unfinished,
        }),
    }))
}

fn no_model_yet(run: &RunDir, flag: &str) -> EngineError {
    EngineError::Request(format!(
        "{flag} {}: the run has no model yet, or not all of it: mitsume train --resume {} goes on with it",
        run.root().display(),
        shell_word(run.root())
    ))
}

/// Describes a path that is not a run directory.
fn describe_folder(dir: &Path) -> String {
    if !dir.exists() {
        return "there is no such folder".into();
    }
    if !dir.is_dir() {
        return "a run directory is a folder; a file is given by --model (.onnx) or --weights"
            .into();
    }
    if EvaluationDir::new(dir).is_evaluation() {
        return "is an evaluation, which has no weights: name the run directory or the model"
            .into();
    }
    let folders = [dir.to_owned(), dir.join("runs")];
    let entries = folders
        .iter()
        .flat_map(std::fs::read_dir)
        .flatten()
        .flatten();
    let mut runs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    runs.retain(|path| RunDir::new(path).is_run());
    runs.sort();
    match runs.first() {
        Some(first) => format!(
            "holds {} runs: name one, such as {}",
            runs.len(),
            first.display()
        ),
        None => "is no run directory: it has no config.toml".into(),
    }
}
