//! The precision of a model, and differences between the settings it is used with and those it was
//! trained with.

use mitsume_levels::Precision;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::precision_name;

/// Precision, overridden and assumed settings; the last two are empty if the model is used as it was
/// trained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSettings {
    /// Settings other than those the weights were trained with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// Settings given neither by the weights nor by the user: those of the published networks;
    /// classes in the order of the folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<ModelSetting>,
    /// Of the products of its convolutions; absent in files where it is float32.
    #[serde(default, with = "precision_name")]
    #[serde(skip_serializing_if = "precision_name::is_float32")]
    pub precision: Precision,
}

/// A setting that differs from the training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The setting.
    pub key: ModelSetting,
    /// The value in training; null if it was off.
    pub trained_with: Value,
    /// The value used.
    pub used: Value,
}

impl Override {
    /// The value used, as text.
    #[must_use]
    pub fn used_text(&self) -> String {
        value_text(&self.used)
    }

    /// The value in training, as text.
    #[must_use]
    pub fn trained_text(&self) -> String {
        value_text(&self.trained_with)
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(value_text).collect();
            values.join(", ")
        }
        value => value.to_string(),
    }
}

/// A setting of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSetting {
    /// Side of the network's inputs.
    ImageSize,
    /// Shorter side of an image before the centre crop.
    Crop,
    /// Interpolation of the resize.
    Interpolation,
    /// Mean of each channel.
    Mean,
    /// Standard deviation of each channel.
    Std,
    /// Names of the classes, in the order of the outputs.
    Classes,
    /// Precision of the products of convolutions.
    Precision,
}

impl ModelSetting {
    /// Name in `eval.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ImageSize => "image_size",
            Self::Crop => "crop",
            Self::Interpolation => "interpolation",
            Self::Mean => "mean",
            Self::Std => "std",
            Self::Classes => "classes",
            Self::Precision => "precision",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        use ModelSetting::{Classes, Crop, ImageSize, Interpolation, Mean, Precision, Std};
        for setting in [
            ImageSize,
            Crop,
            Interpolation,
            Mean,
            Std,
            Classes,
            Precision,
        ] {
            assert_eq!(serde_json::to_value(setting).unwrap(), setting.name());
        }
    }

    #[test]
    fn nothing_is_written_where_a_model_is_used_as_it_was_trained() {
        let none = ModelSettings::default();
        assert_eq!(serde_json::to_string(&none).unwrap(), "{}");
        let some = ModelSettings {
            overrides: vec![Override {
                key: ModelSetting::ImageSize,
                trained_with: 112.into(),
                used: 224.into(),
            }],
            assumed: vec![ModelSetting::Classes],
            precision: Precision::Bfloat16,
        };
        let json = serde_json::to_value(&some).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "overrides": [{"key": "image_size", "trained_with": 112, "used": 224}],
                "assumed": ["classes"],
                "precision": "bfloat16",
            })
        );
        assert_eq!(serde_json::from_value::<ModelSettings>(json).unwrap(), some);
    }
}
