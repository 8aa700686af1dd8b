//! PNG, through the `image` crate.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits};

use super::{MAX_PIXELS, Mode, check_size};

pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Mode), String> {
    let (width, height, mode) = header(bytes)?;
    check_size(width, height)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(8 * MAX_PIXELS as u64);
    let error_text = |e: image::ImageError| format!("damaged PNG: {e}");
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(error_text)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(error_text)?;
    image.apply_orientation(orientation);
    Ok((image, mode))
}

/// Width, height and mode from the header chunk (IHDR), which always comes first.
fn header(bytes: &[u8]) -> Result<(usize, usize, Mode), String> {
    let header = bytes.get(12..33).ok_or("damaged PNG: ends in its header")?;
    if &header[..4] != b"IHDR" {
        return Err("damaged PNG: no header chunk".into());
    }
    let number = |at: usize| {
        let four = header[at..at + 4].try_into().expect("four bytes");
        u32::from_be_bytes(four) as usize
    };
    let mode = match (header[13], header[12]) {
        (0, 16) => Mode::Grey16,
        (0, _) => Mode::Grey,
        (2, 16) => Mode::Rgb16,
        (2, _) => Mode::Rgb,
        (3, _) => Mode::Palette,
        (4, 16) => Mode::GreyAlpha16,
        (4, _) => Mode::GreyAlpha,
        (6, 16) => Mode::Rgba16,
        (6, _) => Mode::Rgba,
        (other, _) => return Err(format!("damaged PNG: colour type {other}")),
    };
    Ok((number(4), number(8), mode))
}
