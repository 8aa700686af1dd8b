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
    /// The file is not a valid ONNX model, or uses what is not supported.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An attribute or input of an operator that is not supported.
    #[error("{}: {operator}: {reason}", node)]
    Operator {
        /// The node's name.
        node: String,
        /// Its operator, with the domain if that is not the standard one.
        operator: String,
        /// What is wrong.
        reason: OperatorError,
    },
    /// A layer, layout or images that do not fit the model.
    #[error("{0}")]
    Request(String),
}

/// Result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
