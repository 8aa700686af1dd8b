//! Timing a training step and an evaluation.
//!
//! What is timed is what [`crate::train()`] and [`crate::evaluate()`] do: with random images held
//! in memory the peer of the same loop in another framework, with the images of a folder the
//! whole of it.

mod batch_source;
mod eval;
mod process_stats;
mod step;

use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::Device;
use mitsume_nn::{Classifier, ClassifierSpec, Level};

use crate::{EngineError, Result};

pub use eval::{EvalTime, bench_eval};
pub use step::{BenchLoss, StepTime, bench_step};

/// Classes of the timed networks, where no data set says otherwise.
const CLASSES: usize = 4;

/// What to time.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// The network.
    pub level: Level,
    /// Images per step.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Timed repetitions after warming up; the median counts.
    pub repeats: usize,
    /// Train on the images of this folder of class folders, decoded and augmented as a run does,
    /// instead of random ones in memory.
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

fn network(level: Level, classes: usize, device: &Device) -> Classifier {
    let spec = ClassifierSpec {
        level,
        channels: 1,
        classes,
        dropout: None,
    };
    Classifier::new(spec, 0, device)
}

/// Any values that are not all the same; time does not depend on them.
fn random_pixels(batch: usize, size: usize) -> Vec<f32> {
    let count = (batch * size * size) as u32;
    (0..count)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// What repetitions cost.
struct Timing {
    /// Median.
    seconds: f64,
    /// Mean; none where the system does not tell.
    page_faults: Option<f64>,
}

fn timed(repeats: usize, run: &mut impl FnMut() -> Result<()>) -> Result<Timing> {
    // Twice to fill caches, buffers and the optimiser's state.
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
