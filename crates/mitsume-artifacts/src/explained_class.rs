//! Which class's map is computed for each image of an evaluation.

use serde::{Deserialize, Serialize};

/// Which class's map is computed for each image, and so which images form a class's group: those
/// whose maps make its mean map and its consistency.
///
/// In JSON `"label"`, `"predicted"` or `{"class": "NAME"}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExplainedClass {
    /// The true class. A class's group is its correctly classified images, as the metric is
    /// defined.
    #[default]
    Label,
    /// The predicted class. A class's group is all images predicted as it, right or wrong.
    Predicted,
    /// One class for all images. A class's group is its correctly classified images.
    Class(String),
}

/// Where an image's map belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMembership {
    /// The class with whose mean map the map is compared.
    pub class: usize,
    /// Whether the map is one of those that the mean map and the consistency are made of.
    pub counted: bool,
}

impl ExplainedClass {
    /// The group of an image with these true and predicted classes.
    #[must_use]
    pub fn group(&self, label: usize, prediction: usize) -> GroupMembership {
        match self {
            Self::Label | Self::Class(_) => GroupMembership {
                class: label,
                counted: label == prediction,
            },
            Self::Predicted => GroupMembership {
                class: prediction,
                counted: true,
            },
        }
    }

    /// Whether it is the true class, which is the default.
    #[must_use]
    pub fn is_label(&self) -> bool {
        *self == Self::Label
    }

    /// `label`, `predicted` or `class`, by which messages choose their words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Predicted => "predicted",
            Self::Class(_) => "class",
        }
    }

    /// The one class that is explained in all images, if it is one.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        match self {
            Self::Class(name) => Some(name),
            Self::Label | Self::Predicted => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_predicted_class_groups_by_prediction_and_counts_wrong_images() {
        let group = |explained: &ExplainedClass, label, prediction| {
            let group = explained.group(label, prediction);
            (group.class, group.counted)
        };
        for explained in [ExplainedClass::Label, ExplainedClass::Class("b".into())] {
            assert_eq!(group(&explained, 1, 1), (1, true));
            assert_eq!(group(&explained, 1, 2), (1, false));
        }
        assert_eq!(group(&ExplainedClass::Predicted, 1, 1), (1, true));
        assert_eq!(group(&ExplainedClass::Predicted, 1, 2), (2, true));
    }

    #[test]
    fn a_class_may_have_any_name_in_json() {
        let json = |explained: &ExplainedClass| serde_json::to_string(explained).unwrap();
        let class = ExplainedClass::Class("predicted".into());
        assert_eq!(json(&class), r#"{"class":"predicted"}"#);
        assert_eq!(json(&ExplainedClass::Predicted), r#""predicted""#);
        assert_eq!(
            serde_json::from_str::<ExplainedClass>(&json(&class)).unwrap(),
            class
        );
    }
}
