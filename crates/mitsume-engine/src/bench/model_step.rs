//! Times a training step of the graph of an ONNX file.

use std::path::PathBuf;

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::train::{CamLoss, CamRequest, CrossEntropy, predictions, training_loss};
use mitsume::{AlphaGradient, EmaMaps, Preset};
use mitsume_onnx::{InputImages, TrainableClassifier};

use super::step::{BenchLoss, StepTime};
use super::{process_stats, random_pixels, time_repetitions};
use crate::Result;
use crate::train::architecture::DropoutKey;
use crate::train::architecture::graph::{GraphArchitecture, HookedLayer};

/// Options of [`bench_model_step`].
#[derive(Clone, Debug)]
pub struct BenchModelOptions {
    /// The ONNX file.
    pub model: PathBuf,
    /// Layer of the maps; the default layer if there is none.
    pub target_layer: Option<String>,
    /// Rows and columns of its tokens.
    pub token_grid: Option<[usize; 2]>,
    /// Whether alpha is differentiated or held constant, with [`BenchLoss::Cam`].
    pub alpha: AlphaGradient,
    /// Images per step.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Timed repetitions, after two for warming up; the median is reported.
    pub repeats: usize,
}

/// Classes of the labels; a file has this many at least.
const LABELS: usize = 4;

/// Times training steps of an ONNX file on random images in memory: forward, loss, backward, Adam,
/// running statistics.
///
/// # Errors
/// A file that cannot be trained at this size.
pub fn bench_model_step(options: &BenchModelOptions, loss: BenchLoss) -> Result<StepTime> {
    let device = Device::flex();
    let images = InputImages {
        channels: None,
        size: Some([options.size; 2]),
    };
    let model = TrainableClassifier::open(&options.model, images, None, &device)?;
    let (classes, [channels, ..]) = (model.evaluated().classes(), model.evaluated().image());
    let layer = HookedLayer {
        name: options.target_layer.clone(),
        token_grid: options.token_grid,
    };
    let graph = GraphArchitecture::new(&options.model, model, images, layer)?;
    let device = device.autodiff();
    let mut parameters = graph.new_model();
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let settings = Preset::Thesis.settings();
    let mut cam = CamLoss {
        settings,
        ema: EmaMaps::new(EmaMaps::DEFAULT_DECAY, classes, graph.map_size())?,
    };
    let lambda = if loss == BenchLoss::Cam { 50.0 } else { 0.0 };
    let shape = [options.batch, channels, options.size, options.size];
    let pixels = random_pixels(shape.iter().product());
    let labels: Vec<usize> = (0..options.batch)
        .map(|i| i % LABELS.min(classes))
        .collect();
    let mut step = 0;
    let mut run = || -> Result<()> {
        step += 1;
        let images = Tensor::<4>::from_data(TensorData::new(pixels.clone(), shape), &device);
        let maps = CamRequest {
            labels: &labels,
            method: settings.method,
            alpha: options.alpha,
        };
        let key = DropoutKey { seed: 0, step };
        let maps = (lambda != 0.0).then_some(maps);
        let out = graph.forward(&mut parameters, images, key, maps)?;
        // All are counted as correct, so that the consistency loss costs the most.
        predictions(&out.logits);
        let labels = (&labels[..], &labels[..]);
        let terms = training_loss(out, labels, &CrossEntropy::default(), lambda, &mut cam)?;
        let grads = GradientsParams::from_grads(terms.total.backward(), &parameters);
        parameters = optimizer.step(1e-4, parameters.clone(), grads);
        Ok(())
    };
    let timing = time_repetitions(options.repeats, &mut run)?;
    Ok(StepTime {
        level: None,
        model: Some(options.model.display().to_string()),
        loss,
        batch: options.batch,
        size: options.size,
        threads: rayon::current_num_threads(),
        seconds_per_step: timing.seconds,
        images_per_second: options.batch as f64 / timing.seconds,
        gflops: None,
        page_faults_per_step: timing.page_faults,
        peak_rss_bytes: process_stats::peak_rss_bytes(),
    })
}
