//! The cascading randomisation test (Adebayo et al. 2018).

use mitsume::trust::{Cascade, Randomisation};

use super::TrustOptions;
use crate::maps::{MapRequest, maps};
use crate::network::Network;
use crate::{LabError, Result};

/// The network with more and more of its layers drawn anew, from the logits down.
pub(super) struct Stages {
    networks: Vec<Box<dyn Network>>,
    cascade: Cascade,
    examples: Vec<Example>,
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

impl Stages {
    pub fn new(network: &dyn Network, options: &TrustOptions<'_>) -> Result<Self> {
        let layers = network.weighted_layers();
        if layers.is_empty() {
            let name = network.name();
            return Err(LabError::Request(format!(
                "{name}: no layer has weights to randomise"
            )));
        }
        let stages = options.stages.clamp(1, layers.len());
        // Spread evenly; the last is all of them.
        let counts = (1..=stages).map(|stage| stage * layers.len() / stages);
        let counts: Vec<usize> = counts.collect();
        let networks = counts
            .iter()
            .map(|&count| network.randomised(count, options.seed));
        let names = counts.iter().map(|&count| layers[count - 1].clone());
        Ok(Self {
            networks: networks.collect::<Result<_>>()?,
            cascade: Cascade::new(names.collect())?,
            examples: Vec::new(),
        })
    }

    /// Compares a batch's maps, [N, h, w], with those of every stage. `indices` are the images' places in the folder.
    pub fn add(
        &mut self,
        originals: &[f32],
        indices: &[usize],
        request: &MapRequest<'_>,
    ) -> Result<()> {
        let [_, _, height, width] = request.images.dims();
        let mut of_stages = Vec::new();
        for network in &self.networks {
            of_stages.push(maps(network.as_ref(), request)?.1);
        }
        let shape = self.networks[0].cam_size([height, width]);
        let length = shape[0] * shape[1];
        for (i, original) in originals.chunks_exact(length).enumerate() {
            let own = i * length..(i + 1) * length;
            let stages: Vec<&[f32]> = of_stages.iter().map(|maps| &maps[own.clone()]).collect();
            self.cascade.add(original, &stages, shape)?;
            let class = request.targets[i];
            let is_new = self.examples.iter().all(|example| example.class != class);
            if is_new && self.examples.len() < EXAMPLES {
                let maps = std::iter::once(original).chain(stages);
                self.examples.push(Example {
                    index: indices[i],
                    class,
                    maps: maps.map(<[f32]>::to_vec).collect(),
                });
            }
        }
        Ok(())
    }

    /// The first image of each class, of some classes.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    pub fn result(&self, seed: u64) -> Randomisation {
        self.cascade.result(seed)
    }
}
