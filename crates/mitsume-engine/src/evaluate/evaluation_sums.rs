//! Sums over the images of an evaluation.

use mitsume::consistency::ClassDeviations;
use mitsume::measures::Measures;
use mitsume::trust::Surroundings;
use mitsume::{ConfusionMatrix, Consistency};
use mitsume_artifacts::{
    ClassResult, ConsistencyResult, DataSummary, Evaluation, ExplainedClass, GroupMembership,
    MapsShape, ModelSummary,
};

use super::group_sums::GroupSums;
use crate::{EngineError, Result};

/// What the network gives for one image, of a batch or of a stored shard.
pub(crate) struct ImageOutputs<'a> {
    /// Position of the image in the data set.
    pub index: usize,
    pub label: usize,
    pub prediction: usize,
    /// `-log p` of the true class.
    pub cross_entropy: f64,
    /// Softmax probabilities, `[K]`.
    pub probabilities: &'a [f32],
    /// Its map, [h * w].
    pub map: &'a [f32],
    /// `None` if the map is all zero.
    pub surroundings: Option<Surroundings>,
}

/// Results of one image, except its map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImageResult {
    pub index: usize,
    pub label: usize,
    pub prediction: usize,
    /// The class with whose mean map its map is compared.
    pub group: GroupMembership,
    pub probability: f32,
    pub probability_label: f32,
    /// `None` if the map is all zero.
    pub surroundings: Option<Surroundings>,
}

/// Sums over the images so far.
pub(crate) struct EvaluationSums<'a> {
    pub groups: GroupSums,
    confusion: ConfusionMatrix,
    cross_entropy: f64,
    explain: &'a ExplainedClass,
}

impl<'a> EvaluationSums<'a> {
    pub fn new(shape: MapsShape, explain: &'a ExplainedClass) -> Self {
        EvaluationSums {
            groups: GroupSums::new(shape),
            confusion: ConfusionMatrix::new(shape.classes),
            cross_entropy: 0.0,
            explain,
        }
    }

    /// Adds an image.
    ///
    /// # Errors
    /// An unknown class, or a map with a value that is not finite.
    pub fn add(&mut self, image: &ImageOutputs<'_>) -> Result<ImageResult> {
        let (label, prediction) = (image.label, image.prediction);
        self.cross_entropy += image.cross_entropy;
        let added = self.confusion.add(label, prediction);
        added.map_err(|error| EngineError::Failed(error.to_string()))?;
        let group = self.explain.group(label, prediction);
        if group.counted {
            let surroundings = image.surroundings.as_ref();
            self.groups.add(group.class, image.map, surroundings)?;
        }
        Ok(ImageResult {
            index: image.index,
            label,
            prediction,
            group,
            probability: image.probabilities[prediction],
            probability_label: image.probabilities[label],
            surroundings: image.surroundings,
        })
    }

    /// The measures of the evaluation.
    pub fn evaluation(
        &self,
        model: ModelSummary,
        data: DataSummary,
        l2: &ClassDeviations,
        measures: Option<Measures>,
    ) -> Evaluation {
        let means = &self.groups.means;
        let squared_l2 = means.squared_l2();
        let total = Consistency::new(&squared_l2, l2);
        let surroundings = self.groups.surroundings();
        let counted =
            |class| (*self.explain == ExplainedClass::Predicted).then(|| means.count(class));
        let per_class = (0..means.classes())
            .map(|class| ClassResult {
                class: data.classes[class].clone(),
                images: self.confusion.truths()[class],
                correct: self.confusion.count(class, class),
                counted: counted(class),
                squared_l2: squared_l2.per_class[class].mean(),
                l2: l2.per_class[class].mean(),
                surroundings: surroundings[class].mean(),
            })
            .collect();
        Evaluation {
            accuracy: self.confusion.accuracy(),
            kappa: self.confusion.kappa(),
            cross_entropy: self.cross_entropy / data.images.max(1) as f64,
            consistency: ConsistencyResult {
                squared_l2: total.squared_l2,
                l2: total.l2,
                counted: total.counted,
            },
            measures,
            surroundings: self.groups.all_surroundings().mean(),
            per_class,
            confusion: self.confusion.rows(),
            model: ModelSummary {
                explain: self.explain.clone(),
                ..model
            },
            data,
        }
    }
}
