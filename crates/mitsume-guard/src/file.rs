//! Files read up to a limit, so that none takes more memory than its kind ever needs.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// A reader that fails where the file goes on behind the limit.
#[derive(Debug)]
pub struct Bounded<R> {
    inner: R,
    most: u64,
    left: u64,
}

impl<R: Read> Bounded<R> {
    /// Of at most `most` bytes.
    pub fn new(inner: R, most: u64) -> Self {
        let left = most;
        Self { inner, most, left }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            return match self.inner.read(&mut buffer[..1])? {
                0 => Ok(0),
                _ => Err(too_large(self.most)),
            };
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let end = buffer.len().min(most);
        let read = self.inner.read(&mut buffer[..end])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Opens a file of at most `most` bytes; a larger one is refused before anything is read.
///
/// # Errors
/// What the operating system says; [`ErrorKind::FileTooLarge`], also while reading.
pub fn open(path: &Path, most: u64) -> Result<Bounded<File>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_large(most));
    }
    Ok(Bounded::new(file, most))
}

/// The bytes of a file of at most `most`.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, most)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text of a file of at most `most` bytes.
///
/// # Errors
/// As [`open`]; a file that is not UTF-8.
pub fn read_to_string(path: &Path, most: u64) -> Result<String> {
    let mut text = String::new();
    open(path, most)?.read_to_string(&mut text)?;
    Ok(text)
}

fn too_large(most: u64) -> Error {
    let limit = match most >> 20 {
        0 => format!("{most} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    };
    Error::new(
        ErrorKind::FileTooLarge,
        format!("larger than {limit}, the most that is read of such a file"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let folder = std::env::temp_dir().join(format!("bounded-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file");
        std::fs::write(&path, "12345678").unwrap();
        assert_eq!(read(&path, 8).unwrap(), b"12345678");
        assert_eq!(read_to_string(&path, 9).unwrap(), "12345678");
        let error = read(&path, 7).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("7 bytes"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// What has no length, or grows, is bounded while it is read.
    #[test]
    fn an_endless_reader_ends_in_an_error() {
        let mut bytes = Vec::new();
        let endless = std::io::repeat(7);
        let error = Bounded::new(endless, 3 << 20).read_to_end(&mut bytes);
        assert!(error.unwrap_err().to_string().contains("3 MiB"));
        assert_eq!(bytes.len(), 3 << 20);
    }
}
