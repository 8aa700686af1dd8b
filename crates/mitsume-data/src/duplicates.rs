//! Images that occur twice, told by their decoded pixels.

use std::collections::HashMap;

use crate::pixels::Pixels;
use crate::source::ImageSource;

/// A digest (BLAKE3) of size and grey pixels: equal for two files of one picture, however they store it.
pub(crate) fn pixel_digest(grey: &Pixels) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(grey.width as u64).to_le_bytes());
    hasher.update(&grey.data);
    hasher.finalize()
}

/// The images of `of` whose decoded grey pixels equal those of an image in `among`: its index in `of`, and the index of
/// the first such image in `among`.
///
/// Compares what was seen when the images were decoded ([`ImageSource::load`]); what was never decoded, or
/// cannot be, equals nothing. Opens no file.
pub fn find_duplicates(of: &ImageSource, among: &ImageSource) -> Vec<(usize, usize)> {
    let mut first: HashMap<blake3::Hash, usize> = HashMap::new();
    for index in 0..among.len() {
        if let Some(digest) = among.digest(index) {
            first.entry(digest).or_insert(index);
        }
    }
    let found = |index: usize| Some((index, *first.get(&of.digest(index)?)?));
    (0..of.len()).filter_map(found).collect()
}
