//! The deviation of a map from its reference map in the consistency loss.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deviation::Distance;

/// The deviation in the loss: one of the metric's two forms, or a distance that only the loss takes.
/// Each is averaged over the images. All are differentiable almost everywhere; where one is not, at
/// equal maps, its gradient is taken as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LossDistance {
    /// The sum of squared differences over `h * w` (Eq. 15): the definition.
    #[serde(rename = "squared-l2")]
    SquaredL2,
    /// The square root of that sum, then over `h * w`: the published code.
    #[serde(rename = "l2")]
    L2,
    /// The sum of absolute differences over `h * w`.
    #[serde(rename = "l1")]
    L1,
    /// 1 - structural similarity, as [`ssim_distance`](crate::measures::ssim::ssim_distance).
    #[serde(rename = "ssim")]
    Ssim,
}

impl LossDistance {
    /// All distances, the definition first.
    pub const ALL: [Self; 4] = [Self::SquaredL2, Self::L2, Self::L1, Self::Ssim];

    /// The name used in configurations and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SquaredL2 => Distance::SquaredL2.name(),
            Self::L2 => Distance::L2.name(),
            Self::L1 => "l1",
            Self::Ssim => "ssim",
        }
    }
}

impl From<Distance> for LossDistance {
    fn from(distance: Distance) -> Self {
        match distance {
            Distance::SquaredL2 => Self::SquaredL2,
            Distance::L2 => Self::L2,
        }
    }
}

impl fmt::Display for LossDistance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_written() {
        for distance in LossDistance::ALL {
            let quoted = format!("\"{distance}\"");
            assert_eq!(serde_json::to_string(&distance).unwrap(), quoted);
            assert_eq!(
                serde_json::from_str::<LossDistance>(&quoted).unwrap(),
                distance
            );
        }
    }
}
