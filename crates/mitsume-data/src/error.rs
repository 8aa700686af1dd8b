//! Errors of data sets; every message names the file or folder.

use std::io;
use std::path::{Path, PathBuf};

/// An error of a data set, an image or a phantom folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The reason, from the operating system.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The reason, from the operating system.
        source: io::Error,
    },
    /// A file that is not an image of a supported format.
    #[error("{}: {reason}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to correct it.
        reason: String,
    },
    /// A folder without the structure of a data set.
    #[error("{}: {reason}", path.display())]
    Layout {
        /// The folder.
        path: PathBuf,
        /// What is wrong and how to correct it.
        reason: String,
    },
    /// A list of images with a row that cannot be used.
    #[error("{}: {place}: {reason}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Line and column.
        place: String,
        /// What is wrong and how to correct it.
        reason: String,
    },
    /// A setting outside its range.
    #[error("{0}")]
    Setting(String),
}

impl DataError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn layout(path: &Path, reason: impl Into<String>) -> Self {
        Self::Layout {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    /// The message without the path, for lists that show the path separately.
    pub fn reason(&self) -> String {
        match self {
            Self::Read { source, .. } => source.to_string(),
            Self::Write { source, .. } => format!("cannot be written: {source}"),
            Self::Decode { reason, .. } | Self::Layout { reason, .. } => reason.clone(),
            Self::List { place, reason, .. } => format!("{place}: {reason}"),
            Self::Setting(reason) => reason.clone(),
        }
    }
}
