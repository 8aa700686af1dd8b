//! Locks that give each cell to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use mitsume_artifacts::Action;

use crate::{Result, SweepError};

/// An exclusive lock on a cell until dropped. The operating system releases it when the process
/// ends, so there are no stale locks.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "only held")] File);

/// Acquires the lock; `None` if another process (or another job of this one) holds it.
pub(crate) fn acquire(path: &Path) -> Result<Option<Lock>> {
    let fail = |error: std::io::Error| SweepError::io(Action::Lock, path, error);
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
pub(crate) fn is_held(path: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
