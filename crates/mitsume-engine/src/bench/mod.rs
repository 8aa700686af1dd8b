//! Times a training step and an evaluation, as [`crate::train()`] and [`crate::evaluate()`] do
//! them.
//!
//! With random images in memory only the computation is timed, to compare with other frameworks;
//! with a folder of images, decoding and augmentation too.

mod batch_source;
mod eval;
mod model_step;
mod process_stats;
mod run;
mod step;

use std::path::PathBuf;
use std::time::Instant;

use mitsume_nn::{ClassifierSpec, Level, Precision};

use crate::{EngineError, Result};

pub use eval::{EvalTime, bench_eval};
pub use model_step::{BenchModelOptions, bench_model_step};
pub use run::{RunTime, bench_run};
pub use step::{BenchLoss, StepTime, bench_step};

/// Classes of the timed network where no data set is given.
const DEFAULT_CLASSES: usize = 4;

/// Options of a benchmark.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// The network.
    pub level: Level,
    /// Precision of its convolutions.
    pub precision: Precision,
    /// Images per step.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Timed repetitions, after two for warming up; the median is reported.
    pub repeats: usize,
    /// A folder of class folders to train on, decoded and augmented as in a run; random images in
    /// memory where it is `None`.
    pub data: Option<PathBuf>,
}

fn refuse_small_images(options: &BenchOptions) -> Result<()> {
    let smallest = options.level.min_image_side();
    if options.size < smallest {
        return Err(EngineError::Request(format!(
            "--size: at least {smallest} for {}",
            options.level
        )));
    }
    Ok(())
}

fn spec(level: Level, classes: usize) -> ClassifierSpec {
    ClassifierSpec {
        level,
        channels: 1,
        classes,
        dropout: None,
    }
}

/// `count` pixels that are not all equal; the time does not depend on them.
fn random_pixels(count: usize) -> Vec<f32> {
    (0..count as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// Cost of one repetition.
struct Timing {
    /// Median over the repetitions.
    seconds: f64,
    /// Mean over the repetitions; `None` where the system does not report it.
    page_faults: Option<f64>,
}

fn time_repetitions(repeats: usize, run: &mut impl FnMut() -> Result<()>) -> Result<Timing> {
    // Twice, to fill caches, buffers and the optimiser's state.
    for _ in 0..2 {
        run()?;
    }
    let repeats = repeats.max(1);
    let mut seconds = Vec::with_capacity(repeats);
    let before = process_stats::page_faults();
    for _ in 0..repeats {
        let start = Instant::now();
        run()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let faults = before.zip(process_stats::page_faults());
    seconds.sort_by(f64::total_cmp);
    Ok(Timing {
        seconds: seconds[repeats / 2],
        page_faults: faults.map(|(before, after)| (after - before) as f64 / repeats as f64),
    })
}
