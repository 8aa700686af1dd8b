//! Errors of sweeps.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{Action, ArtifactError};
use mitsume_engine::EngineError;

/// An error of a sweep.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// `sweep.toml`, or a key in it, is invalid.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key, what is wrong and how to correct it.
        problem: String,
    },
    /// A request that cannot be fulfilled.
    #[error("{0}")]
    Request(String),
    /// A run failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A program of the cluster or the operating system failed.
    #[error("{0}")]
    Failed(String),
}

impl SweepError {
    pub(crate) fn config(path: &Path, problem: impl Into<String>) -> Self {
        Self::Config {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    pub(crate) fn io(action: Action, path: &Path, error: std::io::Error) -> Self {
        ArtifactError::io(action, path, error).into()
    }

    /// Whether the request is invalid, as opposed to a failure at run time.
    pub fn is_request(&self) -> bool {
        match self {
            Self::Config { .. } | Self::Request(_) => true,
            Self::Engine(error) => error.is_request(),
            Self::Failed(_) => false,
        }
    }
}

impl From<ArtifactError> for SweepError {
    fn from(error: ArtifactError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<mitsume_data::DataError> for SweepError {
    fn from(error: mitsume_data::DataError) -> Self {
        Self::Engine(error.into())
    }
}
