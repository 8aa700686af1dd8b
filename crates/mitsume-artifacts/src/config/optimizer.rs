//! The optimiser's keys of `[train]`.

use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use super::train::TrainKeys;
use crate::Result;

/// Which optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// `torch.optim.Adam`, betas 0.9 and 0.999, eps 1e-8; weight decay is added to the gradient.
    #[default]
    Adam,
    /// `torch.optim.AdamW`: the same with decoupled weight decay.
    AdamW,
    /// `torch.optim.SGD`, dampening 0; weight decay is added to the gradient.
    Sgd,
}

impl std::fmt::Display for Optimizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Optimizer::Adam => "adam",
            Optimizer::AdamW => "adamw",
            Optimizer::Sgd => "sgd",
        })
    }
}

/// How parameters follow their gradients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OptimizerConfig {
    /// Default `adam`.
    #[serde(rename = "optimizer")]
    pub kind: Optimizer,
    /// SGD's momentum. Default 0.9.
    pub momentum: f64,
    /// Nesterov's form of SGD's momentum. Default false.
    pub nesterov: bool,
    /// Default 0.01 for AdamW, 0 for the others.
    pub weight_decay: f64,
    /// Whether parameters with one axis, which are norms' weights and all biases, decay too.
    /// Default true, as PyTorch without parameter groups.
    pub decay_norms_and_biases: bool,
    /// The largest norm of all gradients together; larger ones are scaled down to it. Default:
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
}

pub(super) fn resolve(raw: &TrainKeys, source: ConfigSource) -> Result<OptimizerConfig> {
    let kind = raw.optimizer.unwrap_or_default();
    let momentum = raw.momentum.unwrap_or(0.9);
    if !(0.0..1.0).contains(&momentum) {
        let problem = format!("{momentum} is out of range; 0 (none) or more and below 1");
        return Err(source.error("train.momentum", problem));
    }
    let nesterov = raw.nesterov.unwrap_or(false);
    if kind == Optimizer::Sgd && nesterov && momentum == 0.0 {
        let problem = "needs a momentum: set train.momentum above 0, or leave nesterov out";
        return Err(source.error("train.nesterov", problem));
    }
    let default_decay = if kind == Optimizer::AdamW { 0.01 } else { 0.0 };
    let weight_decay = raw.weight_decay.unwrap_or(default_decay);
    let clip_norm = raw
        .clip_norm
        .map(|norm| source.range("train.clip_norm", norm, 1e-12..=1e12))
        .transpose()?;
    Ok(OptimizerConfig {
        kind,
        momentum,
        nesterov,
        weight_decay: source.range("train.weight_decay", weight_decay, 0.0..=1e3)?,
        decay_norms_and_biases: raw.decay_norms_and_biases.unwrap_or(true),
        clip_norm,
    })
}

impl OptimizerConfig {
    /// Dotted keys that have no effect.
    pub(super) fn keys_without_effect(&self) -> Vec<&'static str> {
        let mut keys = Vec::new();
        if self.kind != Optimizer::Sgd {
            keys.extend(["train.momentum", "train.nesterov"]);
        }
        if self.weight_decay == 0.0 {
            keys.push("train.decay_norms_and_biases");
        }
        keys
    }
}
