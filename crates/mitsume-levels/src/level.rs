//! The five architectures.

use std::fmt;
use std::str::FromStr;

use crate::{BlockSpec, HeadSpec};

/// One of the five architectures of the thesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Two convolutions; the least that has a class activation map.
    One,
    /// A plain CNN with batch norm.
    Two,
    /// Residual blocks.
    Three,
    /// Level 2 with squeeze-and-excitation.
    Four,
    /// Level 3, twice as wide.
    Five,
}

impl Level {
    /// All levels, in order.
    pub const ALL: [Level; 5] = [
        Level::One,
        Level::Two,
        Level::Three,
        Level::Four,
        Level::Five,
    ];

    /// The names of all levels, separated by commas.
    pub fn names() -> String {
        Level::ALL.map(|level| level.to_string()).join(", ")
    }

    /// The level of this number, 1 to 5.
    pub fn from_number(number: usize) -> Option<Self> {
        Level::ALL.get(number.checked_sub(1)?).copied()
    }

    /// `1..=5`.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// The blocks of the trunk; the output of the last one is the hooked feature map.
    pub fn blocks(self) -> Vec<BlockSpec> {
        let plain = |out, pool| BlockSpec::Conv {
            out,
            norm: false,
            relu: true,
            pool,
        };
        let conv = |out, relu, pool| BlockSpec::Conv {
            out,
            norm: true,
            relu,
            pool,
        };
        let residual = |out, pool| BlockSpec::Residual { out, pool };
        let excite = |pool| BlockSpec::SqueezeExcite { pool };
        match self {
            Level::One => vec![plain(16, true), plain(32, false)],
            // The hook is on the last batch norm, before its ReLU: the ReLU belongs to the head.
            Level::Two => vec![
                conv(32, true, true),
                conv(64, true, true),
                conv(128, true, true),
                conv(256, false, false),
            ],
            Level::Three => vec![
                conv(32, true, true),
                residual(64, true),
                residual(128, true),
                residual(256, false),
            ],
            Level::Four => vec![
                conv(32, true, true),
                conv(64, true, false),
                excite(true),
                conv(128, true, false),
                excite(true),
                conv(256, true, false),
                excite(false),
            ],
            Level::Five => vec![
                conv(64, true, true),
                residual(128, true),
                residual(256, true),
                residual(512, false),
            ],
        }
    }

    /// The layers after the hooked layer.
    pub fn head(self) -> HeadSpec {
        let (relu, pool) = (self == Level::Two, self == Level::One);
        // `classifier` is [GAP, Flatten, Linear] at level 1 and [GAP, Flatten, Dropout, Linear]
        // elsewhere.
        let linear_index = if self == Level::One { 2 } else { 3 };
        HeadSpec {
            relu,
            pool,
            dropout: self.default_dropout(),
            linear_index,
        }
    }

    /// The dropout probability of §4.4.7: none at level 1, 0.5 at levels 2 to 4, 0.6 at level 5.
    pub fn default_dropout(self) -> f64 {
        match self {
            Level::One => 0.0,
            Level::Two | Level::Three | Level::Four => 0.5,
            Level::Five => 0.6,
        }
    }

    /// Channels of the hooked feature map.
    pub fn feature_channels(self) -> usize {
        self.blocks()
            .iter()
            .fold(0, |channels, block| block.out_channels(channels))
    }

    /// The hooked layer under its published name, such as `features.13`.
    pub fn target_layer(self) -> String {
        let layers: usize = self.blocks().iter().map(BlockSpec::published_layers).sum();
        format!("features.{}", layers - 1)
    }

    /// Height and width of the hooked feature map for an image of the given size.
    pub fn cam_size(self, [height, width]: [usize; 2]) -> [usize; 2] {
        let pools = self.blocks().iter().filter(|block| block.pools()).count();
        [height >> pools, width >> pools]
    }

    /// The smallest image side that leaves at least one pixel after every pooling.
    pub fn min_image_side(self) -> usize {
        let pools = self.blocks().iter().filter(|block| block.pools()).count()
            + usize::from(self.head().pool);
        1 << pools
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level{}", self.number())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Level::ALL
            .into_iter()
            .find(|level| level.to_string() == name)
            .ok_or_else(|| format!("no model named \"{name}\": one of {}", Level::names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooked_layers_carry_the_published_names() {
        let names: Vec<_> = Level::ALL
            .iter()
            .map(|level| level.target_layer())
            .collect();
        assert_eq!(
            names,
            [
                "features.4",
                "features.13",
                "features.8",
                "features.17",
                "features.8"
            ]
        );
    }

    #[test]
    fn maps_at_224_have_the_published_sizes() {
        let sizes: Vec<_> = Level::ALL
            .iter()
            .map(|level| level.cam_size([224, 224]))
            .collect();
        assert_eq!(sizes, [[112, 112], [28, 28], [28, 28], [28, 28], [28, 28]]);
    }

    #[test]
    fn names_parse_back_and_unknown_ones_are_refused() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!(
            "level6"
                .parse::<Level>()
                .unwrap_err()
                .contains("level1, level2")
        );
    }
}
