//! DICOM files (`.dcm`), decoded as a viewer displays them, frame by frame.
//!
//! Stored values go through the modality LUT (rescale slope and intercept), then the first window
//! the file gives (or its VOI LUT); without one, the full range of the image is used. MONOCHROME1,
//! where high is dark, is inverted. Encapsulated RLE, JPEG (baseline, lossless), JPEG 2000 and JPEG-LS of
//! grey images are read; JPEG-LS of colours and deflated data sets are not.
//!
//! DICOM files contain patient data. Only pixels and their layout leave this module: error messages
//! contain no values from the data set.

mod frames;
mod full_range;
mod jpeg2000;
mod jpeg_ls;
mod lengths;
mod native;
mod rle;

use dicom_dictionary_std::{tags, uids};
use dicom_object::file::{OpenFileOptions, ReadPreamble};
use dicom_object::{DefaultDicomObject, Tag};
use dicom_pixeldata::PixelDecoder;
use image::DynamicImage;

use super::{Mode, check_size};

pub(super) use frames::{count as frame_count, single as single_frame};

/// Offset of the magic bytes "DICM".
const MAGIC_OFFSET: usize = 128;

pub(super) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(MAGIC_OFFSET..MAGIC_OFFSET + 4) == Some(b"DICM")
}

pub(super) fn decode(bytes: &[u8]) -> Result<(DynamicImage, Mode), String> {
    lengths::check(&bytes[MAGIC_OFFSET + 4..])?;
    let options = OpenFileOptions::new().read_preamble(ReadPreamble::Always);
    let mut object = options
        .from_reader(bytes)
        .map_err(|_| "DICOM: damaged, incomplete, or of a transfer syntax that is not read")?;
    let layout = check(&object, bytes)?;
    let syntax = object.meta().transfer_syntax().to_owned();
    if jpeg2000::is_jpeg2000(&syntax) {
        jpeg2000::decode_pixels(&mut object, &layout)?;
    }
    if jpeg_ls::is_jpeg_ls(&syntax) {
        let samples = jpeg_ls::decode(&native::encoded_stream(&object)?, &layout)?;
        native::put_samples(&mut object, &layout, samples);
    }
    let pixels = object
        .decode_pixel_data()
        .map_err(|_| decode_error(&syntax))?;
    let image = full_range::options(&pixels)
        .and_then(|options| pixels.to_dynamic_image_with_options(0, &options))
        .map_err(|_| decode_error(&syntax))?;
    let mode = match image {
        DynamicImage::ImageLuma8(_) => Mode::Grey,
        DynamicImage::ImageLuma16(_) => Mode::Grey16,
        DynamicImage::ImageRgb16(_) => Mode::Rgb16,
        _ => Mode::Rgb,
    };
    Ok((image, mode))
}

/// Checks that must pass before pixels are allocated.
fn check(object: &DefaultDicomObject, bytes: &[u8]) -> Result<PixelLayout, String> {
    let number = |tag: Tag| -> Option<u32> { object.get(tag)?.to_int().ok() };
    let (Some(rows), Some(columns)) = (number(tags::ROWS), number(tags::COLUMNS)) else {
        return Err("DICOM: holds no image (no rows and columns)".into());
    };
    check_size(columns as usize, rows as usize)?;
    let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    if frames != 1 {
        return Err(frames::refusal(bytes).unwrap_or_else(|| {
            format!(
                "DICOM: holds {frames} frames: each is an image where the name ends in .dcm; here name \
                 the one to look at, as in scan#1"
            )
        }));
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
    let layout = PixelLayout {
        rows,
        columns,
        samples: number(tags::SAMPLES_PER_PIXEL).unwrap_or(1),
        bits,
        signed: number(tags::PIXEL_REPRESENTATION) == Some(1),
    };
    let Some(fragments) = data.fragments() else {
        return Ok(layout);
    };
    let syntax = object.meta().transfer_syntax().trim_end_matches('\0');
    if syntax == uids::RLE_LOSSLESS {
        let [frame] = fragments else {
            return Err("DICOM: damaged: run-length encoding in several pieces".into());
        };
        let pixels = columns as usize * rows as usize;
        rle::check(frame, (layout.samples * bits / 8) as usize, pixels)?;
        return Ok(layout);
    }
    if !jpeg_ls::is_jpeg_ls(syntax) && fragments.iter().any(|piece| piece.starts_with(SOI)) {
        let rgb = object
            .get(tags::PHOTOMETRIC_INTERPRETATION)
            .and_then(|element| element.to_str().ok())
            .is_some_and(|name| name.trim() == "RGB");
        check_jpeg(&fragments.concat(), &layout, rgb)?;
    }
    Ok(layout)
}

/// Layout of the pixels according to the data set.
struct PixelLayout {
    rows: u32,
    columns: u32,
    samples: u32,
    bits: u32,
    signed: bool,
}

/// Start of a JPEG image.
const SOI: &[u8] = b"\xff\xd8";

/// Checks the JPEG's own size and samples against the DICOM header, because the decoder allocates
/// and writes by the JPEG's.
fn check_jpeg(stream: &[u8], layout: &PixelLayout, rgb: bool) -> Result<(), String> {
    // SOF0 to SOF15 without DHT, JPG and DAC, which share the range.
    let is_frame = |marker| matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
    let Some(frame) = jpeg_frame(stream, is_frame) else {
        return Err("DICOM: damaged: the JPEG inside has no frame".into());
    };
    if (frame.columns, frame.rows) != (layout.columns, layout.rows) {
        return Err("DICOM: the JPEG inside is of another size than the image".into());
    }
    // 8-bit samples are decoded to one byte, all others to two.
    let bytes = if frame.precision == 8 { 1 } else { 2 };
    if frame.components != layout.samples || bytes * 8 != layout.bits {
        return Err(
            "DICOM: the JPEG inside has other samples (number, bits) than the image".into(),
        );
    }
    if layout.samples > 1 && rgb && !has_adobe_segment(stream) {
        // A decoder takes three components without an Adobe segment for YCbCr.
        return Err(
            "DICOM: the colours of the JPEG inside are ambiguous: convert it to PNG".into(),
        );
    }
    Ok(())
}

/// Fields of a JPEG frame header (SOF).
struct JpegFrame {
    precision: u8,
    rows: u32,
    columns: u32,
    components: u32,
}

/// The frame header of a JPEG or JPEG-LS stream: the first segment whose marker is that of a frame to the stream's decoder.
fn jpeg_frame(bytes: &[u8], is_frame: impl Fn(u8) -> bool) -> Option<JpegFrame> {
    let mut rest = bytes.strip_prefix(SOI)?;
    loop {
        let (&[prefix, marker, high, low], after) = rest.split_first_chunk()?;
        if prefix != 0xff {
            return None;
        }
        if marker == 0xff {
            // Fill bytes: any number of them may precede a marker.
            rest = &rest[1..];
            continue;
        }
        if is_frame(marker) {
            let &[precision, r1, r0, c1, c0, components] = after.first_chunk()?;
            return Some(JpegFrame {
                precision,
                rows: u16::from_be_bytes([r1, r0]).into(),
                columns: u16::from_be_bytes([c1, c0]).into(),
                components: components.into(),
            });
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest = after.get(length.checked_sub(2)?..)?;
    }
}

/// Whether a JPEG stream has an Adobe segment, which distinguishes RGB from YCbCr.
fn has_adobe_segment(bytes: &[u8]) -> bool {
    bytes
        .windows(7)
        .any(|window| window == b"\xff\xee\x00\x0eAdo")
}

fn decode_error(syntax: &str) -> String {
    // A private transfer syntax could contain any text, so only standard ones are shown.
    let standard = syntax.trim_end_matches('\0');
    let known = standard.starts_with("1.2.840.10008.1.2") && standard.len() < 32;
    let name = if known { standard } else { "a private one" };
    format!("DICOM: its pixels cannot be decoded (transfer syntax {name}): convert it to PNG")
}
