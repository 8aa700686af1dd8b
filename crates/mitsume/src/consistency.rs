//! The gaze consistency metric (Eq. 8-10); lower is more consistent.
//!
//! Over the correctly classified images of each class: the class mean map (Eq. 8), each image's
//! deviation from it (Eq. 9, see [`deviation`](crate::deviation)), and the average of the
//! deviations of all images of all classes (Eq. 10).
//!
//! `squared-l2` is a reduction: [`ClassMeans`] keeps per class the count, the mean map and the sum
//! of squared differences, so one pass in constant memory gives it, and shards merge. `l2` is not:
//! [`DeviationPass`] goes over the maps again once the means are known. Everything is `f64`.

use serde::{Deserialize, Serialize};

use crate::deviation::{Deviation, Distance, MapLength};
use crate::pixel_sums::{Maps, all_within, update_mean, update_mean_by_maps};

/// A class, map or accumulator that cannot be added.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConsistencyError {
    /// A class index at or beyond the number of classes.
    #[error("class {class} of {classes} classes; indices run from 0 to classes - 1")]
    Class {
        /// The index given.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A map of another size.
    #[error(transparent)]
    MapLength(#[from] MapLength),
    /// A NaN or infinite value, which would make the class mean undefined.
    #[error("the map's value {index} is not a finite number")]
    NotFinite {
        /// Index into the flat map.
        index: usize,
    },
    /// Two accumulators over different classes or shapes.
    #[error(
        "maps of {classes} classes and shape {shape:?} cannot be merged with maps of \
         {other_classes} classes and shape {other_shape:?}"
    )]
    Merge {
        /// Classes of the accumulator merged into.
        classes: usize,
        /// Its map shape [h, w].
        shape: [usize; 2],
        /// Classes of the other.
        other_classes: usize,
        /// The other's map shape [h, w].
        other_shape: [usize; 2],
    },
    /// A class without images in the first pass, or second passes over different means.
    #[error("class {class} has no mean map; the second pass must go over the maps of the first")]
    NoMean {
        /// The class.
        class: usize,
    },
    /// A stored state that no maps can have.
    #[error("a stored state that no maps can have: {0}")]
    State(&'static str),
}

/// Count, mean map and sum of squared differences of one class: all that is kept of its maps.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMean {
    count: u64,
    mean: Vec<f64>,
    /// Sum over images and pixels of the squared differences from `mean`.
    squares: f64,
}

impl ClassMean {
    /// Empty, for maps of `pixels` values.
    pub(crate) fn new(pixels: usize) -> Self {
        Self {
            count: 0,
            mean: vec![0.0; pixels],
            squares: 0.0,
        }
    }

    /// From stored numbers: images, mean map [h * w] and sum of squared differences.
    ///
    /// # Errors
    /// No image, or a number that is not finite or negative where it cannot be.
    pub fn from_parts(count: u64, mean: Vec<f64>, squares: f64) -> Result<Self, ConsistencyError> {
        if count == 0 {
            return Err(ConsistencyError::State("a class without an image"));
        }
        if !(squares >= 0.0 && squares.is_finite()) {
            return Err(ConsistencyError::State(
                "squares that are negative or not finite",
            ));
        }
        check_finite(&mean)?;
        Ok(Self {
            count,
            mean,
            squares,
        })
    }

    /// Number of images.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean map [h * w] (Eq. 8).
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Sum over images and pixels of the squared differences from the mean map.
    pub fn squares(&self) -> f64 {
        self.squares
    }

    /// Adds a map [h * w] of the right length with finite values.
    ///
    /// Welford's update: no cancellation, even if the mean is large compared with the spread.
    pub(crate) fn push<T: Copy + Into<f64>>(&mut self, map: &[T]) {
        self.count += 1;
        self.squares += update_mean(&mut self.mean, map, self.count);
    }

    /// Adds the maps of `images` as [`ClassMean::push`] would one after the other, if all their values lie
    /// in `range`; otherwise returns `false`, and the mean is of no use.
    #[must_use]
    pub(crate) fn push_maps<T: Copy + Into<f64>>(
        &mut self,
        maps: Maps<'_, T>,
        images: &[usize],
        range: (f64, f64),
    ) -> bool {
        let first = self.count + 1;
        self.count += images.len() as u64;
        let chosen = (maps, images);
        update_mean_by_maps(&mut self.mean, &mut self.squares, chosen, first, range)
    }

    /// Chan's pairwise update.
    fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (self.count as f64, other.count as f64);
        let share = theirs / (ours + theirs);
        let mut between = 0.0;
        for (mean, &other_mean) in self.mean.iter_mut().zip(&other.mean) {
            let difference = other_mean - *mean;
            between += difference * difference;
            *mean += difference * share;
        }
        self.squares += other.squares + between * ours * share;
        self.count += other.count;
    }
}

/// An error if a value is not finite.
pub(crate) fn check_finite<T: Copy + Into<f64>>(map: &[T]) -> Result<(), ConsistencyError> {
    if all_within(map, f64::MIN, f64::MAX) {
        return Ok(());
    }
    match map.iter().position(|&value| !value.into().is_finite()) {
        Some(index) => Err(ConsistencyError::NotFinite { index }),
        None => Ok(()),
    }
}

/// The first pass: class mean maps (Eq. 8) and, with them, `squared-l2`.
///
/// Push the correctly classified images only. Constant memory: one map per class seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMeans {
    shape: [usize; 2],
    classes: Vec<Option<ClassMean>>,
}

impl ClassMeans {
    /// Empty, for `classes` classes and maps of shape `[h, w]`.
    pub fn new(classes: usize, shape: [usize; 2]) -> Self {
        Self {
            shape,
            classes: vec![None; classes],
        }
    }

    /// From what is kept of each class, for maps of shape `[h, w]`.
    ///
    /// # Errors
    /// A mean map of another size.
    pub fn from_classes(
        shape: [usize; 2],
        classes: Vec<Option<ClassMean>>,
    ) -> Result<Self, ConsistencyError> {
        let expected = shape[0].saturating_mul(shape[1]);
        let mut lengths = classes.iter().flatten().map(|class| class.mean.len());
        match lengths.find(|&found| found != expected) {
            Some(found) => Err(MapLength { expected, found }.into()),
            None => Ok(Self { shape, classes }),
        }
    }

    /// Adds the map [h * w] of one correctly classified image of `class`.
    ///
    /// On an error nothing is added.
    pub fn push<T: Copy + Into<f64>>(
        &mut self,
        class: usize,
        map: &[T],
    ) -> Result<(), ConsistencyError> {
        let classes = self.classes.len();
        let pixels = self.shape[0] * self.shape[1];
        let mean = self
            .classes
            .get_mut(class)
            .ok_or(ConsistencyError::Class { class, classes })?;
        if map.len() != pixels {
            return Err(MapLength {
                expected: pixels,
                found: map.len(),
            }
            .into());
        }
        check_finite(map)?;
        mean.get_or_insert_with(|| ClassMean::new(pixels)).push(map);
        Ok(())
    }

    /// Adds the images of another shard. The same shards in the same order give the same bits.
    pub fn merge(&mut self, other: &Self) -> Result<(), ConsistencyError> {
        if self.shape != other.shape || self.classes.len() != other.classes.len() {
            return Err(ConsistencyError::Merge {
                classes: self.classes.len(),
                shape: self.shape,
                other_classes: other.classes.len(),
                other_shape: other.shape,
            });
        }
        for (ours, theirs) in self.classes.iter_mut().zip(&other.classes) {
            match (ours.as_mut(), theirs) {
                (Some(ours), Some(theirs)) => ours.merge(theirs),
                (None, Some(_)) => *ours = theirs.clone(),
                (_, None) => {}
            }
        }
        Ok(())
    }

    /// The shape `[h, w]` of the maps.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The number of classes, seen or not.
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// The images of `class` pushed so far; 0 for a class out of range.
    pub fn count(&self, class: usize) -> u64 {
        self.class(class).map_or(0, |mean| mean.count)
    }

    /// The mean map [h * w] of `class` (Eq. 8), if it has an image.
    pub fn mean(&self, class: usize) -> Option<&[f64]> {
        self.class(class).map(|mean| &mean.mean[..])
    }

    /// The `squared-l2` deviations (Eq. 9) of all images. A class of one image counts, with 0.
    pub fn squared_l2(&self) -> ClassDeviations {
        let pixels = self.shape[0] * self.shape[1];
        let deviation_sum = |mean: &ClassMean| DeviationSum {
            count: mean.count,
            sum: Distance::SquaredL2.from_sum_of_squares(mean.squares, pixels),
        };
        ClassDeviations {
            per_class: self
                .classes
                .iter()
                .map(|mean| mean.as_ref().map(deviation_sum).unwrap_or_default())
                .collect(),
        }
    }

    /// What is kept of `class`, if it has an image.
    pub fn class(&self, class: usize) -> Option<&ClassMean> {
        self.classes.get(class)?.as_ref()
    }
}

/// The second pass: the `l2` deviations from the means of the first.
#[derive(Clone, Debug)]
pub struct DeviationPass<'a> {
    means: &'a ClassMeans,
    l2: Vec<DeviationSum>,
}

impl<'a> DeviationPass<'a> {
    /// A second pass over the maps that `means` were computed from.
    pub fn new(means: &'a ClassMeans) -> Self {
        Self {
            means,
            l2: vec![DeviationSum::default(); means.classes()],
        }
    }

    /// Adds the map [h * w] of one correctly classified image of `class`, and gives its deviation
    /// from the class mean map.
    pub fn push<T: Copy + Into<f64>>(
        &mut self,
        class: usize,
        map: &[T],
    ) -> Result<Deviation, ConsistencyError> {
        let mean = self
            .means
            .mean(class)
            .ok_or(ConsistencyError::NoMean { class })?;
        let deviation = Deviation::between(map, mean)?;
        self.push_deviation(class, deviation);
        Ok(deviation)
    }

    /// Adds the deviation of one correctly classified image of `class`, which has a mean.
    pub(crate) fn push_deviation(&mut self, class: usize, deviation: Deviation) {
        self.l2[class].merge(&DeviationSum {
            count: 1,
            sum: deviation.l2,
        });
    }

    /// Adds another shard's deviations from the same means.
    pub fn merge(&mut self, other: &Self) -> Result<(), ConsistencyError> {
        if let Some(class) = (0..self.l2.len().max(other.l2.len()))
            .find(|&class| self.means.mean(class) != other.means.mean(class))
        {
            return Err(ConsistencyError::NoMean { class });
        }
        for (ours, theirs) in self.l2.iter_mut().zip(&other.l2) {
            ours.merge(theirs);
        }
        Ok(())
    }

    /// The `l2` deviations. A class of exactly one image is left out, as in the published code.
    pub fn l2(&self) -> ClassDeviations {
        let per_class = self
            .l2
            .iter()
            .enumerate()
            .map(|(class, &sum)| {
                if self.means.count(class) < 2 {
                    Default::default()
                } else {
                    sum
                }
            })
            .collect();
        ClassDeviations { per_class }
    }
}

/// Number of images counted, and the sum of their deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeviationSum {
    /// Images counted.
    pub count: u64,
    /// Sum of their deviations.
    pub sum: f64,
}

impl DeviationSum {
    /// Adds the images of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
    }

    /// The average deviation; `None` without an image.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// The deviations of one form of the metric, class by class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassDeviations {
    /// One entry per class; a class left out counts no image.
    pub per_class: Vec<DeviationSum>,
}

impl ClassDeviations {
    /// All classes together, summed in the order of the classes.
    pub fn total(&self) -> DeviationSum {
        let mut total = DeviationSum::default();
        for class in &self.per_class {
            total.merge(class);
        }
        total
    }
}

/// The metric (Eq. 10) in both forms, as results show it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consistency {
    /// As defined; `None` if no image is correct.
    pub squared_l2: Option<f64>,
    /// As published: without the classes that have one correct image.
    pub l2: Option<f64>,
    /// The images that `squared_l2` counts: all correct ones.
    pub counted: u64,
}

impl Consistency {
    /// The totals of the two passes.
    pub fn new(squared_l2: &ClassDeviations, l2: &ClassDeviations) -> Self {
        let squared_l2 = squared_l2.total();
        Self {
            squared_l2: squared_l2.mean(),
            l2: l2.total().mean(),
            counted: squared_l2.count,
        }
    }
}
