//! Text in pictures, from a font that is part of the program.

use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Height of a line in pixels.
pub(crate) const LINE: u32 = 20;

/// Regular or bold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Width of `count` characters in pixels.
pub(crate) const fn width_of(count: usize) -> u32 {
    (count * get_raster_width(FontWeight::Regular, RasterHeight::Size16)) as u32
}

/// `text` with control characters and characters that the font lacks escaped, as `\u{76ee}`.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if shows(c) {
                c.to_string()
            } else {
                c.escape_unicode().to_string()
            }
        })
        .collect()
}

/// Whether [`printable`] would change `text`.
pub(crate) fn needs_escapes(text: &str) -> bool {
    !text.chars().all(shows)
}

fn shows(c: char) -> bool {
    !c.is_control() && get_raster(c, FontWeight::Regular, RasterHeight::Size16).is_some()
}

/// At most `count` characters of `text`; the middle is elided, because names differ at their ends.
pub(crate) fn shortened(text: &str, count: usize) -> String {
    let all: Vec<char> = text.chars().collect();
    if all.len() <= count {
        return text.to_owned();
    }
    let kept = count.saturating_sub(2);
    let (head, tail) = (kept - kept / 2, kept / 2);
    let head: String = all[..head].iter().collect();
    let tail: String = all[all.len() - tail..].iter().collect();
    format!("{head}..{tail}")
}

/// Draws printable text with its top left corner at `(x, y)`; pixels outside the picture are
/// dropped.
pub(crate) fn draw(picture: &mut RgbImage, (x, y): (u32, u32), text: &str, weight: Weight) {
    const INK: f32 = 24.0;
    let weight = match weight {
        Weight::Regular => FontWeight::Regular,
        Weight::Bold => FontWeight::Bold,
    };
    for (index, c) in text.chars().enumerate() {
        let Some(glyph) = get_raster(c, weight, RasterHeight::Size16) else {
            continue;
        };
        let left = x + width_of(index);
        for (row, line) in (y..).zip(glyph.rows()) {
            for (column, coverage) in (left..).zip(line) {
                if let Some(Rgb(pixel)) = picture.get_pixel_mut_checked(column, row) {
                    let ink = f32::from(*coverage) / 255.0;
                    *pixel = pixel.map(|p| (f32::from(p) * (1.0 - ink) + INK * ink).round() as u8);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_font_lacks_is_escaped() {
        assert_eq!(printable("gliome né à Łódź"), "gliome né à Łódź");
        assert_eq!(printable("目\n"), "\\u{76ee}\\u{a}");
        assert!(needs_escapes("目") && !needs_escapes("glioma"));
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("patient-000123.png", 10), "pati...png");
        assert_eq!(shortened("short", 10), "short");
        assert_eq!(shortened("目目目目目", 4), "目..目");
    }

    #[test]
    fn text_leaves_ink_where_it_is_drawn_and_nowhere_else() {
        let mut picture = RgbImage::from_pixel(60, 40, Rgb([255; 3]));
        draw(&mut picture, (10, 10), "HH", Weight::Bold);
        let inked = |x: std::ops::Range<u32>| {
            picture
                .enumerate_pixels()
                .any(|(px, _, p)| x.contains(&px) && p.0[0] < 100)
        };
        assert!(inked(10..30));
        assert!(!inked(0..10) && !inked(10 + width_of(2)..60));
        draw(&mut picture, (55, 35), "cut at the edge", Weight::Regular);
    }
}
