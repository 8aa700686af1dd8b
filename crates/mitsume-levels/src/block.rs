//! The blocks that trunks are made of.

/// One block of a trunk: the unit of fusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockSpec {
    /// 3x3 convolution (padding 1, bias), optional batch norm, optional ReLU, optional 2x2
    /// max-pool.
    Conv {
        /// Output channels.
        out: usize,
        /// Whether a batch norm follows the convolution.
        norm: bool,
        /// Whether a ReLU follows.
        relu: bool,
        /// Whether a 2x2 max-pool with stride 2 ends the block.
        pool: bool,
    },
    /// `relu(BN(conv(relu(BN(conv(x))))) + conv1x1(x))`, then an optional 2x2 max-pool.
    Residual {
        /// Output channels.
        out: usize,
        /// Whether a 2x2 max-pool with stride 2 ends the block.
        pool: bool,
    },
    /// `x * sigmoid(fc(relu(fc(GAP x))))`, bottleneck of a sixteenth, then an optional 2x2
    /// max-pool.
    SqueezeExcite {
        /// Whether a 2x2 max-pool with stride 2 ends the block.
        pool: bool,
    },
}

impl BlockSpec {
    /// Layers of the block in the published `nn.Sequential`, which numbers every layer, including
    /// those without parameters.
    pub fn published_layers(&self) -> usize {
        match *self {
            BlockSpec::Conv {
                norm, relu, pool, ..
            } => 1 + usize::from(norm) + usize::from(relu) + usize::from(pool),
            BlockSpec::Residual { pool, .. } | BlockSpec::SqueezeExcite { pool } => {
                1 + usize::from(pool)
            }
        }
    }

    /// Hidden channels of a squeeze-excite block on `channels` channels: a sixteenth.
    pub const fn hidden_channels(channels: usize) -> usize {
        channels / 16
    }

    /// Output channels for the given input channels.
    pub fn out_channels(&self, input: usize) -> usize {
        match *self {
            BlockSpec::Conv { out, .. } | BlockSpec::Residual { out, .. } => out,
            BlockSpec::SqueezeExcite { .. } => input,
        }
    }

    /// Whether the block halves the resolution.
    pub fn pools(&self) -> bool {
        match *self {
            BlockSpec::Conv { pool, .. }
            | BlockSpec::Residual { pool, .. }
            | BlockSpec::SqueezeExcite { pool } => pool,
        }
    }
}
