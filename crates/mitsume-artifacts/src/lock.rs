//! Locks that give a piece of work to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::{Action, ArtifactError, Result};

/// An exclusive lock until dropped. The operating system releases it when the process ends, so
/// there are no stale locks.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "only held")] File);

impl Lock {
    /// Acquires the lock on a file, which is created where there is none; `None` if another process
    /// (or another thread of this one) holds it.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    pub fn acquire(path: &Path) -> Result<Option<Self>> {
        let fail = |error: std::io::Error| ArtifactError::io(Action::Lock, path, error);
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(path);
        let file = file.map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(fail(error)),
        }
    }

    /// Whether the lock is held. Creates no file.
    #[must_use]
    pub fn is_held(path: &Path) -> bool {
        let file = OpenOptions::new().write(true).open(path);
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}
