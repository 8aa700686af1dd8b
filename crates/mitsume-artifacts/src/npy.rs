//! Maps as NumPy files.

use std::path::Path;

use ndarray::{Array3, ArrayView2};
use ndarray_npy::WriteNpyExt;

use crate::{ArtifactError, Maps, Result, write_atomic};

/// Writes the mean map of every class as `.npy`: float32 `[K, h, w]` in label order, NaN for a
/// class without a correctly classified image.
///
/// # Errors
/// [`ArtifactError::Io`] naming `path`.
pub fn write_class_means(path: &Path, maps: &Maps) -> Result<()> {
    let [h, w] = maps.cam_size();
    let mut means = Array3::from_elem((maps.classes(), h, w), f32::NAN);
    for (class, mut plane) in means.outer_iter_mut().enumerate() {
        if let Some(mean) = maps.class_mean(class) {
            plane
                .iter_mut()
                .zip(mean)
                .for_each(|(to, from)| *to = *from);
        }
    }
    write(path, &means)
}

/// Writes one map, `values` row by row, as `.npy`: float32 `[h, w]`.
///
/// # Errors
/// [`ArtifactError::Io`] naming `path`.
///
/// # Panics
/// If there are not exactly `h * w` values.
pub fn write_map(path: &Path, values: &[f32], [h, w]: [usize; 2]) -> Result<()> {
    let map = ArrayView2::from_shape((h, w), values).expect("h * w values");
    write(path, &map)
}

fn write(path: &Path, array: &impl WriteNpyExt) -> Result<()> {
    let mut bytes = Vec::new();
    array
        .write_npy(&mut bytes)
        .map_err(|error| ArtifactError::malformed(path, error.to_string()))?;
    write_atomic(path, &bytes)
}
