//! A map blended over its image.

use image::{Rgb, RgbImage};

use crate::activation_map::ActivationMap;
use crate::colour_map::ColourMap;

/// How a map is blended over an image: `(1 - alpha) * image + alpha * colour_map(map)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlayStyle {
    /// Colours of the map's values.
    pub colour_map: ColourMap,
    /// Opacity of the map, in [0, 1].
    pub alpha: f32,
}

impl OverlayStyle {
    /// Inferno at an opacity of 0.55: that of every page.
    pub const DEFAULT: Self = Self {
        colour_map: ColourMap::Inferno,
        alpha: 0.55,
    };

    /// The blend of a pixel `below` and the colour of `value`.
    pub(crate) fn blend(&self, below: Rgb<u8>, value: f32) -> Rgb<u8> {
        let above = self.colour_map.colour(value);
        let channel = |c: usize| {
            f32::from(below.0[c]) * (1.0 - self.alpha) + f32::from(above.0[c]) * self.alpha
        };
        Rgb([0, 1, 2].map(|c| channel(c).round() as u8))
    }
}

/// `map` in colour, resampled to the size of `image` and blended over it.
pub(crate) fn overlay(image: &RgbImage, map: &ActivationMap, style: &OverlayStyle) -> RgbImage {
    let values = map.resampled(image.height() as usize, image.width() as usize);
    let mut out = image.clone();
    for (pixel, value) in out.pixels_mut().zip(values) {
        *pixel = style.blend(*pixel, value);
    }
    out
}

/// `map` in colour alone, resampled to `height` x `width`.
pub(crate) fn coloured_map(
    map: &ActivationMap,
    height: u32,
    width: u32,
    colours: ColourMap,
) -> RgbImage {
    let mut out = RgbImage::new(width, height);
    let values = map.resampled(height as usize, width as usize);
    for (pixel, value) in out.pixels_mut().zip(values) {
        *pixel = colours.colour(value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blend_is_the_stated_share_of_both() {
        let image = RgbImage::from_pixel(2, 2, Rgb([100, 100, 100]));
        let map = ActivationMap::new(vec![1.0], 1, 1).unwrap();
        // 0.45 * 100 + 0.55 * (252, 255, 164)
        let expected = Rgb([184, 185, 135]);
        assert!(
            overlay(&image, &map, &OverlayStyle::DEFAULT)
                .pixels()
                .all(|pixel| *pixel == expected)
        );
    }

    #[test]
    fn the_bright_corner_of_the_map_is_the_bright_corner_of_the_picture() {
        let map = ActivationMap::new(vec![0.0, 1.0, 0.0, 0.0], 2, 2).unwrap();
        let grey = RgbImage::from_pixel(40, 20, Rgb([90, 90, 90]));
        let picture = overlay(&grey, &map, &OverlayStyle::DEFAULT);
        let sum = |x, y| {
            picture
                .get_pixel(x, y)
                .0
                .iter()
                .map(|c| u32::from(*c))
                .sum::<u32>()
        };
        for (x, y) in [(0, 0), (0, 19), (39, 19)] {
            assert!(sum(39, 0) > 2 * sum(x, y));
        }
    }
}
