//! Pixels that are decoded here take the place of the encoded ones, so that the rest is as for a file without compression.

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::DefaultDicomObject;

use super::PixelLayout;

/// The stream of the one frame, whose fragments are joined.
pub(super) fn encoded_stream(object: &DefaultDicomObject) -> Result<Vec<u8>, String> {
    let fragments = object
        .get(tags::PIXEL_DATA)
        .and_then(|data| data.fragments());
    let stream = fragments.map(|fragments| fragments.concat());
    stream.ok_or_else(|| "DICOM: damaged: a compressed image without encoded pixels".into())
}

/// Puts interleaved samples, signed ones in two's complement of 16 bits, into the object, which then is not encoded any
/// more.
pub(super) fn put_samples(
    object: &mut DefaultDicomObject,
    layout: &PixelLayout,
    samples: Vec<u16>,
) {
    let pixels = match layout.bits {
        8 => PrimitiveValue::U8(samples.into_iter().map(|v| v as u8).collect()),
        _ => PrimitiveValue::U16(samples.into_iter().collect()),
    };
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
    let syntax = uids::EXPLICIT_VR_LITTLE_ENDIAN;
    object.update_meta(|meta| meta.transfer_syntax = syntax.into());
}
