//! Files and folders that appear whole or not at all.
//!
//! Both are written beside their target under a name starting with `.tmp-`, flushed to the disk
//! and renamed. What a crash leaves behind is such a temporary, never half a target.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::{Action, ArtifactError, Result};

const TEMPORARY: &str = ".tmp-";

/// Writes `bytes` to `path`, replacing what is there in one step.
///
/// # Errors
/// [`ArtifactError::Io`] naming `path`; the old file is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomic_with(path, |out| out.write_all(bytes))
}

/// As [`write_atomic`], for content produced piece by piece.
///
/// # Errors
/// [`ArtifactError::Io`] naming `path`; the old file is then untouched.
pub fn write_atomic_with(
    path: &Path,
    produce: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<()> {
    let fail = |source| ArtifactError::io(Action::Write, path, source);
    let temporary = temporary_file(path)?;
    let mut out = BufWriter::new(temporary.as_file());
    produce(&mut out).and_then(|()| out.flush()).map_err(fail)?;
    drop(out);
    persist(temporary, path)
}

/// A temporary file in the folder of `path`, created (with its folder) if missing.
pub(crate) fn temporary_file(path: &Path) -> Result<tempfile::NamedTempFile> {
    let parent = parent_of(path);
    fs::create_dir_all(&parent).map_err(|e| ArtifactError::io(Action::Create, &parent, e))?;
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY);
    // The crate's default is private to the owner; results are meant to be shared as umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(&parent)
        .map_err(|e| ArtifactError::io(Action::Write, path, without_name(&e)))
}

/// The reason alone: `tempfile` adds the temporary's name, which says nothing to anybody.
pub(crate) fn without_name(error: &std::io::Error) -> std::io::Error {
    match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Flushes the temporary file to the disk and gives it its name.
pub(crate) fn persist(temporary: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    let fail = |source| ArtifactError::io(Action::Write, path, source);
    temporary.as_file().sync_all().map_err(fail)?;
    temporary.persist(path).map_err(|e| fail(e.error))?;
    sync_dir(&parent_of(path));
    Ok(())
}

/// A folder being written: fill [`AtomicDir::path`], then [`AtomicDir::commit`].
///
/// Dropped without a commit it removes what was written and leaves the target untouched.
#[derive(Debug)]
pub struct AtomicDir {
    temporary: TempDir,
    target: PathBuf,
}

impl AtomicDir {
    /// Starts a folder that will become `target`, in the same parent folder.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the parent cannot be created or written.
    pub fn new(target: &Path) -> Result<Self> {
        recover_dir(target)?;
        let parent = parent_of(target);
        fs::create_dir_all(&parent).map_err(|e| ArtifactError::io(Action::Create, &parent, e))?;
        let mut builder = Builder::new();
        builder.prefix(TEMPORARY);
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

    /// Where to write.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes the file `name` of the folder.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file below the target.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.named(write_atomic(&self.path().join(name), bytes))
    }

    /// What `path` in this folder is called once it is in the target's place.
    #[must_use]
    pub fn final_path(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(self.path()) {
            Ok(inside) => self.target.join(inside),
            Err(_) => path.to_owned(),
        }
    }

    /// The same result; an error about a file in this folder names it as it is called in the end.
    ///
    /// # Errors
    /// That of `result`.
    pub fn named<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            let path = self.final_path(error.path());
            error.about(path)
        })
    }

    /// Flushes every file and puts the folder in the target's place.
    ///
    /// Linux and macOS exchange the two folders in one step. Elsewhere the old one is first
    /// renamed to `.NAME.old`; [`recover_dir`] repairs a crash between the two renames.
    ///
    /// # Errors
    /// [`ArtifactError::Io`]; a target that was there before is still there.
    pub fn commit(self) -> Result<()> {
        self.named(sync_tree(self.path()))?;
        let target = self.target;
        let fail = |e| ArtifactError::io(Action::Write, &target, e);
        if !target.exists() {
            let written = self.temporary.keep();
            fs::rename(&written, &target).map_err(fail)?;
        } else if exchange(self.temporary.path(), &target) {
            // The temporary now holds the old content, and goes with it.
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
}

/// Finishes or undoes a replacement of the folder `target` that a crash interrupted.
///
/// Call it before reading a folder that is written with [`AtomicDir`].
///
/// # Errors
/// [`ArtifactError::Io`] if the old folder can neither be put back nor removed.
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

/// Makes renames in `dir` survive a power cut, where the platform lets a folder be synced.
fn sync_dir(dir: &Path) {
    // Not every file system can; the rename itself has happened either way.
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
            let swap = AtomicDir::new(&target).unwrap();
            fs::write(swap.path().join(content), content).unwrap();
            swap.commit().unwrap();
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
        let swap = AtomicDir::new(&target).unwrap();
        fs::write(swap.path().join("half"), "x").unwrap();
        drop(swap);
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_file_that_was_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("checkpoint");
        let swap = AtomicDir::new(&target).unwrap();
        fs::create_dir(swap.path().join("weights")).unwrap();
        let error = swap.write_file("weights", b"x").unwrap_err().to_string();
        assert!(error.contains("checkpoint/weights"), "{error}");
        assert!(!error.contains(TEMPORARY), "{error}");
        // A folder that is not there any more is where `tempfile` names its own file.
        let parent = dir.path().join("gone");
        fs::write(&parent, "a file").unwrap();
        for error in [
            write_atomic(&parent.join("x"), b"x").unwrap_err(),
            AtomicDir::new(&parent.join("x")).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(
                error.contains("gone") && !error.contains(TEMPORARY),
                "{error}"
            );
        }
    }

    #[test]
    fn the_reason_stays_where_the_temporarys_name_goes() {
        let dir = tempfile::tempdir().unwrap();
        let nowhere = dir.path().join("nowhere");
        let error = Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(&nowhere)
            .unwrap_err();
        assert!(error.to_string().contains(TEMPORARY), "{error}");
        let reason = without_name(&error);
        assert_eq!(reason.kind(), std::io::ErrorKind::NotFound);
        assert!(!reason.to_string().contains(TEMPORARY), "{reason}");
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
