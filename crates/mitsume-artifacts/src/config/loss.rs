//! The cross-entropy's keys of `[train]`.

use serde::{Serialize, Serializer};
use toml::Value;

use super::source::ConfigSource;
use super::train::TrainKeys;
use crate::Result;

/// Which cross-entropy is trained; that of the validation images stays plain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrossEntropyConfig {
    /// The share of each target that is spread evenly over all classes. Default 0.
    pub label_smoothing: f64,
    /// What an image counts, by its class. Default `none`.
    pub class_weights: ClassWeights,
}

/// What an image counts in the cross-entropy, by its class. The loss is the weighted mean, as
/// `torch.nn.CrossEntropyLoss(weight)`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ClassWeights {
    /// `none`: the same for all.
    #[default]
    None,
    /// `balanced`: images / (classes * images of the class), of the training images, so that every
    /// class counts the same (scikit-learn's `compute_class_weight`).
    Balanced,
    /// A number for each class, in the classes' order.
    Given(Vec<f64>),
}

/// The largest weight; what is beyond leaves nothing of the other classes.
const MAX_WEIGHT: f64 = 1e6;

pub(super) fn resolve(raw: &TrainKeys, source: ConfigSource) -> Result<CrossEntropyConfig> {
    let smoothing = raw.label_smoothing.unwrap_or(0.0);
    if !(0.0..1.0).contains(&smoothing) {
        let problem = format!("{smoothing} is out of range; 0 (none) or more and below 1");
        return Err(source.error("train.label_smoothing", problem));
    }
    Ok(CrossEntropyConfig {
        label_smoothing: smoothing,
        class_weights: class_weights(raw.class_weights.as_ref(), source)?,
    })
}

fn class_weights(raw: Option<&Value>, source: ConfigSource) -> Result<ClassWeights> {
    let Some(value) = raw else {
        return Ok(ClassWeights::None);
    };
    let weights = match value {
        Value::String(text) if text == "none" => return Ok(ClassWeights::None),
        Value::String(text) if text == "balanced" => return Ok(ClassWeights::Balanced),
        Value::Array(weights) if !weights.is_empty() => {
            weights.iter().map(number).collect::<Option<Vec<f64>>>()
        }
        _ => None,
    };
    let possible = |weight: &f64| *weight > 0.0 && *weight <= MAX_WEIGHT;
    match weights {
        Some(weights) if weights.iter().all(possible) => Ok(ClassWeights::Given(weights)),
        _ => {
            let problem = format!(
                "{value} is neither \"none\", \"balanced\" nor a list of one number for each class, \
                 above 0, up to {MAX_WEIGHT}"
            );
            Err(source.error("train.class_weights", problem))
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    let integer = value.as_integer().map(|integer| integer as f64);
    value.as_float().or(integer)
}

impl Serialize for ClassWeights {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            ClassWeights::None => to.serialize_str("none"),
            ClassWeights::Balanced => to.serialize_str("balanced"),
            ClassWeights::Given(weights) => weights.serialize(to),
        }
    }
}
