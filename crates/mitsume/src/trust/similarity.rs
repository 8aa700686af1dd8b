//! Similarity of two maps of one image, for the parameter randomisation test (Adebayo et al. 2018,
//! "Sanity Checks for Saliency Maps").
//!
//! That paper takes rank correlations of the values and of their absolute values. Class activation
//! maps are 0 or more, so the two are one.

use serde::{Deserialize, Serialize};

use super::error::check;
use super::{Estimate, TrustError};
use crate::measures::ssim::ssim_distance;

/// Similarity of two maps; `None` if one of them is constant and has no pattern to compare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarity {
    /// Spearman's rank correlation over the pixels. 1: the same order, 0: unrelated, -1: the
    /// opposite order.
    pub spearman: Option<f64>,
    /// Structural similarity (Wang et al. 2004), each map first normalised to [0, 1] by its
    /// minimum and maximum. 1: equal.
    pub ssim: Option<f64>,
}

/// The mean over images of one value of their similarities, of those that have it. `seed` is of the
/// bootstrap.
pub(super) fn mean_over_images(
    images: &[Similarity],
    value: fn(&Similarity) -> Option<f64>,
    seed: u64,
) -> Option<Estimate> {
    let values: Vec<f64> = images.iter().filter_map(value).collect();
    Estimate::bootstrap_mean(&values, seed)
}

/// Images of which one map or both are constant.
pub(super) fn undefined(images: &[Similarity]) -> usize {
    images.iter().filter(|one| one.spearman.is_none()).count()
}

/// Compares two maps [h, w] = `shape`.
///
/// # Errors
/// A map that does not fit the shape, or holds a value that is not finite.
pub fn similarity(a: &[f32], b: &[f32], shape: [usize; 2]) -> Result<Similarity, TrustError> {
    check("the first map", a, &shape)?;
    check("the second map", b, &shape)?;
    if is_constant(a) || is_constant(b) {
        return Ok(Similarity {
            spearman: None,
            ssim: None,
        });
    }
    Ok(Similarity {
        spearman: Some(correlation(&ranks(a), &ranks(b))),
        ssim: Some(1.0 - ssim_distance(&to_unit(a), &to_unit(b), shape)),
    })
}

/// Whether all values are equal.
pub(crate) fn is_constant(map: &[f32]) -> bool {
    map.iter().all(|&value| value == map[0])
}

/// Twice the ranks minus their mean, which are whole numbers; ties share their mean rank.
pub(crate) fn ranks(map: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..map.len()).collect();
    order.sort_unstable_by(|&a, &b| map[a].total_cmp(&map[b]));
    let mut ranks = vec![0.0; map.len()];
    let mut begin = 0;
    // 0 and -0 lie side by side and are equal here.
    for tied in order.chunk_by(|&a, &b| map[a] == map[b]) {
        let end = begin + tied.len();
        // Ranks begin to end - 1: twice their mean, minus twice the mean of all.
        let rank = (begin + end) as f64 - map.len() as f64;
        tied.iter().for_each(|&pixel| ranks[pixel] = rank);
        begin = end;
    }
    ranks
}

/// Pearson's correlation of centred values, neither all 0.
pub(crate) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = (product(a, a) * product(b, b)).sqrt();
    (product(a, b) / scale).clamp(-1.0, 1.0)
}

fn to_unit(map: &[f32]) -> Vec<f64> {
    let min = map.iter().copied().fold(f32::INFINITY, f32::min);
    let max = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (min, range) = (f64::from(min), f64::from(max) - f64::from(min));
    map.iter()
        .map(|&value| (f64::from(value) - min) / range)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_order_counts_for_ranks() {
        let a = [0.0, 1.0, 4.0, 9.0, 16.0, 25.0];
        let b = a.map(f32::sqrt);
        let reverse = a.map(|value| -value);
        let spearman = |b: &[f32]| similarity(&a, b, [2, 3]).unwrap().spearman;
        assert_eq!(spearman(&b), Some(1.0));
        assert_eq!(spearman(&reverse), Some(-1.0));
        assert_eq!(similarity(&a, &a, [2, 3]).unwrap().ssim, Some(1.0));
    }

    #[test]
    fn similarity_to_a_constant_map_is_undefined() {
        let a = [0.0, 1.0, 4.0, 9.0];
        for constant in [[0.0; 4], [0.5; 4], [0.0, -0.0, 0.0, 0.0]] {
            let found = similarity(&a, &constant, [2, 2]).unwrap();
            assert_eq!((found.spearman, found.ssim), (None, None));
            assert_eq!(found, similarity(&constant, &a, [2, 2]).unwrap());
        }
    }

    #[test]
    fn maps_that_do_not_fit_are_refused() {
        assert!(similarity(&[0.0; 4], &[0.0; 3], [2, 2]).is_err());
        assert!(similarity(&[], &[], [0, 2]).is_err());
        assert!(similarity(&[f32::NAN, 0.0], &[0.0, 1.0], [1, 2]).is_err());
    }
}
