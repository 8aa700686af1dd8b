//! A map laid over the image it belongs to.

use image::{Rgb, RgbImage};

use crate::colour_map::colour;
use crate::map::Map;

/// Share of the colour in the blend; the rest is the image.
const OPACITY: f32 = 0.55;

/// `map` in colour, resampled to the size of `image` and blended over it.
pub(crate) fn overlay(image: &RgbImage, map: &Map) -> RgbImage {
    let values = map.resampled(image.height() as usize, image.width() as usize);
    let mut out = image.clone();
    for (pixel, value) in out.pixels_mut().zip(values) {
        let Rgb(top) = colour(value);
        for (below, above) in pixel.0.iter_mut().zip(top) {
            let blended = f32::from(*below) * (1.0 - OPACITY) + f32::from(above) * OPACITY;
            *below = blended.round() as u8;
        }
    }
    out
}

/// `map` in colour alone, resampled to `height` x `width`.
pub(crate) fn plain(map: &Map, height: u32, width: u32) -> RgbImage {
    let mut out = RgbImage::new(width, height);
    let values = map.resampled(height as usize, width as usize);
    for (pixel, value) in out.pixels_mut().zip(values) {
        *pixel = colour(value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blend_is_the_stated_share_of_both() {
        let image = RgbImage::from_pixel(2, 2, Rgb([100, 100, 100]));
        let map = Map::new(vec![1.0], 1, 1).unwrap();
        // 0.45 * 100 + 0.55 * (252, 255, 164)
        let expected = Rgb([184, 185, 135]);
        assert!(
            overlay(&image, &map)
                .pixels()
                .all(|pixel| *pixel == expected)
        );
    }

    #[test]
    fn the_bright_corner_of_the_map_is_the_bright_corner_of_the_picture() {
        let map = Map::new(vec![0.0, 1.0, 0.0, 0.0], 2, 2).unwrap();
        let picture = overlay(&RgbImage::from_pixel(40, 20, Rgb([90, 90, 90])), &map);
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
