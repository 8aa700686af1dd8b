//! Sums over the images of an evaluation.

use mitsume::consistency::ClassDeviations;
use mitsume::measures::Measures;
use mitsume::trust::{Surroundings, SurroundingsSum};
use mitsume::{ClassMeans, ConfusionMatrix, Consistency};
use mitsume_artifacts::{
    ClassMaps, ClassResult, ConsistencyResult, DataSummary, Evaluation, MapsShape, ModelSummary,
};
use mitsume_data::{Batch, ImageTransform, Preprocess};

use super::forward::BatchOutputs;
use crate::{EngineError, Result};

/// Results of one image, except its map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImageResult {
    pub index: usize,
    pub label: usize,
    pub prediction: usize,
    pub probability: f32,
    pub probability_label: f32,
    /// `None` if the map is all zero.
    pub surroundings: Option<Surroundings>,
}

/// Sums over the images so far.
pub(crate) struct EvaluationSums {
    /// Class mean maps, over the correctly classified images.
    pub means: ClassMeans,
    confusion: ConfusionMatrix,
    cross_entropy: f64,
    /// Surroundings of the correctly classified images, by class.
    surroundings: Vec<SurroundingsSum>,
    /// [channels, height, width].
    image: [usize; 3],
    transform: ImageTransform,
    /// By class the sum of the correctly classified images' pixels in [0, 1].
    image_sums: Vec<Vec<f64>>,
}

impl EvaluationSums {
    pub fn new(shape: MapsShape, preprocess: &Preprocess) -> Self {
        let image = [preprocess.channels, preprocess.height, preprocess.width];
        EvaluationSums {
            means: ClassMeans::new(shape.classes, shape.cam),
            confusion: ConfusionMatrix::new(shape.classes),
            cross_entropy: 0.0,
            surroundings: vec![SurroundingsSum::default(); shape.classes],
            image,
            transform: preprocess.transform,
            image_sums: vec![vec![0.0; image.iter().product()]; shape.classes],
        }
    }

    /// Adds image `i` of a batch.
    pub fn add(&mut self, batch: &Batch, outputs: &BatchOutputs, i: usize) -> Result<ImageResult> {
        let (label, prediction) = (batch.labels[i], outputs.predictions[i]);
        let probabilities = outputs.probabilities(i);
        self.cross_entropy += outputs.cross_entropy(i, label);
        let added = self.confusion.add(label, prediction);
        added.map_err(|error| EngineError::Failed(error.to_string()))?;
        if label == prediction {
            let [h, w] = self.means.shape();
            self.means
                .push(label, &outputs.maps[i * h * w..][..h * w])?;
            if let Some(surroundings) = &outputs.surroundings[i] {
                self.surroundings[label].push(surroundings);
            }
            let pixels = self.image.iter().product::<usize>();
            let image = &batch.images[i * pixels..][..pixels];
            let plane = self.image[1] * self.image[2];
            for (index, (sum, pixel)) in self.image_sums[label].iter_mut().zip(image).enumerate() {
                let (mean, std) = (
                    self.transform.mean[index / plane],
                    self.transform.std[index / plane],
                );
                *sum += f64::from(*pixel) * f64::from(std) + f64::from(mean);
            }
        }
        Ok(ImageResult {
            index: batch.indices[i],
            label,
            prediction,
            probability: probabilities[prediction],
            probability_label: probabilities[label],
            surroundings: outputs.surroundings[i],
        })
    }

    /// Mean maps and mean images of each class, over the correctly classified images.
    pub fn class_maps(&self) -> ClassMaps {
        let classes = self.means.classes();
        let [h, w] = self.means.shape();
        let mut maps = ClassMaps {
            means: Vec::new(),
            counts: Vec::new(),
            mean_images: Vec::new(),
            image: self.image,
        };
        for class in 0..classes {
            let count = self.means.count(class);
            match self.means.mean(class) {
                Some(mean) => maps.means.extend(mean.iter().map(|value| *value as f32)),
                None => maps.means.extend(std::iter::repeat_n(0.0, h * w)),
            }
            let sums = self.image_sums[class].iter();
            maps.mean_images
                .extend(sums.map(|sum| (sum / count.max(1) as f64) as f32));
            maps.counts.push(count);
        }
        maps
    }

    /// The measures of the evaluation.
    pub fn evaluation(
        &self,
        model: ModelSummary,
        data: DataSummary,
        l2: &ClassDeviations,
        measures: Option<Measures>,
    ) -> Evaluation {
        let squared_l2 = self.means.squared_l2();
        let total = Consistency::new(&squared_l2, l2);
        let mut surroundings = SurroundingsSum::default();
        for class in &self.surroundings {
            surroundings.merge(class);
        }
        let per_class = (0..self.means.classes())
            .map(|class| ClassResult {
                class: data.classes[class].clone(),
                images: self.confusion.truths()[class],
                correct: self.confusion.count(class, class),
                squared_l2: squared_l2.per_class[class].mean(),
                l2: l2.per_class[class].mean(),
                surroundings: self.surroundings[class].mean(),
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
            surroundings: surroundings.mean(),
            per_class,
            confusion: self.confusion.rows(),
            model,
            data,
        }
    }
}
