//! Settings of the consistency loss, and two presets.

use serde::{Deserialize, Serialize};

use crate::loss_distance::LossDistance;
use crate::methods::Method;

/// What a map is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// The class' moving average over the steps (Eq. 17), a constant in the graph.
    Ema,
    /// The mean map of the class in this batch (Eq. 14), in the graph.
    Batch,
}

/// Whether the gradient also flows through alpha (Eq. 1), which is a function of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlphaGradient {
    /// Exact.
    Full,
    /// alpha held constant, as in the published code.
    Detached,
}

/// One loss: map, deviation, reference map, gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CamLossSettings {
    /// How maps are made; one that [is differentiable](Method::is_differentiable).
    pub method: Method,
    /// Deviation of a map from its reference: Eq. 15, the published code's, or another.
    pub distance: LossDistance,
    /// Reference map.
    pub reference: Reference,
    /// Gradient through alpha.
    pub alpha: AlphaGradient,
}

/// Named settings. The thesis' text defines one loss; the published code, which computed the
/// published numbers, has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// As the text defines it.
    Thesis,
    /// As the published code computes it.
    Published,
}

impl Preset {
    /// Its settings.
    pub fn settings(self) -> CamLossSettings {
        let (distance, alpha) = match self {
            Preset::Thesis => (LossDistance::SquaredL2, AlphaGradient::Full),
            Preset::Published => (LossDistance::L2, AlphaGradient::Detached),
        };
        CamLossSettings {
            method: Method::GradCam,
            distance,
            reference: Reference::Ema,
            alpha,
        }
    }
}
