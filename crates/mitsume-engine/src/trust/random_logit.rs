//! Random logit [Sixt 2020]: maps of another class.

use mitsume::trust::{RandomLogitTest, other_class};
use mitsume_artifacts::RandomLogitResult;

use super::TESTED_METHODS;
use crate::Result;
use crate::maps::{MapOptions, MapRequest, maps_at};
use crate::network::{HookedImages, Network};

/// Compares maps with those of another class, by tested method.
pub(super) struct OtherClassTest {
    seed: u64,
    tests: [RandomLogitTest; TESTED_METHODS],
    /// Whether the model has a class other than the one explained.
    defined: bool,
}

impl OtherClassTest {
    pub fn new(network: &dyn Network, seed: u64) -> Self {
        Self {
            seed,
            tests: Default::default(),
            defined: network.classes() > 1,
        }
    }

    /// Adds the maps [N, h, w] of the request by the tested method at `position`.
    pub fn add(
        &mut self,
        position: usize,
        own: &[f32],
        network: &dyn Network,
        hooked: &[Box<dyn HookedImages + '_>],
        request: &MapRequest<'_>,
    ) -> Result<()> {
        let images = request.targets.iter().zip(request.seeds);
        let other = |(&class, &image): (&usize, &u64)| {
            Ok(other_class(network.classes(), class, self.seed, image)?)
        };
        let others: Option<Vec<usize>> = images.map(other).collect::<Result<_>>()?;
        let Some(others) = others else {
            return Ok(());
        };
        let other_request = MapRequest {
            images: request.images.clone(),
            targets: &others,
            ..*request
        };
        let made = maps_at(network, hooked, &other_request)?.1;
        let [_, _, height, width] = request.images.dims();
        let shape = network.cam_size([height, width]);
        let length = shape[0] * shape[1];
        for (own, other) in own.chunks_exact(length).zip(made.chunks_exact(length)) {
            self.tests[position].add(own, other, shape)?;
        }
        Ok(())
    }

    /// By tested method; none with a model of a single class.
    pub fn results(&self, methods: [MapOptions; TESTED_METHODS]) -> Vec<RandomLogitResult> {
        let both = methods.iter().zip(&self.tests);
        let results = both.map(|(maps, test)| RandomLogitResult {
            method: maps.method,
            similarity: test.result(self.seed),
        });
        results.filter(|_| self.defined).collect()
    }
}
