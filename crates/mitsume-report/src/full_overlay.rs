//! A map over its image at the image's own resolution, for papers and slides.

use image::{Rgb, RgbImage, imageops};
use mitsume_data::CropBox;

use crate::Result;
use crate::activation_map::ActivationMap;
use crate::colour_bar::ColourBar;
use crate::overlay::OverlayStyle;
use crate::picture::encode_png;

/// The colour bar is scaled up by one for every so many pixels of the image's height.
const BAR_STEP: u32 = 512;
const GAP: u32 = 12;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

/// `map` blended over the `visible` part of `picture` (the network's input), and a colour bar at
/// the right, as a PNG file. Pixels outside of the visible part stay as they are: the map does not
/// cover them. The image keeps its place at the top left corner.
///
/// # Errors
/// A picture that cannot be encoded.
///
/// # Panics
/// If `visible` does not lie within `picture`.
pub fn full_overlay_png(
    picture: RgbImage,
    visible: &CropBox,
    map: &ActivationMap,
    style: &OverlayStyle,
) -> Result<Vec<u8>> {
    encode_png(&full_overlay(picture, visible, map, style))
}

fn full_overlay(
    mut picture: RgbImage,
    visible: &CropBox,
    map: &ActivationMap,
    style: &OverlayStyle,
) -> RgbImage {
    let values = map.resampled(visible.height, visible.width);
    for (at, value) in values.into_iter().enumerate() {
        let (row, column) = (at / visible.width, at % visible.width);
        let (x, y) = (visible.left + column, visible.top + row);
        let pixel = picture.get_pixel_mut(x as u32, y as u32);
        *pixel = style.blend(*pixel, value);
    }
    let bar = bar_strip(picture.height(), style);
    let (width, height) = (
        picture.width() + bar.width(),
        picture.height().max(bar.height()),
    );
    let mut out = RgbImage::from_pixel(width, height, PAPER);
    imageops::replace(&mut out, &picture, 0, 0);
    imageops::replace(&mut out, &bar, i64::from(picture.width()), 0);
    out
}

/// The colour bar with its margins for an image of `height`, in whole multiples of its size so that
/// its numbers can be read beside a large image.
fn bar_strip(height: u32, style: &OverlayStyle) -> RgbImage {
    let scale = (height / BAR_STEP).max(1);
    let bar = ColourBar {
        colours: style.colour_map,
        height: (height / scale).max(ColourBar::MIN_HEIGHT),
    };
    let mut strip = RgbImage::from_pixel(GAP + ColourBar::WIDTH + GAP, bar.height, PAPER);
    bar.draw(&mut strip, (GAP, 0));
    let (width, height) = (strip.width() * scale, strip.height() * scale);
    imageops::resize(&strip, width, height, imageops::FilterType::Nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColourMap;

    fn grey(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([100; 3]))
    }

    #[test]
    fn only_what_the_network_was_shown_is_coloured() {
        let visible = CropBox {
            top: 10,
            left: 20,
            height: 60,
            width: 50,
        };
        let map = ActivationMap::new(vec![1.0], 1, 1).unwrap();
        let style = OverlayStyle {
            colour_map: ColourMap::Viridis,
            alpha: 0.25,
        };
        let picture = full_overlay(grey(100, 80), &visible, &map, &style);
        // 0.75 * 100 + 0.25 * (253, 231, 37)
        let expected = Rgb([138, 133, 84]);
        for (x, y, pixel) in picture.enumerate_pixels().filter(|(x, _, _)| *x < 100) {
            let inside = (20..70).contains(&x) && (10..70).contains(&y);
            let wanted = if inside { expected } else { Rgb([100; 3]) };
            assert_eq!(*pixel, wanted, "{x}, {y}");
        }
    }

    #[test]
    fn the_colour_bar_grows_with_the_image() {
        let map = ActivationMap::new(vec![0.0, 1.0], 1, 2).unwrap();
        for (width, height, scale) in [(1, 1, 1), (300, 200, 1), (500, 1500, 2), (10, 5000, 9)] {
            let whole = CropBox {
                top: 0,
                left: 0,
                height: height as usize,
                width: width as usize,
            };
            let style = OverlayStyle::DEFAULT;
            let picture = full_overlay(grey(width, height), &whole, &map, &style);
            assert_eq!(
                picture.width(),
                width + scale * (2 * GAP + ColourBar::WIDTH)
            );
            assert_eq!(picture.height(), height.max(ColourBar::MIN_HEIGHT));
            let bar = |y| *picture.get_pixel(width + scale * GAP, y);
            assert_eq!(bar(0), style.colour_map.colour(1.0));
        }
    }
}
