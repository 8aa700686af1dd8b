//! Controls of the measures of consistency: maps that mean nothing, and what a measure says of them.
//!
//! A measure that calls such maps at least as consistent as the model's own does not tell what a
//! model has learnt from what any map has. That is no error of the measure, since maps that always
//! show the centre *are* alike; but then its value alone says nothing of the model.

use mitsume_random::RandomStream;
use ndarray::{ArrayView1, ArrayView3};
use serde::{Deserialize, Serialize};

use crate::measures::{DEFAULT_GRID, Direction, MeasureValue, measure_values};
use crate::normalise::normalise;
use crate::score::{ScoreArrays, ScoreMeasures, ScoreOptions, ScoreProblem, score_arrays};

/// Standard deviation of the blob of [`centre_map`], as a share of the map's side.
pub const CENTRE_DEVIATION: f64 = 0.2;
/// Standard deviation of its place, as a share of the map's side.
pub const CENTRE_JITTER: f64 = 0.02;
/// How far below 1 the values of [`diffuse_map`] lie, at most.
pub const DIFFUSE_DEPTH: f64 = 0.1;

/// Maps that mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Those of the same network with random weights in every layer.
    RandomWeights,
    /// A blob in the centre, whatever the image: [`centre_map`].
    Centre,
    /// High nearly everywhere: [`diffuse_map`].
    Diffuse,
    /// The model's own maps, dealt out to the images at random, whatever the class.
    Shuffled,
}

impl Control {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [
        Self::RandomWeights,
        Self::Centre,
        Self::Diffuse,
        Self::Shuffled,
    ];

    /// Its name, as in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::RandomWeights => "random-weights",
            Self::Centre => "centre",
            Self::Diffuse => "diffuse",
            Self::Shuffled => "shuffled",
        }
    }
}

/// What a measure says of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlVerdict {
    /// It calls the control less consistent than the model's own maps.
    Passes,
    /// It calls the control at least as consistent.
    Fails,
    /// One of the values is not defined, or it is no measure of consistency.
    Undefined,
    /// More than half of the control's maps are constant: that they are alike is no finding.
    MostlyConstant,
}

/// Compares the value of a measure on the model's own maps with that on a control's.
#[must_use]
pub fn verdict(direction: Direction, own: Option<f64>, control: Option<f64>) -> ControlVerdict {
    match (own, control) {
        (Some(own), Some(control)) if direction.is_measure() => {
            if direction.oriented(control) >= direction.oriented(own) {
                ControlVerdict::Fails
            } else {
                ControlVerdict::Passes
            }
        }
        _ => ControlVerdict::Undefined,
    }
}

/// A normalised map [h * w] of `shape` `[h, w]`: a Gaussian of [`CENTRE_DEVIATION`] about the
/// centre, moved by [`CENTRE_JITTER`], a function of `seed` and `image`.
pub fn centre_map([h, w]: [usize; 2], seed: u64, image: u64) -> Vec<f32> {
    let mut stream = RandomStream::new("mitsume control centre", &[seed, image]);
    let (dy, dx) = stream.normal_pair();
    let offset = |index: usize, side: usize, jitter: f64| {
        ((index as f64 + 0.5) / side as f64 - 0.5 - CENTRE_JITTER * jitter) / CENTRE_DEVIATION
    };
    let value = |row: usize, column: usize| {
        let (y, x) = (offset(row, h, dy), offset(column, w, dx));
        (-0.5 * (y * y + x * x)).exp() as f32
    };
    let mut map: Vec<f32> = (0..h)
        .flat_map(|row| (0..w).map(move |column| (row, column)))
        .map(|(row, column)| value(row, column))
        .collect();
    normalise(&mut map);
    map
}

/// A map [h * w]: values uniform within [`DIFFUSE_DEPTH`] below 1, but for one pixel of 0, so that
/// it is a normalised map (Eq. 2); a function of `seed` and `image`.
pub fn diffuse_map([h, w]: [usize; 2], seed: u64, image: u64) -> Vec<f32> {
    let mut stream = RandomStream::new("mitsume control diffuse", &[seed, image]);
    let mut map: Vec<f32> = (0..h * w)
        .map(|_| (1.0 - DIFFUSE_DEPTH * stream.unit()) as f32)
        .collect();
    if !map.is_empty() {
        let dark = stream.below(map.len());
        map[dark] = 0.0;
    }
    normalise(&mut map);
    map
}

/// For each of `images` the image whose map it is dealt: a random order, a function of `seed`.
pub fn dealt(images: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..images).collect();
    RandomStream::new("mitsume control shuffled", &[seed]).shuffle(&mut order);
    order
}

/// Number of maps of `length` values that are constant.
pub fn constant_maps(maps: &[f32], length: usize) -> usize {
    let maps = maps.chunks_exact(length.max(1));
    maps.filter(|map| map.iter().all(|value| *value == map[0]))
        .count()
}

/// Every measure of the normalised maps [N, h, w], `[h, w]` = `shape`, of images of the classes
/// `labels` `[N]`, all of them counted; `permutations` of the permutation null.
///
/// # Errors
/// No map, a shape that does not fit, values outside [0, 1].
pub fn measures_of(
    maps: &[f32],
    shape: [usize; 2],
    labels: &[usize],
    permutations: usize,
) -> Result<Vec<MeasureValue>, ScoreProblem> {
    let labels: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    let cams = ArrayView3::from_shape((labels.len(), shape[0], shape[1]), maps);
    let cams = cams.map_err(|error| ScoreProblem::Array {
        array: "cams",
        reason: error.to_string(),
    })?;
    let arrays = ScoreArrays {
        cams,
        labels: ArrayView1::from(&labels),
        predictions: ArrayView1::from(&labels),
    };
    let options = ScoreOptions {
        normalise: false,
        measures: Some(ScoreMeasures {
            grid: DEFAULT_GRID,
            permutations,
        }),
    };
    let score = score_arrays(arrays, None, options)?.score;
    let consistency = score.consistency;
    Ok(measure_values(
        consistency.squared_l2,
        consistency.l2,
        score.measures.as_ref(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(values: &[MeasureValue], name: &str) -> f64 {
        let found = values.iter().find(|one| one.name == name);
        found.and_then(|one| one.value).unwrap()
    }

    /// Maps of 4 classes, a bright quarter each, in noise of variance 0.03: twice that of the diffuse maps, whose one
    /// dark pixel of 64 gives 0.015.
    fn own(images: usize) -> (Vec<f32>, Vec<usize>) {
        let mut maps = Vec::new();
        let labels: Vec<usize> = (0..images).map(|image| image % 4).collect();
        for (image, &label) in labels.iter().enumerate() {
            let mut stream = RandomStream::new("own", &[image as u64]);
            let mut map: Vec<f32> = (0..64)
                .map(|pixel| {
                    let quarter = pixel / 32 * 2 + pixel % 8 / 4;
                    let bright = if quarter == label { 0.4 } else { 0.0 };
                    bright + 0.6 * stream.unit_f32()
                })
                .collect();
            normalise(&mut map);
            maps.extend(map);
        }
        (maps, labels)
    }

    #[test]
    fn a_distance_fails_the_centre_and_the_diffuse_maps_and_the_chance_corrected_measure_passes() {
        let (maps, labels) = own(80);
        let own = measures_of(&maps, [8, 8], &labels, 99).unwrap();
        let made = |of: fn([usize; 2], u64, u64) -> Vec<f32>| {
            let maps: Vec<f32> = (0..80).flat_map(|image| of([8, 8], 7, image)).collect();
            measures_of(&maps, [8, 8], &labels, 99).unwrap()
        };
        for control in [made(centre_map), made(diffuse_map)] {
            let judged = |name: &str, direction| {
                let (own, control) = (value(&own, name), value(&control, name));
                verdict(direction, Some(own), Some(control))
            };
            for name in ["squared_l2", "l2", "cosine"] {
                assert_eq!(
                    judged(name, Direction::Lower),
                    ControlVerdict::Fails,
                    "{name}"
                );
            }
            let chance = judged("chance_corrected", Direction::Higher);
            assert_eq!(chance, ControlVerdict::Passes);
            assert!(value(&control, "chance_corrected").abs() < 0.1);
        }
        let order = dealt(80, 3);
        let shuffled: Vec<f32> = order
            .iter()
            .flat_map(|&from| maps[from * 64..][..64].to_vec())
            .collect();
        let shuffled = measures_of(&shuffled, [8, 8], &labels, 99).unwrap();
        for name in ["squared_l2", "cosine"] {
            assert!(value(&shuffled, name) > value(&own, name), "{name}");
        }
        // By chance 0 in the mean; its standard deviation with 80 maps is about 0.02.
        assert!(value(&shuffled, "chance_corrected").abs() < 0.1);
    }

    #[test]
    fn the_maps_are_normalised_and_a_function_of_seed_and_image() {
        for of in [centre_map, diffuse_map] {
            let map = of([9, 7], 1, 2);
            assert_eq!(map.len(), 63);
            assert!(map.iter().all(|value| (0.0..=1.0).contains(value)));
            assert!(map.contains(&0.0) && map.iter().any(|value| *value > 0.99));
            assert_eq!(map, of([9, 7], 1, 2));
            assert_ne!(map, of([9, 7], 1, 3));
            assert_ne!(map, of([9, 7], 2, 2));
        }
        // The centre is the brightest, and the blob falls by exp(-1/2) at one standard deviation:
        // ten pixels of fifty. The jitter and the normalisation leave a few per cent.
        let map = centre_map([51, 51], 0, 0);
        let at = |row: usize, column: usize| f64::from(map[row * 51 + column]);
        let falls = (at(25, 35) + at(25, 15) + at(35, 25) + at(15, 25)) / 4.0;
        assert!((falls - (-0.5_f64).exp()).abs() < 0.05, "{falls}");
        let diffuse = diffuse_map([10, 10], 0, 0);
        assert_eq!(diffuse.iter().filter(|value| **value < 0.85).count(), 1);
        let mut order = dealt(100, 5);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn equal_values_fail_and_what_is_no_measure_has_no_verdict() {
        let lower = |own, control| verdict(Direction::Lower, own, control);
        assert_eq!(lower(Some(0.5), Some(0.5)), ControlVerdict::Fails);
        assert_eq!(lower(Some(0.5), Some(0.6)), ControlVerdict::Passes);
        assert_eq!(lower(None, Some(0.6)), ControlVerdict::Undefined);
        let control = verdict(Direction::Control, Some(1.0), Some(2.0));
        assert_eq!(control, ControlVerdict::Undefined);
        assert_eq!(constant_maps(&[0.0, 0.0, 0.0, 1.0, 0.5, 0.5], 2), 2);
    }
}
