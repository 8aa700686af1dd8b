//! The metric on maps made by any other tool: from a `.npz` or `.safetensors` file ([`score()`]),
//! from arrays in memory ([`score_arrays`]), or batch by batch ([`StreamingScore`]).
//!
//! The file holds three arrays: `cams` [N, h, w] (any float or integer type), `labels` `[N]` and
//! `predictions` `[N]` (any integer type; the class indices of the truth and of the classifier).
//! Maps are streamed, twice (once for the class means, once for the `l2` form), so memory does not
//! grow with N beyond the labels, and nothing is allocated because a file claims it.

mod array;
mod arrays;
mod error;
mod maps;
mod npz;
mod safetensors;
mod streaming;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::consistency::{
    ClassDeviations, ClassMeans, Consistency, ConsistencyError, DeviationPass,
};
use crate::kappa::cohens_kappa;
use crate::measures::{GridMaps, MapMeasures, Measures};
use crate::normalise::normalise;
use crate::pixel_sums::all_within;
use array::Container;
pub use arrays::{ScoreArrays, ScoredArrays, score_arrays};
pub use error::{ScoreError, ScoreProblem};
pub use streaming::StreamingScore;

/// Bound on class indices; a larger one is taken for a mistake.
pub const MAX_CLASSES: usize = 1 << 16;
/// Bound on the bytes of all class mean maps.
const MAX_MEANS_BYTES: u64 = 4 << 30;
/// How far rounding may move a normalised value outside [0, 1].
const RANGE_TOLERANCE: f64 = 1e-6;
/// Values of a normalised map.
const UNIT_RANGE: (f64, f64) = (-RANGE_TOLERANCE, 1.0 + RANGE_TOLERANCE);

/// Settings of [`score`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScoreOptions {
    /// Normalise each map to [0, 1) first (Eq. 2). Without it, values outside [0, 1] are an error:
    /// the metric of raw maps would measure their scale.
    pub normalise: bool,
    /// Measures beyond the two forms of the metric.
    pub measures: Option<ScoreMeasures>,
}

/// Settings of the further measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreMeasures {
    /// Rows and columns of the common grid.
    pub grid: usize,
    /// Draws of the permutation null, and all measures of the maps themselves with it; 0 for
    /// neither.
    pub permutations: usize,
}

/// The metric, with accuracy and kappa of the classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// N.
    pub images: u64,
    /// Images whose prediction is their label.
    pub correct: u64,
    /// One more than the largest class index met.
    pub classes: usize,
    /// `[h, w]`; the `l2` form depends on it.
    pub cam_size: [usize; 2],
    /// Over all correct images.
    pub consistency: Consistency,
    /// Further measures, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// One entry per class index.
    pub per_class: Vec<ClassScore>,
    /// In [0, 1] (Eq. 3).
    pub accuracy: f64,
    /// Cohen's kappa (Eq. 4).
    pub kappa: f64,
}

/// One class of a [`Score`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// The class index.
    pub class: usize,
    /// Images of this class.
    pub images: u64,
    /// Of these, correct ones.
    pub correct: u64,
    /// Average deviation as defined; none without a correct image.
    pub squared_l2: Option<f64>,
    /// Average deviation as published; none with fewer than two correct images.
    pub l2: Option<f64>,
}

/// Scores the maps in the file at `path`, named `.npz` or `.safetensors`.
pub fn score(path: &Path, options: ScoreOptions) -> Result<Score, ScoreError> {
    score_file(path, options).map_err(|problem| ScoreError {
        path: path.to_owned(),
        problem,
    })
}

fn score_file(path: &Path, options: ScoreOptions) -> Result<Score, ScoreProblem> {
    let mut file = Container::open(path)?;
    let labels = file.classes("labels")?;
    let predictions = file.classes("predictions")?;
    let [images, height, width] = file.map_shape()?;
    for (array, found) in [("labels", labels.len()), ("predictions", predictions.len())] {
        if found != images {
            return Err(ScoreProblem::Images {
                images,
                array,
                found,
            });
        }
    }
    let truth = LabelsAndPredictions::new(labels, predictions);
    truth.check_memory(height, width)?;

    let shape = [height, width];
    let mut means = ClassMeans::new(truth.classes, shape);
    let wanted = options.measures;
    let mut grid = wanted.map(|measures| GridMaps::new(truth.classes, shape, measures.grid));
    file.for_each_map(|image, map| {
        prepare(image, map, options)?;
        match truth.correct_class(image) {
            Some(class) => means
                .push(class, map)
                .and_then(|()| grid.as_mut().map_or(Ok(()), |grid| grid.push(class, map)))
                .map_err(|error| too_wide(image, error)),
            None => Ok(()),
        }
    })?;
    let permutations = wanted.map_or(0, |measures| measures.permutations);
    let all = grid.as_ref().filter(|_| permutations > 0);
    let mut of_maps = all.map(|grid| MapMeasures::new(shape, grid.classes(), 0));
    let mut pass = DeviationPass::new(&means);
    file.for_each_map(|image, map| {
        if let Some(class) = truth.correct_class(image) {
            prepare(image, map, options)?;
            pass.push(class, map)
                .map_err(|error| too_wide(image, error))?;
            if let (Some(of_maps), Some(mean)) = (&mut of_maps, means.mean(class)) {
                of_maps.push(map, mean);
            }
        }
        Ok(())
    })?;
    let measures = grid.map(|grid| match &of_maps {
        None => Measures::from_grid(&grid),
        Some(of_maps) => Measures::new(&grid, of_maps, permutations, 0),
    });
    Ok(Score {
        measures,
        ..truth.score(&means, Some(&pass.l2()))
    })
}

/// Checks one map, whether or not its image is correct, and normalises it where asked.
fn prepare(image: usize, map: &mut [f64], options: ScoreOptions) -> Result<(), ScoreProblem> {
    if options.normalise {
        check_finite_map(image, map)?;
        normalise(map);
        Ok(())
    } else {
        check_unit_range(image, map)
    }
}

fn check_finite_map<T: Copy + Into<f64>>(image: usize, map: &[T]) -> Result<(), ScoreProblem> {
    if all_within(map, f64::MIN, f64::MAX) {
        return Ok(());
    }
    match map.iter().position(|&value| !value.into().is_finite()) {
        Some(index) => Err(ScoreProblem::NotFinite {
            image,
            index,
            value: map[index].into(),
        }),
        None => Ok(()),
    }
}

/// Refuses values that are not finite, or outside [0, 1].
fn check_unit_range<T: Copy + Into<f64>>(image: usize, map: &[T]) -> Result<(), ScoreProblem> {
    let (low, high) = UNIT_RANGE;
    if all_within(map, low, high) {
        return Ok(());
    }
    check_finite_map(image, map)?;
    let outside = |value: &f64| !(low..=high).contains(value);
    match map.iter().map(|&value| value.into()).find(outside) {
        Some(value) => Err(ScoreProblem::OutsideUnit { image, value }),
        None => Ok(()),
    }
}

/// A finite map whose range is too wide for `f64` turns non-finite in normalising.
fn too_wide(image: usize, error: ConsistencyError) -> ScoreProblem {
    ScoreProblem::Array {
        array: "cams",
        reason: format!("image {image}: {error}"),
    }
}

/// Labels against predictions.
struct LabelsAndPredictions {
    labels: Vec<u32>,
    predictions: Vec<u32>,
    classes: usize,
}

impl LabelsAndPredictions {
    fn new(labels: Vec<u32>, predictions: Vec<u32>) -> Self {
        let largest = labels.iter().chain(&predictions).max();
        let classes = largest.map_or(0, |&class| class as usize + 1);
        Self {
            labels,
            predictions,
            classes,
        }
    }

    /// The class of image `index` where the prediction is right.
    fn correct_class(&self, index: usize) -> Option<usize> {
        let label = self.labels[index];
        (label == self.predictions[index]).then_some(label as usize)
    }

    /// The images that are not correct, and the correct ones of each class.
    fn members(&self) -> (Vec<usize>, Vec<Vec<usize>>) {
        let mut counts = vec![0; self.classes];
        let correct = (0..self.labels.len()).filter_map(|image| self.correct_class(image));
        correct.for_each(|class| counts[class] += 1);
        let mut members: Vec<Vec<usize>> = counts.into_iter().map(Vec::with_capacity).collect();
        let mut others = Vec::new();
        for image in 0..self.labels.len() {
            match self.correct_class(image) {
                Some(class) => members[class].push(image),
                None => others.push(image),
            }
        }
        (others, members)
    }

    fn check_memory(&self, height: usize, width: usize) -> Result<(), ScoreProblem> {
        let bytes = (height * width * size_of::<f64>()) as u64;
        if bytes.saturating_mul(self.classes as u64) <= MAX_MEANS_BYTES {
            return Ok(());
        }
        let mut seen = vec![false; self.classes];
        for image in 0..self.labels.len() {
            if let Some(class) = self.correct_class(image) {
                seen[class] = true;
            }
        }
        let seen = seen.iter().filter(|&&seen| seen).count();
        match bytes.checked_mul(seen as u64) {
            Some(bytes) if bytes <= MAX_MEANS_BYTES => Ok(()),
            _ => Err(ScoreProblem::TooLarge {
                classes: seen,
                height,
                width,
            }),
        }
    }

    fn score(&self, means: &ClassMeans, l2: Option<&ClassDeviations>) -> Score {
        let mut truths = vec![0_u64; self.classes];
        let mut predicted = vec![0_u64; self.classes];
        for (&label, &prediction) in self.labels.iter().zip(&self.predictions) {
            truths[label as usize] += 1;
            predicted[prediction as usize] += 1;
        }
        let marginals = Marginals {
            truths: &truths,
            predicted: &predicted,
        };
        marginals.score(means, l2)
    }
}

/// Images per class, and per predicted class.
struct Marginals<'a> {
    truths: &'a [u64],
    predicted: &'a [u64],
}

impl Marginals<'_> {
    /// The score without further measures. Without `l2` deviations that form is not defined.
    fn score(&self, means: &ClassMeans, l2: Option<&ClassDeviations>) -> Score {
        let squared_l2 = means.squared_l2();
        let classes = self.truths.len();
        let per_class = (0..classes)
            .map(|class| ClassScore {
                class,
                images: self.truths[class],
                correct: means.count(class),
                squared_l2: squared_l2.per_class[class].mean(),
                l2: l2.and_then(|l2| l2.per_class[class].mean()),
            })
            .collect();
        let correct = squared_l2.total().count;
        let images: u64 = self.truths.iter().sum();
        let consistency = match l2 {
            Some(l2) => Consistency::new(&squared_l2, l2),
            None => Consistency {
                squared_l2: squared_l2.total().mean(),
                l2: None,
                counted: correct,
            },
        };
        Score {
            images,
            correct,
            classes,
            cam_size: means.shape(),
            consistency,
            measures: None,
            per_class,
            accuracy: correct as f64 / images as f64,
            kappa: cohens_kappa(correct, self.truths, self.predicted),
        }
    }
}
