//! The metric on maps in memory, of any layout, without a copy where their values lie in order.

use ndarray::{ArrayView1, ArrayView2, ArrayView3, Axis};
use rayon::prelude::*;

use super::maps::MAX_PIXELS;
use super::{
    LabelsAndPredictions, MAX_CLASSES, Score, ScoreMeasures, ScoreOptions, ScoreProblem,
    UNIT_RANGE, check_finite_map, check_unit_range, too_wide,
};
use crate::consistency::{ClassMean, ClassMeans, DeviationPass, check_finite};
use crate::deviation::Deviation;
use crate::measures::{GridMaps, MapMeasures, Measures};
use crate::normalise::normalise;
use crate::pixel_sums::{Maps, squared_differences, squared_differences_of_maps};

/// Fewer images are not worth a task of their own.
const IMAGES_PER_TASK: usize = 64;
/// Fewer values are checked sooner than a thread wakes.
const VALUES_PER_THREAD: usize = 1 << 16;

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
    // All of it on a thread of the pool: each step would wake one otherwise.
    rayon::scope(|_| {
        let truth = arrays.check(classes)?;
        if options.normalise {
            scored(&Normalised(arrays.cams), truth, options)
        } else {
            scored(&AsStored::new(arrays.cams), truth, options)
        }
    })
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
    // A negative index is a large one as an unsigned number.
    let outside = |value: i64| value as u64 >= classes as u64;
    if values.fold(false, |any, &value| any | outside(value))
        && let Some((index, &value)) = values
            .iter()
            .enumerate()
            .find(|&(_, &value)| outside(value))
    {
        return Err(ScoreProblem::NoClass {
            array,
            index,
            value: value.into(),
            classes,
        });
    }
    // Below `MAX_CLASSES`.
    Ok(values.iter().map(|&value| value as u32).collect())
}

/// Maps one by one.
pub(super) trait MapSource: Sync {
    /// Type of a map's values.
    type Value: Copy + Into<f64> + Send + Sync;

    /// N, h and w.
    fn dim(&self) -> (usize, usize, usize);

    /// The map [h * w] of an image; in `buffer` unless its values lie in order. The map has passed
    /// [`MapSource::checked`].
    fn map<'a>(&'a self, image: usize, buffer: &'a mut Vec<Self::Value>) -> &'a [Self::Value];

    /// [`MapSource::map`], its values checked.
    fn checked<'a>(
        &'a self,
        image: usize,
        buffer: &'a mut Vec<Self::Value>,
    ) -> Result<&'a [Self::Value], ScoreProblem>;

    /// All maps, if their values lie in order as they are.
    fn maps(&self) -> Option<Maps<'_, Self::Value>> {
        None
    }

    /// Adds the maps of `images` to `mean`, in order, their values checked.
    fn push_all(&self, images: &[usize], mean: &mut ClassMean) -> Result<(), ScoreProblem> {
        if let Some(maps) = self.maps()
            && mean.push_maps(maps, images, UNIT_RANGE)
        {
            return Ok(());
        }
        let mut buffer = Vec::new();
        for &image in images {
            mean.push(self.checked(image, &mut buffer)?);
        }
        Ok(())
    }

    /// The deviations of the maps of `images` from `mean` [h * w].
    fn deviations(&self, images: &[usize], mean: &[f64]) -> Vec<Deviation> {
        let sums = match self.maps() {
            Some(maps) => squared_differences_of_maps(maps, images, mean),
            None => {
                let mut buffer = Vec::new();
                let sum = |&image| squared_differences(self.map(image, &mut buffer), mean);
                images.iter().map(sum).collect()
            }
        };
        let deviation = |sum| Deviation::from_sum_of_squares(sum, mean.len());
        sums.into_iter().map(deviation).collect()
    }
}

/// Maps in [0, 1], as they are.
pub(super) struct AsStored<'a, T> {
    cams: ArrayView3<'a, T>,
    /// All values, if they lie in order.
    values: Option<&'a [T]>,
}

impl<'a, T> AsStored<'a, T> {
    pub fn new(cams: ArrayView3<'a, T>) -> Self {
        let values = cams.to_slice();
        Self { cams, values }
    }
}

impl<T: Copy + Into<f64> + Send + Sync> MapSource for AsStored<'_, T> {
    type Value = T;

    fn dim(&self) -> (usize, usize, usize) {
        self.cams.dim()
    }

    fn map<'a>(&'a self, image: usize, buffer: &'a mut Vec<T>) -> &'a [T] {
        if let Some(maps) = self.maps() {
            return maps.map(image);
        }
        let map = self.cams.index_axis(Axis(0), image);
        match map.to_slice() {
            Some(values) => values,
            None => {
                buffer.clear();
                buffer.extend(map.iter());
                buffer
            }
        }
    }

    fn checked<'a>(
        &'a self,
        image: usize,
        buffer: &'a mut Vec<T>,
    ) -> Result<&'a [T], ScoreProblem> {
        let map = self.map(image, buffer);
        check_unit_range(image, map)?;
        Ok(map)
    }

    fn maps(&self) -> Option<Maps<'_, T>> {
        let (_, height, width) = self.cams.dim();
        let pixels = height * width;
        self.values.map(|values| Maps { values, pixels })
    }
}

/// Maps that are normalised by Eq. 2.
pub(super) struct Normalised<'a, T>(pub ArrayView3<'a, T>);

impl<T: Copy + Into<f64> + Sync> Normalised<'_, T> {
    /// The map before normalisation.
    fn read(&self, image: usize, buffer: &mut Vec<f64>) {
        let map: ArrayView2<T> = self.0.index_axis(Axis(0), image);
        buffer.clear();
        buffer.extend(map.iter().map(|&value| value.into()));
    }
}

impl<T: Copy + Into<f64> + Sync> MapSource for Normalised<'_, T> {
    type Value = f64;

    fn dim(&self) -> (usize, usize, usize) {
        self.0.dim()
    }

    fn map<'a>(&'a self, image: usize, buffer: &'a mut Vec<f64>) -> &'a [f64] {
        self.read(image, buffer);
        normalise(buffer);
        buffer
    }

    fn checked<'a>(
        &'a self,
        image: usize,
        buffer: &'a mut Vec<f64>,
    ) -> Result<&'a [f64], ScoreProblem> {
        self.read(image, buffer);
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
    let (others, members) = truth.members();
    let classes = match score_classes(source, &others, &members) {
        Ok(classes) => classes,
        // Classes are read side by side; the error to report is that of the first image.
        Err(error) => return Err(check_all(source, images).err().unwrap_or(error)),
    };
    let mut deviations = vec![None; images];
    let mut means = Vec::with_capacity(classes.len());
    let mut deviations_of = Vec::with_capacity(classes.len());
    for (members, class) in members.iter().zip(classes) {
        let (mean, of_class) = class.map(|class| (class.mean, class.deviations)).unzip();
        let of_class = of_class.unwrap_or_default();
        for (&image, &deviation) in members.iter().zip(&of_class) {
            deviations[image] = Some(deviation);
        }
        means.push(mean);
        deviations_of.push(of_class);
    }
    let means =
        ClassMeans::from_classes([height, width], means).map_err(|error| too_wide(0, error))?;
    // Of each class in the order of its images, so that the sums do not depend on threads.
    let mut pass = DeviationPass::new(&means);
    for (class, deviations) in deviations_of.iter().enumerate() {
        for &deviation in deviations {
            pass.push_deviation(class, deviation);
        }
    }
    let measures = match options.measures {
        Some(wanted) => Some(measures(source, &truth, &means, wanted)?),
        None => None,
    };
    let score = Score {
        measures,
        ..truth.score(&means, Some(&pass.l2()))
    };
    Ok(ScoredArrays {
        score,
        deviations,
        means,
    })
}

/// Checks every map, whether or not its image is correct. The error is of the first image.
pub(super) fn check_all<S: MapSource>(source: &S, images: usize) -> Result<(), ScoreProblem> {
    let problem = |buffer: &mut Vec<S::Value>, image: usize| source.checked(image, buffer).err();
    let (_, height, width) = source.dim();
    let problem = if images * height * width < VALUES_PER_THREAD {
        let mut buffer = Vec::new();
        (0..images).find_map(|image| problem(&mut buffer, image))
    } else {
        let each = (0..images).into_par_iter().map_init(Vec::new, problem);
        each.find_map_first(|problem| problem)
    };
    problem.map_or(Ok(()), Err)
}

/// What the correct images of a class give.
struct ScoredClass {
    mean: ClassMean,
    /// Of each image from the mean map, in order.
    deviations: Vec<Deviation>,
}

/// The scores of each class with a correct image, of the images in `members`. All maps are checked,
/// those of `others` too.
///
/// Classes run in parallel, each with its images in order, so that the bits do not depend on
/// threads; a small class is still in the cache when its deviations are computed.
fn score_classes<S: MapSource>(
    source: &S,
    others: &[usize],
    members: &[Vec<usize>],
) -> Result<Vec<Option<ScoredClass>>, ScoreProblem> {
    let (_, height, width) = source.dim();
    let score = |members: &Vec<usize>| -> Result<Option<ScoredClass>, ScoreProblem> {
        if members.is_empty() {
            return Ok(None);
        }
        let mut mean = ClassMean::new(height * width);
        source.push_all(members, &mut mean)?;
        let deviations = members
            .par_chunks(IMAGES_PER_TASK)
            .flat_map_iter(|images| source.deviations(images, mean.mean()))
            .collect();
        Ok(Some(ScoredClass { mean, deviations }))
    };
    let (checked, classes) = rayon::join(
        || {
            let others = others.par_iter().with_min_len(IMAGES_PER_TASK);
            others.try_for_each_init(Vec::new, |buffer, &image| {
                source.checked(image, buffer).map(|_| ())
            })
        },
        || members.par_iter().map(score).collect(),
    );
    checked.and(classes)
}

/// Further measures; the permutation null and those of the maps themselves where they are asked for.
fn measures<S: MapSource>(
    source: &S,
    truth: &LabelsAndPredictions,
    means: &ClassMeans,
    wanted: ScoreMeasures,
) -> Result<Measures, ScoreProblem> {
    let grid = grid_maps(source, truth, wanted.grid)?;
    if wanted.permutations == 0 {
        return Ok(Measures::from_grid(&grid));
    }
    let mut of_maps = MapMeasures::new(means.shape(), grid.classes(), 0);
    let map = |image, buffer: &mut Vec<S::Value>| -> Vec<f64> {
        let values = source.map(image, buffer).iter();
        values.map(|&value| value.into()).collect()
    };
    let each = each_image(source, |buffer, image| {
        let mean = means.mean(truth.correct_class(image)?)?;
        Some(of_maps.found(&map(image, buffer), mean))
    });
    let mut buffer = Vec::new();
    for (image, found) in each.iter().enumerate() {
        if let Some(found) = found {
            let kept = of_maps.keeps_next().then(|| map(image, &mut buffer));
            of_maps.push_found(found, kept.as_deref());
        }
    }
    Ok(Measures::new(&grid, &of_maps, wanted.permutations, 0))
}

/// The maps of the correct images on the common grid, in order.
fn grid_maps<S: MapSource>(
    source: &S,
    truth: &LabelsAndPredictions,
    side: usize,
) -> Result<GridMaps, ScoreProblem> {
    let (_, height, width) = source.dim();
    let mut grid = GridMaps::new(truth.classes, [height, width], side);
    let averaged = each_image(source, |buffer, image| {
        truth.correct_class(image)?;
        Some(grid.average(source.map(image, buffer)))
    });
    for (image, map) in averaged.iter().enumerate() {
        if let (Some(class), Some(map)) = (truth.correct_class(image), map) {
            let pushed = grid.push_averaged(class, map);
            pushed.map_err(|error| too_wide(image, error))?;
        }
    }
    Ok(grid)
}

/// `found` of every image, in parallel, with a buffer for [`MapSource::map`].
fn each_image<S: MapSource, R: Send>(
    source: &S,
    found: impl Fn(&mut Vec<S::Value>, usize) -> R + Send + Sync,
) -> Vec<R> {
    let (images, ..) = source.dim();
    let images = (0..images).into_par_iter().with_min_len(IMAGES_PER_TASK);
    images.map_init(Vec::new, found).collect()
}
