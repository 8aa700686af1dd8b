//! Relevance mass where the object usually is not: on the image's border and on its empty
//! background.
//!
//! A model that looks at the black corners of every image is consistent, and its maps depend on
//! what it has learnt; yet it is wrong. Without a mask of the object, two regions are known
//! that it rarely fills: the [`border`], the outermost tenth of each side, and the [`background`],
//! where the image shows nothing. The share of the map's sum in each is the relevance mass
//! accuracy of Arras et al. 2022 ("CLEVR-XAI"), which Kohlbrenner et al. 2020 call inside-total
//! relevance ratio, with these regions in place of the object; so a large share is bad here.
//! The region's share of the image is given for comparison: it is the share of a uniform map.
//!
//! Each element of a map covers its part of the image uniformly, and regions are weighted by their
//! exact area in it, so that the result does not depend on how maps are enlarged.

pub mod background;
pub mod border;
mod mean;

use serde::{Deserialize, Serialize};

use super::error::check;
use super::{Image, TrustError};
use background::{Background, PixelScale};

pub use mean::{MeanSurroundings, SurroundingsSum};

/// A region of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The share of the map's sum that lies in it, in [0, 1].
    pub mass: f64,
    /// Its share of the image, which is `mass` of a uniform map.
    pub area: f64,
}

/// One map against the two regions of its image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The outermost tenth of each side.
    pub border: Region,
    /// The uniform background connected with the image's edge; an area of 0 without one.
    pub background: Region,
}

/// Measures maps of one shape on images of one size.
#[derive(Clone, Debug)]
pub struct SurroundingsMeter {
    map: [usize; 2],
    image: [usize; 2],
    /// Share of each element that is border, [h, w].
    border: Vec<f64>,
}

impl SurroundingsMeter {
    /// For maps [h, w] = `map` of images [H, W] = `image`.
    ///
    /// # Panics
    /// If a side is 0.
    pub fn new(map: [usize; 2], image: [usize; 2]) -> Self {
        let sides = map.iter().chain(&image);
        assert!(sides.clone().all(|side| *side > 0), "empty map or image");
        Self {
            map,
            image,
            border: border::shares(map),
        }
    }

    /// `map` [h, w], which is not negative, on `image` [C, H, W], whose values are of `scale`.
    /// `None` for an all-zero map.
    ///
    /// # Errors
    /// A map or an image of another shape; a value of the map that is negative or not finite.
    pub fn measure(
        &self,
        map: &[f32],
        image: &Image<'_>,
        scale: &PixelScale,
    ) -> Result<Option<Surroundings>, TrustError> {
        check("the map", map, &self.map)?;
        image.check_same_size("the image", self.image)?;
        if let Some(index) = map.iter().position(|&value| value < 0.0) {
            let value = map[index].into();
            return Err(TrustError::Negative { index, value });
        }
        let sum: f64 = map.iter().map(|&value| f64::from(value)).sum();
        if sum == 0.0 {
            return Ok(None);
        }
        let region = |shares: &[f64], area: f64| {
            let parts = map.iter().zip(shares);
            let mass: f64 = parts.map(|(&value, share)| f64::from(value) * share).sum();
            // Sums in another order may differ in the last bit.
            Region {
                mass: (mass / sum).min(1.0),
                area,
            }
        };
        let background = Background::find(image, scale);
        Ok(Some(Surroundings {
            border: region(&self.border, border::AREA),
            background: match &background {
                Some(background) => region(&background.shares(self.map), background.area()),
                None => Region::default(),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A white square of 20x20 in the middle of a black image of 40x40.
    fn square() -> Vec<f32> {
        let inside = |i: usize| (10..30).contains(&i);
        (0..1600)
            .map(|i| f32::from(u8::from(inside(i / 40) && inside(i % 40))))
            .collect()
    }

    fn measure(map: &[f32], side: usize) -> Option<Surroundings> {
        let pixels = square();
        let image = Image::new(&pixels, 1, [40, 40]).unwrap();
        let meter = SurroundingsMeter::new([side, side], [40, 40]);
        meter.measure(map, &image, &PixelScale::UNIT).unwrap()
    }

    #[test]
    fn an_even_map_has_as_much_in_a_region_as_the_region_has_of_the_image() {
        for side in [1, 2, 7, 10, 40, 112] {
            let found = measure(&vec![0.25; side * side], side).unwrap();
            for region in [found.border, found.background] {
                assert!(
                    (region.mass - region.area).abs() < 1e-12,
                    "{side}: {found:?}"
                );
            }
            assert!((found.border.area - 0.36).abs() < 1e-12);
        }
    }

    #[test]
    fn a_map_of_the_object_has_nothing_around_it_and_one_of_the_corner_everything() {
        let mut map = vec![0.0; 16];
        map[5] = 1.0;
        let on_object = measure(&map, 4).unwrap();
        assert_eq!(
            (on_object.border.mass, on_object.background.mass),
            (0.0, 0.0)
        );
        // The corner element of 4x4: all but (0.25 - 0.1)^2 / 0.25^2 of it is border.
        let mut map = vec![0.0; 16];
        map[0] = 0.5;
        let in_corner = measure(&map, 4).unwrap();
        assert!((in_corner.border.mass - 0.64).abs() < 1e-12);
        // One of its 100 pixels touches the square's corner.
        assert!((in_corner.background.mass - 0.99).abs() < 1e-12);
    }

    #[test]
    fn the_resolution_of_a_map_does_not_matter() {
        let coarse: Vec<f32> = (0..100).map(|i| (i * 37 % 11) as f32).collect();
        let fine: Vec<f32> = (0..1600)
            .map(|i| coarse[i / 40 / 4 * 10 + i % 40 / 4])
            .collect();
        let (a, b) = (measure(&coarse, 10).unwrap(), measure(&fine, 40).unwrap());
        assert!((a.border.mass - b.border.mass).abs() < 1e-12);
        assert!((a.background.mass - b.background.mass).abs() < 1e-12);
    }

    #[test]
    fn an_all_zero_map_has_no_surroundings() {
        assert_eq!(measure(&[0.0; 16], 4), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let pixels = square();
        let image = Image::new(&pixels, 1, [40, 40]).unwrap();
        let meter = SurroundingsMeter::new([2, 2], [40, 40]);
        let refused = |map: &[f32]| meter.measure(map, &image, &PixelScale::UNIT).is_err();
        assert!(refused(&[1.0; 3]) && refused(&[f32::NAN; 4]));
        assert!(refused(&[1.0, -0.1, 0.0, 0.0]));
        let other = SurroundingsMeter::new([2, 2], [20, 80]);
        assert!(other.measure(&[1.0; 4], &image, &PixelScale::UNIT).is_err());
    }
}
