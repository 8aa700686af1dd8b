//! Text on a picture, in the built-in bitmap font, or in the system's fonts if it lacks a
//! character.

use std::fmt::Write;

use image::{Rgb, RgbImage};
use resvg::tiny_skia::Pixmap;

use crate::Result;
use crate::bitmap_text::{LINE, Weight, draw, needs_escapes};
use crate::export::render_transparent;
use crate::xml::escape_xml;

/// A text with its top left corner.
#[derive(Debug, Clone)]
pub(crate) struct PlacedText {
    pub at: (u32, u32),
    pub text: String,
    pub weight: Weight,
}

/// Texts that can be drawn.
pub(crate) enum Lettering {
    /// Drawn in the built-in bitmap font.
    Bitmap(Vec<PlacedText>),
    /// Rendered in the system's fonts.
    Rendered(Pixmap),
}

impl Lettering {
    /// Texts on a picture of `size` (width, height); `None` if no font has all characters.
    ///
    /// # Errors
    /// A drawing that cannot be rendered.
    pub fn new(texts: Vec<PlacedText>, size: (u32, u32)) -> Result<Option<Self>> {
        if !texts.iter().any(|letters| needs_escapes(&letters.text)) {
            return Ok(Some(Self::Bitmap(texts)));
        }
        Ok(render_transparent(&svg(&texts, size))?.map(Self::Rendered))
    }

    /// Draws them over `picture`.
    pub fn draw(&self, picture: &mut RgbImage) {
        match self {
            Self::Bitmap(texts) => {
                for letters in texts {
                    draw(picture, letters.at, &letters.text, letters.weight);
                }
            }
            // Premultiplied alpha.
            Self::Rendered(pixels) => {
                for (Rgb(below), above) in picture.pixels_mut().zip(pixels.data().chunks_exact(4)) {
                    let seen_through = u32::from(255 - above[3]);
                    for (below, above) in below.iter_mut().zip(above) {
                        let mixed = u32::from(*above) + u32::from(*below) * seen_through / 255;
                        *below = mixed.min(255) as u8;
                    }
                }
            }
        }
    }
}

fn svg(texts: &[PlacedText], (width, height): (u32, u32)) -> String {
    const SIZE: u32 = 14;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-size=\"{SIZE}\" fill=\"#181818\">"
    );
    for PlacedText { at, text, weight } in texts {
        let weight = match weight {
            Weight::Regular => "normal",
            Weight::Bold => "bold",
        };
        let (x, baseline) = (at.0, at.1 + (LINE + SIZE) / 2 - 2);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let text = escape_xml(&text);
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"{baseline}\" font-weight=\"{weight}\">{text}</text>"
        );
    }
    svg + "</svg>"
}
