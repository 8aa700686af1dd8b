//! Images as PNG files.

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use crate::error::DataError;

/// The PNG file of an image [C, H, W] with 1 channel (grey) or 3 (RGB), `[H, W]` = `size`.
///
/// # Errors
/// Values that do not fit the size, or another number of channels.
pub fn grey_or_rgb_png(image: &[u8], [height, width]: [usize; 2]) -> Result<Vec<u8>, DataError> {
    let pixels = height * width;
    let wrong = || {
        DataError::Setting(format!(
            "{} values for a picture of {width}x{height}: 1 or 3 a pixel are needed",
            image.len()
        ))
    };
    if pixels == 0 {
        return Err(wrong());
    }
    let (bytes, colour) = match image.len() {
        len if len == pixels => (image.to_vec(), ExtendedColorType::L8),
        len if len == 3 * pixels => {
            let pixel = |i: usize| [image[i], image[pixels + i], image[2 * pixels + i]];
            let interleaved = (0..pixels).flat_map(pixel);
            (interleaved.collect(), ExtendedColorType::Rgb8)
        }
        _ => return Err(wrong()),
    };
    let side = |side: usize| u32::try_from(side).map_err(|_| wrong());
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&bytes, side(width)?, side(height)?, colour)
        .map_err(|error| DataError::Setting(format!("a picture cannot be encoded: {error}")))?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_pixel_by_pixel() {
        let grey: Vec<u8> = (0..6).map(|value| value * 40).collect();
        let read = image::load_from_memory(&grey_or_rgb_png(&grey, [2, 3]).unwrap()).unwrap();
        assert_eq!(read.to_luma8().into_raw(), grey);
        let planes = [1, 2, 11, 12, 21, 22];
        let read = image::load_from_memory(&grey_or_rgb_png(&planes, [1, 2]).unwrap()).unwrap();
        assert_eq!(read.to_rgb8().into_raw(), [1, 11, 21, 2, 12, 22]);
        assert!(grey_or_rgb_png(&grey, [2, 2]).is_err());
        assert!(grey_or_rgb_png(&[], [0, 2]).is_err());
    }
}
