//! An SVG file as a PNG file.
//!
//! Text is in Noto Sans, which is built in and has Latin, Greek and Cyrillic. Other characters are
//! looked up in the system's fonts. If none has them, no PNG is written, because names would be
//! boxes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

use image::ExtendedColorType;
use image::ImageEncoder;
use image::codecs::png::PngEncoder;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{FontResolver, Options, Tree};

use crate::{ReportError, Result};

const FAMILY: &str = "Noto Sans";

/// The result of rendering.
pub(super) enum Raster {
    /// A PNG file.
    Png(Vec<u8>),
    /// No picture, because no font of the system has these characters.
    NoFont(BTreeSet<char>),
}

/// Renders `svg` at `pixels_per_unit`.
///
/// # Errors
/// [`ReportError::Drawing`]: no SVG, or too large for memory; [`ReportError::Encode`].
pub(super) fn png(svg: &str, pixels_per_unit: f32) -> Result<Raster> {
    let (tree, missing) = tree(svg)?;
    if !missing.is_empty() {
        return Ok(Raster::NoFont(missing));
    }
    // The tree's size is in CSS pixels of 1/96 inch, made of millimetres.
    let units = tree.size().width() / (96.0 / 25.4 * super::drawing::MM as f32);
    let (width, scale) = (
        units * pixels_per_unit,
        units * pixels_per_unit / tree.size().width(),
    );
    let (width, height) = (
        width.round() as u32,
        (tree.size().height() * scale).round() as u32,
    );
    let pixels = rendered(&tree, [width, height], scale)?;
    // The background is opaque, so alpha can be dropped.
    let rgb: Vec<u8> = pixels
        .data()
        .chunks_exact(4)
        .flat_map(|p| [p[0], p[1], p[2]])
        .collect();
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(ReportError::Encode)?;
    Ok(Raster::Png(bytes))
}

/// Renders an SVG drawing without background, one pixel per unit; `None` if no font of the system
/// has one of its characters.
///
/// # Errors
/// As [`png`].
pub(crate) fn render_transparent(svg: &str) -> Result<Option<Pixmap>> {
    let (tree, missing) = tree(svg)?;
    if !missing.is_empty() {
        return Ok(None);
    }
    let size = tree.size().to_int_size();
    rendered(&tree, [size.width(), size.height()], 1.0).map(Some)
}

/// The drawing, and the characters for which there is no font.
fn tree(svg: &str) -> Result<(Tree, BTreeSet<char>)> {
    let missing: Arc<Mutex<BTreeSet<char>>> = Arc::default();
    let options = options(&missing);
    let tree =
        Tree::from_str(svg, &options).map_err(|error| ReportError::Drawing(error.to_string()))?;
    drop(options);
    let missing = missing
        .lock()
        .map(|missing| missing.clone())
        .unwrap_or_default();
    Ok((tree, missing))
}

fn rendered(tree: &Tree, [width, height]: [u32; 2], scale: f32) -> Result<Pixmap> {
    let mut pixels = Pixmap::new(width, height)
        .ok_or_else(|| ReportError::Drawing(format!("{width}x{height} pixels are too many")))?;
    let scale = Transform::from_scale(scale, scale);
    resvg::render(tree, scale, &mut pixels.as_mut());
    Ok(pixels)
}

/// Noto Sans for every family; a character it lacks is looked up in the system's fonts and, if none
/// has it, put into `missing`.
fn options(missing: &Arc<Mutex<BTreeSet<char>>>) -> Options<'static> {
    let missing = Arc::clone(missing);
    let fallback = FontResolver::default_fallback_selector();
    Options {
        font_family: FAMILY.to_owned(),
        fontdb: bundled_fonts(),
        font_resolver: FontResolver {
            select_font: Box::new(|font, fonts| {
                // Noto Sans whatever the family, so that pictures are the same on every system.
                let weight = resvg::usvg::fontdb::Weight(font.weight());
                let query = resvg::usvg::fontdb::Query {
                    families: &[resvg::usvg::fontdb::Family::Name(FAMILY)],
                    weight,
                    ..Default::default()
                };
                fonts.query(&query)
            }),
            select_fallback: Box::new(move |c, used, fonts| {
                if fonts.len() <= bundled_fonts().len() {
                    *fonts = bundled_and_system_fonts();
                }
                let found = fallback(c, used, fonts);
                if found.is_none()
                    && let Ok(mut missing) = missing.lock()
                {
                    missing.insert(c);
                }
                found
            }),
        },
        ..Options::default()
    }
}

/// The built-in fonts.
fn bundled_fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::new();
        fonts.load_font_data(ttf_noto_sans::REGULAR.to_vec());
        fonts.load_font_data(ttf_noto_sans::BOLD.to_vec());
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}

/// The built-in fonts and the system's, which are loaded once.
fn bundled_and_system_fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::clone(&bundled_fonts());
        fonts.load_system_fonts();
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}
