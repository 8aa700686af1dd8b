//! The metric of maps that come batch by batch, in memory that does not grow with them.

use super::arrays::{AsStored, MapSource, Normalised, ScoreArrays, check_all};
use super::maps::MAX_PIXELS;
use super::{LabelsAndPredictions, MAX_CLASSES, Marginals, Score, ScoreProblem, too_wide};
use crate::consistency::{ClassMean, ClassMeans, ConsistencyError};
use crate::measures::{GridMeans, Measures};

/// Version of [`StreamingScore::state`].
const STATE_VERSION: f64 = 1.0;

/// `squared-l2`, its form on the common grid, chance-corrected consistency, accuracy and kappa, of
/// batches of maps in one pass. What needs the means first (`l2`), or all maps (the permutation
/// null), is not there.
///
/// Memory: one map and one grid map per class with a correct image.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamingScore {
    classes: usize,
    /// Rows and columns of the common grid, at most.
    grid_side: usize,
    normalise: bool,
    truths: Vec<u64>,
    predicted: Vec<u64>,
    /// `None` before the first map.
    means: Option<(ClassMeans, GridMeans)>,
}

impl StreamingScore {
    /// Empty, for `classes` classes, 1 to [`MAX_CLASSES`], with a common grid of `grid_side` x
    /// `grid_side`, or the size of the maps where that is smaller. With `normalise` each map is
    /// first normalised (Eq. 2).
    ///
    /// # Errors
    /// No class, or too many; an empty grid.
    pub fn new(classes: usize, grid_side: usize, normalise: bool) -> Result<Self, ScoreProblem> {
        if !(1..=MAX_CLASSES).contains(&classes) {
            return Err(ScoreProblem::Array {
                array: "num_classes",
                reason: format!("{classes}; 1 to {MAX_CLASSES}"),
            });
        }
        if grid_side == 0 {
            return Err(ScoreProblem::Array {
                array: "grid",
                reason: "0; at least 1".to_owned(),
            });
        }
        Ok(Self {
            classes,
            grid_side,
            normalise,
            truths: vec![0; classes],
            predicted: vec![0; classes],
            means: None,
        })
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Images so far.
    pub fn images(&self) -> u64 {
        self.truths.iter().sum()
    }

    /// The class means so far; `None` before the first map.
    pub fn means(&self) -> Option<&ClassMeans> {
        self.means.as_ref().map(|(means, _)| means)
    }

    /// Adds a batch. On an error nothing is added.
    ///
    /// # Errors
    /// As [`score_arrays`](super::score_arrays); maps of another size than before.
    pub fn update<T: Copy + Into<f64> + Send + Sync>(
        &mut self,
        arrays: ScoreArrays<'_, T>,
    ) -> Result<(), ScoreProblem> {
        let truth = arrays.check(Some(self.classes))?;
        let (_, height, width) = arrays.cams.dim();
        let before = self.means().map(ClassMeans::shape);
        if let Some([rows, columns]) = before.filter(|shape| *shape != [height, width]) {
            return Err(ScoreProblem::Array {
                array: "cams",
                reason: format!("maps of {height} x {width} after maps of {rows} x {columns}"),
            });
        }
        if self.normalise {
            self.update_from(&Normalised(arrays.cams), &truth)
        } else {
            self.update_from(&AsStored::new(arrays.cams), &truth)
        }
    }

    fn update_from<S: MapSource>(
        &mut self,
        source: &S,
        truth: &LabelsAndPredictions,
    ) -> Result<(), ScoreProblem> {
        let (images, height, width) = source.dim();
        check_all(source, images)?;
        let shape = [height, width];
        let (means, grid) = self.means.get_or_insert_with(|| {
            let grid = GridMeans::new(self.classes, shape, self.grid_side);
            (ClassMeans::new(self.classes, shape), grid)
        });
        let mut buffer = Vec::new();
        for image in 0..images {
            self.truths[truth.labels[image] as usize] += 1;
            self.predicted[truth.predictions[image] as usize] += 1;
            if let Some(class) = truth.correct_class(image) {
                let map = source.map(image, &mut buffer);
                let pushed = means.push(class, map).and_then(|()| grid.push(class, map));
                pushed.map_err(|error| too_wide(image, error))?;
            }
        }
        Ok(())
    }

    /// Adds the images of another shard. The same shards in the same order give the same bits.
    ///
    /// # Errors
    /// Other classes, settings or maps. Nothing is then added.
    pub fn merge(&mut self, other: &Self) -> Result<(), ConsistencyError> {
        let settings = |one: &Self| (one.classes, one.grid_side, one.normalise);
        if settings(self) != settings(other) {
            return Err(ConsistencyError::State(
                "number of classes, grid or normalisation differ between the two",
            ));
        }
        match (&mut self.means, &other.means) {
            (Some((means, grid)), Some((more_means, more_grid))) => {
                means.merge(more_means)?;
                grid.merge(more_grid)?;
            }
            (ours @ None, theirs) => *ours = theirs.clone(),
            (Some(_), None) => {}
        }
        add_counts(&mut self.truths, &other.truths);
        add_counts(&mut self.predicted, &other.predicted);
        Ok(())
    }

    /// The score so far, without `l2` in either form; `None` before the first map.
    pub fn score(&self) -> Option<Score> {
        let (means, grid) = self.means.as_ref()?;
        let truth = Marginals {
            truths: &self.truths,
            predicted: &self.predicted,
        };
        Some(Score {
            measures: Some(Measures::from_grid_means(grid)),
            ..truth.score(means, None)
        })
    }

    /// All that is kept, as numbers; counts are exact up to 2^53.
    pub fn state(&self) -> Vec<f64> {
        let means = self.means.as_ref();
        let [h, w] = means.map_or([0, 0], |(means, _)| means.shape());
        let [has_maps, normalise] = [means.is_some(), self.normalise].map(usize::from);
        let header = [has_maps, self.classes, h, w, self.grid_side, normalise];
        let mut state = vec![STATE_VERSION];
        state.extend(header.map(|value| value as f64));
        state.extend(self.truths.iter().map(|&count| count as f64));
        state.extend(self.predicted.iter().map(|&count| count as f64));
        if let Some((means, grid)) = means {
            for class in 0..self.classes {
                push_class(&mut state, means.class(class));
                push_class(&mut state, grid.means().class(class));
            }
        }
        state
    }

    /// From [`StreamingScore::state`].
    ///
    /// # Errors
    /// Numbers that no maps can have given.
    pub fn from_state(state: &[f64]) -> Result<Self, ConsistencyError> {
        let mut numbers = Numbers(state);
        if numbers.take(1)? != [STATE_VERSION] {
            return Err(ConsistencyError::State("of another version"));
        }
        let mut header = [0; 6];
        for value in &mut header {
            *value = numbers.whole()?;
        }
        let [has_maps, classes, h, w, grid_side, normalise] = header.map(|value| value as usize);
        let problem = |_| ConsistencyError::State("classes or grid out of range");
        let mut score = Self::new(classes, grid_side, normalise != 0).map_err(problem)?;
        for count in score.truths.iter_mut().chain(&mut score.predicted) {
            *count = numbers.whole()?;
        }
        if has_maps != 0 {
            if !(1..=MAX_PIXELS).contains(&h.saturating_mul(w)) {
                return Err(ConsistencyError::State("shape of the maps out of range"));
            }
            let shape = GridMeans::new(1, [h, w], grid_side).shape();
            let (mut means, mut on_grid) = (Vec::new(), Vec::new());
            for _ in 0..classes {
                means.push(numbers.class(h * w)?);
                on_grid.push(numbers.class(shape[0] * shape[1])?);
            }
            let grid = ClassMeans::from_classes(shape, on_grid)?;
            score.means = Some((
                ClassMeans::from_classes([h, w], means)?,
                GridMeans::from_means([h, w], grid),
            ));
        }
        match numbers.0 {
            [] => Ok(score),
            _ => Err(ConsistencyError::State("numbers left over")),
        }
    }
}

fn add_counts(counts: &mut [u64], more: &[u64]) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count += more;
    }
}

/// Count, sum of squares and mean map; only a count of 0 for a class without an image.
fn push_class(state: &mut Vec<f64>, class: Option<&ClassMean>) {
    match class {
        Some(class) => {
            state.extend([class.count() as f64, class.squares()]);
            state.extend(class.mean());
        }
        None => state.push(0.0),
    }
}

/// Numbers still to be read.
struct Numbers<'a>(&'a [f64]);

impl<'a> Numbers<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [f64], ConsistencyError> {
        let ends = ConsistencyError::State("it ends early");
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ends)?;
        self.0 = rest;
        Ok(taken)
    }

    fn whole(&mut self) -> Result<u64, ConsistencyError> {
        const LARGEST: f64 = (1_u64 << 53) as f64;
        match self.take(1)?[0] {
            value if (0.0..=LARGEST).contains(&value) && value.fract() == 0.0 => Ok(value as u64),
            _ => Err(ConsistencyError::State("a count that is no whole number")),
        }
    }

    fn class(&mut self, pixels: usize) -> Result<Option<ClassMean>, ConsistencyError> {
        let count = self.whole()?;
        if count == 0 {
            return Ok(None);
        }
        let squares = self.take(1)?[0];
        let mean = self.take(pixels)?.to_vec();
        ClassMean::from_parts(count, mean, squares).map(Some)
    }
}
