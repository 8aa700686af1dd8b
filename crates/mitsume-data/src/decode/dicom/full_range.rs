//! The window of an image whose file gives none: from its smallest to its largest value.
//!
//! `dicom-pixeldata` has one of its own, which takes signed values for unsigned ones.

use dicom_pixeldata::{
    ConvertOptions, DecodedPixelData, PixelRepresentation, VoiLutFunction, VoiLutOption,
    WindowLevel,
};

/// How an image is converted: by the first window or VOI LUT of the file, or by its own range.
///
/// # Errors
/// Parameters of the file that contradict each other.
pub(super) fn options(pixels: &DecodedPixelData) -> dicom_pixeldata::Result<ConvertOptions> {
    let options = ConvertOptions::new();
    let has_window = pixels.window()?.is_some() || pixels.voi_lut_sequence()?.is_some();
    if has_window || pixels.samples_per_pixel() != 1 {
        return Ok(options);
    }
    Ok(match window(pixels)? {
        Some(window) => {
            let function = VoiLutFunction::Linear;
            options.with_voi_lut(VoiLutOption::CustomWithFunction(window, function))
        }
        None => options,
    })
}

/// A linear window takes `x` to `(x - (center - 0.5)) / (width - 1) + 0.5` of the range (PS3.3
/// C.11.2.1.2.1): this one takes the smallest value to 0 and the largest to 1. None for values of more
/// than 16 bits.
fn window(pixels: &DecodedPixelData) -> dicom_pixeldata::Result<Option<WindowLevel>> {
    let stored = match pixels.bits_allocated() {
        8 => range(pixels, pixels.frame_data(0)?.iter().map(|&v| v.into()), 8),
        16 => range(
            pixels,
            pixels.frame_data_ow(0)?.into_iter(),
            pixels.bits_stored(),
        ),
        _ => None,
    };
    let rescale = pixels.rescale()?.first();
    let (Some(stored), Some(rescale)) = (stored, rescale) else {
        return Ok(None);
    };
    let [a, b] = stored.map(|value| f64::from(value) * rescale.slope + rescale.intercept);
    Ok(Some(WindowLevel {
        width: (b - a).abs() + 1.0,
        center: f64::midpoint(a, b) + 0.5,
    }))
}

/// The smallest and the largest of values of `bits`; bits above them are not the value's.
fn range(
    pixels: &DecodedPixelData,
    values: impl Iterator<Item = u16>,
    bits: u16,
) -> Option<[i32; 2]> {
    let unused = 32_u32
        .checked_sub(bits.into())
        .filter(|&unused| unused < 32)?;
    let signed = pixels.pixel_representation() == PixelRepresentation::Signed;
    let value = |stored: u16| match signed {
        // Shifted up and down again, the sign is carried along.
        true => ((i32::from(stored)) << unused) >> unused,
        false => ((u32::from(stored) << unused) >> unused) as i32,
    };
    let mut values = values.map(value);
    let first = values.next()?;
    Some(values.fold([first; 2], |[low, high], v| [low.min(v), high.max(v)]))
}
