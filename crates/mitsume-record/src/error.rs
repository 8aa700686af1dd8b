//! One error type: which file, which key, what would be right.

use std::path::{Path, PathBuf};

/// Why something could not be read from or written to disk.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: "read", "write", "rename".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A configuration that cannot be used.
    #[error("{}: {key}: {problem}", path.display())]
    Config {
        /// The configuration file, or the place a key came from (`--set`).
        path: PathBuf,
        /// The key, dotted from the top: `train.epochs`.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A file whose content is not what its name promises.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl RecordError {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    /// The file or folder the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. } | Self::Config { path, .. } | Self::Malformed { path, .. } => {
                path
            }
        }
    }
}
