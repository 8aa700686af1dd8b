//! JPEG 2000 in DICOM files, through `hayro-jpeg2000`: its pixels take the place of the encoded ones.

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::DefaultDicomObject;
use hayro_jpeg2000::{ComponentData, DecodeSettings, DecoderContext, Image};

use super::{PixelLayout, native};

/// Whether the pixels of a transfer syntax are JPEG 2000.
pub(super) fn is_jpeg2000(syntax: &str) -> bool {
    let syntax = syntax.trim_end_matches('\0');
    [uids::JPEG2000_LOSSLESS, uids::JPEG2000].contains(&syntax)
}

/// Decodes the one frame and puts it into the object, which then is not encoded any more.
pub(super) fn decode_pixels(
    object: &mut DefaultDicomObject,
    layout: &PixelLayout,
) -> Result<(), String> {
    let stream = native::encoded_stream(object)?;
    let samples = decode(&stream, layout)?;
    if layout.samples > 1 {
        // The decoder has undone the colour transform, which the header may name.
        let name = object.get(tags::PHOTOMETRIC_INTERPRETATION);
        let name = name.and_then(|element| element.to_str().ok());
        if name.is_some_and(|name| name.trim().starts_with("YBR_RCT") || name.trim() == "YBR_ICT") {
            let rgb = PrimitiveValue::from("RGB");
            object.put(DataElement::new(
                tags::PHOTOMETRIC_INTERPRETATION,
                VR::CS,
                rgb,
            ));
        }
        let interleaved = PrimitiveValue::from(0_u16);
        object.put(DataElement::new(
            tags::PLANAR_CONFIGURATION,
            VR::US,
            interleaved,
        ));
    }
    native::put_samples(object, layout, samples);
    Ok(())
}

/// The samples, interleaved: signed ones in two's complement of 16 bits.
fn decode(stream: &[u8], layout: &PixelLayout) -> Result<Vec<u16>, String> {
    let damaged = |error| format!("DICOM: damaged JPEG 2000: {error}");
    let other =
        "DICOM: the JPEG 2000 inside has other samples (size, number, bits, sign) than the image";
    // The bits of each component and their sign, in the header that comes first (SIZ).
    let sizes = (0..layout.samples as usize).map(|component| stream.get(42 + 3 * component));
    let fits = |size: Option<&u8>| {
        size.is_some_and(|size| {
            u32::from(size & 0x7f) < layout.bits && (size >> 7 == 1) == layout.signed
        })
    };
    if !stream.starts_with(b"\xff\x4f\xff\x51") || !sizes.into_iter().all(fits) {
        return Err(other.into());
    }
    let settings = DecodeSettings {
        strict: true,
        ..DecodeSettings::default()
    };
    let image = Image::new(stream, &settings).map_err(damaged)?;
    if (image.width(), image.height()) != (layout.columns, layout.rows) {
        return Err(other.into());
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    let pixels = layout.columns as usize * layout.rows as usize;
    let components = decoded.components();
    let whole = |component: &ComponentData| component.samples().len() == pixels;
    if components.len() != layout.samples as usize || !components.iter().all(whole) {
        return Err(other.into());
    }
    let mut samples = vec![0; pixels * components.len()];
    for (channel, component) in components.iter().enumerate() {
        let bits = component.bit_depth();
        // The decoder lifts signed values above 0, as those without a sign were lowered.
        let lifted = if layout.signed {
            f64::from(1_u32 << (bits - 1))
        } else {
            0.0
        };
        let largest = f64::from((1_u32 << bits) - 1);
        let values = samples.iter_mut().skip(channel).step_by(components.len());
        for (to, value) in values.zip(component.samples()) {
            let value = f64::from(*value).round().clamp(0.0, largest) - lifted;
            *to = value as i32 as u16;
        }
    }
    Ok(samples)
}
