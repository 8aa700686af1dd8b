//! A network with its classes reordered, or restricted to some of them.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{ClassOrder, HookedImages, Network};
use crate::Result;

/// The network with its classes in `order`.
pub fn reorder_classes(network: Box<dyn Network>, order: &ClassOrder) -> Box<dyn Network> {
    if order.is_identity(network.classes()) {
        return network;
    }
    let outputs = order.outputs().to_vec();
    Box::new(ReorderedNetwork { network, outputs })
}

/// A network and the index of the output for each class.
struct ReorderedNetwork {
    network: Box<dyn Network>,
    outputs: Vec<usize>,
}

impl Network for ReorderedNetwork {
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
        self.outputs.len()
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
        let reordered = |images| -> Box<dyn HookedImages + '_> {
            Box::new(ReorderedImages {
                images,
                outputs: &self.outputs,
            })
        };
        Ok(hooked.map(reordered).collect())
    }

    fn weighted_layers(&self) -> Vec<String> {
        self.network.weighted_layers()
    }

    fn randomised(&self, count: usize, seed: u64) -> Result<Box<dyn Network>> {
        Ok(Box::new(Self {
            network: self.network.randomised(count, seed)?,
            outputs: self.outputs.clone(),
        }))
    }
}

/// Images at a hooked layer of a [`ReorderedNetwork`].
struct ReorderedImages<'a> {
    images: Box<dyn HookedImages + 'a>,
    outputs: &'a [usize],
}

impl ReorderedImages<'_> {
    /// The logits of the classes, [N, K], from the network's logits [N, outputs].
    fn select_classes(&self, logits: Tensor<2>) -> Tensor<2> {
        let columns: Vec<i64> = self.outputs.iter().map(|&output| output as i64).collect();
        let columns = TensorData::new(columns, [self.outputs.len()]);
        let columns = Tensor::<1, Int>::from_data(columns, &logits.device());
        logits.select(1, columns)
    }

    /// The output index of each of `classes`.
    fn to_outputs(&self, classes: &[usize]) -> Vec<usize> {
        classes.iter().map(|&class| self.outputs[class]).collect()
    }
}

impl HookedImages for ReorderedImages<'_> {
    fn features(&self) -> Result<Tensor<4>> {
        self.images.features()
    }

    fn logits(&self) -> Result<Tensor<2>> {
        Ok(self.select_classes(self.images.logits()?))
    }

    fn gradients(&self, targets: &[usize]) -> Result<(Tensor<2>, Tensor<4>)> {
        let (logits, gradients) = self.images.gradients(&self.to_outputs(targets))?;
        Ok((self.select_classes(logits), gradients))
    }

    fn ablated_logits(&self, targets: &[usize]) -> Result<Vec<Vec<f64>>> {
        self.images.ablated_logits(&self.to_outputs(targets))
    }

    fn is_gap_linear(&self) -> bool {
        self.images.is_gap_linear()
    }

    fn grad_cam(&self, targets: &[usize]) -> Option<(Tensor<2>, Tensor<3>)> {
        let (logits, maps) = self.images.grad_cam(&self.to_outputs(targets))?;
        Some((self.select_classes(logits), maps))
    }
}
