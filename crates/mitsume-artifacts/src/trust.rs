//! `trust.json`: whether a model's maps can be trusted.

use std::path::Path;

use mitsume::methods::Method;
use mitsume::trust::{Estimate, Randomisation};
use serde::{Deserialize, Serialize};

use crate::environment::write_json;
use crate::{DataSummary, ModelSummary, Result};

/// What `mitsume trust` found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustResult {
    /// The model, and how its maps were made.
    pub model: ModelSummary,
    /// The images; each is explained for its label.
    pub data: DataSummary,
    /// Of everything random.
    pub seed: u64,
    /// Do the maps depend on what the model learnt?
    pub randomisation: Randomisation,
    /// Do the maps show what the model depends on? The method's own first, then the
    /// control's: the same feature maps weighted at random.
    pub faithfulness: Vec<Faithfulness>,
    /// Do the maps lie on the object? Where masks were given; the same order.
    pub localisation: Option<Vec<LocalisationResult>>,
    /// Do the maps lie where nothing is? None where every map is all zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<SurroundingsResult>,
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

/// The model's own maps on their images' border and empty background. Border: the outermost tenth of
/// each side. An area is what a map spread evenly has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurroundingsResult {
    /// Share of the maps' sum on the border.
    pub border_mass: Estimate,
    /// The border's share of the image.
    pub border_area: f64,
    /// Share of the maps' sum on the empty background; 0 of an image that has none.
    pub background_mass: Estimate,
    /// The background's mean share of the image.
    pub background_area: f64,
    /// Images with an empty background.
    pub with_background: usize,
}

/// What becomes of the probability of the explained class as pixels go or come, in the mean over images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// The method of the maps.
    pub method: Method,
    /// Remove and debias.
    pub road: RoadResult,
    /// Pixels replaced by zeros, the most relevant first; a small area is good.
    pub deletion: CurveResult,
    /// Pixels put onto the blurred image, the most relevant first; a large area is good.
    pub insertion: CurveResult,
}

/// ROAD over images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoadResult {
    /// 100 - p of a hundred pixels are removed at p.
    pub percentiles: Vec<u8>,
    /// Mean probability of the images as they are.
    pub original: f64,
    /// At each percentile, with the most relevant pixels removed.
    pub most_relevant_first: Vec<f64>,
    /// At each percentile, with the least relevant pixels removed.
    pub least_relevant_first: Vec<f64>,
    /// Half the mean difference of both; above 0 is good, and far above better.
    pub combined: Option<Estimate>,
}

/// A deletion or insertion curve over images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveResult {
    /// Share of pixels changed.
    pub shares: Vec<f64>,
    /// Mean probability.
    pub scores: Vec<f64>,
    /// Mean area under the images' curves.
    pub area: Option<Estimate>,
}

/// Maps against masks of the objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalisationResult {
    /// The method of the maps.
    pub method: Method,
    /// Images with an object.
    pub images: usize,
    /// Images without a mask, or with an empty one.
    pub without: usize,
    /// Mean share of the image that is the object.
    pub mask_share: Option<Estimate>,
    /// Share of maps whose maximum is on the object or near it (pointing game).
    pub pointing: Option<f64>,
    /// What pointing anywhere in the image would get.
    pub pointing_by_chance: Option<Estimate>,
    /// Relevance mass accuracy.
    pub mass: Option<Estimate>,
    /// Relevance rank accuracy.
    pub rank: Option<Estimate>,
    /// Intersection over union at half the maximum.
    pub iou_at_half: Option<Estimate>,
    /// Intersection over union of as many pixels as the object has.
    pub iou_at_area: Option<Estimate>,
}
