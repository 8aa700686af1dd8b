//! The colour bar of a map.

use image::RgbImage;

use crate::bitmap_text::{Weight, draw, width_of};
use crate::colour_map::ColourMap;

/// A vertical bar from 1 at the top to 0 at the bottom, with its numbers at the right.
pub(crate) struct ColourBar {
    pub colours: ColourMap,
    /// In pixels; at least [`ColourBar::MIN_HEIGHT`].
    pub height: u32,
}

impl ColourBar {
    const BAR_WIDTH: u32 = 16;
    const GAP: u32 = 8;
    const FONT_HEIGHT: u32 = 16;
    /// Width with the numbers, in pixels.
    pub const WIDTH: u32 = Self::BAR_WIDTH + Self::GAP + width_of(3);
    /// Smallest height with room for the numbers at both ends, in pixels.
    pub const MIN_HEIGHT: u32 = 2 * Self::FONT_HEIGHT;

    /// Draws it with its top left corner at `(x, y)`.
    pub fn draw(&self, out: &mut RgbImage, (x, y): (u32, u32)) {
        for row in 0..self.height {
            let value = 1.0 - row as f32 / (self.height - 1) as f32;
            let fill = self.colours.colour(value);
            for column in 0..Self::BAR_WIDTH {
                out.put_pixel(x + column, y + row, fill);
            }
        }
        let mut labels = vec![("1.0", 0), ("0.0", self.height - Self::FONT_HEIGHT)];
        if self.height >= 3 * Self::FONT_HEIGHT {
            labels.push(("0.5", (self.height - Self::FONT_HEIGHT) / 2));
        }
        for (label, below) in labels {
            let at = (x + Self::BAR_WIDTH + Self::GAP, y + below);
            draw(out, at, label, Weight::Regular);
        }
    }
}
