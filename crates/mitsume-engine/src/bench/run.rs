//! Times what a run does, from its configuration.

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_artifacts::RunConfig;

use super::step::{BenchLoss, TimedStep};
use super::{random_pixels, time_repetitions};
use crate::Result;
use crate::maps::{MapOptions, image_maps};
use crate::train::architecture::Architecture;

/// Timed repetitions; the median counts.
const REPEATS: usize = 3;

/// Times of a run, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunTime {
    /// Of the passes and the optimiser's step of one batch.
    pub batch: f64,
    /// Of the evaluation of one image, with its map.
    pub evaluated_image: f64,
}

/// Times a batch of training and of evaluation of a run's network, a level or an ONNX file, with its
/// loss, on random images in memory.
///
/// # Errors
/// What [`crate::train()`] refuses of the network: a size, classes or a layer that it does not have.
pub fn bench_run(config: &RunConfig, classes: usize) -> Result<RunTime> {
    let device = Device::flex();
    let architecture = Architecture::open(config, classes, &device)?;
    let size = config.data.image_size;
    let images = [config.train.batch_size, config.data.channels, size, size];
    let pixels = random_pixels(images.iter().product());
    let labels: Vec<usize> = (0..images[0]).map(|i| i % classes).collect();
    let loss = match config.consistency.is_plain(config.train.epochs) {
        true => BenchLoss::Ce,
        false => BenchLoss::Cam,
    };
    let timed = TimedStep {
        architecture,
        classes,
        images,
        loss,
        settings: config.consistency.settings(),
        repeats: REPEATS,
    };
    let batch = timed.run(|| (pixels.clone(), labels.clone()))?;
    let architecture = timed.architecture;
    let model = architecture.new_model(0, &device.clone().autodiff())?;
    let network = architecture.network(&model)?;
    let options = MapOptions {
        method: config.consistency.method,
        flip: false,
    };
    let evaluation = time_repetitions(REPEATS, &mut || {
        let batch = TensorData::new(pixels.clone(), images);
        let batch = Tensor::<4>::from_data(batch, &device);
        image_maps(network.as_ref(), batch, &labels, options).map(|_| ())
    })?;
    Ok(RunTime {
        batch: batch.seconds_per_step,
        evaluated_image: evaluation.seconds / images[0] as f64,
    })
}
