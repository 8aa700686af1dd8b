//! One process per cell.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use mitsume_artifacts::Action;

use crate::{Result, SweepError};

/// A cell that is this process' to work on, until dropped. The operating system gives it back
/// whatever ends the process, so there is never a stale lock to remove.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, never looked at")] File);

/// Takes the lock; none where another process (or another job of this one) has it.
pub(crate) fn take(path: &Path) -> Result<Option<Lock>> {
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

/// Whether someone has it. A look only: nothing is created.
pub(crate) fn is_held(path: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
