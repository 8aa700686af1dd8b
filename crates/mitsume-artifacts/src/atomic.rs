//! Atomic writes of files and folders.
//!
//! Both are written beside their target under a temporary name that begins with `.tmp-`, flushed to
//! the disk and renamed. After a crash the target is complete or unchanged; a temporary may be
//! left.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::{Action, ArtifactError, Result};

pub(crate) const TEMPORARY_PREFIX: &str = ".tmp-";

/// Writes `bytes` to `path`, replacing an existing file atomically.
///
/// # Errors
/// [`ArtifactError::Io`] naming `path`; an existing file is then unchanged.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomic_with(path, |out| out.write_all(bytes))
}

/// As [`write_atomic`], for content written piece by piece.
///
/// # Errors
/// [`ArtifactError::Io`] naming `path`; an existing file is then unchanged.
pub fn write_atomic_with(
    path: &Path,
    produce: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<()> {
    persist(written(path, produce)?, path)
}

/// As [`write_atomic_with`], but leaves a file that is there already; returns whether it was written.
pub(crate) fn write_atomic_new(
    path: &Path,
    produce: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<bool> {
    let fail = |source| ArtifactError::io(Action::Write, path, source);
    let temporary = written(path, produce)?;
    temporary.as_file().sync_all().map_err(fail)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {
            sync_dir(&parent_of(path));
            Ok(true)
        }
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(fail(error.error)),
    }
}

/// A temporary file beside `path` with what `produce` writes.
fn written(
    path: &Path,
    produce: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<tempfile::NamedTempFile> {
    let temporary = temporary_file(path)?;
    let mut out = BufWriter::new(temporary.as_file());
    let done = produce(&mut out).and_then(|()| out.flush());
    done.map_err(|source| ArtifactError::io(Action::Write, path, source))?;
    drop(out);
    Ok(temporary)
}

/// A new temporary file in the folder of `path`; the folder is created if missing.
pub(crate) fn temporary_file(path: &Path) -> Result<tempfile::NamedTempFile> {
    let parent = parent_of(path);
    fs::create_dir_all(&parent).map_err(|e| ArtifactError::io(Action::Create, &parent, e))?;
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    // The default of `tempfile` is private to the owner; results follow the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(&parent)
        .map_err(|e| ArtifactError::io(Action::Write, path, without_name(&e)))
}

/// The error without the temporary file's name, which `tempfile` adds.
pub(crate) fn without_name(error: &std::io::Error) -> std::io::Error {
    match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Flushes the temporary file to the disk and renames it to `path`.
pub(crate) fn persist(temporary: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    let fail = |source| ArtifactError::io(Action::Write, path, source);
    temporary.as_file().sync_all().map_err(fail)?;
    temporary.persist(path).map_err(|e| fail(e.error))?;
    sync_dir(&parent_of(path));
    Ok(())
}

/// A folder replaced atomically: write into [`AtomicDir::path`], then call [`AtomicDir::commit`].
///
/// Dropped without a commit, it removes the temporary folder and leaves the target unchanged.
#[derive(Debug)]
pub struct AtomicDir {
    temporary: TempDir,
    target: PathBuf,
}

impl AtomicDir {
    /// Creates a temporary folder beside `target`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the parent cannot be created or written.
    pub fn new(target: &Path) -> Result<Self> {
        recover_dir(target)?;
        let parent = parent_of(target);
        fs::create_dir_all(&parent).map_err(|e| ArtifactError::io(Action::Create, &parent, e))?;
        let mut builder = Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let temporary = builder
            .tempdir_in(&parent)
            .map_err(|e| ArtifactError::io(Action::Create, target, without_name(&e)))?;
        Ok(Self {
            temporary,
            target: target.to_owned(),
        })
    }

    /// The temporary folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes the file `name` in the folder.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file below the target.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.with_final_path(write_atomic(&self.path().join(name), bytes))
    }

    /// The final path of `path`, a file in the temporary folder.
    #[must_use]
    pub fn final_path(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.path()) {
            Ok(inside) => self.target.join(inside),
            Err(_) => path.to_owned(),
        }
    }

    /// The same result, with final paths in errors.
    ///
    /// # Errors
    /// The error of `result`.
    pub fn with_final_path<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            let path = self.final_path(error.path());
            error.with_path(path)
        })
    }

    /// Flushes every file and replaces the target by the folder.
    ///
    /// Linux and macOS exchange the two folders atomically. Elsewhere the old one is first renamed
    /// to `.NAME.old`; [`recover_dir`] repairs a crash between the two renames.
    ///
    /// # Errors
    /// [`ArtifactError::Io`]; an existing target is then unchanged.
    pub fn commit(self) -> Result<()> {
        self.with_final_path(sync_tree(self.path()))?;
        let target = self.target;
        let fail = |e| ArtifactError::io(Action::Write, &target, e);
        if !target.exists() {
            let written = self.temporary.keep();
            fs::rename(&written, &target).map_err(fail)?;
        } else if exchange(self.temporary.path(), &target) {
            // After the exchange the temporary folder has the old content and is deleted.
            drop(self.temporary);
        } else {
            let old = old_name(&target);
            let written = self.temporary.keep();
            fs::rename(&target, &old).map_err(fail)?;
            fs::rename(&written, &target).map_err(fail)?;
            fs::remove_dir_all(&old).map_err(|e| ArtifactError::io(Action::Remove, &old, e))?;
        }
        sync_dir(&parent_of(&target));
        Ok(())
    }

    /// Flushes every file and moves them into the target, which keeps what else is in it: `last`
    /// after all others, so that where it is, all are.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming a file of the target.
    pub fn commit_files(self, last: &str) -> Result<()> {
        self.with_final_path(sync_tree(self.path()))?;
        let fail = |e| ArtifactError::io(Action::Write, &self.target, e);
        fs::create_dir_all(&self.target).map_err(fail)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path()).map_err(fail)? {
            names.push(entry.map_err(fail)?.file_name());
        }
        names.sort_by_key(|name| name == last);
        for name in names {
            let to = self.target.join(&name);
            fs::rename(self.path().join(&name), &to)
                .map_err(|e| ArtifactError::io(Action::Write, &to, e))?;
            sync_dir(&self.target);
        }
        Ok(())
    }
}

/// Completes or undoes a replacement of the folder `target` that a crash interrupted.
///
/// Call it before reading a folder that was written with [`AtomicDir`].
///
/// # Errors
/// [`ArtifactError::Io`] if the old folder can neither be restored nor removed.
pub fn recover_dir(target: &Path) -> Result<()> {
    let old = old_name(target);
    if !old.exists() {
        return Ok(());
    }
    if target.exists() {
        fs::remove_dir_all(&old).map_err(|e| ArtifactError::io(Action::Remove, &old, e))
    } else {
        fs::rename(&old, target).map_err(|e| ArtifactError::io(Action::Rename, &old, e))
    }
}

fn old_name(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".old");
    target.with_file_name(name)
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn sync_tree(dir: &Path) -> Result<()> {
    let fail = |e| ArtifactError::io(Action::Write, dir, e);
    for entry in fs::read_dir(dir).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.file_type().map_err(fail)?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())
                .and_then(|file| file.sync_all())
                .map_err(fail)?;
        }
    }
    sync_dir(dir);
    Ok(())
}

/// Flushes renames in `dir` to the disk, if the platform can sync a folder.
fn sync_dir(dir: &Path) {
    // Errors are ignored: the rename is done, and not every file system can sync a folder.
    if let Ok(handle) = File::open(dir) {
        let _ = handle.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomic(&path, b"old").unwrap();
        let result = write_atomic_with(&path, |out| {
            out.write_all(b"half of the ne")?;
            Err(std::io::Error::other("disk full"))
        });
        assert!(result.unwrap_err().to_string().contains("disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no temporary stays behind"
        );
    }

    #[test]
    fn a_committed_folder_replaces_the_old_one_entirely() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("checkpoint");
        for content in ["first", "second"] {
            let dir_writer = AtomicDir::new(&target).unwrap();
            fs::write(dir_writer.path().join(content), content).unwrap();
            dir_writer.commit().unwrap();
        }
        assert!(!target.join("first").exists());
        assert_eq!(fs::read(target.join("second")).unwrap(), b"second");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_dropped_folder_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("checkpoint");
        fs::create_dir(&target).unwrap();
        let dir_writer = AtomicDir::new(&target).unwrap();
        fs::write(dir_writer.path().join("half"), "x").unwrap();
        drop(dir_writer);
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_file_that_was_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("checkpoint");
        let dir_writer = AtomicDir::new(&target).unwrap();
        fs::create_dir(dir_writer.path().join("weights")).unwrap();
        let error = dir_writer
            .write_file("weights", b"x")
            .unwrap_err()
            .to_string();
        assert!(error.contains("checkpoint/weights"), "{error}");
        assert!(!error.contains(TEMPORARY_PREFIX), "{error}");
        // A folder that is not there any more is where `tempfile` names its own file.
        let parent = dir.path().join("gone");
        fs::write(&parent, "a file").unwrap();
        for error in [
            write_atomic(&parent.join("x"), b"x").unwrap_err(),
            AtomicDir::new(&parent.join("x")).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(
                error.contains("gone") && !error.contains(TEMPORARY_PREFIX),
                "{error}"
            );
        }
    }

    #[test]
    fn the_reason_stays_where_the_temporarys_name_goes() {
        let dir = tempfile::tempdir().unwrap();
        let nowhere = dir.path().join("nowhere");
        let error = Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempfile_in(&nowhere)
            .unwrap_err();
        assert!(error.to_string().contains(TEMPORARY_PREFIX), "{error}");
        let reason = without_name(&error);
        assert_eq!(reason.kind(), std::io::ErrorKind::NotFound);
        assert!(!reason.to_string().contains(TEMPORARY_PREFIX), "{reason}");
    }

    #[test]
    fn a_crash_between_two_renames_is_repaired() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("checkpoint");
        let old = dir.path().join(".checkpoint.old");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("weights"), "x").unwrap();
        recover_dir(&target).unwrap();
        assert!(target.join("weights").exists());
        assert!(!old.exists());
    }

    #[cfg(unix)]
    #[test]
    fn written_files_are_readable_as_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("plain");
        let whole = dir.path().join("whole");
        fs::write(&plain, "x").unwrap();
        write_atomic(&whole, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&plain));
    }
}
