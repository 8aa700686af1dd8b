//! Times an evaluation.

use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume::train::{logits_and_maps, predictions};
use mitsume::{ClassMeans, DeviationPass, MapSpill};
use mitsume_nn::Classifier;
use serde::Serialize;

use super::{
    BenchOptions, DEFAULT_CLASSES, process_stats, random_pixels, refuse_small_images, spec,
    time_repetitions,
};
use crate::{EngineError, Result};

/// A timed evaluation.
#[derive(Clone, Debug, Serialize)]
pub struct EvalTime {
    /// Level of the network, 1 to 5.
    pub level: usize,
    /// Images evaluated.
    pub images: usize,
    /// Images per forward pass.
    pub batch: usize,
    /// Side of an image.
    pub size: usize,
    /// Threads used.
    pub threads: usize,
    /// Instruction set of the CPU kernels.
    pub instruction_set: &'static str,
    /// Precision of the products of convolutions.
    pub precision: &'static str,
    /// Time for accuracy, kappa, cross-entropy and both consistencies; median over the repetitions.
    pub seconds: f64,
    /// `images / seconds`.
    pub images_per_second: f64,
    /// Peak resident memory of the process; `None` where the system does not report it.
    pub peak_rss_bytes: Option<u64>,
}

/// Times the evaluation of `images` images.
///
/// # Errors
/// An image too small for the level; a temporary file that cannot be written.
pub fn bench_eval(options: &BenchOptions, images: usize) -> Result<EvalTime> {
    refuse_small_images(options)?;
    let device = Device::flex();
    let model = Classifier::new(spec(options.level, DEFAULT_CLASSES), 0, &device)
        .with_precision(options.precision);
    let pixels = random_pixels(options.batch * options.size * options.size);
    let [h, w] = options.level.cam_size([options.size, options.size]);
    let mut run = || -> Result<()> {
        let mut means = ClassMeans::new(DEFAULT_CLASSES, [h, w]);
        let mut maps = MapSpill::new(h * w)?;
        for start in (0..images).step_by(options.batch) {
            let n = options.batch.min(images - start);
            let shape = [n, 1, options.size, options.size];
            let pixels = pixels[..n * options.size * options.size].to_vec();
            let batch = Tensor::<4>::from_data(TensorData::new(pixels, shape), &device);
            let features = model.trunk.forward(batch);
            let labels: Vec<i64> = (start..start + n)
                .map(|i| (i % DEFAULT_CLASSES) as i64)
                .collect();
            let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [n]), &device);
            let (logits, cams) = logits_and_maps(&model.head, features, labels);
            predictions(&logits);
            let cams: Vec<f32> = cams.into_data().try_into_vec().expect("maps are f32");
            for (i, map) in cams.chunks_exact(h * w).enumerate() {
                means.push((start + i) % DEFAULT_CLASSES, map)?;
                maps.push(map)?;
            }
        }
        let mut pass = DeviationPass::new(&means);
        maps.for_each(|index, map| {
            pass.push(index % DEFAULT_CLASSES, map)?;
            Ok::<(), EngineError>(())
        })
    };
    let seconds = time_repetitions(options.repeats, &mut run)?.seconds;
    Ok(EvalTime {
        level: options.level.number(),
        images,
        batch: options.batch,
        size: options.size,
        threads: rayon::current_num_threads(),
        instruction_set: mitsume_nn::instruction_set(),
        precision: options.precision.name(),
        seconds,
        images_per_second: images as f64 / seconds,
        peak_rss_bytes: process_stats::peak_rss_bytes(),
    })
}
