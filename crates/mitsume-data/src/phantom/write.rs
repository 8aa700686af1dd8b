//! Writes phantoms as a data set of class folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::{PhantomClass, draw};
use crate::error::DataError;
use crate::png::grey_or_rgb_png;

/// Which phantoms to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhantomSpec {
    /// Training images per class.
    pub per_class_train: usize,
    /// Test images per class.
    pub per_class_test: usize,
    /// Rows and columns.
    pub size: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for PhantomSpec {
    /// 300 training and 80 test images per class, 64 x 64.
    fn default() -> Self {
        Self {
            per_class_train: 300,
            per_class_test: 80,
            size: 64,
            seed: 0,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhantomSet {
    /// Folder of the training classes.
    pub train: PathBuf,
    /// Folder of the test classes.
    pub test: PathBuf,
    /// Folder of the lesion masks, laid out as the images.
    pub masks: PathBuf,
    /// Images written, masks not counted.
    pub images: usize,
}

/// Index of the first test image: far behind the training images, so that the number of one does
/// not change the images of the other.
const TEST_OFFSET: u64 = 1 << 32;

/// One image to draw, and where it goes.
struct Job {
    class: PhantomClass,
    index: u64,
    image: PathBuf,
    mask: PathBuf,
}

/// Writes `dir/{Training,Testing}/CLASS/NNNN.png` and the masks (255 in the lesion) below
/// `dir/masks`, in parallel. `progress` is called from any thread with the images done and their
/// total.
///
/// The images depend on `spec` only; a larger set begins with the smaller one.
///
/// # Errors
/// If `dir` exists and is not empty, a number of `spec` is out of range, or writing fails.
pub fn write_data_set(
    dir: &Path,
    spec: PhantomSpec,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<PhantomSet, DataError> {
    validate(spec)?;
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        let reason = "is not empty: name a new folder, or remove this one first";
        return Err(DataError::layout(dir, reason));
    }
    let set = PhantomSet {
        train: dir.join("Training"),
        test: dir.join("Testing"),
        masks: dir.join("masks"),
        images: 4 * (spec.per_class_train + spec.per_class_test),
    };
    let mut jobs = list_jobs(dir, "Training", spec.per_class_train, 0)?;
    jobs.extend(list_jobs(dir, "Testing", spec.per_class_test, TEST_OFFSET)?);
    let done = AtomicUsize::new(0);
    jobs.par_iter().try_for_each(|job| {
        let phantom = draw(job.class, spec.size, spec.seed, job.index);
        write_png(&job.image, &phantom.image, spec.size)?;
        write_png(&job.mask, &phantom.mask, spec.size)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, set.images);
        Ok::<(), DataError>(())
    })?;
    Ok(set)
}

fn validate(spec: PhantomSpec) -> Result<(), DataError> {
    let setting = |text: String| Err(DataError::Setting(text));
    for (name, count) in [
        ("training", spec.per_class_train),
        ("test", spec.per_class_test),
    ] {
        if !(1..=100_000).contains(&count) {
            return setting(format!(
                "{count} {name} images per class: must be 1 to 100000"
            ));
        }
    }
    if !(16..=2048).contains(&spec.size) {
        return setting(format!(
            "phantoms of side {}: must be 16 to 2048",
            spec.size
        ));
    }
    Ok(())
}

/// Creates the folders of a split and lists the images to draw.
fn list_jobs(
    dir: &Path,
    split: &str,
    per_class: usize,
    offset: u64,
) -> Result<Vec<Job>, DataError> {
    let mut jobs = Vec::new();
    for class in PhantomClass::ALL {
        let images = dir.join(split).join(class.name());
        let masks = dir.join("masks").join(split).join(class.name());
        for folder in [&images, &masks] {
            fs::create_dir_all(folder).map_err(|e| DataError::write(folder, e))?;
        }
        jobs.extend((0..per_class).map(|n| {
            let name = format!("{n:04}.png");
            Job {
                class,
                index: offset + n as u64,
                image: images.join(&name),
                mask: masks.join(&name),
            }
        }));
    }
    Ok(jobs)
}

/// Writes a temporary file beside the target, then renames it.
fn write_png(path: &Path, grey: &[u8], size: usize) -> Result<(), DataError> {
    let bytes = grey_or_rgb_png(grey, [size, size])?;
    let partial = path.with_extension("part");
    fs::write(&partial, bytes).map_err(|e| DataError::write(path, e))?;
    fs::rename(&partial, path).map_err(|e| DataError::write(path, e))
}
