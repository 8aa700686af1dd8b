//! `trust.json`: results of the trust checks of a model's maps.

use std::path::Path;

use mitsume::methods::Method;
use mitsume::trust::{Equivariance, Estimate, MaxSensitivity, RandomLogit, Randomisation};
use serde::{Deserialize, Serialize};

use crate::environment::write_json;
use crate::{DataSummary, ModelSummary, Result};

/// Results of `mitsume trust`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustResult {
    /// The model and its map method.
    pub model: ModelSummary,
    /// The images; each map is of the label.
    pub data: DataSummary,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Cascading randomisation: whether the maps depend on the trained weights.
    pub randomisation: Randomisation,
    /// Faithfulness of the method, then of the random control (the same feature maps with random
    /// weights).
    pub faithfulness: Vec<Faithfulness>,
    /// Localisation of the object, in the same order; `None` without masks.
    pub localisation: Option<Vec<LocalisationResult>>,
    /// Relevance mass on the border and empty background; `None` if every map is all zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<SurroundingsResult>,
    /// Random logit, in the same order: similarity of the maps to those of another class. Empty
    /// with a model of a single class, `None` in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_logit: Option<Vec<RandomLogitResult>>,
    /// Max-sensitivity; `None` without noisy images, and in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sensitivity: Option<MaxSensitivityResult>,
    /// Equivariance, in the same order: similarity of the maps to those of flipped and shifted
    /// images. `None` in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equivariance: Option<Vec<EquivarianceResult>>,
}

impl TrustResult {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }
}

/// Similarity of a method's maps to those of another class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomLogitResult {
    /// The method of the maps.
    pub method: Method,
    /// The similarity.
    #[serde(flatten)]
    pub similarity: RandomLogit,
}

/// Similarity of a method's maps to those of moved images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EquivarianceResult {
    /// The method of the maps.
    pub method: Method,
    /// The similarity under each movement.
    pub movements: Vec<Equivariance>,
}

/// The largest relative change of the maps under small uniform noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxSensitivityResult {
    /// The largest change of a brightness in [0, 1].
    pub radius: f64,
    /// Noisy copies of each image.
    pub samples: usize,
    /// The method, then the random control.
    pub methods: Vec<MethodSensitivity>,
}

/// The largest relative change of a method's maps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodSensitivity {
    /// The method of the maps.
    pub method: Method,
    /// The change.
    #[serde(flatten)]
    pub change: MaxSensitivity,
}

/// Relevance mass of the maps on the border (the outermost tenth of each side) and the empty
/// background. A uniform map has a mass equal to the area.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurroundingsResult {
    /// Relevance mass on the border.
    pub border_mass: Estimate,
    /// Area of the border as a fraction of the image.
    pub border_area: f64,
    /// Relevance mass on the empty background; 0 for an image without one.
    pub background_mass: Estimate,
    /// Mean area of the background as a fraction of the image.
    pub background_area: f64,
    /// Number of images with an empty background.
    pub with_background: usize,
}

/// Probability of the explained class as pixels are removed or added, mean over images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// The method of the maps.
    pub method: Method,
    /// ROAD, remove and debias.
    pub road: RoadResult,
    /// Deletion: pixels replaced by zeros, the most relevant first; a small area is good.
    pub deletion: CurveResult,
    /// Insertion: pixels added to the blurred image, the most relevant first; a large area is good.
    pub insertion: CurveResult,
    /// Average drop: mean share of the probability that is lost when the image is multiplied by its
    /// map; lower is better. `None` in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_drop: Option<Estimate>,
    /// Average increase: share of the images whose probability rises then; higher is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_increase: Option<Estimate>,
    /// Mean Gini index of the maps at the image's size, without those that are all zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparseness: Option<Estimate>,
}

/// ROAD, mean over images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoadResult {
    /// At percentile p, 100 - p percent of the pixels are removed.
    pub percentiles: Vec<u8>,
    /// Mean probability for the unchanged images.
    pub original: f64,
    /// Mean probability at each percentile, with the most relevant pixels removed.
    pub most_relevant_first: Vec<f64>,
    /// Mean probability at each percentile, with the least relevant pixels removed.
    pub least_relevant_first: Vec<f64>,
    /// Half the mean difference of the two; higher is better, 0 is chance.
    pub combined: Option<Estimate>,
}

/// A deletion or insertion curve, mean over images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveResult {
    /// Fractions of changed pixels.
    pub shares: Vec<f64>,
    /// Mean probability at each fraction.
    pub scores: Vec<f64>,
    /// Mean area under the images' curves.
    pub area: Option<Estimate>,
}

/// Localisation: maps compared with masks of the object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalisationResult {
    /// The method of the maps.
    pub method: Method,
    /// Number of images with an object.
    pub images: usize,
    /// Number of images without a mask, or with an empty one.
    pub without: usize,
    /// Mean area of the object as a fraction of the image.
    pub mask_share: Option<Estimate>,
    /// Pointing game: fraction of maps whose maximum is on or near the object.
    pub pointing: Option<f64>,
    /// Expected hit rate of a random point.
    pub pointing_by_chance: Option<Estimate>,
    /// Relevance mass accuracy.
    pub mass: Option<Estimate>,
    /// Relevance rank accuracy.
    pub rank: Option<Estimate>,
    /// Intersection over union at half the maximum.
    pub iou_at_half: Option<Estimate>,
    /// Intersection over union of the top pixels, as many as the object has.
    pub iou_at_area: Option<Estimate>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As it was written before there were other classes and noise in it.
    fn older() -> serde_json::Value {
        json!({
            "model": {"name": "level2", "parameters": 1, "target_layer": "features.13",
                      "method": "grad-cam", "cam_size": [7, 7]},
            "data": {"root": "data", "images": 1, "classes": ["a", "b"], "skipped": []},
            "seed": 0,
            "randomisation": {"images": 1, "constant_originals": 0, "stages": [],
                              "verdict": {"undecided": "too-few-images"}},
            "faithfulness": [],
            "localisation": null,
        })
    }

    #[test]
    fn older_files_are_read_and_new_parts_are_kept() {
        let read: TrustResult = serde_json::from_value(older()).unwrap();
        assert_eq!((&read.random_logit, &read.max_sensitivity), (&None, &None));
        let mut newer = older();
        newer["random_logit"] = json!([{"method": "random", "images": 3, "undefined": 1,
            "spearman": {"mean": 1.0, "interval": [1.0, 1.0], "images": 2}, "ssim": null}]);
        newer["max_sensitivity"] = json!({"radius": 0.02, "samples": 10, "methods": [
            {"method": "grad-cam", "images": 3, "undefined": 3, "largest_change": null}]});
        let read: TrustResult = serde_json::from_value(newer.clone()).unwrap();
        assert_eq!(
            read.random_logit.as_ref().unwrap()[0].similarity.undefined,
            1
        );
        let written = serde_json::to_value(&read).unwrap();
        for key in ["random_logit", "max_sensitivity"] {
            assert_eq!(written[key], newer[key]);
        }
    }
}
