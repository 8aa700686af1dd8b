//! DICOM files (`.dcm`) of one frame, as a reader sees them.
//!
//! Stored values go through the modality LUT (rescale slope and intercept), then the first window the
//! file gives (or its VOI LUT); without one, the full range of the image is used. MONOCHROME1, where high is
//! dark, is inverted. Encapsulated RLE and JPEG (baseline, lossless) are read; JPEG 2000, JPEG-LS and
//! deflated data sets are not.
//!
//! A DICOM file names a patient. Nothing of its data set but pixels and their layout leaves this
//! module: errors are in words of its own, without values from the file.

mod lengths;

use dicom_dictionary_std::tags;
use dicom_object::file::{OpenFileOptions, ReadPreamble};
use dicom_object::{DefaultDicomObject, Tag};
use dicom_pixeldata::PixelDecoder;
use image::DynamicImage;

use super::{Mode, check_size};

/// Where the mark "DICM" stands.
const MARK_AT: usize = 128;

pub(super) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(MARK_AT..MARK_AT + 4) == Some(b"DICM")
}

pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Mode), String> {
    lengths::check(&bytes[MARK_AT + 4..])?;
    let options = OpenFileOptions::new().read_preamble(ReadPreamble::Always);
    let object = options
        .from_reader(bytes)
        .map_err(|_| "DICOM: damaged, incomplete, or of a transfer syntax that is not read")?;
    check(&object)?;
    let syntax = object.meta().transfer_syntax().to_owned();
    let pixels = object
        .decode_pixel_data()
        .map_err(|_| not_decoded(&syntax))?;
    let image = pixels
        .to_dynamic_image(0)
        .map_err(|_| not_decoded(&syntax))?;
    let mode = match image {
        DynamicImage::ImageLuma8(_) => Mode::Grey,
        DynamicImage::ImageLuma16(_) => Mode::Grey16,
        DynamicImage::ImageRgb16(_) => Mode::Rgb16,
        _ => Mode::Rgb,
    };
    Ok((image, mode))
}

/// What must hold before pixels are allocated.
fn check(object: &DefaultDicomObject) -> Result<(), String> {
    let number = |tag: Tag| -> Option<u32> { object.get(tag)?.to_int().ok() };
    let (Some(rows), Some(columns)) = (number(tags::ROWS), number(tags::COLUMNS)) else {
        return Err("DICOM: holds no image (no rows and columns)".into());
    };
    check_size(columns as usize, rows as usize)?;
    let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    if frames != 1 {
        return Err(format!(
            "DICOM: holds {frames} frames: export the frame to look at as a file of its own"
        ));
    }
    let Some(data) = object.get(tags::PIXEL_DATA) else {
        return Err("DICOM: holds no pixel data".into());
    };
    let colour = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1) > 1;
    let bits = number(tags::BITS_ALLOCATED).unwrap_or(0);
    if colour && bits != 8 {
        return Err(format!(
            "DICOM: colour of {bits} bits is not read: convert it to PNG"
        ));
    }
    let rgb = object
        .get(tags::PHOTOMETRIC_INTERPRETATION)
        .and_then(|element| element.to_str().ok())
        .is_some_and(|name| name.trim() == "RGB");
    for fragment in data.fragments().unwrap_or_default() {
        if let Some((width, height)) = jpeg_size(fragment)
            && (u32::from(width), u32::from(height)) != (columns, rows)
        {
            // A decoder would believe it and allocate.
            return Err("DICOM: the JPEG inside is of another size than the image".into());
        }
        if colour && rgb && fragment.starts_with(b"\xff\xd8") && !says_how_it_is_coloured(fragment)
        {
            // A decoder takes three components without a mark for luminance and chrominance.
            return Err(
                "DICOM: the colours of the JPEG inside are ambiguous: convert it to PNG".into(),
            );
        }
    }
    Ok(())
}

/// Width and height in a JPEG stream's frame header, where it begins in these bytes.
fn jpeg_size(bytes: &[u8]) -> Option<(u16, u16)> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let (&[mark, kind, high, low], after) = rest.split_first_chunk()?;
        if mark != 0xff {
            return None;
        }
        // SOF0 to SOF15 without DHT, JPG and DAC, which share the range.
        if (0xc0..=0xcf).contains(&kind) && ![0xc4, 0xc8, 0xcc].contains(&kind) {
            let size = after.get(1..5)?;
            let number = |at: usize| u16::from_be_bytes([size[at], size[at + 1]]);
            return Some((number(2), number(0)));
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest = after.get(length.checked_sub(2)?..)?;
    }
}

/// Whether a JPEG stream has Adobe's segment, which tells RGB from YCbCr.
fn says_how_it_is_coloured(bytes: &[u8]) -> bool {
    bytes
        .windows(7)
        .any(|window| window == b"\xff\xee\x00\x0eAdo")
}

fn not_decoded(syntax: &str) -> String {
    // Identifiers of the standard are digits and points; a private one could hold anything.
    let standard = syntax.trim_end_matches('\0');
    let known = standard.starts_with("1.2.840.10008.1.2") && standard.len() < 32;
    let name = if known { standard } else { "a private one" };
    format!("DICOM: its pixels cannot be decoded (transfer syntax {name}): convert it to PNG")
}
