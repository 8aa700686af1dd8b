//! Estimates the duration of a sweep from measured steps.

use std::collections::BTreeMap;

use mitsume_artifacts::{RunConfig, read_epochs};
use mitsume_data::{ImageFolder, Split};
use mitsume_engine::{BenchLoss, BenchOptions, bench_eval, bench_step};
use mitsume_nn::Level;

use crate::{Cell, LocalOptions, Result, SweepDir};

/// Remaining time of one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds with the threads of one job.
    pub seconds: f64,
    /// Number of remaining epochs.
    pub epochs_left: u64,
}

/// The settings on which a measured time depends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct TimingKey {
    model: String,
    image_size: usize,
    batch_size: usize,
    /// Whether the CAM loss is computed.
    consistency: bool,
}

/// Measured seconds.
#[derive(Clone, Copy)]
struct Timing {
    step: f64,
    /// Evaluation of one image.
    image: f64,
}

/// Estimates the remaining time of each cell. Training steps and evaluations are timed once per
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
    let mut measured: BTreeMap<TimingKey, Timing> = BTreeMap::new();
    let mut images = BTreeMap::new();
    let mut estimates = Vec::new();
    for cell in cells {
        let config = &cell.config;
        let key = TimingKey::new(config);
        let timing = match measured.get(&key) {
            Some(timing) => *timing,
            None => {
                let timing = pool.install(|| measure(config, key.consistency))?;
                measured.insert(key, timing);
                timing
            }
        };
        let mut count = |folder: &std::path::Path,
                         split: Split,
                         max_per_class: Option<usize>|
         -> Result<usize> {
            let key = (folder.to_owned(), split, max_per_class);
            if let Some(count) = images.get(&key) {
                return Ok(*count);
            }
            let mut listed = ImageFolder::open_split(folder, split)?;
            listed.subsample_per_class(max_per_class.unwrap_or(usize::MAX));
            images.insert(key, listed.samples.len());
            Ok(listed.samples.len())
        };
        let train = count(
            &config.data.train,
            Split::Train,
            config.data.train_per_class,
        )?;
        let valid = count(
            &config.data.valid,
            Split::Valid,
            config.data.valid_per_class,
        )?;
        let path = sweep.run_dir(cell).epochs();
        let rows = if path.is_file() {
            read_epochs(&path)?
        } else {
            Vec::new()
        };
        let steps = train.div_ceil(config.train.batch_size);
        let epochs_left = match config.train.is_done(&rows) {
            true => 0,
            // At most: it may stop early.
            false => config.train.epochs - rows.len() as u64,
        };
        // The evaluation at the end, which writes the maps, is one more.
        let evaluations = epochs_left + u64::from(epochs_left > 0);
        estimates.push(Estimate {
            seconds: epochs_left as f64 * steps as f64 * timing.step
                + evaluations as f64 * valid as f64 * timing.image,
            epochs_left,
        });
    }
    Ok(estimates)
}

impl TimingKey {
    fn new(config: &RunConfig) -> Self {
        Self {
            model: config.model.name.clone(),
            image_size: config.data.image_size,
            batch_size: config.train.batch_size,
            consistency: config.consistency.lambda_max != 0.0,
        }
    }
}

/// Measures a training step and the evaluation of one image.
fn measure(config: &RunConfig, consistency: bool) -> Result<Timing> {
    let level: Level =
        config.model.name.parse().map_err(|error| {
            mitsume_engine::EngineError::Request(format!("model.name: {error}"))
        })?;
    let options = BenchOptions {
        level,
        batch: config.train.batch_size,
        size: config.data.image_size,
        repeats: 3,
        data: None,
    };
    let loss = if consistency {
        BenchLoss::Cam
    } else {
        BenchLoss::Ce
    };
    let step = bench_step(&options, loss)?;
    let evaluation = bench_eval(&options, 2 * config.train.batch_size)?;
    Ok(Timing {
        step: step.seconds_per_step,
        image: 1.0 / evaluation.images_per_second.max(f64::MIN_POSITIVE),
    })
}
