//! Sums over the images of an evaluation.

use mitsume::consistency::ClassDeviations;
use mitsume::measures::Measures;
use mitsume::trust::Surroundings;
use mitsume::{ConfusionMatrix, Consistency};
use mitsume_artifacts::{
    ClassResult, ConsistencyResult, DataSummary, Evaluation, ExplainedClass, GroupMembership,
    MapsShape, ModelSummary,
};
use mitsume_data::{Batch, Preprocess};

use super::forward::BatchOutputs;
use super::group_sums::{GroupImage, GroupSums};
use crate::{EngineError, Result};

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
    pub fn new(shape: MapsShape, preprocess: &Preprocess, explain: &'a ExplainedClass) -> Self {
        EvaluationSums {
            groups: GroupSums::new(shape, preprocess),
            confusion: ConfusionMatrix::new(shape.classes),
            cross_entropy: 0.0,
            explain,
        }
    }

    /// Adds image `i` of a batch.
    pub fn add(&mut self, batch: &Batch, outputs: &BatchOutputs, i: usize) -> Result<ImageResult> {
        let (label, prediction) = (batch.labels[i], outputs.predictions[i]);
        let probabilities = outputs.probabilities(i);
        self.cross_entropy += outputs.cross_entropy(i, label);
        let added = self.confusion.add(label, prediction);
        added.map_err(|error| EngineError::Failed(error.to_string()))?;
        let group = self.explain.group(label, prediction);
        if group.counted {
            let pixels = self.groups.pixels();
            let image = GroupImage {
                map: outputs.map(i),
                surroundings: outputs.surroundings[i],
                pixels: &batch.images[i * pixels..][..pixels],
            };
            self.groups.add(group.class, &image)?;
        }
        Ok(ImageResult {
            index: batch.indices[i],
            label,
            prediction,
            group,
            probability: probabilities[prediction],
            probability_label: probabilities[label],
            surroundings: outputs.surroundings[i],
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
