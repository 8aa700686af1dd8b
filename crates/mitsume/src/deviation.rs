//! The deviation of a map from a reference map (Eq. 9), in the two forms in use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::pixel_sums::squared_differences;

/// The deviation of a map from a reference map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Distance {
    /// The sum of squared differences over `h * w` (Eq. 9): the definition. Does not depend on how
    /// finely a map is sampled.
    #[serde(rename = "squared-l2")]
    SquaredL2,
    /// The square root of that sum, then over `h * w`: the published code, and every number in the
    /// thesis' tables and figures. Falls as `1 / sqrt(h * w)` when a map is sampled more finely.
    #[serde(rename = "l2")]
    L2,
}

impl Distance {
    /// Both forms, the definition first.
    pub const ALL: [Self; 2] = [Self::SquaredL2, Self::L2];

    /// The name used in configurations and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SquaredL2 => "squared-l2",
            Self::L2 => "l2",
        }
    }

    /// The deviation whose sum of squared differences over `pixels` values is `sum_of_squares`.
    pub fn from_sum_of_squares(self, sum_of_squares: f64, pixels: usize) -> f64 {
        let pixels = pixels as f64;
        match self {
            Self::SquaredL2 => sum_of_squares / pixels,
            Self::L2 => sum_of_squares.sqrt() / pixels,
        }
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An unknown distance name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown distance \"{0}\"; \"squared-l2\" (the definition) or \"l2\" (as published)")]
pub struct UnknownDistance(String);

impl FromStr for Distance {
    type Err = UnknownDistance;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|distance| distance.name() == name)
            .ok_or_else(|| UnknownDistance(name.to_owned()))
    }
}

/// A map whose number of values is not the reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a map of {found} values where {expected} are expected; all maps must have one shape")]
pub struct MapLength {
    /// Values of the reference.
    pub expected: usize,
    /// Values of the map.
    pub found: usize,
}

/// One map's deviation from a reference, in both forms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// As defined ([`Distance::SquaredL2`]).
    pub squared_l2: f64,
    /// As published ([`Distance::L2`]).
    pub l2: f64,
}

impl Deviation {
    /// The deviation of `map` from `reference` (Eq. 9), both [h * w], summed in `f64`.
    pub fn between<T: Copy + Into<f64>>(map: &[T], reference: &[f64]) -> Result<Self, MapLength> {
        if map.len() != reference.len() {
            return Err(MapLength {
                expected: reference.len(),
                found: map.len(),
            });
        }
        let sum_of_squares = squared_differences(map, reference);
        Ok(Self::from_sum_of_squares(sum_of_squares, map.len()))
    }

    /// The deviation whose sum of squared differences over `pixels` values is `sum_of_squares`.
    pub(crate) fn from_sum_of_squares(sum_of_squares: f64, pixels: usize) -> Self {
        Self {
            squared_l2: Distance::SquaredL2.from_sum_of_squares(sum_of_squares, pixels),
            l2: Distance::L2.from_sum_of_squares(sum_of_squares, pixels),
        }
    }

    /// The deviation in the form `distance`.
    pub fn get(&self, distance: Distance) -> f64 {
        match distance {
            Distance::SquaredL2 => self.squared_l2,
            Distance::L2 => self.l2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_written() {
        for distance in Distance::ALL {
            assert_eq!(distance.to_string().parse(), Ok(distance));
            let quoted = format!("\"{distance}\"");
            assert_eq!(serde_json::to_string(&distance).unwrap(), quoted);
            assert_eq!(serde_json::from_str::<Distance>(&quoted).unwrap(), distance);
        }
        let error = "L2".parse::<Distance>().unwrap_err();
        assert!(error.to_string().contains("squared-l2"), "{error}");
    }

    #[test]
    fn deviation_of_a_three_four_five_triangle() {
        let deviation = Deviation::between(&[3.0_f32, 4.0], &[0.0, 0.0]).unwrap();
        assert_eq!(
            deviation,
            Deviation {
                squared_l2: 12.5,
                l2: 2.5
            }
        );
        assert_eq!(deviation.get(Distance::SquaredL2), 12.5);
        assert_eq!(deviation.get(Distance::L2), 2.5);
    }

    #[test]
    fn sampling_twice_as_finely_halves_l2_and_leaves_squared_l2() {
        let blob = |size: usize, centre: f64| -> Vec<f64> {
            let at = |index: usize| (index as f64 + 0.5) / size as f64 - centre;
            (0..size * size)
                .map(|pixel| (-8.0 * (at(pixel / size).powi(2) + at(pixel % size).powi(2))).exp())
                .collect()
        };
        let finer = |map: &[f64], size: usize| -> Vec<f64> {
            let double = 2 * size;
            (0..double * double)
                .map(|pixel| map[pixel / double / 2 * size + pixel % double / 2])
                .collect()
        };
        let (map, reference) = (blob(28, 0.4), blob(28, 0.6));
        let coarse = Deviation::between(&map, &reference).unwrap();
        let fine = Deviation::between(&finer(&map, 28), &finer(&reference, 28)).unwrap();
        // Exact but for the order of the sum over four times as many values.
        assert!((fine.squared_l2 / coarse.squared_l2 - 1.0).abs() < 1e-13);
        assert!((fine.l2 / coarse.l2 - 0.5).abs() < 1e-13);
        // The blob itself sampled at 112 instead of 28, no copying: a factor 4 in l2 alone.
        let sampled = Deviation::between(&blob(112, 0.4), &blob(112, 0.6)).unwrap();
        assert!((sampled.squared_l2 / coarse.squared_l2 - 1.0).abs() < 1e-3);
        assert!((sampled.l2 / coarse.l2 - 0.25).abs() < 1e-3);
    }

    #[test]
    fn maps_of_different_size_are_refused() {
        let error = Deviation::between(&[0.0_f32; 3], &[0.0; 4]).unwrap_err();
        assert_eq!(
            error,
            MapLength {
                expected: 4,
                found: 3
            }
        );
    }
}
