//! The metric on maps in memory, of any layout, without a copy where their values lie in order.

use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use super::maps::MAX_PIXELS;
use super::{
    LabelsAndPredictions, MAX_CLASSES, Score, ScoreOptions, ScoreProblem, check_finite_map,
    check_unit_range, too_wide,
};
use crate::consistency::{ClassMean, ClassMeans, DeviationPass, check_finite};
use crate::deviation::Deviation;
use crate::measures::{Distances, GridMaps, Measures};
use crate::normalise::normalise;

/// Maps with their labels and predictions, in memory.
#[derive(Clone, Copy, Debug)]
pub struct ScoreArrays<'a, T> {
    /// [N, h, w].
    pub cams: ArrayView3<'a, T>,
    /// Class indices of the truth, `[N]`.
    pub labels: ArrayView1<'a, i64>,
    /// Class indices of the classifier, `[N]`.
    pub predictions: ArrayView1<'a, i64>,
}

/// A [`Score`], and what a file of maps is not asked for.
#[derive(Clone, Debug)]
pub struct ScoredArrays {
    /// As of a file.
    pub score: Score,
    /// Class mean maps.
    pub means: ClassMeans,
    /// Each image's deviation from its class mean map; `None` for an image that is not correct.
    pub deviations: Vec<Option<Deviation>>,
}

/// Scores maps in memory: the numbers of [`score`](super::score()), bit for bit.
///
/// `classes` is the number of classes, at most [`MAX_CLASSES`]; `None` for one more than the largest
/// index. Computed in parallel; the same bits for any number of threads.
///
/// # Errors
/// Arrays of different numbers of images or without a map; class indices out of range; values that
/// are not finite, or outside [0, 1] where they are not to be normalised.
pub fn score_arrays<T: Copy + Into<f64> + Send + Sync>(
    arrays: ScoreArrays<'_, T>,
    classes: Option<usize>,
    options: ScoreOptions,
) -> Result<ScoredArrays, ScoreProblem> {
    let truth = arrays.check(classes)?;
    if options.normalise {
        scored(&Normalised(arrays.cams), truth, options)
    } else {
        scored(&AsStored(arrays.cams), truth, options)
    }
}

impl<T: Copy + Into<f64>> ScoreArrays<'_, T> {
    /// Checks shapes and class indices.
    pub(super) fn check(
        &self,
        classes: Option<usize>,
    ) -> Result<LabelsAndPredictions, ScoreProblem> {
        let (images, height, width) = self.cams.dim();
        if self.cams.is_empty() {
            return Err(ScoreProblem::Array {
                array: "cams",
                reason: format!("shape {:?} holds no map", self.cams.shape()),
            });
        }
        if height * width > MAX_PIXELS {
            return Err(ScoreProblem::Array {
                array: "cams",
                reason: format!("maps of {height} x {width}; up to {MAX_PIXELS} values are taken"),
            });
        }
        let bound = classes.unwrap_or(MAX_CLASSES).min(MAX_CLASSES);
        let mut truth = LabelsAndPredictions::new(
            class_indices("labels", self.labels, images, bound)?,
            class_indices("predictions", self.predictions, images, bound)?,
        );
        truth.classes = classes.unwrap_or(truth.classes);
        truth.check_memory(height, width)?;
        Ok(truth)
    }
}

fn class_indices(
    array: &'static str,
    values: ArrayView1<'_, i64>,
    images: usize,
    classes: usize,
) -> Result<Vec<u32>, ScoreProblem> {
    if values.len() != images {
        return Err(ScoreProblem::Images {
            images,
            array,
            found: values.len(),
        });
    }
    let each = values.iter().enumerate();
    each.map(|(index, &value)| match u32::try_from(value) {
        Ok(class) if (class as usize) < classes => Ok(class),
        _ => Err(ScoreProblem::NoClass {
            array,
            index,
            value: value.into(),
            classes,
        }),
    })
    .collect()
}

/// Maps one by one.
pub(super) trait MapSource: Sync {
    /// Type of a map's values.
    type Value: Copy + Into<f64> + Send + Sync;

    /// N, h and w.
    fn dim(&self) -> (usize, usize, usize);

    /// The map [h * w] of an image, checked; in `buffer` unless its values lie in order.
    fn map<'a>(
        &'a self,
        image: usize,
        buffer: &'a mut Vec<Self::Value>,
    ) -> Result<&'a [Self::Value], ScoreProblem>;
}

/// Maps in [0, 1], as they are.
pub(super) struct AsStored<'a, T>(pub ArrayView3<'a, T>);

impl<T: Copy + Into<f64> + Send + Sync> MapSource for AsStored<'_, T> {
    type Value = T;

    fn dim(&self) -> (usize, usize, usize) {
        self.0.dim()
    }

    fn map<'a>(&'a self, image: usize, buffer: &'a mut Vec<T>) -> Result<&'a [T], ScoreProblem> {
        let map = self.0.index_axis(Axis(0), image);
        let values = match map.to_slice() {
            Some(values) => values,
            None => {
                buffer.clear();
                buffer.extend(map.iter());
                &buffer[..]
            }
        };
        check_finite_map(image, values)?;
        check_unit_range(image, values)?;
        Ok(values)
    }
}

/// Maps that are normalised by Eq. 2.
pub(super) struct Normalised<'a, T>(pub ArrayView3<'a, T>);

impl<T: Copy + Into<f64> + Sync> MapSource for Normalised<'_, T> {
    type Value = f64;

    fn dim(&self) -> (usize, usize, usize) {
        self.0.dim()
    }

    fn map<'a>(
        &'a self,
        image: usize,
        buffer: &'a mut Vec<f64>,
    ) -> Result<&'a [f64], ScoreProblem> {
        let map: ArrayView2<T> = self.0.index_axis(Axis(0), image);
        buffer.clear();
        buffer.extend(map.iter().map(|&value| value.into()));
        check_finite_map(image, buffer)?;
        normalise(buffer);
        check_finite(buffer).map_err(|error| too_wide(image, error))?;
        Ok(buffer)
    }
}

fn scored<S: MapSource>(
    source: &S,
    truth: LabelsAndPredictions,
    options: ScoreOptions,
) -> Result<ScoredArrays, ScoreProblem> {
    let (images, height, width) = source.dim();
    let shape = [height, width];
    check_all(source, images)?;
    let means = class_means(source, &truth)?;
    let wanted = options.measures;
    let grid = match wanted {
        Some(measures) => Some(grid_maps(source, &truth, measures.grid)?),
        None => None,
    };
    let permutations = wanted.map_or(0, |measures| measures.permutations);
    let distances = Distances::new(shape);
    let compared = |image: usize| -> Result<Option<Compared>, ScoreProblem> {
        let class = truth.correct_class(image);
        let Some(mean) = class.and_then(|class| means.mean(class)) else {
            return Ok(None);
        };
        let mut buffer = Vec::new();
        let map = source.map(image, &mut buffer)?;
        let deviation = Deviation::between(map, mean);
        Ok(Some(Compared {
            deviation: deviation.map_err(|error| too_wide(image, error.into()))?,
            distances: (permutations > 0).then(|| distances.between(map, mean)),
        }))
    };
    let compared: Vec<Option<Compared>> = (0..images)
        .into_par_iter()
        .map(compared)
        .collect::<Result<_, _>>()?;
    // Summed in order, so that the result does not depend on threads.
    let mut pass = DeviationPass::new(&means);
    let mut sums = distances.clone();
    for (image, compared) in compared.iter().enumerate() {
        if let (Some(class), Some(compared)) = (truth.correct_class(image), compared) {
            pass.push_deviation(class, compared.deviation);
            if let Some(found) = compared.distances {
                sums.push_distances(found);
            }
        }
    }
    let measures = grid.map(|grid| match permutations {
        0 => Measures::from_grid(&grid),
        _ => Measures::new(&grid, &sums, permutations, 0),
    });
    let score = Score {
        measures,
        ..truth.score(&means, Some(&pass.l2()))
    };
    let deviations = compared
        .iter()
        .map(|one| one.as_ref().map(|one| one.deviation));
    Ok(ScoredArrays {
        score,
        deviations: deviations.collect(),
        means,
    })
}

/// A correct image's map compared with its class mean map.
struct Compared {
    deviation: Deviation,
    distances: Option<[f64; 4]>,
}

/// Checks every map, whether or not its image is correct. The error is of the first image.
pub(super) fn check_all<S: MapSource>(source: &S, images: usize) -> Result<(), ScoreProblem> {
    let problem = (0..images).into_par_iter().find_map_first(|image| {
        let mut buffer = Vec::new();
        source.map(image, &mut buffer).err()
    });
    problem.map_or(Ok(()), Err)
}

/// The class means: classes in parallel, each with its images in order.
fn class_means<S: MapSource>(
    source: &S,
    truth: &LabelsAndPredictions,
) -> Result<ClassMeans, ScoreProblem> {
    let (images, height, width) = source.dim();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); truth.classes];
    for image in 0..images {
        if let Some(class) = truth.correct_class(image) {
            members[class].push(image);
        }
    }
    let mean_of = |members: &Vec<usize>| -> Result<Option<ClassMean>, ScoreProblem> {
        if members.is_empty() {
            return Ok(None);
        }
        let mut mean = ClassMean::new(height * width);
        let mut buffer = Vec::new();
        for &image in members {
            mean.push(source.map(image, &mut buffer)?);
        }
        Ok(Some(mean))
    };
    let classes = members.par_iter().map(mean_of).collect::<Result<_, _>>()?;
    ClassMeans::from_classes([height, width], classes).map_err(|error| too_wide(0, error))
}

/// The maps of the correct images on the common grid, in order.
fn grid_maps<S: MapSource>(
    source: &S,
    truth: &LabelsAndPredictions,
    side: usize,
) -> Result<GridMaps, ScoreProblem> {
    let (images, height, width) = source.dim();
    let mut grid = GridMaps::new(truth.classes, [height, width], side);
    let averaged = |image: usize| -> Result<Option<Vec<f32>>, ScoreProblem> {
        if truth.correct_class(image).is_none() {
            return Ok(None);
        }
        let mut buffer = Vec::new();
        Ok(Some(grid.average(source.map(image, &mut buffer)?)))
    };
    let averaged: Vec<Option<Vec<f32>>> = (0..images)
        .into_par_iter()
        .map(averaged)
        .collect::<Result<_, _>>()?;
    for (image, map) in averaged.iter().enumerate() {
        if let (Some(class), Some(map)) = (truth.correct_class(image), map) {
            let pushed = grid.push_averaged(class, map);
            pushed.map_err(|error| too_wide(image, error))?;
        }
    }
    Ok(grid)
}
