//! Errors of reading and running models.

use std::path::PathBuf;

use crate::op::OperatorError;

/// Why a model cannot be read or run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file, or one it refers to, cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no ONNX model, or one that is broken.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An operator, or an attribute or input of it, that this crate does not know.
    #[error("{}: {operator}: {reason}", node)]
    Operator {
        /// The node's name.
        node: String,
        /// Its operator, with the domain where it is not the standard one.
        operator: String,
        /// What is wrong.
        reason: OperatorError,
    },
    /// What was asked for does not fit the model.
    #[error("{0}")]
    Request(String),
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;
