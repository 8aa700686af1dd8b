//! A convolutional trunk as a list of stages, run forward and backward on slices.
//!
//! A trunk ends at the hooked layer, whose output is the feature map that class activation maps are
//! computed from. Images and feature maps are channels last, [images, height, width, channels];
//! parameters are in PyTorch's layouts.

mod backward;
mod evaluate;
mod parameters;
mod relu_gradient;
mod skip_convolution;
mod train;

pub use backward::{ForwardPass, backward};
pub use evaluate::forward_eval;
pub use parameters::{Parameter, ParameterKind};
pub use train::{SavedActivations, TrainOutput, forward_train};

use mitsume_levels::{BlockSpec, Level, Precision};

use crate::error::{Error, check_length};
use crate::first_layer::MAX_INPUT_CHANNELS;
use crate::grid::Grid;

/// Input channels, stages and precision of a trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkSpec {
    /// Channels of the images, 1 to 4.
    pub channels: usize,
    /// From the images to the hooked layer.
    pub stages: Vec<Stage>,
    /// Of the products of its convolutions; those of the first one are always of f32.
    pub precision: Precision,
}

/// One stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A 3x3 convolution and the layers after it.
    Conv(Conv),
    /// relu(BN(conv(relu(BN(conv(x))))) + conv1x1(x)), 3x3 convolutions.
    Residual {
        /// Output channels.
        channels: usize,
        /// Whether a 2x2 max-pool follows.
        pool: bool,
    },
}

/// 3x3 convolution with padding 1 and bias, then, as requested and in this order: batch norm, ReLU,
/// squeeze-excite, 2x2 max-pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Output channels.
    pub channels: usize,
    /// Batch norm.
    pub norm: bool,
    /// ReLU.
    pub relu: bool,
    /// Squeeze-excite with this many hidden channels.
    pub squeeze_excite: Option<usize>,
    /// 2x2 max-pool.
    pub pool: bool,
}

impl Conv {
    /// Convolution and ReLU.
    pub const fn new(channels: usize) -> Self {
        Self {
            channels,
            norm: false,
            relu: true,
            squeeze_excite: None,
            pool: false,
        }
    }

    /// With batch norm.
    pub const fn norm(self) -> Self {
        Self { norm: true, ..self }
    }

    /// With a 2x2 max-pool at the end.
    pub const fn pool(self) -> Self {
        Self { pool: true, ..self }
    }

    /// Without ReLU.
    pub const fn without_relu(self) -> Self {
        Self {
            relu: false,
            ..self
        }
    }

    /// With squeeze-excite, its hidden layer a sixteenth as wide.
    pub const fn squeeze_excite(self) -> Self {
        Self {
            squeeze_excite: Some(BlockSpec::hidden_channels(self.channels)),
            ..self
        }
    }
}

impl Stage {
    /// Output channels.
    pub fn channels(&self) -> usize {
        match self {
            Self::Conv(conv) => conv.channels,
            Self::Residual { channels, .. } => *channels,
        }
    }

    fn pools(&self) -> bool {
        match self {
            Self::Conv(conv) => conv.pool,
            Self::Residual { pool, .. } => *pool,
        }
    }
}

impl TrunkSpec {
    /// The trunk of a level for images of `channels` channels, in float32.
    pub fn level(level: Level, channels: usize) -> Self {
        Self::from_blocks(channels, &level.blocks()).expect("its blocks are supported")
    }

    /// Blocks as stages, in float32; `None` if a squeeze-excite block does not follow a convolution, because it
    /// is computed in the stage of that convolution.
    pub fn from_blocks(channels: usize, blocks: &[BlockSpec]) -> Option<Self> {
        let mut stages: Vec<Stage> = Vec::new();
        for block in blocks {
            match *block {
                BlockSpec::Conv {
                    out,
                    norm,
                    relu,
                    pool,
                } => stages.push(Stage::Conv(Conv {
                    channels: out,
                    norm,
                    relu,
                    squeeze_excite: None,
                    pool,
                })),
                BlockSpec::Residual { out, pool } => stages.push(Stage::Residual {
                    channels: out,
                    pool,
                }),
                BlockSpec::SqueezeExcite { pool } => match stages.last_mut() {
                    Some(Stage::Conv(conv)) if !conv.pool && conv.squeeze_excite.is_none() => {
                        conv.squeeze_excite = Some(BlockSpec::hidden_channels(conv.channels));
                        conv.pool = pool;
                    }
                    _ => return None,
                },
            }
        }
        Some(Self {
            channels,
            stages,
            precision: Precision::Float32,
        })
    }

    /// Channels of the feature map.
    pub fn feature_channels(&self) -> usize {
        self.stages.last().map_or(self.channels, Stage::channels)
    }

    /// Height and width of the feature map for images of this size.
    pub fn feature_size(&self, height: usize, width: usize) -> (usize, usize) {
        let halvings = self.stages.iter().filter(|s| s.pools()).count();
        (0..halvings).fold((height, width), |(h, w), _| (h / 2, w / 2))
    }

    /// Whether these kernels can run the trunk.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming the first stage that they do not support.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |stage, reason| Err(Error::Unsupported { stage, reason });
        if self.channels == 0 || self.channels > MAX_INPUT_CHANNELS {
            return refuse(0, "images must have 1 to 4 channels");
        }
        if self.stages.is_empty() {
            return refuse(0, "a trunk needs at least one stage");
        }
        for (i, stage) in self.stages.iter().enumerate() {
            if stage.channels() == 0 {
                return refuse(i, "a stage needs at least one output channel");
            }
            match stage {
                Stage::Conv(conv) if i == 0 => {
                    if !conv.relu || !conv.pool || conv.squeeze_excite.is_some() {
                        return refuse(
                            i,
                            "the first stage must be a convolution with ReLU and pool, without squeeze-excite",
                        );
                    }
                }
                Stage::Residual { .. } if i == 0 => {
                    return refuse(i, "the first stage must be a convolution");
                }
                Stage::Conv(conv) => {
                    if conv.squeeze_excite == Some(0) {
                        return refuse(i, "squeeze-excite needs at least one hidden channel");
                    }
                    if !conv.norm && (conv.pool || conv.squeeze_excite.is_some() || !conv.relu) {
                        return refuse(
                            i,
                            "without batch norm only ReLU may follow a convolution after the first",
                        );
                    }
                    if !conv.relu && (conv.squeeze_excite.is_some() || i + 1 < self.stages.len()) {
                        return refuse(
                            i,
                            "only the last stage may end without ReLU, and not with squeeze-excite",
                        );
                    }
                }
                Stage::Residual { .. } => {}
            }
        }
        Ok(())
    }

    /// Input channels of a stage.
    fn input_channels(&self, stage: usize) -> usize {
        stage
            .checked_sub(1)
            .map_or(self.channels, |before| self.stages[before].channels())
    }

    /// Shape of the feature map, from the grids of [`Self::grids`].
    fn feature_shape(&self, grids: &[Grid]) -> [usize; 4] {
        let Grid {
            images,
            height,
            width,
        } = grids[grids.len() - 1];
        [images, height, width, self.feature_channels()]
    }

    /// The grid at the input of every stage, and at the end.
    fn grids(&self, batch: Batch) -> Result<Vec<Grid>, Error> {
        self.check()?;
        let Batch {
            images,
            height,
            width,
            data,
        } = batch;
        let mut grid = Grid {
            images,
            height,
            width,
        };
        let expected = [images, height, width, self.channels]
            .iter()
            .try_fold(1usize, |n, x| n.checked_mul(*x))
            .unwrap_or(usize::MAX);
        check_length("images", expected, data.len())?;
        let mut grids = vec![grid];
        for stage in &self.stages {
            if stage.pools() {
                grid = grid.pooled();
            }
            grids.push(grid);
        }
        if grid.pixels() == 0 {
            return Err(Error::Size {
                images,
                height,
                width,
            });
        }
        Ok(grids)
    }
}

/// A batch of images, channels last.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// [images, height, width, channels]
    pub data: &'a [f32],
    /// Number of images.
    pub images: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}
