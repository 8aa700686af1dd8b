//! A hash of a data set, which tells whether it changed.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::DataError;
use crate::folder::{ImageFolder, Sample, relative};
use crate::frame_name::image_file;

impl ImageFolder {
    /// BLAKE3 hash of class names, file names relative to the root, and file contents, as 64
    /// hexadecimal digits. A copy of the data set has the same hash; it changes with any byte, name
    /// or class. For a file that cannot be opened the hash has an empty content, for a frame that of
    /// its file.
    ///
    /// # Errors
    /// If reading a file fails half-way.
    pub fn fingerprint(&self) -> Result<String, DataError> {
        let file_of = |sample: &Sample| image_file(&sample.path);
        let images: Vec<PathBuf> = self.samples.par_iter().map(file_of).collect();
        let mut files: Vec<&PathBuf> = images.iter().collect();
        files.sort_unstable();
        files.dedup();
        let hashes = files.par_iter().map(|file| content_hash(file));
        let hashes = hashes.collect::<Result<Vec<_>, _>>()?;
        let contents = images
            .iter()
            .map(|file| hashes[files.binary_search(&file).expect("one of them")]);
        let mut hasher = blake3::Hasher::new_derive_key("mitsume data set v1");
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(&(self.classes.len() as u64).to_le_bytes());
        for class in &self.classes {
            add(class.as_bytes());
        }
        for (sample, content) in self.samples.iter().zip(contents) {
            add(&(sample.class as u64).to_le_bytes());
            add(relative(&sample.path, &self.root).as_bytes());
            add(content.as_ref().map_or(b"", |hash| hash.as_bytes()));
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

fn content_hash(path: &Path) -> Result<Option<blake3::Hash>, DataError> {
    let regular = fs::metadata(path).is_ok_and(|m| m.is_file());
    let Some(file) = regular.then(|| fs::File::open(path).ok()).flatten() else {
        return Ok(None);
    };
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(file)
        .map_err(|e| DataError::read(path, e))?;
    Ok(Some(hasher.finalize()))
}
