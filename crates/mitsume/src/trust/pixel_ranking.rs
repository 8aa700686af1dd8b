//! The pixels of a map ranked by relevance.

use std::cmp::Ordering;

use super::TrustError;
use super::error::check;

/// The pixels of a map [H, W], each once, as indices `row * W + column`.
///
/// Pixels of equal relevance are in reading order, from either end. After a ReLU much of a map is
/// exactly 0: there the order carries no information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelRanking {
    pixels: Vec<u32>,
    shape: [usize; 2],
    distinct: usize,
}

impl PixelRanking {
    /// From the most relevant pixel of `map`, [H, W] = `shape`, to the least.
    ///
    /// # Errors
    /// A map that does not fit its shape, has 2^32 pixels or more, or holds a NaN or infinity.
    pub fn most_relevant_first(map: &[f32], shape: [usize; 2]) -> Result<Self, TrustError> {
        Self::sorted(map, shape, |a, b| b.partial_cmp(a))
    }

    /// From the least relevant pixel to the most.
    ///
    /// # Errors
    /// As [`PixelRanking::most_relevant_first`].
    pub fn least_relevant_first(map: &[f32], shape: [usize; 2]) -> Result<Self, TrustError> {
        Self::sorted(map, shape, |a, b| a.partial_cmp(b))
    }

    fn sorted(
        map: &[f32],
        shape: [usize; 2],
        compare: impl Fn(&f32, &f32) -> Option<Ordering>,
    ) -> Result<Self, TrustError> {
        check("the map", map, &shape)?;
        let count = u32::try_from(map.len()).map_err(|_| TrustError::Setting {
            name: "the number of pixels",
            found: map.len().to_string(),
            right: "a map must have fewer than 2^32",
        })?;
        let mut pixels: Vec<u32> = (0..count).collect();
        let at = |pixel: &u32| &map[*pixel as usize];
        // A stable sort keeps ties in reading order; finite values always compare.
        pixels.sort_by(|a, b| compare(at(a), at(b)).unwrap_or(Ordering::Equal));
        let changes = pixels
            .windows(2)
            .filter(|pair| at(&pair[0]) != at(&pair[1]));
        Ok(Self {
            distinct: changes.count() + 1,
            pixels,
            shape,
        })
    }

    /// The pixels, first to last.
    pub fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// `[H, W]`.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Number of different values in the map. With 1 the map is constant and the order carries no
    /// information.
    pub fn distinct(&self) -> usize {
        self.distinct
    }

    /// The first `count` pixels (all, if there are fewer) as a mask [H, W].
    pub fn top_mask(&self, count: usize) -> Vec<bool> {
        let mut mask = vec![false; self.pixels.len()];
        for &pixel in self.pixels.iter().take(count) {
            mask[pixel as usize] = true;
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_in_reading_order_from_either_end() {
        let map = [0.0, 2.0, 1.0, -0.0, 2.0, 0.0];
        let most = PixelRanking::most_relevant_first(&map, [2, 3]).unwrap();
        assert_eq!(most.pixels(), [1, 4, 2, 0, 3, 5]);
        let least = PixelRanking::least_relevant_first(&map, [2, 3]).unwrap();
        assert_eq!(least.pixels(), [0, 3, 5, 2, 1, 4]);
        assert_eq!(most.distinct(), 3);
        assert_eq!(most.top_mask(2), [false, true, false, false, true, false]);
    }

    #[test]
    fn maps_that_are_not_finite_or_do_not_fit_are_refused() {
        let nan = PixelRanking::most_relevant_first(&[0.0, f32::NAN], [1, 2]).unwrap_err();
        assert!(nan.to_string().contains("NaN at value 1"), "{nan}");
        assert!(PixelRanking::most_relevant_first(&[f32::INFINITY], [1, 1]).is_err());
        assert!(PixelRanking::most_relevant_first(&[], [0, 3]).is_err());
        assert!(PixelRanking::least_relevant_first(&[1.0; 5], [2, 3]).is_err());
        assert!(PixelRanking::least_relevant_first(&[1.0; 4], [usize::MAX, 2]).is_err());
    }
}
