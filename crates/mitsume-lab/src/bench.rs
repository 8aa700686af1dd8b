//! Timing a training step and an evaluation, on random images held in memory.
//!
//! What is timed is what [`crate::train()`] and [`crate::evaluate()`] do, without reading images:
//! the peer of the same loop in another framework.

use std::time::Instant;

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume::train::{CamLoss, MapsOf, forward, logits_and_maps, predictions, training_loss};
use mitsume::{AlphaGradient, ClassMeans, DeviationPass, EmaMaps, MapSpill, Preset};
use mitsume_nn::{BlockSpec, Classifier, ClassifierSpec, Level, dropout_mask};
use serde::Serialize;

use crate::{LabError, Result};

/// Classes of the timed networks.
const CLASSES: usize = 4;

/// What to time.
#[derive(Clone, Copy, Debug)]
pub struct BenchOptions {
    /// The network.
    pub level: Level,
    /// Images per step.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Timed repetitions after warming up; the median counts.
    pub repeats: usize,
}

/// Which loss a timed step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BenchLoss {
    /// Cross-entropy.
    Ce,
    /// Cross-entropy and the consistency loss, thesis preset, with alpha `full`.
    Cam,
}

/// A timed training step.
#[derive(Clone, Debug, Serialize)]
pub struct StepTime {
    /// 1 to 5.
    pub level: usize,
    /// Which loss.
    pub loss: BenchLoss,
    /// Images per step.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Threads used.
    pub threads: usize,
    /// Median over the repetitions.
    pub seconds_per_step: f64,
    /// batch / seconds.
    pub images_per_second: f64,
    /// Floating-point operations of the convolutions as written (2 per multiply-add, forward and
    /// both backward products), in units of 1e9 per second. Faster algorithms than the textbook's
    /// can exceed the machine's peak.
    pub gflops: f64,
    /// Peak resident memory of the process; none where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
}

/// A timed evaluation.
#[derive(Clone, Debug, Serialize)]
pub struct EvalTime {
    /// 1 to 5.
    pub level: usize,
    /// Images evaluated.
    pub images: usize,
    /// Images per forward pass.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Threads used.
    pub threads: usize,
    /// Accuracy, kappa, cross-entropy and both consistencies; median over the repetitions.
    pub seconds: f64,
    /// images / seconds.
    pub images_per_second: f64,
    /// Peak resident memory of the process; none where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
}

/// Times training steps.
///
/// # Errors
/// An image too small for the level.
pub fn bench_step(options: BenchOptions, loss: BenchLoss) -> Result<StepTime> {
    refuse_small_images(options)?;
    let device = Device::flex().autodiff();
    let mut model = network(options.level, &device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let settings = Preset::Thesis.settings();
    let cam_size = options.level.cam_size([options.size, options.size]);
    let mut cam = CamLoss {
        settings,
        ema: EmaMaps::new(0.9, CLASSES, cam_size)?,
    };
    let pixels = pixels(options.batch, options.size);
    let labels: Vec<usize> = (0..options.batch).map(|i| i % CLASSES).collect();
    let lambda = if loss == BenchLoss::Cam { 50.0 } else { 0.0 };
    let mut step = 0;
    let mut run = || -> Result<()> {
        step += 1;
        let shape = [options.batch, 1, options.size, options.size];
        let images = Tensor::<4>::from_data(TensorData::new(pixels.clone(), shape), &device);
        let features = options.level.feature_channels();
        let mask = (model.head.dropout > 0.0).then(|| {
            dropout_mask(
                [options.batch, features],
                model.head.dropout,
                (0, step),
                &device,
            )
        });
        let maps = MapsOf {
            labels: &labels,
            alpha: AlphaGradient::Full,
        };
        let out = forward(&mut model, images, mask, (lambda != 0.0).then_some(maps));
        // An untrained network is right about a quarter of the images; the loss is timed at its
        // fullest, with all of them counted as right.
        predictions(&out.logits);
        let labels = (&labels[..], &labels[..]);
        let terms = training_loss(out, labels, lambda, &mut cam)?;
        let grads = GradientsParams::from_grads(terms.total.backward(), &model);
        model = optimizer.step(1e-4, model.clone(), grads);
        Ok(())
    };
    let seconds_per_step = median_of(options.repeats, &mut run)?;
    let flops = step_flops(options.level, options.size) * options.batch as f64;
    Ok(StepTime {
        level: options.level.number(),
        loss,
        batch: options.batch,
        size: options.size,
        threads: rayon::current_num_threads(),
        seconds_per_step,
        images_per_second: options.batch as f64 / seconds_per_step,
        gflops: flops / seconds_per_step * 1e-9,
        peak_rss_bytes: peak_rss_bytes(),
    })
}

/// Times the evaluation of `images` images.
///
/// # Errors
/// An image too small for the level; a temporary file that cannot be written.
pub fn bench_eval(options: BenchOptions, images: usize) -> Result<EvalTime> {
    refuse_small_images(options)?;
    let device = Device::flex();
    let model = network(options.level, &device);
    let pixels = pixels(options.batch, options.size);
    let [h, w] = options.level.cam_size([options.size, options.size]);
    let mut run = || -> Result<()> {
        let mut means = ClassMeans::new(CLASSES, [h, w]);
        let mut maps = MapSpill::new(h * w)?;
        for start in (0..images).step_by(options.batch) {
            let n = options.batch.min(images - start);
            let shape = [n, 1, options.size, options.size];
            let pixels = pixels[..n * options.size * options.size].to_vec();
            let batch = Tensor::<4>::from_data(TensorData::new(pixels, shape), &device);
            let features = model.trunk.forward(batch);
            let labels: Vec<i64> = (start..start + n).map(|i| (i % CLASSES) as i64).collect();
            let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [n]), &device);
            let (logits, cams) = logits_and_maps(&model.head, features, labels);
            predictions(&logits);
            let cams: Vec<f32> = cams.into_data().try_into_vec().expect("maps are f32");
            for (i, map) in cams.chunks_exact(h * w).enumerate() {
                means.push((start + i) % CLASSES, map)?;
                maps.push(map)?;
            }
        }
        let mut pass = DeviationPass::new(&means);
        maps.for_each(|index, map| {
            pass.push(index % CLASSES, map)?;
            Ok::<(), LabError>(())
        })
    };
    let seconds = median_of(options.repeats, &mut run)?;
    Ok(EvalTime {
        level: options.level.number(),
        images,
        batch: options.batch,
        size: options.size,
        threads: rayon::current_num_threads(),
        seconds,
        images_per_second: images as f64 / seconds,
        peak_rss_bytes: peak_rss_bytes(),
    })
}

fn refuse_small_images(options: BenchOptions) -> Result<()> {
    let smallest = options.level.smallest_image();
    if options.size < smallest {
        return Err(LabError::Request(format!(
            "--size: at least {smallest} for {}",
            options.level
        )));
    }
    Ok(())
}

fn network(level: Level, device: &Device) -> Classifier {
    let spec = ClassifierSpec {
        level,
        channels: 1,
        classes: CLASSES,
        dropout: None,
    };
    Classifier::new(spec, 0, device)
}

/// Any values that are not all the same; time does not depend on them.
fn pixels(batch: usize, size: usize) -> Vec<f32> {
    let count = (batch * size * size) as u32;
    (0..count)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

fn median_of(repeats: usize, run: &mut impl FnMut() -> Result<()>) -> Result<f64> {
    // Twice to fill caches, buffers and the optimiser's state.
    for _ in 0..2 {
        run()?;
    }
    let mut seconds = Vec::new();
    for _ in 0..repeats.max(1) {
        let start = Instant::now();
        run()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

/// Convolution operations of one image's training step: 2 per multiply-add, three products
/// (forward, gradient of the data, gradient of the weights).
fn step_flops(level: Level, size: usize) -> f64 {
    let (mut side, mut input, mut macs) = (size, 1, 0);
    for block in level.blocks() {
        let pixels = side * side;
        macs += match block {
            BlockSpec::Conv { out, .. } => pixels * 9 * input * out,
            BlockSpec::Residual { out, .. } => pixels * out * (9 * input + 9 * out + input),
            BlockSpec::SqueezeExcite { .. } => 0,
        };
        input = block.out_channels(input);
        side >>= usize::from(block.pools());
    }
    6.0 * macs as f64
}

/// The high-water mark of the resident set, from Linux' /proc.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_those_of_the_architectures() {
        // GFLOP of a step of 32 images at 224x224.
        let giga = Level::ALL.map(|level| (step_flops(level, 224) * 32e-9).round());
        assert_eq!(giga, [12.0, 136.0, 417.0, 136.0, 1663.0]);
    }
}
