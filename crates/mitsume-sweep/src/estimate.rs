//! How long a sweep will take, from steps measured here.

use std::collections::BTreeMap;

use mitsume_artifacts::{RunConfig, read_epochs};
use mitsume_data::ImageFolder;
use mitsume_engine::{BenchLoss, BenchOptions, bench_eval, bench_step};
use mitsume_nn::Level;

use crate::{Cell, LocalOptions, Result, SweepDir};

/// Time one cell still needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds on the threads of one job.
    pub seconds: f64,
    /// Epochs still to do.
    pub epochs_left: u64,
}

/// What a measured time depends on.
type Shape = (String, usize, usize, bool);

/// Estimates each of `cells`: steps and evaluations are timed once per model, image size, batch
/// size and loss, on the threads one of the jobs will have, and multiplied by the images counted
/// in the folders. Training with many jobs side by side is slower than that where they share
/// memory bandwidth. Reading the images is not in it.
///
/// # Errors
/// A folder that cannot be listed; an image size a model cannot have.
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
    let mut measured: BTreeMap<Shape, (f64, f64)> = BTreeMap::new();
    let mut images = BTreeMap::new();
    let mut estimates = Vec::new();
    for cell in cells {
        let config = &cell.config;
        let shape = shape(config);
        let (step, image) = match measured.get(&shape) {
            Some(times) => *times,
            None => {
                let times = pool.install(|| measure(config, shape.3))?;
                measured.insert(shape, times);
                times
            }
        };
        let mut count = |folder: &std::path::Path, most: Option<usize>| -> Result<usize> {
            let key = (folder.to_owned(), most);
            if let Some(count) = images.get(&key) {
                return Ok(*count);
            }
            let mut listed = ImageFolder::open(folder)?;
            listed.subsample_per_class(most.unwrap_or(usize::MAX));
            images.insert(key, listed.samples.len());
            Ok(listed.samples.len())
        };
        let train = count(&config.data.train, config.data.train_per_class)?;
        let valid = count(&config.data.valid, config.data.valid_per_class)?;
        let path = sweep.run_dir(cell).epochs();
        let done = if path.is_file() {
            read_epochs(&path)?.len() as u64
        } else {
            0
        };
        let steps = train.div_ceil(config.train.batch_size);
        let epochs_left = config.train.epochs.saturating_sub(done);
        // One more evaluation at the end, with its maps.
        let evaluations = epochs_left + u64::from(epochs_left > 0);
        estimates.push(Estimate {
            seconds: epochs_left as f64 * steps as f64 * step
                + evaluations as f64 * valid as f64 * image,
            epochs_left,
        });
    }
    Ok(estimates)
}

fn shape(config: &RunConfig) -> Shape {
    (
        config.model.name.clone(),
        config.data.image_size,
        config.train.batch_size,
        config.consistency.lambda_max != 0.0,
    )
}

/// Seconds of a training step and of evaluating one image.
fn measure(config: &RunConfig, consistency: bool) -> Result<(f64, f64)> {
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
    Ok((
        step.seconds_per_step,
        1.0 / evaluation.images_per_second.max(f64::MIN_POSITIVE),
    ))
}
