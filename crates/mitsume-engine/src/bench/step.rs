//! Times a training step.

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::train::{CamLoss, CamRequest, CrossEntropy, predictions, training_loss};
use mitsume::{CamLossSettings, EmaMaps, Preset};
use mitsume_nn::{BlockSpec, Level, Precision};
use serde::Serialize;

use super::batch_source::BatchSource;
use super::{BenchOptions, process_stats, refuse_small_images, spec, time_repetitions};
use crate::train::architecture::{Architecture, DropoutKey};
use crate::{EngineError, Result};

/// Loss of a timed step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BenchLoss {
    /// Cross-entropy.
    Ce,
    /// Cross-entropy and the consistency loss (preset `thesis`, alpha `full`).
    Cam,
}

/// A timed training step.
#[derive(Clone, Debug, Serialize)]
pub struct StepTime {
    /// Level of the network, 1 to 5, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    /// The ONNX file, where the network is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Loss that is minimised.
    pub loss: BenchLoss,
    /// Images per step.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Threads used.
    pub threads: usize,
    /// Instruction set of the CPU kernels.
    pub instruction_set: &'static str,
    /// Precision of the products of convolutions.
    pub precision: &'static str,
    /// Median over the repetitions.
    pub seconds_per_step: f64,
    /// `batch / seconds_per_step`.
    pub images_per_second: f64,
    /// Floating-point operations of direct convolutions (2 per multiply-add, forward and both
    /// backward products), in 1e9 per second. Algorithms with fewer operations, such as Winograd's,
    /// can exceed the machine's peak. `None` for an ONNX file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
    /// Mean number of page faults per step: near 0 where buffers are reused. `None` where the
    /// system does not report it.
    pub page_faults_per_step: Option<f64>,
    /// Peak resident memory of the process; `None` where the system does not report it.
    pub peak_rss_bytes: Option<u64>,
}

/// Times training steps.
///
/// # Errors
/// An image too small for the level; a folder that cannot be used.
pub fn bench_step(options: &BenchOptions, loss: BenchLoss) -> Result<StepTime> {
    refuse_small_images(options)?;
    let mut source = BatchSource::new(options)?;
    let classes = source.classes();
    let timed = TimedStep {
        architecture: Architecture::Level(spec(options.level, classes), options.precision),
        classes,
        images: [options.batch, 1, options.size, options.size],
        loss,
        settings: Preset::Thesis.settings(),
        repeats: options.repeats,
    };
    let time = timed.run(|| source.next())?;
    let flops = step_flops(options.level, options.size) * options.batch as f64;
    Ok(StepTime {
        level: Some(options.level.number()),
        gflops: Some(flops / time.seconds_per_step * 1e-9),
        precision: options.precision.name(),
        ..time
    })
}

/// A network whose training step is timed.
pub(super) struct TimedStep {
    pub architecture: Architecture,
    pub classes: usize,
    /// [N, C, H, W]
    pub images: [usize; 4],
    pub loss: BenchLoss,
    pub settings: CamLossSettings,
    pub repeats: usize,
}

impl TimedStep {
    /// Times steps on the batches of `next`: pixels and labels.
    pub fn run(&self, mut next: impl FnMut() -> (Vec<f32>, Vec<usize>)) -> Result<StepTime> {
        let device = Device::flex().autodiff();
        let [batch, _, _, size] = self.images;
        let mut model = self.architecture.new_model(0, &device)?;
        let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
        let settings = self.settings;
        let sizes = self.architecture.map_sizes(size).into_iter();
        let cam_loss = |size| {
            let ema = EmaMaps::new(EmaMaps::DEFAULT_DECAY, self.classes, size)?;
            Ok::<_, EngineError>(CamLoss { settings, ema })
        };
        let mut cam_losses = sizes.map(cam_loss).collect::<Result<Vec<_>>>()?;
        let lambda = if self.loss == BenchLoss::Cam {
            50.0
        } else {
            0.0
        };
        let mut step = 0;
        let timing = time_repetitions(self.repeats, &mut || -> Result<()> {
            step += 1;
            let (pixels, labels) = next();
            let images = Tensor::<4>::from_data(TensorData::new(pixels, self.images), &device);
            let maps = CamRequest {
                labels: &labels,
                method: settings.method,
                alpha: settings.alpha,
            };
            let key = DropoutKey { seed: 0, step };
            let maps = (lambda != 0.0).then_some(maps);
            let out = self.architecture.forward(&mut model, images, key, maps)?;
            // An untrained network predicts about a quarter correctly. All are counted as correct,
            // so that the consistency loss costs the most.
            predictions(&out.logits);
            let labels = (&labels[..], &labels[..]);
            let cross_entropy = CrossEntropy::default();
            let terms = training_loss(out, labels, &cross_entropy, lambda, &mut cam_losses)?;
            let grads = GradientsParams::from_grads(terms.total.backward(), &model);
            model = optimizer.step(1e-4, model.clone(), grads);
            Ok(())
        })?;
        Ok(StepTime {
            level: None,
            model: None,
            loss: self.loss,
            batch,
            size,
            threads: rayon::current_num_threads(),
            instruction_set: mitsume_nn::instruction_set(),
            precision: Precision::Float32.name(),
            seconds_per_step: timing.seconds,
            images_per_second: batch as f64 / timing.seconds,
            gflops: None,
            page_faults_per_step: timing.page_faults,
            peak_rss_bytes: process_stats::peak_rss_bytes(),
        })
    }
}

/// Operations of the convolutions in one image's training step: 2 per multiply-add, three products
/// (forward, gradient of the input, gradient of the weights).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_flops_are_those_of_the_architectures() {
        // GFLOP of a step of 32 images at 224x224.
        let giga = Level::ALL.map(|level| (step_flops(level, 224) * 32e-9).round());
        assert_eq!(giga, [12.0, 136.0, 417.0, 136.0, 1663.0]);
    }
}
