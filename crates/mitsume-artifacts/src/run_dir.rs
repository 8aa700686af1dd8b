//! Paths in a run directory.

use std::path::{Path, PathBuf};

/// The folder of one training run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    root: PathBuf,
}

impl RunDir {
    /// The run in `root`; nothing is created or read.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`: the resolved configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `environment.json`: what is needed to repeat the run.
    #[must_use]
    pub fn environment(&self) -> PathBuf {
        self.root.join("environment.json")
    }

    /// `epochs.csv`: one row per finished epoch.
    #[must_use]
    pub fn epochs(&self) -> PathBuf {
        self.root.join("epochs.csv")
    }

    /// `measures.csv`: further measures of consistency, one row per finished epoch.
    #[must_use]
    pub fn measures(&self) -> PathBuf {
        self.root.join("measures.csv")
    }

    /// `steps.csv`: one row per training step.
    #[must_use]
    pub fn steps(&self) -> PathBuf {
        self.root.join("steps.csv")
    }

    /// `checkpoint/`: the state from which a run resumes.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// `weights.safetensors`: the trained weights under their published names.
    #[must_use]
    pub fn weights(&self) -> PathBuf {
        self.root.join("weights.safetensors")
    }

    /// `weights-best.safetensors`: the weights of the best epoch, by `train.best`.
    #[must_use]
    pub fn best_weights(&self) -> PathBuf {
        self.root.join("weights-best.safetensors")
    }

    /// `model.onnx`: the trained network, of a run that trained an ONNX file.
    #[must_use]
    pub fn onnx(&self) -> PathBuf {
        self.root.join("model.onnx")
    }

    /// `tensorboard/`: event files.
    #[must_use]
    pub fn tensorboard(&self) -> PathBuf {
        self.root.join("tensorboard")
    }

    /// `evaluation/`: the evaluation at the end of training, an
    /// [`EvaluationDir`](crate::EvaluationDir).
    #[must_use]
    pub fn evaluation(&self) -> PathBuf {
        self.root.join("evaluation")
    }

    /// `controls/controls.json`: what `mitsume controls --out RUN/controls` found of the run's maps.
    #[must_use]
    pub fn controls(&self) -> PathBuf {
        self.root.join("controls").join("controls.json")
    }

    /// Whether the folder contains a run (`config.toml`).
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.config().is_file()
    }
}
