//! `compare.json`: several models on the same images.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::environment::write_json;
use crate::{ModelSummary, Result};

/// Results of `mitsume compare`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelComparison {
    /// Which images are compared.
    pub images: ComparedSet,
    /// How the intervals were made.
    pub resampling: Resampling,
    /// Rows and columns of the common grid of the figures called `grid_*` and of
    /// `chance_corrected`.
    pub grid: [usize; 2],
    /// Height and width at which maps of two models are compared: the largest of all models'.
    pub map_size: [usize; 2],
    /// Whether the models' maps differ in size; then `l2` is not compared.
    pub map_sizes_differ: bool,
    /// Whether only images that every model counts make the consistencies.
    pub shared: bool,
    /// Name of the model that the others are compared with.
    pub baseline: String,
    /// The models, in the order in which they were named.
    pub models: Vec<ComparedModel>,
    /// Every other model against the baseline.
    pub pairs: Vec<ModelPair>,
    /// How alike all models explain. Absent in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<MapStability>,
    /// What limits the comparison, in English words.
    pub cautions: Vec<String>,
    /// What was found, in English words.
    pub summary: Vec<String>,
}

impl ModelComparison {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }
}

/// The images that all models were evaluated on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedSet {
    /// Number of common images.
    pub common: usize,
    /// Class names, in the order of the first model's labels.
    pub classes: Vec<String>,
    /// Common images of each class.
    pub per_class: Vec<u64>,
    /// The images of each model that are left out, in the order of the models.
    pub left_out: Vec<LeftOut>,
    /// Paths in every evaluation, but of other classes; they are left out.
    pub labelled_differently: Vec<String>,
}

/// Images of a model that are not in all evaluations, or not of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The model's name.
    pub model: String,
    /// Their number.
    pub images: usize,
    /// Their paths, sorted.
    pub paths: Vec<String>,
}

/// Settings of the bootstrap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resampling {
    /// Number of resamples; 0 for no intervals.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Confidence level of the intervals.
    pub confidence: f64,
    /// `class`: every class keeps its number of images, or of patients; `none`: all are drawn together.
    pub strata: String,
    /// What is drawn: `image`, or `patient`, with all of its images.
    #[serde(default = "image")]
    pub unit: String,
    /// Number of patients that are known; 0 if none is.
    #[serde(default)]
    pub patients: usize,
    /// Images of no known patient, each of which counts as one; all of them if none is known.
    #[serde(default)]
    pub images_without_patient: usize,
}

fn image() -> String {
    "image".to_owned()
}

/// A figure with its interval: percentiles of the resamples, for a consistency moved by minus the
/// bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BootstrapEstimate {
    /// The figure of the images as they are; `None` if it is not defined.
    pub value: Option<f64>,
    /// Lower and upper limit; `None` without resamples, or where the figure is not defined in more
    /// than one of twenty.
    pub interval: Option<[f64; 2]>,
    /// Mean of the resamples minus `value`; `None` without resamples.
    pub bias: Option<f64>,
    /// Resamples in which it is defined.
    pub defined: usize,
}

/// The figures that models are compared by; of a pair, differences: model minus baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparedFigures {
    /// Share of images classified correctly.
    pub accuracy: BootstrapEstimate,
    /// Cohen's kappa.
    pub kappa: BootstrapEstimate,
    /// The metric as defined; lower is more consistent.
    pub squared_l2: BootstrapEstimate,
    /// The metric as published; no value in a pair whose maps differ in size.
    pub l2: BootstrapEstimate,
    /// `squared_l2` on the common grid.
    pub grid_squared_l2: BootstrapEstimate,
    /// `l2` on the common grid.
    pub grid_l2: BootstrapEstimate,
    /// The share of the maps' variance that the class explains, corrected for chance; higher is more
    /// consistent.
    pub chance_corrected: BootstrapEstimate,
}

/// One model over the common images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedModel {
    /// The name by which it is called here.
    pub name: String,
    /// Its folder as it was named.
    pub path: String,
    /// The evaluated model, as in its `eval.json`.
    pub model: ModelSummary,
    /// The folder or list of its images.
    pub data: String,
    /// Images that its consistency is over.
    pub counted: u64,
    /// Its figures.
    #[serde(flatten)]
    pub figures: ComparedFigures,
    /// By class.
    pub per_class: Vec<ComparedClass>,
    /// Counts, `confusion[true class][predicted class]`, classes as in `images.classes`.
    pub confusion: Vec<Vec<u64>>,
}

/// One class of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedClass {
    /// Class name.
    pub class: String,
    /// Common images of the class.
    pub images: u64,
    /// Classified correctly.
    pub correct: u64,
    /// Images that the class's mean map and consistency are over.
    pub counted: u64,
    /// Mean `squared-l2` deviation.
    pub squared_l2: Option<f64>,
    /// Mean `l2` deviation.
    pub l2: Option<f64>,
    /// Mean `squared-l2` deviation on the common grid.
    pub grid_squared_l2: Option<f64>,
}

/// A model against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelPair {
    /// The model's name.
    pub model: String,
    /// The baseline's name.
    pub baseline: String,
    /// Model minus baseline.
    pub differences: ComparedFigures,
    /// Which of the two has which images right.
    pub accuracy: AccuracyTest,
    /// How alike their maps of the same images are.
    pub maps: MapAgreement,
}

/// Whether models that agree look alike, over all pairs of models and all common images (Fel et al.
/// 2022). The distance of two maps, at `map_size`, is `sqrt(1 - |r|)`, r Spearman's rank correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapStability {
    /// Mean generalizability, `1 / (1 + mean distance where both are right)`: 1/2 to 1.
    pub mege: Option<f64>,
    /// Relative consistency: how well a distance tells whether both are right or one, 0 to 1.
    pub reco: Option<f64>,
    /// Pairs of maps of two models that both have the image right.
    pub both_right: usize,
    /// Pairs of which one model has the image right.
    pub one_right: usize,
    /// Further such pairs that are left out, because a constant map has no ranks.
    pub constant: usize,
}

/// McNemar's test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccuracyTest {
    /// Images right by both.
    pub both: u64,
    /// Right by the baseline alone.
    pub baseline_only: u64,
    /// Right by the model alone.
    pub model_only: u64,
    /// Right by neither.
    pub neither: u64,
    /// Exact two-sided p-value.
    pub p: f64,
    /// The same corrected for the number of pairs (Holm).
    pub p_holm: f64,
}

/// How alike two models' maps of the same images are, at `map_size`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapAgreement {
    /// Mean over the images of Pearson's correlation of both maps.
    pub pearson: BootstrapEstimate,
    /// The same of the baseline's map of another image of the class: what the maps have in common
    /// that is not of the image.
    pub pearson_of_other_images: Option<f64>,
    /// Mean squared difference of both maps, as `squared-l2`.
    pub squared_l2: BootstrapEstimate,
    /// By class.
    pub per_class: Vec<ClassAgreement>,
    /// The images whose maps are least alike, first the least.
    pub least_alike: Vec<PairedImage>,
    /// Images that only the baseline has right, first those whose maps are least alike.
    pub baseline_only: Vec<PairedImage>,
    /// Images that only the model has right, in the same order.
    pub model_only: Vec<PairedImage>,
}

/// Agreement of the maps of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassAgreement {
    /// Class name.
    pub class: String,
    /// Pearson's correlation of both class mean maps; `None` where one of them does not exist.
    pub mean_map_pearson: Option<f64>,
    /// Mean squared difference of both class mean maps.
    pub mean_map_squared_l2: Option<f64>,
    /// Mean correlation over the images of the class; `None` without one.
    pub pearson: Option<f64>,
}

/// An image and the maps of two models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedImage {
    /// Path below the data folder.
    pub image: String,
    /// Its class.
    pub class: String,
    /// Pearson's correlation of both maps; of a constant map 0, of two 1.
    pub pearson: f64,
    /// Mean squared difference of both maps.
    pub squared_l2: f64,
}
