//! SHA-256 of files.

use std::fs::File;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Adds the content of a file, and returns its length in bytes.
pub(crate) fn add_file(hasher: &mut Sha256, path: &Path) -> std::io::Result<u64> {
    std::io::copy(&mut File::open(path)?, hasher)
}

/// The hash in hexadecimal.
pub(crate) fn hex(hasher: Sha256) -> String {
    let bytes = hasher.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
