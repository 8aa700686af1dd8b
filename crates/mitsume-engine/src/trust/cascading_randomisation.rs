//! The cascading randomisation test (Adebayo et al. 2018).

use burn::tensor::Tensor;
use mitsume::trust::{Randomisation, RandomisationTest};
use mitsume_data::Batch;

use super::TrustOptions;
use crate::maps::{MapOptions, MapRequest, maps};
use crate::network::Network;
use crate::{EngineError, Result};

/// Images that may wait for the stages.
const MAX_PENDING_IMAGES: usize = 64;

/// The maps of the network with more and more of its layers drawn anew, from the logits down. Such a network takes as
/// much memory as the model itself, so there is one at a time, and many images wait for it.
pub(super) struct CascadingRandomisation<'a> {
    network: &'a dyn Network,
    maps: MapOptions,
    seed: u64,
    /// Layers drawn anew at each stage.
    counts: Vec<usize>,
    waiting: Vec<PendingBatch>,
    cascade: RandomisationTest,
    examples: Vec<Example>,
}

/// A batch with the model's own maps, [N, h, w].
struct PendingBatch {
    images: Tensor<4>,
    labels: Vec<usize>,
    /// The images' places in the folder.
    indices: Vec<usize>,
    originals: Vec<f32>,
}

/// Most images kept to be shown.
const EXAMPLES: usize = 6;

/// An image's maps, kept to be shown.
pub(super) struct Example {
    /// Its place in the folder.
    pub index: usize,
    pub class: usize,
    /// The model's own, then one for each stage.
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
        // Spread evenly; the last is all of them.
        let counts = (1..=stages).map(|stage| stage * layers.len() / stages);
        let counts: Vec<usize> = counts.collect();
        let names = counts.iter().map(|&count| layers[count - 1].clone());
        Ok(Self {
            network,
            maps: options.maps,
            seed: options.seed,
            cascade: RandomisationTest::new(names.collect())?,
            counts,
            waiting: Vec::new(),
            examples: Vec::new(),
        })
    }

    /// Takes a batch with the model's own maps, [N, h, w].
    pub fn add(&mut self, originals: Vec<f32>, images: Tensor<4>, batch: &Batch) -> Result<()> {
        self.waiting.push(PendingBatch {
            images,
            labels: batch.labels.clone(),
            indices: batch.indices.clone(),
            originals,
        });
        let count: usize = self.waiting.iter().map(|w| w.labels.len()).sum();
        if count < MAX_PENDING_IMAGES {
            return Ok(());
        }
        self.compare()
    }

    /// Compares the maps that wait with those of every stage.
    fn compare(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        // By stage, then by batch.
        let mut of_stages: Vec<Vec<Vec<f32>>> = Vec::new();
        for &count in &self.counts {
            let network = self.network.randomised(count, self.seed)?;
            let made = waiting.iter().map(|batch| {
                let seeds: Vec<u64> = batch.indices.iter().map(|&i| i as u64).collect();
                let request = MapRequest {
                    options: self.maps,
                    images: batch.images.clone(),
                    targets: &batch.labels,
                    seeds: &seeds,
                };
                Ok(maps(network.as_ref(), &request)?.1)
            });
            of_stages.push(made.collect::<Result<_>>()?);
        }
        for (at, batch) in waiting.iter().enumerate() {
            let [_, _, height, width] = batch.images.dims();
            let shape = self.network.cam_size([height, width]);
            let length = shape[0] * shape[1];
            for (i, original) in batch.originals.chunks_exact(length).enumerate() {
                let own = i * length..(i + 1) * length;
                let stages = of_stages.iter().map(|stage| &stage[at][own.clone()]);
                let stages: Vec<&[f32]> = stages.collect();
                self.cascade.add(original, &stages, shape)?;
                self.keep(batch.indices[i], batch.labels[i], (original, stages));
            }
        }
        Ok(())
    }

    /// Keeps the first image of a class, to be shown.
    fn keep(&mut self, index: usize, class: usize, (original, stages): (&[f32], Vec<&[f32]>)) {
        let is_new = self.examples.iter().all(|example| example.class != class);
        if is_new && self.examples.len() < EXAMPLES {
            let maps = std::iter::once(original).chain(stages);
            self.examples.push(Example {
                index,
                class,
                maps: maps.map(<[f32]>::to_vec).collect(),
            });
        }
    }

    /// What all images show, and the first image of some classes.
    pub fn finish(mut self) -> Result<(Randomisation, Vec<Example>)> {
        self.compare()?;
        Ok((self.cascade.result(self.seed), self.examples))
    }
}
