//! The layers up to and including the hooked one.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::init::Initialiser;
use crate::{Block, Level, Precision, fused};

/// The part of a classifier whose output is the hooked feature map A.
#[derive(Module, Debug)]
pub struct Trunk {
    /// In order.
    pub blocks: Vec<Block>,
    /// Of the products of its convolutions after the first, where they are fused
    /// ([`supports_precision`](crate::supports_precision)); Burn's own operations compute in f32.
    #[module(skip)]
    pub precision: Precision,
}

impl Trunk {
    pub(crate) fn new(level: Level, channels: usize, init: &mut Initialiser) -> Self {
        let mut input = channels;
        let blocks = level
            .blocks()
            .into_iter()
            .map(|spec| {
                let block = Block::new(spec, input, init);
                input = spec.out_channels(input);
                block
            })
            .collect();
        Trunk {
            blocks,
            precision: Precision::Float32,
        }
    }

    /// Images [N, channels, H, W] to feature maps [N, C, h, w], with running statistics.
    ///
    /// Not differentiable.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match fused::trunk_spec(self, &images.device()) {
            Some(spec) => fused::forward(self, &spec, images),
            None => self.forward_composed(images),
        }
    }

    /// The same with batch statistics, which update the running ones (hence `&mut`). Differentiable
    /// in the parameters, not the images.
    pub fn forward_train(&mut self, images: Tensor<4>) -> Tensor<4> {
        match fused::trunk_spec(self, &images.device()) {
            Some(spec) => fused::forward_train(self, &spec, images),
            None => self.forward_train_composed(images),
        }
    }

    /// [`Trunk::forward`] out of Burn's own operations, as on devices without fused ones.
    pub fn forward_composed(&self, images: Tensor<4>) -> Tensor<4> {
        self.blocks.iter().fold(images, |x, block| block.forward(x))
    }

    /// [`Trunk::forward_train`] out of Burn's own operations, as on devices without fused ones.
    pub fn forward_train_composed(&mut self, images: Tensor<4>) -> Tensor<4> {
        self.blocks
            .iter_mut()
            .fold(images, |x, block| block.forward_train(x))
    }
}
