//! JPEG-LS (ITU-T T.87) in DICOM files, through `pure_jpegls`, lossless and near-lossless, of grey images.

use dicom_dictionary_std::uids;

use super::{PixelLayout, jpeg_frame};

/// Marker of a JPEG-LS frame header.
const SOF55: u8 = 0xf7;

/// Whether the pixels of a transfer syntax are JPEG-LS.
pub(super) fn is_jpeg_ls(syntax: &str) -> bool {
    let syntax = syntax.trim_end_matches('\0');
    [uids::JPEGLS_LOSSLESS, uids::JPEGLS_NEAR_LOSSLESS].contains(&syntax)
}

/// The samples: signed ones in two's complement of 16 bits.
pub(super) fn decode(stream: &[u8], layout: &PixelLayout) -> Result<Vec<u16>, String> {
    let frame = jpeg_frame(stream, |marker| marker == SOF55)
        .ok_or("DICOM: damaged: the JPEG-LS inside has no frame")?;
    if layout.samples != 1 || frame.components != 1 {
        return Err("DICOM: JPEG-LS of colours is not read: convert it to PNG".into());
    }
    if (frame.columns, frame.rows) != (layout.columns, layout.rows) {
        return Err("DICOM: the JPEG-LS inside is of another size than the image".into());
    }
    if !(2..=layout.bits.min(16)).contains(&frame.precision.into()) {
        return Err("DICOM: the JPEG-LS inside has other bits than the image".into());
    }
    let (mut samples, ..) = jpegls::decode(stream, layout.columns, layout.rows)
        .map_err(|error| format!("DICOM: damaged or unusual JPEG-LS: {error}"))?;
    if layout.signed {
        // Samples are the lowest bits; the highest of them is the sign.
        let above = 16 - u32::from(frame.precision);
        for sample in &mut samples {
            *sample = ((*sample << above).cast_signed() >> above).cast_unsigned();
        }
    }
    Ok(samples)
}
