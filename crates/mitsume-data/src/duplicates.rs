//! Duplicate images, by their decoded pixels.

use std::collections::HashMap;

use crate::grey::to_grey;
use crate::pixels::{DecodedPixels, PixelValue, Pixels};
use crate::source::ImageSource;

/// BLAKE3 digest of size and grey pixels: equal for two files of one image, however they store it,
/// also if one stores it with 16 bits that say no more than the 8 of the other.
pub(crate) fn pixel_digest(image: DecodedPixels) -> blake3::Hash {
    match image {
        DecodedPixels::Bits8(image) => digest(&to_grey(image)),
        DecodedPixels::Bits16(image) if image.data.iter().all(|v| v % 257 == 0) => {
            digest(&to_grey(DecodedPixels::Bits16(image).into_8_bits()))
        }
        DecodedPixels::Bits16(image) => digest(&to_grey(image)),
    }
}

fn digest<V: PixelValue>(grey: &Pixels<V>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(grey.width as u64).to_le_bytes());
    hasher.update(bytemuck::cast_slice(&grey.data));
    hasher.finalize()
}

/// The images of `queries` with the same decoded grey pixels as an image of `references`: index in
/// `queries`, index of the first such image in `references`.
///
/// Compares digests made when images were decoded ([`ImageSource::load`]) and opens no file. Images
/// that were not decoded, or cannot be, have no duplicates.
pub fn find_duplicates(queries: &ImageSource, references: &ImageSource) -> Vec<(usize, usize)> {
    let mut first: HashMap<blake3::Hash, usize> = HashMap::new();
    for index in 0..references.len() {
        if let Some(digest) = references.digest(index) {
            first.entry(digest).or_insert(index);
        }
    }
    let found = |index: usize| Some((index, *first.get(&queries.digest(index)?)?));
    (0..queries.len()).filter_map(found).collect()
}
