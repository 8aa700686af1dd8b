//! Reading files up to a limit, so that a wrong or hostile file cannot exhaust memory.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Largest header of a safetensors file that the format allows, in bytes.
pub const MAX_SAFETENSORS_HEADER: u64 = 100_000_000;

/// A reader that fails if there is more than `max_bytes` to read.
#[derive(Debug)]
pub struct Bounded<R> {
    inner: R,
    max_bytes: u64,
    left: u64,
}

impl<R: Read> Bounded<R> {
    /// A reader of at most `max_bytes` bytes.
    pub fn new(inner: R, max_bytes: u64) -> Self {
        let left = max_bytes;
        Self {
            inner,
            max_bytes,
            left,
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            return match self.inner.read(&mut buffer[..1])? {
                0 => Ok(0),
                _ => Err(too_large(self.max_bytes)),
            };
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let end = buffer.len().min(left);
        let read = self.inner.read(&mut buffer[..end])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Opens a file of at most `max_bytes` bytes; a larger one is refused before anything is read.
///
/// # Errors
/// Errors of the operating system; [`ErrorKind::FileTooLarge`], also while reading if the file
/// grows.
pub fn open(path: &Path, max_bytes: u64) -> Result<Bounded<File>> {
    let file = File::open(path)?;
    if file.metadata()?.len() > max_bytes {
        return Err(too_large(max_bytes));
    }
    Ok(Bounded::new(file, max_bytes))
}

/// Reads a file of at most `max_bytes` bytes.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, max_bytes)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text file of at most `max_bytes` bytes.
///
/// # Errors
/// As [`open`], and if the file is not UTF-8.
pub fn read_to_string(path: &Path, max_bytes: u64) -> Result<String> {
    let mut text = String::new();
    open(path, max_bytes)?.read_to_string(&mut text)?;
    Ok(text)
}

fn too_large(max_bytes: u64) -> Error {
    let limit = match max_bytes >> 20 {
        0 => format!("{max_bytes} bytes"),
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

    /// A reader without a known length is limited while it is read.
    #[test]
    fn an_endless_reader_ends_in_an_error() {
        let mut bytes = Vec::new();
        let endless = std::io::repeat(7);
        let error = Bounded::new(endless, 3 << 20).read_to_end(&mut bytes);
        assert!(error.unwrap_err().to_string().contains("3 MiB"));
        assert_eq!(bytes.len(), 3 << 20);
    }
}
