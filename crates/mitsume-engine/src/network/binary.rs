//! A network of one output as a classifier of two classes.

use burn::tensor::{Device, Tensor, TensorData};

use super::{HookedImages, Network};
use crate::Result;

/// The network of one logit z as one of two classes with the logits (0, z), so that the
/// probability of class `positive` (0 or 1) is the sigmoid of z. The map of that class is of z, the
/// other's of -z.
///
/// # Panics
/// If the network has not one class, or `positive` is neither 0 nor 1.
pub fn two_classes(network: Box<dyn Network>, positive: usize) -> Box<dyn Network> {
    assert!(
        network.classes() == 1 && positive < 2,
        "one logit, two classes"
    );
    Box::new(BinaryNetwork { network, positive })
}

struct BinaryNetwork {
    network: Box<dyn Network>,
    /// The class whose logit is z.
    positive: usize,
}

impl Network for BinaryNetwork {
    fn name(&self) -> String {
        self.network.name()
    }

    fn parameters(&self) -> u64 {
        self.network.parameters()
    }

    fn channels(&self) -> usize {
        self.network.channels()
    }

    fn classes(&self) -> usize {
        2
    }

    fn layers(&self) -> Vec<String> {
        self.network.layers()
    }

    fn map_size(&self, layer: usize, image: [usize; 2]) -> [usize; 2] {
        self.network.map_size(layer, image)
    }

    fn device(&self) -> Device {
        self.network.device()
    }

    fn hook(&self, images: Tensor<4>) -> Result<Vec<Box<dyn HookedImages + '_>>> {
        let hooked = self.network.hook(images)?.into_iter();
        let binary = |images| -> Box<dyn HookedImages + '_> {
            Box::new(BinaryImages {
                images,
                positive: self.positive,
            })
        };
        Ok(hooked.map(binary).collect())
    }

    fn weighted_layers(&self) -> Vec<String> {
        self.network.weighted_layers()
    }

    fn randomised(&self, count: usize, seed: u64) -> Result<Box<dyn Network>> {
        let network = self.network.randomised(count, seed)?;
        Ok(two_classes(network, self.positive))
    }

    fn target_score(&self, logits: &[f32], target: usize) -> f32 {
        let z = logits[self.positive];
        if target == self.positive { z } else { -z }
    }

    fn has_single_logit(&self) -> bool {
        true
    }
}

/// Images at a hooked layer of a [`BinaryNetwork`].
struct BinaryImages<'a> {
    images: Box<dyn HookedImages + 'a>,
    positive: usize,
}

impl BinaryImages<'_> {
    /// The logits of both classes, [N, 2], from z [N, 1].
    fn both(&self, z: Tensor<2>) -> Tensor<2> {
        let zeros = z.zeros_like();
        let columns = match self.positive {
            0 => vec![z, zeros],
            _ => vec![zeros, z],
        };
        Tensor::cat(columns, 1)
    }

    /// 1 for an image whose target's score is z, -1 where it is -z.
    fn signs(&self, targets: &[usize]) -> Vec<f32> {
        let sign = |&target| if target == self.positive { 1.0 } else { -1.0 };
        targets.iter().map(sign).collect()
    }
}

impl HookedImages for BinaryImages<'_> {
    fn features(&self) -> Result<Tensor<4>> {
        self.images.features()
    }

    fn logits(&self) -> Result<Tensor<2>> {
        Ok(self.both(self.images.logits()?))
    }

    fn gradients(&self, targets: &[usize]) -> Result<(Tensor<2>, Tensor<4>)> {
        let (z, gradients) = self.images.gradients(&vec![0; targets.len()])?;
        let signs = TensorData::new(self.signs(targets), [targets.len(), 1, 1, 1]);
        let signs = Tensor::from_data(signs, &gradients.device());
        Ok((self.both(z), gradients * signs))
    }

    fn ablated_logits(&self, targets: &[usize]) -> Result<Vec<Vec<f64>>> {
        let mut scores = self.images.ablated_logits(&vec![0; targets.len()])?;
        for (scores, sign) in scores.iter_mut().zip(self.signs(targets)) {
            scores
                .iter_mut()
                .for_each(|score| *score *= f64::from(sign));
        }
        Ok(scores)
    }

    fn is_gap_linear(&self) -> bool {
        self.images.is_gap_linear()
    }
}

#[cfg(test)]
mod tests {
    use mitsume::methods::Method;
    use mitsume_nn::{Classifier, ClassifierSpec, Level};

    use super::*;
    use crate::maps::{MapOptions, floats, image_maps};
    use crate::network::LevelNetwork;

    fn level(classes: usize, level: Level) -> LevelNetwork {
        let spec = ClassifierSpec {
            level,
            channels: 1,
            classes,
            dropout: None,
        };
        let model = Classifier::new(spec, 5, &Device::flex());
        LevelNetwork { spec, model }
    }

    fn images() -> Tensor<4> {
        let pixel = |i: usize| ((i * 7919 + i * i * 31) % 1009) as f32 / 504.5 - 1.0;
        let pixels: Vec<f32> = (0..2 * 32 * 32).map(pixel).collect();
        Tensor::from_data(TensorData::new(pixels, [2, 1, 32, 32]), &Device::flex())
    }

    #[test]
    fn the_logits_are_zero_and_z_in_the_order_of_the_classes() {
        let z = floats(level(1, Level::Two).logits(images()).unwrap());
        for positive in [0, 1] {
            let network = two_classes(Box::new(level(1, Level::Two)), positive);
            let logits = floats(network.logits(images()).unwrap());
            for (pair, z) in logits.chunks_exact(2).zip(&z) {
                assert_eq!((pair[positive], pair[1 - positive]), (*z, 0.0));
            }
            assert_eq!(network.target_score(&[3.0, 3.0], positive), 3.0);
            assert_eq!(network.target_score(&[3.0, 3.0], 1 - positive), -3.0);
        }
    }

    /// By the definition of each method: gradients of -z are the negative ones of z, and where the
    /// head is a pool and a linear layer, the map before its ReLU is too. So where one class's map
    /// is not zero the other's is.
    #[test]
    fn the_maps_of_the_two_classes_are_of_z_and_of_its_opposite() {
        let (inner, method) = (level(1, Level::Four), Method::GradCam);
        let options = MapOptions {
            method,
            flip: false,
        };
        let (_, of_z) = image_maps(&inner, images(), &[0, 0], options).unwrap();
        let binary = two_classes(Box::new(level(1, Level::Four)), 1);
        let (_, positive) = image_maps(binary.as_ref(), images(), &[1, 1], options).unwrap();
        let far = of_z.iter().zip(&positive).map(|(a, b)| (a - b).abs());
        assert!(
            far.fold(0.0, f32::max) < 1e-5,
            "by gradients and by weights"
        );
        let (_, negative) = image_maps(binary.as_ref(), images(), &[0, 0], options).unwrap();
        let both = positive.iter().zip(&negative);
        assert!(both.clone().all(|(a, b)| *a < 1e-6 || *b < 1e-6));
        assert!(both.clone().any(|(a, b)| a > b) && both.clone().any(|(a, b)| b > a));
    }

    #[test]
    fn every_method_makes_maps_of_both_classes() {
        for method in Method::ALL {
            let inner = level(1, Level::Four);
            if method.check_head(true).is_err() {
                continue;
            }
            let binary = two_classes(Box::new(inner), 1);
            let options = MapOptions {
                method,
                flip: false,
            };
            let (_, maps) = image_maps(binary.as_ref(), images(), &[0, 1], options).unwrap();
            assert!(maps.iter().all(|v| (0.0..=1.0).contains(v)), "{method}");
        }
    }
}
