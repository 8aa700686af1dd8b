//! Means over the pairs of maps of one class.
//!
//! Each image counts alike, as in Eq. 10: with d the measure of a pair, n_c the counted images of
//! class c and N those of all classes with two or more,
//!
//! ```text
//! 1/N sum_c sum_{i in c} 1/(n_c - 1) sum_{j in c, j != i} d(i, j)
//! ```
//!
//! Where these are more pairs than the limit, so many are drawn in their place, with replacement: i
//! evenly among the N images, then j evenly among the others of its class. Their mean has this
//! value as its expectation, and a standard error of s / sqrt(pairs).

use mitsume_random::RandomStream;
use rayon::prelude::*;

use super::MapMeasure;

/// The most pairs that are compared.
pub const MAX_PAIRS: usize = 4096;
/// The most bytes that the maps of the pairs may take; with large maps fewer pairs are compared.
const MAX_BYTES: usize = 256 << 20;

/// A mean over pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PairEstimate {
    pub mean: f64,
    /// Of drawing the pairs, given the images; 0 where none are left out.
    pub standard_error: f64,
}

/// The pairs, and the maps of the images in them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PairedMaps {
    shape: [usize; 2],
    pairs: Vec<Pair>,
    is_sample: bool,
    /// Positions among the counted images of those in a pair, ascending.
    kept: Vec<u64>,
    /// Their maps so far, [n, h, w].
    maps: Vec<f64>,
}

/// Two images of one class, as positions in [`PairedMaps::kept`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pair {
    images: [usize; 2],
    weight: f64,
}

impl PairedMaps {
    /// The pairs of images whose classes are these, without maps yet.
    pub fn new(classes: &[u32], shape: [usize; 2], seed: u64) -> Self {
        Self::with_limit(classes, shape, seed, limit(shape))
    }

    fn with_limit(classes: &[u32], shape: [usize; 2], seed: u64, limit: usize) -> Self {
        let members = members(classes);
        let all: u128 = members.iter().map(|own| pairs_of(own.len())).sum();
        let is_sample = all > limit as u128;
        let mut pairs = if is_sample {
            drawn(&members, limit, seed)
        } else {
            every(&members)
        };
        let mut kept: Vec<usize> = pairs.iter().flat_map(|pair| pair.images).collect();
        kept.sort_unstable();
        kept.dedup();
        for image in pairs.iter_mut().flat_map(|pair| &mut pair.images) {
            *image = kept.partition_point(|position| *position < *image);
        }
        Self {
            shape,
            pairs,
            is_sample,
            kept: kept.into_iter().map(|position| position as u64).collect(),
            maps: Vec::new(),
        }
    }

    fn pixels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the image at a position is in a pair, and its map the next to be pushed.
    pub fn keeps(&self, position: u64) -> bool {
        let next = self.maps.len() / self.pixels().max(1);
        self.kept.get(next) == Some(&position)
    }

    /// Adds the map [h * w] of the next image that is kept.
    ///
    /// # Panics
    /// If it has another size.
    pub fn push(&mut self, map: &[f64]) {
        assert_eq!(map.len(), self.pixels(), "maps of one size");
        self.maps.extend_from_slice(map);
    }

    /// Each measure's mean; `None` without a pair, or before all maps are there.
    pub fn estimates(&self, measures: &[MapMeasure]) -> Option<Vec<PairEstimate>> {
        let pixels = self.pixels();
        if self.pairs.is_empty() || self.maps.len() != self.kept.len() * pixels {
            return None;
        }
        let of_pair = |pair: &Pair| -> Vec<f64> {
            let [first, second] = pair
                .images
                .map(|image| &self.maps[image * pixels..][..pixels]);
            let each = measures.iter();
            each.map(|measure| measure(first, second, self.shape))
                .collect()
        };
        // Summed in order, so that the result does not depend on threads.
        let found: Vec<Vec<f64>> = self.pairs.par_iter().map(of_pair).collect();
        let estimate = |measure| self.estimate(found.iter().map(move |values| values[measure]));
        Some((0..measures.len()).map(estimate).collect())
    }

    fn estimate(&self, values: impl Iterator<Item = f64> + Clone) -> PairEstimate {
        let weighted = values.clone().zip(&self.pairs);
        let mean: f64 = weighted.map(|(value, pair)| value * pair.weight).sum();
        let pairs = self.pairs.len() as f64;
        let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
        PairEstimate {
            mean,
            standard_error: if self.is_sample {
                (squares / (pairs - 1.0) / pairs).sqrt()
            } else {
                0.0
            },
        }
    }
}

/// The most pairs of maps `[h, w]`. At least two, for a standard error.
fn limit([height, width]: [usize; 2]) -> usize {
    let pair = 2 * size_of::<f64>() * (height * width).max(1);
    (MAX_BYTES / pair).clamp(2, MAX_PAIRS)
}

fn pairs_of(images: usize) -> u128 {
    let images = images as u128;
    images * images.saturating_sub(1) / 2
}

/// The positions of each class's images, of classes with two or more.
fn members(classes: &[u32]) -> Vec<Vec<usize>> {
    let count = classes.iter().max().map_or(0, |&class| class as usize + 1);
    let mut members = vec![Vec::new(); count];
    for (position, &class) in classes.iter().enumerate() {
        members[class as usize].push(position);
    }
    members.retain(|own| own.len() >= 2);
    members
}

fn every(members: &[Vec<usize>]) -> Vec<Pair> {
    let images: usize = members.iter().map(Vec::len).sum();
    let mut pairs = Vec::new();
    for own in members {
        let weight = 2.0 / (images as f64 * (own.len() - 1) as f64);
        for (index, &first) in own.iter().enumerate() {
            let rest = own[index + 1..].iter();
            pairs.extend(rest.map(|&second| Pair {
                images: [first, second],
                weight,
            }));
        }
    }
    pairs
}

fn drawn(members: &[Vec<usize>], count: usize, seed: u64) -> Vec<Pair> {
    // Each image as its class and its place there.
    let of_class = |(class, own): (usize, &Vec<usize>)| (0..own.len()).map(move |i| (class, i));
    let images: Vec<(usize, usize)> = members.iter().enumerate().flat_map(of_class).collect();
    let mut random = RandomStream::new("pairs of maps of one class", &[seed]);
    let draw = |_| {
        let (class, first) = images[random.below(images.len())];
        let own = &members[class];
        let other = random.below(own.len() - 1);
        let second = other + usize::from(other >= first);
        Pair {
            images: [own[first], own[second]],
            weight: 1.0 / count as f64,
        }
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Maps of one value.
    const ONE: [usize; 2] = [1, 1];

    fn difference(a: &[f64], b: &[f64], _: [usize; 2]) -> f64 {
        (a[0] - b[0]).abs()
    }

    fn estimate(classes: &[u32], values: &[f64], limit: usize, seed: u64) -> Option<PairEstimate> {
        let mut paired = PairedMaps::with_limit(classes, ONE, seed, limit);
        for (position, value) in values.iter().enumerate() {
            if paired.keeps(position as u64) {
                paired.push(&[*value]);
            }
        }
        Some(paired.estimates(&[difference])?[0])
    }

    /// Class 0: differences 1, 3, 2; class 2: 10. Each image counts alike: (3 * 2 + 2 * 10) / 5.
    #[test]
    fn few_pairs_are_all_taken_and_each_image_counts_alike() {
        let (classes, values) = ([0, 2, 0, 1, 2, 0], [1.0, 20.0, 2.0, 7.0, 30.0, 4.0]);
        let found = estimate(&classes, &values, 4, 0).unwrap();
        assert!((found.mean - 26.0 / 5.0).abs() < 1e-14, "{found:?}");
        assert_eq!(found.standard_error, 0.0);
    }

    #[test]
    fn without_two_images_in_a_class_there_is_no_pair() {
        assert_eq!(estimate(&[0, 1, 2], &[1.0, 2.0, 3.0], 9, 0), None);
        assert_eq!(estimate(&[], &[], 9, 0), None);
    }

    #[test]
    fn drawn_pairs_come_within_their_standard_error_and_the_seed_decides_alone() {
        let classes: Vec<u32> = (0..300).map(|i| u32::from(i % 3 == 0)).collect();
        let values: Vec<f64> = (0..300).map(|i| f64::from(i * i % 97)).collect();
        let exact = estimate(&classes, &values, usize::MAX, 0).unwrap();
        let mut within = 0;
        for seed in 0..50 {
            let found = estimate(&classes, &values, 500, seed).unwrap();
            assert_eq!(estimate(&classes, &values, 500, seed), Some(found));
            let errors = (found.mean - exact.mean).abs() / found.standard_error;
            assert!(errors < 4.5, "seed {seed}: {errors} standard errors");
            within += usize::from(errors < 1.0);
        }
        // 68 of 100 in expectation: of 50, 34 with a standard deviation of 3.3.
        assert!((24..=44).contains(&within), "{within}");
    }

    #[test]
    fn large_maps_take_no_more_than_the_limit_of_memory() {
        assert_eq!(limit([28, 28]), MAX_PAIRS);
        assert_eq!(limit([112, 112]), 1337);
        assert_eq!(limit([1 << 14, 1 << 14]), 2);
    }
}
