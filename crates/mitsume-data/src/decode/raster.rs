//! TIFF, WebP, BMP and GIF, through the `image` crate.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, Limits};

use super::{MAX_PIXELS, Mode, check_size};

/// An image, or what is wrong with it.
type Result = std::result::Result<(DynamicImage, Mode), String>;

/// The first page.
pub(super) fn tiff(bytes: &[u8]) -> Result {
    decode(TiffDecoder::new(Cursor::new(bytes)), "TIFF", None)
}

/// The first frame.
pub(super) fn webp(bytes: &[u8]) -> Result {
    decode(WebPDecoder::new(Cursor::new(bytes)), "WebP", None)
}

pub(super) fn bmp(bytes: &[u8]) -> Result {
    // The bits of a pixel; the older header (12 bytes long) has shorter sides.
    let at = if bytes.get(14) == Some(&12) { 24 } else { 28 };
    let palette = matches!(bytes.get(at), Some(1..=8));
    let mode = palette.then_some(Mode::Palette);
    decode(BmpDecoder::new(Cursor::new(bytes)), "BMP", mode)
}

/// The first frame.
pub(super) fn gif(bytes: &[u8]) -> Result {
    decode(
        GifDecoder::new(Cursor::new(bytes)),
        "GIF",
        Some(Mode::Palette),
    )
}

/// Decodes with the size checked before pixels are allocated. `mode` is that of the samples unless it
/// is given.
fn decode<D: ImageDecoder>(
    decoder: std::result::Result<D, ImageError>,
    format: &str,
    mode: Option<Mode>,
) -> Result {
    let error_text = |error: ImageError| match error {
        ImageError::Unsupported(error) => {
            format!("{format} of a kind that is not read ({error}): convert it to PNG")
        }
        ImageError::Limits(_) => format!("{format}: needs more memory than is given to an image"),
        error => format!("damaged {format}: {error}"),
    };
    let mut decoder = decoder.map_err(error_text)?;
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(8 * MAX_PIXELS as u64);
    decoder.set_limits(limits).map_err(error_text)?;
    let samples = decoder.original_color_type();
    let mode = match mode.or_else(|| mode_of(samples)) {
        Some(mode) => mode,
        None => {
            return Err(format!(
                "{format} with samples of the kind {samples:?} is not read: convert it to PNG"
            ));
        }
    };
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(error_text)?;
    image.apply_orientation(orientation);
    Ok((image, mode))
}

/// `None` for samples that have no place between black and white, such as floating-point numbers.
fn mode_of(samples: ExtendedColorType) -> Option<Mode> {
    use ExtendedColorType as Samples;
    Some(match samples {
        Samples::L1 | Samples::L2 | Samples::L4 | Samples::L8 => Mode::Grey,
        Samples::La8 => Mode::GreyAlpha,
        Samples::Rgb8 => Mode::Rgb,
        Samples::Rgba8 => Mode::Rgba,
        Samples::L16 => Mode::Grey16,
        Samples::La16 => Mode::GreyAlpha16,
        Samples::Rgb16 => Mode::Rgb16,
        Samples::Rgba16 => Mode::Rgba16,
        Samples::Cmyk8 => Mode::Cmyk,
        _ => return None,
    })
}
