//! JPEG, through `zune-jpeg`.
//!
//! The `image` crate wraps the same decoder in its lenient mode, which fills the missing part of a
//! truncated file with grey. Such images must not enter a study unnoticed.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::{MAX_SIDE, Mode, check_size};

pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Mode), String> {
    let colours = open(bytes)?.input_colorspace();
    let one_channel = matches!(colours, Some(ColorSpace::MultiBand(n)) if n.get() == 1);
    if one_channel && let Some(plain) = without_adobe_marker(bytes) {
        return decode_plain(&plain);
    }
    decode_plain(bytes)
}

fn decode_plain(bytes: &[u8]) -> Result<(DynamicImage, Mode), String> {
    if !ends_after_its_last_scan(bytes) {
        return Err("incomplete JPEG: no end marker after its pixels".into());
    }
    let mut decoder = open(bytes)?;
    let (width, height) = decoder.dimensions().ok_or("damaged JPEG: no dimensions")?;
    check_size(width, height)?;
    let (mode, target) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (Mode::Grey, ColorSpace::Luma),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => (Mode::Rgb, ColorSpace::RGB),
        Some(ColorSpace::CMYK | ColorSpace::YCCK) => (Mode::Cmyk, ColorSpace::RGB),
        other => return Err(format!("JPEG with the colour space {other:?} is not read")),
    };
    let exif = decoder.exif();
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(exif));
    let strict = options().set_strict_mode(true);
    decoder.set_options(strict.jpeg_set_out_colorspace(target));
    let data = decoder.decode().map_err(error_text)?;
    let (width, height) = (width as u32, height as u32);
    let image = if target == ColorSpace::Luma {
        GrayImage::from_raw(width, height, data).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, data).map(DynamicImage::ImageRgb8)
    };
    let mut image = image.ok_or("damaged JPEG: fewer pixels than its header claims")?;
    image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok((image, mode))
}

fn options() -> DecoderOptions {
    DecoderOptions::default()
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
}

/// A decoder that has read the headers, in lenient mode: stray bytes between them are harmless.
fn open(bytes: &[u8]) -> Result<JpegDecoder<ZCursor<&[u8]>>, String> {
    let lenient = options().set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), lenient);
    decoder.decode_headers().map_err(error_text)?;
    Ok(decoder)
}

fn error_text(error: DecodeErrors) -> String {
    match error {
        DecodeErrors::Unsupported(what) => {
            format!("{what:?} JPEG is not read: convert it to PNG or baseline JPEG")
        }
        other => format!("damaged JPEG: {other}"),
    }
}

/// Whether an end marker (EOI) follows the last start of a scan (SOS). Neither byte pair can occur
/// within pixel data. The decoder itself detects missing data only at the next row of blocks.
fn ends_after_its_last_scan(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xda) < last(0xd9)
}

/// The file without its Adobe segment, `None` if it has none. Photoshop writes one with colour
/// transform 0 into grey JPEGs, which the decoder takes for CMYK.
fn without_adobe_marker(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut at = 2;
    loop {
        let (marker, length) = (bytes.get(at..at + 2)?, bytes.get(at + 2..at + 4)?);
        let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        if marker[0] != 0xff || marker[1] == 0xda {
            return None;
        }
        if marker[1] == 0xee && bytes.get(at + 4..at + 9) == Some(b"Adobe") {
            return Some([&bytes[..at], bytes.get(end..)?].concat());
        }
        at = end;
    }
}
