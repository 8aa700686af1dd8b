//! Cascading randomisation [Adebayo 2018].

use burn::tensor::Tensor;
use mitsume::trust::{Randomisation, RandomisationTest};
use mitsume_data::Batch;

use super::TrustOptions;
use crate::maps::{MapOptions, MapRequest, maps};
use crate::network::Network;
use crate::{EngineError, Result};

/// Images that are buffered for the randomised networks.
const MAX_PENDING_IMAGES: usize = 64;

/// Compares maps with those of the network with random weights in more and more of its layers, from
/// the output layer down. Each randomised network needs as much memory as the model, so only one
/// exists at a time, and images are buffered for it.
pub(super) struct CascadingRandomisation<'a> {
    network: &'a dyn Network,
    maps: MapOptions,
    seed: u64,
    /// Number of randomised layers at each stage.
    counts: Vec<usize>,
    pending: Vec<PendingBatch>,
    cascade: RandomisationTest,
    examples: Vec<Example>,
}

/// A batch with the model's own maps, [N, h, w].
struct PendingBatch {
    images: Tensor<4>,
    labels: Vec<usize>,
    /// Indices of the images in the folder.
    indices: Vec<usize>,
    originals: Vec<f32>,
}

/// Number of images kept as examples for the page.
const MAX_EXAMPLES: usize = 6;

/// Maps of one image, an example for the page.
pub(super) struct Example {
    /// Index of the image in the folder.
    pub index: usize,
    pub class: usize,
    /// The model's own map, then one for each stage.
    pub maps: Vec<Vec<f32>>,
}

impl<'a> CascadingRandomisation<'a> {
    pub fn new(network: &'a dyn Network, options: &TrustOptions<'_>) -> Result<Self> {
        let layers = network.weighted_layers();
        if layers.is_empty() {
            let name = network.name();
            return Err(EngineError::Request(format!(
                "{name}: no layer has weights to randomise"
            )));
        }
        let stages = options.stages.clamp(1, layers.len());
        // Evenly spaced; the last stage randomises all layers.
        let counts = (1..=stages).map(|stage| stage * layers.len() / stages);
        let counts: Vec<usize> = counts.collect();
        let names = counts.iter().map(|&count| layers[count - 1].clone());
        Ok(Self {
            network,
            maps: options.maps,
            seed: options.seed,
            cascade: RandomisationTest::new(names.collect())?,
            counts,
            pending: Vec::new(),
            examples: Vec::new(),
        })
    }

    /// Adds a batch with the model's own maps, [N, h, w].
    pub fn add(&mut self, originals: Vec<f32>, images: Tensor<4>, batch: &Batch) -> Result<()> {
        self.pending.push(PendingBatch {
            images,
            labels: batch.labels.clone(),
            indices: batch.indices.clone(),
            originals,
        });
        let count: usize = self.pending.iter().map(|w| w.labels.len()).sum();
        if count < MAX_PENDING_IMAGES {
            return Ok(());
        }
        self.compare()
    }

    /// Compares the buffered maps with those of every stage.
    fn compare(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        // By stage, then by batch.
        let mut stage_maps: Vec<Vec<Vec<f32>>> = Vec::new();
        for &count in &self.counts {
            let network = self.network.randomised(count, self.seed)?;
            let made = pending.iter().map(|batch| {
                let seeds: Vec<u64> = batch.indices.iter().map(|&i| i as u64).collect();
                let request = MapRequest {
                    options: self.maps,
                    images: batch.images.clone(),
                    targets: &batch.labels,
                    seeds: &seeds,
                };
                Ok(maps(network.as_ref(), &request)?.1)
            });
            stage_maps.push(made.collect::<Result<_>>()?);
        }
        for (position, batch) in pending.iter().enumerate() {
            let [_, _, height, width] = batch.images.dims();
            let shape = self.network.cam_size([height, width]);
            let length = shape[0] * shape[1];
            for (i, original) in batch.originals.chunks_exact(length).enumerate() {
                let range = i * length..(i + 1) * length;
                let stages = stage_maps
                    .iter()
                    .map(|stage| &stage[position][range.clone()]);
                let stages: Vec<&[f32]> = stages.collect();
                self.cascade.add(original, &stages, shape)?;
                self.keep_example(batch.indices[i], batch.labels[i], original, &stages);
            }
        }
        Ok(())
    }

    /// Keeps the first image of a class as an example.
    fn keep_example(&mut self, index: usize, class: usize, original: &[f32], stages: &[&[f32]]) {
        let is_new = self.examples.iter().all(|example| example.class != class);
        if is_new && self.examples.len() < MAX_EXAMPLES {
            let maps = std::iter::once(original).chain(stages.iter().copied());
            self.examples.push(Example {
                index,
                class,
                maps: maps.map(<[f32]>::to_vec).collect(),
            });
        }
    }

    /// The result over all images, and the examples.
    pub fn finish(mut self) -> Result<(Randomisation, Vec<Example>)> {
        self.compare()?;
        Ok((self.cascade.result(self.seed), self.examples))
    }
}
