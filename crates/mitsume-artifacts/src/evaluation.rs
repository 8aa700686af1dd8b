//! `eval.json`: the results of one evaluation, as printed by `mitsume eval --json`.

use std::path::Path;

use mitsume::measures::Measures;
use mitsume::methods::Method;
use mitsume::trust::MeanSurroundings;
use mitsume_data::{ImageTransform, OtherFiles};
use serde::{Deserialize, Serialize};

use crate::checked::{
    Checked, deviation_problem, fraction_problem, read_checked, surroundings_problem,
    transform_problem, write_checked,
};
use crate::{ArtifactError, ExplainedClass, ModelSettings, Result, is_multi_label};

/// Accuracy, kappa and consistency of one model on one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The evaluated model.
    pub model: ModelSummary,
    /// The data set.
    pub data: DataSummary,
    /// Fraction of images classified correctly, in [0, 1].
    pub accuracy: f64,
    /// Cohen's kappa.
    pub kappa: f64,
    /// Mean cross-entropy over the images.
    pub cross_entropy: f64,
    /// The metric over all images of the classes' groups: by default the correctly classified ones
    /// (see [`ExplainedClass`]).
    pub consistency: ConsistencyResult,
    /// Further measures of consistency, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// Relevance mass of the same images' maps on the border and the empty background. `None`
    /// without such an image, and in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<MeanSurroundings>,
    /// The metric by class, in label order.
    pub per_class: Vec<ClassResult>,
    /// Counts, `confusion[true class][predicted class]`.
    pub confusion: Vec<Vec<u64>>,
}

/// The evaluated model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// `level1` to `level5`, or the name of a model file.
    pub name: String,
    /// Number of trained parameters.
    pub parameters: u64,
    /// The hooked layer, from whose output the maps are computed.
    pub target_layer: String,
    /// The map method.
    #[serde(default)]
    pub method: Method,
    /// Whether maps are averaged with those of the mirrored images.
    #[serde(default, skip_serializing_if = "is_false")]
    pub flip: bool,
    /// Whether its two classes are made of one output z, as the logits (0, z).
    #[serde(default, skip_serializing_if = "is_false")]
    pub single_logit: bool,
    /// Which class's map is computed for each image; the true class where it is absent.
    #[serde(default, skip_serializing_if = "ExplainedClass::is_label")]
    pub explain: ExplainedClass,
    /// Height and width of a map.
    pub cam_size: [usize; 2],
    /// Height and width of the network's inputs; `None` in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<[usize; 2]>,
    /// Overridden and assumed settings.
    #[serde(flatten)]
    pub settings: ModelSettings,
}

/// The data set of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Folder to which the paths in `images.csv` are relative. Bytes that are not UTF-8 are
    /// replaced; the images of such a folder cannot be found again.
    pub root: String,
    /// The list of the images as it was named (`list.csv/test`), if they are not those of class
    /// folders in `root`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Number of images evaluated.
    pub images: u64,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// The image transform, if it is not the default of the five levels.
    #[serde(rename = "view", default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<AppliedTransform>,
    /// Images that could not be read, relative to `root`.
    pub skipped: Vec<String>,
    /// Files that are not used as images, the most frequent kind first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_files: Vec<OtherFiles>,
}

impl DataSummary {
    /// The list, or else the folder.
    pub fn named(&self) -> &str {
        self.list.as_deref().unwrap_or(&self.root)
    }
}

/// An image transform and the size of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AppliedTransform {
    /// Resize, crop and normalisation.
    #[serde(flatten)]
    pub transform: ImageTransform,
    /// Height and width of the network's inputs.
    pub size: [usize; 2],
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The consistency metric. `None` if it is not defined, because there is no counted image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConsistencyResult {
    /// `squared-l2`, by the definition (Eq. 9, 10).
    pub squared_l2: Option<f64>,
    /// `l2`, as the published code computes it: classes with one correct image are left out.
    pub l2: Option<f64>,
    /// Number of images counted: the correctly classified ones, or all (see [`ExplainedClass`]).
    pub counted: u64,
}

/// One class of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassResult {
    /// Class name.
    pub class: String,
    /// Number of images of this class.
    pub images: u64,
    /// Number of them classified correctly.
    pub correct: u64,
    /// Number of images in the class's group, where that is not `correct`: those predicted as the
    /// class, for maps of the predicted class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// Mean `squared-l2` deviation of the counted images from their mean map.
    pub squared_l2: Option<f64>,
    /// Mean `l2` deviation.
    pub l2: Option<f64>,
    /// Border and empty background over the counted images, as in [`Evaluation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<MeanSurroundings>,
}

impl ClassResult {
    /// Number of images that the class's mean map and consistency are over.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.counted.unwrap_or(self.correct)
    }
}

/// Reads `eval.json` and checks that its values are consistent.
///
/// # Errors
/// [`ArtifactError`] naming the file and the invalid key.
pub fn read_evaluation(path: &Path) -> Result<Evaluation> {
    if is_multi_label(path)? {
        let problem =
            "of a multi-label model; an evaluation of one class for each image is expected";
        return Err(ArtifactError::malformed(path, problem));
    }
    read_checked(path)
}

/// Writes `eval.json`.
///
/// # Errors
/// [`ArtifactError::Io`] naming the file; [`ArtifactError::Malformed`] if values are inconsistent.
pub fn write_evaluation(path: &Path, evaluation: &Evaluation) -> Result<()> {
    write_checked(path, evaluation)
}

impl Checked for Evaluation {
    fn problem(&self) -> Option<String> {
        let classes = &self.data.classes;
        let k = classes.len();
        if k == 0 {
            return Some("data.classes: empty; at least one class is needed".to_owned());
        }
        if self.per_class.len() != k || self.confusion.len() != k {
            let (per_class, rows) = (self.per_class.len(), self.confusion.len());
            return Some(format!(
                "data.classes has {k} classes, per_class {per_class}, confusion {rows} rows"
            ));
        }
        let transform = transform_problem(&self.data);
        if transform.is_some() {
            return transform;
        }
        let mut total = Some(0_u64);
        for (index, (class, row)) in self.per_class.iter().zip(&self.confusion).enumerate() {
            let sum = row.iter().try_fold(0_u64, |sum, n| sum.checked_add(*n));
            if class.class != classes[index] {
                return Some(format!(
                    "per_class[{index}].class differs from data.classes[{index}]"
                ));
            }
            if row.len() != k || sum != Some(class.images) || row[index] != class.correct {
                return Some(format!(
                    "confusion[{index}] disagrees with per_class[{index}]"
                ));
            }
            total = total.and_then(|total| total.checked_add(class.images));
        }
        if total != Some(self.data.images) {
            return Some("data.images is not the sum of per_class images".to_owned());
        }
        self.invalid_value()
    }
}

impl Evaluation {
    fn invalid_value(&self) -> Option<String> {
        let per_class = self
            .per_class
            .iter()
            .enumerate()
            .find_map(|(index, class)| {
                let name = |form: &str| format!("per_class[{index}].{form}");
                deviation_problem(&name("squared_l2"), class.squared_l2)
                    .or_else(|| deviation_problem(&name("l2"), class.l2))
                    .or_else(|| surroundings_problem(&name("surroundings"), class.surroundings))
            });
        fraction_problem("accuracy", Some(self.accuracy))
            .or_else(|| deviation_problem("consistency.squared_l2", self.consistency.squared_l2))
            .or_else(|| deviation_problem("consistency.l2", self.consistency.l2))
            .or(per_class)
            .or_else(|| surroundings_problem("surroundings", self.surroundings))
    }
}

#[cfg(test)]
mod tests {
    use mitsume::trust::surroundings::Region;

    use super::*;

    fn evaluation() -> Evaluation {
        let class = |name: &str, images, correct, squared_l2| ClassResult {
            class: name.to_owned(),
            images,
            correct,
            counted: None,
            squared_l2,
            l2: None,
            surroundings: None,
        };
        Evaluation {
            model: ModelSummary {
                name: "level2".to_owned(),
                parameters: 389_828,
                target_layer: "features.13".to_owned(),
                method: Method::GradCam,
                flip: false,
                single_logit: false,
                explain: ExplainedClass::Label,
                cam_size: [28, 28],
                image_size: Some([224, 224]),
                settings: ModelSettings::default(),
            },
            data: DataSummary {
                root: "/data".to_owned(),
                list: None,
                images: 5,
                classes: vec!["a".to_owned(), "b".to_owned()],
                transform: None,
                skipped: vec!["b/broken.png".to_owned()],
                other_files: Vec::new(),
            },
            accuracy: 0.4,
            kappa: 0.1,
            cross_entropy: 0.693,
            consistency: ConsistencyResult {
                squared_l2: Some(0.1),
                l2: None,
                counted: 2,
            },
            measures: None,
            surroundings: None,
            per_class: vec![class("a", 3, 2, Some(0.1)), class("b", 2, 0, None)],
            confusion: vec![vec![2, 1], vec![2, 0]],
        }
    }

    #[test]
    fn the_object_is_the_documented_one() {
        insta::assert_json_snapshot!(evaluation());
    }

    #[test]
    fn a_written_evaluation_reads_back_equal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eval.json");
        write_evaluation(&path, &evaluation()).unwrap();
        assert_eq!(read_evaluation(&path).unwrap(), evaluation());
    }

    fn surroundings(mass: f64) -> MeanSurroundings {
        let border = Region { mass, area: 0.36 };
        let background = Region {
            mass: 0.25,
            area: 0.5,
        };
        MeanSurroundings {
            images: 2,
            with_background: 1,
            border,
            background,
        }
    }

    #[test]
    fn surroundings_are_optional_and_read_back_equal() {
        let without = serde_json::to_value(evaluation()).unwrap();
        assert!(without.get("surroundings").is_none());
        let mut with = evaluation();
        with.surroundings = Some(surroundings(0.5));
        with.per_class[0].surroundings = Some(surroundings(0.75));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eval.json");
        write_evaluation(&path, &with).unwrap();
        assert_eq!(read_evaluation(&path).unwrap(), with);
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(json["surroundings"]["border"]["area"], 0.36);
        assert_eq!(json["per_class"][0]["surroundings"]["border"]["mass"], 0.75);
        with.per_class[0].surroundings = Some(surroundings(1.5));
        let error = write_evaluation(&path, &with).unwrap_err().to_string();
        assert!(
            error.contains("per_class[0].surroundings.border: 1.5"),
            "{error}"
        );
    }

    #[test]
    fn inconsistent_values_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eval.json");
        let refuse = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut json = serde_json::to_value(evaluation()).unwrap();
            change(&mut json);
            std::fs::write(&path, json.to_string()).unwrap();
            read_evaluation(&path).unwrap_err().to_string()
        };
        assert!(refuse(&|e| e["confusion"][0][1] = 2.into()).contains("confusion[0]"));
        assert!(refuse(&|e| e["confusion"][0][1] = u64::MAX.into()).contains("confusion[0]"));
        assert!(refuse(&|e| e["accuracy"] = 1.5.into()).contains("accuracy: 1.5"));
        assert!(refuse(&|e| e["data"]["images"] = 6.into()).contains("data.images"));
        assert!(refuse(&|e| e["data"]["classes"] = serde_json::json!([])).contains("data.classes"));
        assert!(refuse(&|e| e["per_class"][1]["l2"] = (-1).into()).contains("per_class[1].l2"));
        assert!(refuse(&|e| e["kappa"] = serde_json::Value::Null).contains("kappa: invalid type"));
    }
}
