//! Times a training step of the graph of an ONNX file.

use std::path::PathBuf;

use burn::tensor::Device;
use mitsume::{AlphaGradient, CamLossSettings, Preset};
use mitsume_onnx::{InputImages, TrainableClassifier};

use super::step::{BenchLoss, StepTime, TimedStep};
use super::{DEFAULT_CLASSES, random_pixels};
use crate::Result;
use crate::train::architecture::Architecture;
use crate::train::architecture::graph::{GraphArchitecture, HookedLayers};

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

/// Times training steps of an ONNX file on random images in memory: forward, loss, backward, Adam,
/// running statistics.
///
/// # Errors
/// A file that cannot be trained at this size.
pub fn bench_model_step(options: &BenchModelOptions, loss: BenchLoss) -> Result<StepTime> {
    let images = InputImages {
        channels: None,
        size: Some([options.size; 2]),
    };
    let model = TrainableClassifier::open(&options.model, images, None, &Device::flex())?;
    let evaluated = model.evaluated()?;
    let (classes, [channels, ..]) = (evaluated.classes(), evaluated.image());
    drop(evaluated);
    let layers = HookedLayers {
        target: options.target_layer.clone(),
        loss: Vec::new(),
        token_grid: options.token_grid,
    };
    let graph = GraphArchitecture::new(&options.model, model, images, layers)?;
    let timed = TimedStep {
        architecture: Architecture::Graph(graph.into()),
        classes,
        images: [options.batch, channels, options.size, options.size],
        loss,
        settings: CamLossSettings {
            alpha: options.alpha,
            ..Preset::Thesis.settings()
        },
        repeats: options.repeats,
    };
    let pixels = random_pixels(timed.images.iter().product());
    let labels: Vec<usize> = (0..options.batch)
        .map(|i| i % DEFAULT_CLASSES.min(classes))
        .collect();
    Ok(StepTime {
        model: Some(options.model.display().to_string()),
        ..timed.run(|| (pixels.clone(), labels.clone()))?
    })
}
