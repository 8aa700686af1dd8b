//! A trunk and a head, and the published names of their parameters.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::init::Initialiser;
use crate::{BatchNorm, Block, Conv, Head, Level, Linear, Precision, Trunk};

/// Architecture and sizes of a classifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassifierSpec {
    /// The architecture.
    pub level: Level,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// Number of classes K.
    pub classes: usize,
    /// Dropout probability in [0, 1); `None` for the level's own (0, 0.5 or 0.6).
    pub dropout: Option<f64>,
}

/// An image classifier in two parts: a trunk up to the hooked layer, and a head.
#[derive(Module, Debug)]
pub struct Classifier {
    /// Layers up to the hooked one.
    pub trunk: Trunk,
    /// Layers after it.
    pub head: Head,
}

/// An entry of the state dict.
pub enum StateEntry<'a> {
    /// A vector: bias, batch norm's scale, shift and running statistics.
    Vector(&'a mut Param<Tensor<1>>),
    /// A matrix: linear weight [out, in].
    Matrix(&'a mut Param<Tensor<2>>),
    /// A convolution's weight [out, in, k, k].
    Filters(&'a mut Param<Tensor<4>>),
    /// `num_batches_tracked`.
    Counter(&'a mut u64),
}

impl Classifier {
    /// A classifier with PyTorch's default initialisation.
    ///
    /// - `spec`: architecture, channels, classes, dropout.
    /// - `seed`: the same seed gives the same weights on every machine.
    /// - `device`: an autodiff device to train on (`device.autodiff()`), a plain one to evaluate.
    pub fn new(spec: ClassifierSpec, seed: u64, device: &Device) -> Self {
        let mut init = Initialiser::new(seed, device);
        let mut head = spec.level.head();
        head.dropout = spec.dropout.unwrap_or(head.dropout);
        Classifier {
            trunk: Trunk::new(spec.level, spec.channels, &mut init),
            head: Head::new(
                head,
                [spec.level.feature_channels(), spec.classes],
                &mut init,
            ),
        }
    }

    /// The classifier with the convolutions of its trunk in `precision` (see [`Trunk::precision`]).
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.trunk.precision = precision;
        self
    }

    /// Number of trained parameters.
    pub fn parameter_count(&self) -> usize {
        self.num_params() - self.buffer_count()
    }

    /// The state dict: every parameter and buffer under its published name, in the order of the
    /// network.
    pub fn state_dict_mut(&mut self, level: Level) -> Vec<(String, StateEntry<'_>)> {
        let mut entries = Vec::new();
        let mut index = 0;
        for (block, spec) in self.trunk.blocks.iter_mut().zip(level.blocks()) {
            match block {
                Block::Conv(block) => {
                    conv(&mut entries, format!("features.{index}"), &mut block.conv);
                    if let Some(norm) = &mut block.norm {
                        batch_norm(&mut entries, format!("features.{}", index + 1), norm);
                    }
                }
                Block::Residual(block) => {
                    let prefix = format!("features.{index}");
                    conv(&mut entries, format!("{prefix}.conv.0"), &mut block.conv1);
                    batch_norm(&mut entries, format!("{prefix}.conv.1"), &mut block.norm1);
                    conv(&mut entries, format!("{prefix}.conv.3"), &mut block.conv2);
                    batch_norm(&mut entries, format!("{prefix}.conv.4"), &mut block.norm2);
                    conv(&mut entries, format!("{prefix}.skip"), &mut block.skip);
                }
                Block::SqueezeExcite(block) => {
                    linear(
                        &mut entries,
                        format!("features.{index}.fc.2"),
                        &mut block.squeeze,
                    );
                    linear(
                        &mut entries,
                        format!("features.{index}.fc.4"),
                        &mut block.excite,
                    );
                }
            }
            index += spec.published_layers();
        }
        let name = format!("classifier.{}", level.head().linear_index);
        linear(&mut entries, name, &mut self.head.linear);
        entries
    }

    fn buffer_count(&self) -> usize {
        let channels = |norm: &BatchNorm| 2 * norm.weight.dims()[0];
        self.trunk
            .blocks
            .iter()
            .map(|block| match block {
                Block::Conv(block) => block.norm.as_ref().map_or(0, channels),
                Block::Residual(block) => channels(&block.norm1) + channels(&block.norm2),
                Block::SqueezeExcite(_) => 0,
            })
            .sum()
    }
}

type StateDict<'a> = Vec<(String, StateEntry<'a>)>;

fn conv<'a>(entries: &mut StateDict<'a>, prefix: String, conv: &'a mut Conv) {
    entries.push((
        format!("{prefix}.weight"),
        StateEntry::Filters(&mut conv.weight),
    ));
    entries.push((format!("{prefix}.bias"), StateEntry::Vector(&mut conv.bias)));
}

fn linear<'a>(entries: &mut StateDict<'a>, prefix: String, linear: &'a mut Linear) {
    entries.push((
        format!("{prefix}.weight"),
        StateEntry::Matrix(&mut linear.weight),
    ));
    entries.push((
        format!("{prefix}.bias"),
        StateEntry::Vector(&mut linear.bias),
    ));
}

fn batch_norm<'a>(entries: &mut StateDict<'a>, prefix: String, norm: &'a mut BatchNorm) {
    entries.push((
        format!("{prefix}.weight"),
        StateEntry::Vector(&mut norm.weight),
    ));
    entries.push((format!("{prefix}.bias"), StateEntry::Vector(&mut norm.bias)));
    entries.push((
        format!("{prefix}.running_mean"),
        StateEntry::Vector(&mut norm.running_mean),
    ));
    entries.push((
        format!("{prefix}.running_var"),
        StateEntry::Vector(&mut norm.running_var),
    ));
    entries.push((
        format!("{prefix}.num_batches_tracked"),
        StateEntry::Counter(&mut norm.num_batches_tracked),
    ));
}
