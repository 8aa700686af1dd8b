//! Estimates the duration of a sweep from measured steps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mitsume_artifacts::{RunConfig, read_epochs};
use mitsume_data::{ImageFolder, Split};
use mitsume_engine::{RunTime, bench_run};

use crate::{Cell, LocalOptions, Result, SweepDir};

/// Remaining time of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds with the threads of one job.
    pub seconds: f64,
    /// Number of remaining epochs.
    pub epochs_left: u64,
}

/// The settings on which a measured time depends: the model, the sizes of a batch of images, the
/// number of classes, and the consistency loss if there is one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct TimingKey {
    model: String,
    sizes: [usize; 4],
    loss: Option<String>,
}

/// Estimates the remaining time of each cell. Batches of training and of evaluation are timed once per
/// model, image size, batch size and loss, with the threads of one job, and multiplied by the
/// number of images in the folders. Parallel jobs are slower than the estimate if they share memory
/// bandwidth. Reading images is not included.
///
/// # Errors
/// If a folder cannot be listed, or a model does not support the image size.
pub fn estimate(
    sweep: &SweepDir,
    cells: &[&Cell],
    options: &LocalOptions,
) -> Result<Vec<Estimate>> {
    let threads = (options.threads / options.jobs.max(1)).max(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| crate::SweepError::Failed(format!("cannot start threads: {error}")))?;
    let mut measured: BTreeMap<TimingKey, RunTime> = BTreeMap::new();
    let mut folders = Folders::default();
    let mut estimates = Vec::new();
    for cell in cells {
        let config = &cell.config;
        let data = &config.data;
        let train = folders.counts(&data.train, Split::Train, data.train_per_class)?;
        let valid = folders.counts(&data.valid, Split::Valid, data.valid_per_class)?;
        let key = TimingKey::new(config, train.classes);
        let timing = match measured.get(&key) {
            Some(timing) => *timing,
            None => {
                let timing = pool.install(|| bench_run(config, train.classes))?;
                measured.insert(key, timing);
                timing
            }
        };
        let path = sweep.run_dir(cell).epochs();
        let rows = if path.is_file() {
            read_epochs(&path)?
        } else {
            Vec::new()
        };
        let batches = train.images.div_ceil(config.train.batch_size);
        let epochs_left = match config.train.is_done(&rows) {
            true => 0,
            // At most: it may stop early.
            false => config.train.epochs - rows.len() as u64,
        };
        let done = config.train.epochs - epochs_left;
        let left = done + 1..=config.train.epochs;
        let evaluated = left.filter(|&epoch| config.train.evaluates(epoch)).count() as u64;
        // The evaluation at the end, which writes the maps, is one more.
        let evaluations = evaluated + u64::from(epochs_left > 0);
        estimates.push(Estimate {
            seconds: epochs_left as f64 * batches as f64 * timing.batch
                + evaluations as f64 * valid.images as f64 * timing.evaluated_image,
            epochs_left,
        });
    }
    Ok(estimates)
}

impl TimingKey {
    fn new(config: &RunConfig, classes: usize) -> Self {
        let loss = &config.consistency;
        let loss = (!loss.is_plain(config.train.epochs)).then(|| format!("{:?}", loss.settings()));
        let data = &config.data;
        Self {
            model: format!("{:?}", config.model),
            sizes: [
                config.train.batch_size,
                data.channels,
                data.image_size,
                classes,
            ],
            loss,
        }
    }
}

/// What is in a folder.
#[derive(Clone, Copy)]
struct Counts {
    images: usize,
    classes: usize,
}

/// Folders that were listed, each once.
#[derive(Default)]
struct Folders(BTreeMap<(PathBuf, Split, Option<usize>), Counts>);

impl Folders {
    fn counts(
        &mut self,
        folder: &Path,
        split: Split,
        max_per_class: Option<usize>,
    ) -> Result<Counts> {
        let key = (folder.to_owned(), split, max_per_class);
        if let Some(counts) = self.0.get(&key) {
            return Ok(*counts);
        }
        let mut listed = ImageFolder::open_split(folder, split)?;
        listed.subsample_per_class(max_per_class.unwrap_or(usize::MAX));
        let counts = Counts {
            images: listed.samples.len(),
            classes: listed.classes.len(),
        };
        self.0.insert(key, counts);
        Ok(counts)
    }
}
