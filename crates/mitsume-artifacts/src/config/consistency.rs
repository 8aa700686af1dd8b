//! `[consistency]`.

use mitsume::methods::Method;
use mitsume::{AlphaGradient, CamLossSettings, EmaMaps, LossDistance, Preset, Reference};
use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use crate::Result;

/// `[consistency]`: the CAM loss (Eq. 11 to 18).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ConsistencyConfig {
    /// Preset that decides the defaults of distance, reference and alpha. Default `thesis`.
    pub preset: Preset,
    /// Weight of the CAM loss after the curriculum; negative for diversity, 0 for plain
    /// training. Default 0.
    pub lambda_max: f64,
    /// The weight is 0 before this epoch (Eq. 18). Default 2.
    pub t0: u64,
    /// The weight reaches `lambda_max` in this epoch. Default 10; not before `t0`.
    pub t1: u64,
    /// Map method in the loss and in the evaluation after every epoch; must be
    /// [differentiable](Method::is_differentiable). Default `grad-cam`.
    pub method: Method,
    /// Distance of a map from its reference map: `squared-l2`, `l2`, `l1` or `ssim`. Default that of
    /// the preset.
    pub distance: LossDistance,
    /// The reference map.
    pub reference: Reference,
    /// Decay of the moving average of class maps (Eq. 17), in [0, 1). Default 0.9.
    pub ema_decay: f64,
    /// Whether the gradient of the loss flows through alpha, or what the method computes instead of
    /// it from the gradients of the score.
    pub alpha: AlphaGradient,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConsistencyKeys {
    preset: Option<Preset>,
    lambda_max: Option<f64>,
    t0: Option<u64>,
    t1: Option<u64>,
    method: Option<String>,
    distance: Option<LossDistance>,
    reference: Option<Reference>,
    ema_decay: Option<f64>,
    alpha: Option<AlphaGradient>,
}

pub(super) fn resolve(raw: &ConsistencyKeys, source: ConfigSource) -> Result<ConsistencyConfig> {
    let preset = raw.preset.unwrap_or(Preset::Thesis);
    let CamLossSettings {
        method,
        distance,
        reference,
        alpha,
    } = preset.settings();
    let (t0, t1) = (raw.t0.unwrap_or(2), raw.t1.unwrap_or(10));
    if t0 > t1 {
        let problem = format!("{t0} is above consistency.t1 = {t1}; lambda rises from t0 to t1");
        return Err(source.error("consistency.t0", problem));
    }
    let ema_decay = raw.ema_decay.unwrap_or(EmaMaps::DEFAULT_DECAY);
    if EmaMaps::check_decay(ema_decay).is_err() {
        let problem = format!("{ema_decay} is out of range; 0 or more and below 1");
        return Err(source.error("consistency.ema_decay", problem));
    }
    let lambda_max = raw.lambda_max.unwrap_or(0.0);
    let named = raw.method.as_deref().map(|name| self::method(name, source));
    Ok(ConsistencyConfig {
        preset,
        lambda_max: source.range("consistency.lambda_max", lambda_max, -1e9..=1e9)?,
        t0,
        t1: source.range("consistency.t1", t1, 1..=1_000_000)?,
        method: named.transpose()?.unwrap_or(method),
        distance: raw.distance.unwrap_or(distance),
        reference: raw.reference.unwrap_or(reference),
        ema_decay,
        alpha: raw.alpha.unwrap_or(alpha),
    })
}

/// A differentiable method by name.
fn method(name: &str, source: ConfigSource) -> Result<Method> {
    let method = name.parse::<Method>().map_err(|_| {
        let known = Method::differentiable_names();
        format!("\"{name}\" is no method of maps; one of {known}")
    });
    let checked = method.and_then(|method| {
        let checked = method.check_differentiable();
        checked.map(|()| method).map_err(|error| error.to_string())
    });
    checked.map_err(|problem| source.error("consistency.method", problem))
}

impl ConsistencyConfig {
    /// The settings of the loss.
    pub fn settings(&self) -> CamLossSettings {
        CamLossSettings {
            method: self.method,
            distance: self.distance,
            reference: self.reference,
            alpha: self.alpha,
        }
    }
}
