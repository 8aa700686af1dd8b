//! The figures of all models in every resample of the common images.

use mitsume::kappa::cohens_kappa;
use mitsume::resampling::{BLOCK, ResampledConsistency, WeightedConsistency, Weights};
use mitsume_artifacts::BootstrapEstimate;
use mitsume_stats::bootstrap::percentile_interval;
use mitsume_stats::resampling::Strata;
use rayon::prelude::*;

use super::common_images::CommonImages;
use super::counted::Counted;
use super::error::CompareError;
use super::model::Model;
use super::options::CompareOptions;
use super::patients::Patients;
use super::quantity::Values;
use crate::Result;

/// Memory that the inner products of all models' maps may take.
const MAX_GIB: u64 = 4;
/// Share of the resamples in which a figure must be defined for an interval.
const MIN_DEFINED: f64 = 0.95;

/// What was computed of the resamples.
#[derive(Debug)]
pub(super) struct Resampled {
    /// `[model][resample]`.
    pub values: Vec<Vec<Values>>,
    draws: Draws,
}

/// The resamples. They are drawn again wherever they are needed: all of them at once could take more
/// memory than the maps.
#[derive(Debug)]
struct Draws {
    strata: Strata,
    seed: u64,
    resamples: usize,
}

impl Draws {
    /// What `of_block` makes of each block, in order: how often each image is drawn, by resample.
    fn blocks<T: Send>(&self, of_block: impl Fn(&[Vec<u32>]) -> Vec<T> + Sync) -> Vec<T> {
        let blocks = (0..self.resamples.div_ceil(BLOCK)).into_par_iter();
        let made = blocks.map(|block| {
            let numbers = block * BLOCK..((block + 1) * BLOCK).min(self.resamples);
            let draw = |number: usize| self.strata.draw(self.seed, number as u64);
            of_block(&numbers.map(draw).collect::<Vec<_>>())
        });
        let made: Vec<Vec<T>> = made.collect();
        made.into_iter().flatten().collect()
    }
}

/// Draws the resamples and computes every model's figures in each of them.
///
/// # Errors
/// Maps that cannot be read, or too many of them.
pub(super) fn resample(
    models: &[Model],
    common: &CommonImages,
    counted: &[Counted],
    patients: &Patients,
    options: &CompareOptions,
) -> Result<Resampled> {
    let labels = common.labels();
    let strata = patients.strata(&labels, options.within);
    let draws = Draws {
        // Equal resamples would make intervals without a width.
        resamples: if strata.is_fixed() {
            0
        } else {
            options.resamples
        },
        seed: options.seed,
        strata,
    };
    if draws.resamples == 0 {
        let values = vec![Vec::new(); models.len()];
        return Ok(Resampled { values, draws });
    }
    let side = grid_side(models, options.grid);
    let resamples = draws.resamples;
    check_memory(models, counted, resamples)?;
    // One model after the other, so that the maps of one are in memory.
    let all = (0..models.len()).map(|model| {
        let maps = resampled_maps(models, model, common, &counted[model], side, resamples)?;
        let predictions = common.predictions(models, model);
        let classes = common.classes.len();
        Ok(draws.blocks(|times| {
            let found = maps.consistency(&weights(times));
            let each = times.iter().zip(found);
            each.map(|(times, found)| values(times, &labels, &predictions, classes, found))
                .collect()
        }))
    });
    let values = all.collect::<Result<_>>()?;
    Ok(Resampled { values, draws })
}

impl Resampled {
    /// Number of resamples.
    pub fn resamples(&self) -> usize {
        self.draws.resamples
    }

    /// Number of strata of a single image or patient, which is in every resample.
    pub fn of_one(&self) -> usize {
        self.draws.strata.of_one_cluster()
    }

    /// The mean of one value per image in each resample.
    pub fn means(&self, of_images: &[f64]) -> Vec<Option<f64>> {
        let mean = |times: &Vec<u32>| {
            let drawn: u32 = times.iter().sum();
            let each = times.iter().zip(of_images);
            let sum: f64 = each.map(|(&times, value)| f64::from(times) * value).sum();
            (drawn > 0).then(|| sum / f64::from(drawn))
        };
        self.draws.blocks(|times| times.iter().map(mean).collect())
    }
}

/// Rows and columns of the common grid: that of the options, or what the smallest map has.
pub(super) fn grid_side(models: &[Model], side: usize) -> usize {
    let sides = models.iter().flat_map(Model::shape);
    sides.min().unwrap_or(1).min(side).max(1)
}

/// A value with the interval of its resamples.
///
/// That of a consistency is moved by the bootstrap's estimate of its bias. A resample holds the same
/// image several times, which is as near to itself as can be, so its deviations are too small by
/// about 1/n of a class of n images; the data set holds no image twice. Where n is large the interval
/// is the plain percentile one.
pub(super) fn estimate(
    value: Option<f64>,
    resamples: impl Iterator<Item = Option<f64>>,
    confidence: f64,
    is_consistency: bool,
) -> BootstrapEstimate {
    let all: Vec<Option<f64>> = resamples.collect();
    let mut defined: Vec<f64> = all.iter().flatten().copied().collect();
    let count = defined.len();
    let Some(value) = value else {
        return BootstrapEstimate {
            defined: count,
            ..BootstrapEstimate::default()
        };
    };
    let mean = defined.iter().sum::<f64>() / count as f64;
    let bias = (count > 0).then_some(mean - value);
    let enough = count as f64 >= MIN_DEFINED * all.len() as f64;
    let interval = enough.then(|| percentile_interval(&mut defined, confidence));
    let shift = bias.filter(|_| is_consistency).unwrap_or(0.0);
    BootstrapEstimate {
        value: Some(value),
        interval: interval
            .flatten()
            .map(|found| [found.low - shift, found.high - shift]),
        bias,
        defined: count,
    }
}

fn check_memory(models: &[Model], counted: &[Counted], resamples: usize) -> Result<()> {
    for (model, counted) in models.iter().zip(counted) {
        let sizes: Vec<usize> = counted.classes.iter().map(Vec::len).collect();
        let bytes = ResampledConsistency::bytes(&sizes, model.shape(), resamples);
        if bytes > MAX_GIB << 30 {
            return Err(CompareError::TooLarge {
                path: model.path.clone(),
                images: sizes.iter().sum(),
                size: model.shape(),
                gib: bytes as f64 / (1_u64 << 30) as f64,
                limit: MAX_GIB,
            }
            .into());
        }
    }
    Ok(())
}

fn resampled_maps(
    models: &[Model],
    model: usize,
    common: &CommonImages,
    counted: &Counted,
    side: usize,
    resamples: usize,
) -> Result<ResampledConsistency> {
    let own = &models[model];
    let mut maps = ResampledConsistency::new(own.shape(), [side, side], resamples);
    for images in &counted.classes {
        let mut of_class = Vec::new();
        for image in images {
            of_class.extend(own.map(common.images[*image].rows[model])?);
        }
        maps.push_class(images.clone(), &of_class);
    }
    Ok(maps.finished())
}

/// The weights of a block; where it is not full, of nothing.
fn weights(times: &[Vec<u32>]) -> Vec<Weights> {
    let images = times.first().map_or(0, Vec::len);
    let of_image = |image: usize| {
        let lane = |lane: usize| times.get(lane).map_or(0.0, |times| f64::from(times[image]));
        std::array::from_fn(lane)
    };
    (0..images).map(of_image).collect()
}

fn values(
    times: &[u32],
    labels: &[usize],
    predictions: &[usize],
    classes: usize,
    found: WeightedConsistency,
) -> Values {
    let (mut truths, mut predicted) = (vec![0_u64; classes], vec![0_u64; classes]);
    let mut correct = 0;
    for ((&times, &label), &prediction) in times.iter().zip(labels).zip(predictions) {
        let times = u64::from(times);
        truths[label] += times;
        predicted[prediction] += times;
        correct += if label == prediction { times } else { 0 };
    }
    let images: u64 = truths.iter().sum();
    [
        (images > 0).then(|| correct as f64 / images as f64),
        Some(cohens_kappa(correct, &truths, &predicted)),
        found.squared_l2,
        found.l2,
        found.grid_squared_l2,
        found.grid_l2,
        found.chance_corrected,
    ]
}
