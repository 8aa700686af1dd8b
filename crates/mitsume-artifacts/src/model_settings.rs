//! How the settings a model was used with stand to those it was trained with.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What differs from the training, and what nobody said. Both are empty where a model was used as it was trained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSettings {
    /// Used instead of what the weights were trained with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// Neither in the weights nor in the request: as the published networks have it; classes in the order of the
    /// folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<ModelSetting>,
}

/// A setting that contradicts the weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Which one.
    pub key: ModelSetting,
    /// What the weights were trained with; null where it was off.
    pub trained_with: Value,
    /// What was used.
    pub used: Value,
}

impl Override {
    /// What was used, as a person writes it.
    #[must_use]
    pub fn used_text(&self) -> String {
        shown(&self.used)
    }

    /// What the weights were trained with, as a person writes it.
    #[must_use]
    pub fn trained_text(&self) -> String {
        shown(&self.trained_with)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(shown).collect();
            values.join(", ")
        }
        value => value.to_string(),
    }
}

/// A setting that belongs to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSetting {
    /// Side of its images.
    ImageSize,
    /// Shorter side of an image before its centre is cut out.
    Crop,
    /// How images are resized.
    Interpolation,
    /// Taken off each channel.
    Mean,
    /// What each channel is divided by.
    Std,
    /// Names of its classes, in the order of its outputs.
    Classes,
}

impl ModelSetting {
    /// The name it has in `eval.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ImageSize => "image_size",
            Self::Crop => "crop",
            Self::Interpolation => "interpolation",
            Self::Mean => "mean",
            Self::Std => "std",
            Self::Classes => "classes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        use ModelSetting::{Classes, Crop, ImageSize, Interpolation, Mean, Std};
        for setting in [ImageSize, Crop, Interpolation, Mean, Std, Classes] {
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
        };
        let json = serde_json::to_value(&some).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "overrides": [{"key": "image_size", "trained_with": 112, "used": 224}],
                "assumed": ["classes"],
            })
        );
        assert_eq!(serde_json::from_value::<ModelSettings>(json).unwrap(), some);
    }
}
