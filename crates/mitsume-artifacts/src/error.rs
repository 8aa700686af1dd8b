//! Errors; messages name the file and the key, and say how to correct it.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is done to a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open and read.
    Read,
    /// Write.
    Write,
    /// Create.
    Create,
    /// Rename.
    Rename,
    /// Remove.
    Remove,
    /// Find.
    Find,
    /// Lock.
    Lock,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Find => "find",
            Self::Lock => "lock",
        })
    }
}

/// An error of reading or writing artifacts.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// An error of the operating system.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The attempted action.
        action: Action,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// An invalid configuration.
    #[error("{}: {key}: {problem}", path.display())]
    Config {
        /// The configuration file, or the option that set the key (`--set`).
        path: PathBuf,
        /// The dotted key, such as `train.epochs`.
        key: String,
        /// What is wrong and how to correct it.
        problem: String,
    },
    /// A file with invalid content.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to correct it.
        problem: String,
    },
}

impl ArtifactError {
    /// The error `source` of the operating system when `action` was applied to `path`.
    pub fn io(action: Action, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source: unwrap_csv_error(source),
        }
    }

    pub(crate) fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    /// The same error with another path.
    pub(crate) fn with_path(mut self, other: PathBuf) -> Self {
        match &mut self {
            Self::Io { path, .. } | Self::Config { path, .. } | Self::Malformed { path, .. } => {
                *path = other;
            }
        }
        self
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

/// The error of the operating system itself if `csv` wraps it, because `csv` does not give it as
/// the source.
fn unwrap_csv_error(error: std::io::Error) -> std::io::Error {
    let wraps = |error: &csv::Error| error.is_io_error();
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    if !inner.is_some_and(wraps) {
        return error;
    }
    match error.downcast::<csv::Error>().map(csv::Error::into_kind) {
        Ok(csv::ErrorKind::Io(reason)) => reason,
        Ok(_) => unreachable!("it is an error of the system"),
        Err(error) => error,
    }
}

/// Whether an error, or one of its sources, says that nothing more can be written: a full disk, a
/// quota, or a limit on the size of files.
#[must_use]
pub fn is_out_of_space(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let chain = std::iter::successors(Some(error), |error| error.source());
    let mut reasons = chain.filter_map(|error| error.downcast_ref::<std::io::Error>());
    reasons.any(|reason| matches!(reason.kind(), StorageFull | QuotaExceeded | FileTooLarge))
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_full_disk_is_recognised_in_the_chain_of_sources() {
        let error = |source| ArtifactError::io(Action::Write, Path::new("x"), source);
        for full in [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
        ] {
            assert!(is_out_of_space(&error(full.into())));
            let csv = csv::Error::from(Error::from(full));
            assert!(is_out_of_space(&error(csv.into())));
        }
        assert!(!is_out_of_space(&error(ErrorKind::PermissionDenied.into())));
        assert!(!is_out_of_space(&ArtifactError::malformed(
            Path::new("x"),
            "no space left on device"
        )));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_operating_systems_own_codes_are_known() {
        for code in [
            rustix::io::Errno::NOSPC,
            rustix::io::Errno::DQUOT,
            rustix::io::Errno::FBIG,
        ] {
            let source = Error::from_raw_os_error(code.raw_os_error());
            assert!(is_out_of_space(&ArtifactError::io(
                Action::Write,
                Path::new("x"),
                source
            )));
        }
    }
}
