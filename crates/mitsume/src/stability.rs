//! Do models trained alike explain alike? Mean generalizability (MeGe) and relative consistency (ReCo)
//! of Fel, Vigouroux, Cadene and Serre 2022, "How Good is your Explanation? Algorithmic Stability
//! Measures to Assess the Quality of Explanations for Deep Neural Networks".
//!
//! Of two models and an image that at least one of them has right, the distance of their maps goes
//! into S= if both have it right, into S!= if one has. Then
//!
//! ```text
//! MeGe = 1 / (1 + mean of S=)
//! ReCo = max over thresholds t of  TPR(t) + TNR(t) - 1
//! ```
//!
//! where TPR is the share of S= below t and TNR that of S!= above t (distances equal to t are left
//! out of both). MeGe is high where right models look alike; ReCo where how alike they look tells
//! whether they agree. As in the authors' Xplique, but for its thresholds: here each distance is one.

use crate::trust::{correlation, is_constant, ranks};

/// A map as the ranks of its pixels. `None`: it is constant, and has none.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedMap(Option<Vec<f64>>);

impl RankedMap {
    /// Of a map [h * w].
    pub fn new(map: &[f32]) -> Self {
        Self((!is_constant(map)).then(|| ranks(map)))
    }

    /// Distance of two maps: `sqrt(1 - |r|)`, r Spearman's rank correlation over the pixels; in
    /// [0, 1]. `None` if one of them is constant.
    ///
    /// # Panics
    /// If the maps differ in size.
    pub fn distance(&self, other: &Self) -> Option<f64> {
        let (a, b) = (self.0.as_ref()?, other.0.as_ref()?);
        assert_eq!(a.len(), b.len(), "maps of one size");
        Some((1.0 - correlation(a, b).abs()).max(0.0).sqrt())
    }
}

/// Distances of pairs of models, image by image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stability {
    same: Vec<f64>,
    different: Vec<f64>,
}

impl Stability {
    /// Adds the distance of two models' maps of an image, and which of them have it right. One that
    /// neither has right is left out.
    pub fn push(&mut self, distance: f64, right: [bool; 2]) {
        match right {
            [true, true] => self.same.push(distance),
            [false, false] => {}
            _ => self.different.push(distance),
        }
    }

    /// Distances in S=: both models right.
    pub fn same(&self) -> usize {
        self.same.len()
    }

    /// Distances in S!=: one model right.
    pub fn different(&self) -> usize {
        self.different.len()
    }

    /// Mean generalizability, in [1/2, 1] for [`RankedMap::distance`]; `None` if S= is empty.
    pub fn mege(&self) -> Option<f64> {
        let count = self.same.len() as f64;
        (count > 0.0).then(|| 1.0 / (1.0 + self.same.iter().sum::<f64>() / count))
    }

    /// Relative consistency, in [0, 1]; `None` if S= or S!= is empty.
    pub fn reco(&self) -> Option<f64> {
        if self.same.is_empty() || self.different.is_empty() {
            return None;
        }
        let (same, different) = (sorted(&self.same), sorted(&self.different));
        let at = |threshold: f64| {
            let [below, above] = sides(&same, threshold);
            let [wrongly_below, wrongly_above] = sides(&different, threshold);
            share(below, above) + share(wrongly_above, wrongly_below) - 1.0
        };
        let thresholds = same.iter().chain(&different);
        Some(thresholds.fold(0.0, |most, &threshold| at(threshold).max(most)))
    }
}

fn sorted(distances: &[f64]) -> Vec<f64> {
    let mut distances = distances.to_vec();
    distances.sort_unstable_by(f64::total_cmp);
    distances
}

/// How many lie below and above a threshold.
fn sides(sorted: &[f64], threshold: f64) -> [usize; 2] {
    let below = sorted.partition_point(|distance| *distance < threshold);
    let up_to = sorted.partition_point(|distance| *distance <= threshold);
    [below, sorted.len() - up_to]
}

/// `of / (of + rest)`; 0 of nothing.
fn share(of: usize, rest: usize) -> f64 {
    of as f64 / (of + rest).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stability(same: &[f64], different: &[f64]) -> Stability {
        let mut found = Stability::default();
        same.iter().for_each(|d| found.push(*d, [true, true]));
        let one = [[true, false], [false, true]].into_iter().cycle();
        let different = different.iter().zip(one);
        different.for_each(|(d, right)| found.push(*d, right));
        found.push(0.5, [false, false]);
        found
    }

    #[test]
    fn separated_distances_are_as_consistent_as_can_be_and_equal_ones_not_at_all() {
        let apart = stability(&[0.1, 0.2, 0.3], &[0.6, 0.7]);
        assert_eq!((apart.same(), apart.different()), (3, 2));
        assert_eq!(apart.reco(), Some(1.0));
        assert!((apart.mege().unwrap() - 1.0 / 1.2).abs() < 1e-15);
        assert_eq!(stability(&[0.4, 0.4], &[0.4]).reco(), Some(0.0));
        assert_eq!(
            stability(&[0.6, 0.7], &[0.1]).reco(),
            Some(0.0),
            "never below"
        );
    }

    #[test]
    fn without_pairs_it_is_undefined() {
        assert_eq!(stability(&[], &[0.3]).mege(), None);
        assert_eq!(stability(&[], &[0.3]).reco(), None);
        assert_eq!(stability(&[0.3], &[]).reco(), None);
    }

    #[test]
    fn opposite_ranks_are_as_near_as_equal_ones_and_constant_maps_have_none() {
        let distance = |other: &[f32]| {
            let rising = RankedMap::new(&[1.0, 2.0, 4.0]);
            rising.distance(&RankedMap::new(other))
        };
        assert_eq!(distance(&[0.0, 3.0, 9.0]), Some(0.0));
        assert_eq!(distance(&[9.0, 3.0, 0.0]), Some(0.0));
        assert_eq!(distance(&[0.0; 3]), None);
    }
}
