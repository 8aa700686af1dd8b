//! The five levels as networks.

use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume::train::logits_and_maps;
use mitsume_nn::{Classifier, ClassifierSpec, StateEntry};

use super::{HookedImages, Network};
use crate::Result;
use crate::maps::floats;

/// A level's classifier. Gradients come from the head's vector-Jacobian product, without autodiff.
pub struct LevelNetwork {
    /// Architecture, channels and classes.
    pub spec: ClassifierSpec,
    /// The network, on a device without autodiff.
    pub model: Classifier,
}

impl Network for LevelNetwork {
    fn name(&self) -> String {
        self.spec.level.to_string()
    }

    fn parameters(&self) -> u64 {
        self.model.parameter_count() as u64
    }

    fn channels(&self) -> usize {
        self.spec.channels
    }

    fn classes(&self) -> usize {
        self.spec.classes
    }

    fn layers(&self) -> Vec<String> {
        vec![self.spec.level.target_layer()]
    }

    fn map_size(&self, _: usize, image: [usize; 2]) -> [usize; 2] {
        self.spec.level.cam_size(image)
    }

    fn device(&self) -> Device {
        self.model.head.linear.weight.val().device()
    }

    fn weighted_layers(&self) -> Vec<String> {
        let mut model = self.model.clone();
        let entries = model.state_dict_mut(self.spec.level);
        let mut layers: Vec<String> = entries
            .iter()
            .map(|(name, _)| parameter_layer(name).into())
            .collect();
        layers.dedup();
        layers.reverse();
        layers
    }

    /// Random weights are PyTorch's default initialisation; running statistics are reset.
    fn randomised(&self, count: usize, seed: u64) -> Result<Box<dyn Network>> {
        let level = self.spec.level;
        let chosen: Vec<String> = self.weighted_layers().into_iter().take(count).collect();
        let mut model = self.model.clone();
        let mut fresh = Classifier::new(self.spec, seed, &self.device());
        for ((name, old), (_, new)) in model
            .state_dict_mut(level)
            .into_iter()
            .zip(fresh.state_dict_mut(level))
        {
            if !chosen.iter().any(|layer| layer == parameter_layer(&name)) {
                continue;
            }
            match (old, new) {
                (StateEntry::Vector(old), StateEntry::Vector(new)) => *old = new.clone(),
                (StateEntry::Matrix(old), StateEntry::Matrix(new)) => *old = new.clone(),
                (StateEntry::Filters(old), StateEntry::Filters(new)) => *old = new.clone(),
                (StateEntry::Counter(old), StateEntry::Counter(new)) => *old = *new,
                _ => unreachable!("both have the same architecture"),
            }
        }
        let spec = self.spec;
        Ok(Box::new(LevelNetwork { spec, model }))
    }

    fn hook(&self, images: Tensor<4>) -> Result<Vec<Box<dyn HookedImages + '_>>> {
        Ok(vec![Box::new(LevelImages {
            model: &self.model,
            features: self.model.trunk.forward(images),
        })])
    }
}

/// The layer of a parameter: `features.3.conv.0` for `features.3.conv.0.weight`.
fn parameter_layer(parameter: &str) -> &str {
    parameter
        .rsplit_once('.')
        .map_or(parameter, |(layer, _)| layer)
}

/// A batch of images between trunk and head.
struct LevelImages<'a> {
    model: &'a Classifier,
    features: Tensor<4>,
}

impl HookedImages for LevelImages<'_> {
    fn features(&self) -> Result<Tensor<4>> {
        Ok(self.features.clone())
    }

    fn logits(&self) -> Result<Tensor<2>> {
        Ok(self.model.head.logits(self.features.clone(), None))
    }

    fn gradients(&self, targets: &[usize]) -> Result<(Tensor<2>, Tensor<4>)> {
        let logits = self.logits()?;
        let [n, classes] = logits.dims();
        let mut cotangents = vec![0.0_f32; n * classes];
        for (row, &target) in cotangents.chunks_exact_mut(classes).zip(targets) {
            row[target] = 1.0;
        }
        let data = TensorData::new(cotangents, [n, classes]);
        let cotangents = Tensor::from_data(data, &self.features.device());
        let head = &self.model.head;
        Ok((logits, head.vjp(self.features.clone(), None, cotangents)))
    }

    /// The head is linear in the pooled channels: the ablated logit is the logit minus the
    /// channel's weight times its pooled value.
    fn ablated_logits(&self, targets: &[usize]) -> Result<Vec<Vec<f64>>> {
        let head = &self.model.head;
        let features = head.pool_features(self.features.clone(), None);
        let logits = floats(head.classify(features.pooled.clone(), None));
        let pooled = floats(features.pooled);
        let weight = floats(head.linear.weight.val());
        let [_, channels, _, _] = self.features.dims();
        let classes = weight.len() / channels.max(1);
        let ablated = |(i, &target): (usize, &usize)| {
            let score = f64::from(logits[i * classes + target]);
            let weights = &weight[target * channels..][..channels];
            let pooled = &pooled[i * channels..][..channels];
            let parts = weights.iter().zip(pooled);
            parts
                .map(|(&w, &p)| score - f64::from(w) * f64::from(p))
                .collect()
        };
        Ok(targets.iter().enumerate().map(ablated).collect())
    }

    fn is_gap_linear(&self) -> bool {
        self.model.head.is_gap_linear()
    }

    fn grad_cam(&self, targets: &[usize]) -> Option<(Tensor<2>, Tensor<3>)> {
        let labels: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
        let data = TensorData::new(labels, [targets.len()]);
        let labels = Tensor::<1, Int>::from_data(data, &self.features.device());
        Some(logits_and_maps(
            &self.model.head,
            self.features.clone(),
            labels,
        ))
    }
}
