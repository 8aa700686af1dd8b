//! Greyscale conversion, equal to torchvision's `rgb_to_grayscale` on 8-bit tensors.

use crate::pixels::Pixels;

const RED: f32 = 0.2989;
const GREEN: f32 = 0.587;
const BLUE: f32 = 0.114;

/// `0.2989 R + 0.587 G + 0.114 B` in f32, truncated (not rounded) to 8 bits.
///
/// The weights sum to 0.9999, so a pixel with R = G = B = v > 0 becomes v - 1, in torchvision as
/// here.
#[inline]
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = f32::from(red) * RED + f32::from(green) * GREEN + f32::from(blue) * BLUE;
    sum as u8
}

/// Converts an image to greyscale, one channel.
///
/// A file with one channel is converted as RGB with three equal channels, as by torchvision's
/// `ImageFolder` (which loads every file as RGB) and `Grayscale`. Otherwise grey and RGB files of a
/// data set would differ by one level; in Brain Tumor MRI their shares differ between classes, so
/// that this would leak the class.
pub fn to_grey(image: Pixels) -> Pixels {
    let Pixels {
        width,
        height,
        channels,
        mut data,
    } = image;
    if channels == 1 {
        for value in &mut data {
            *value = luma(*value, *value, *value);
        }
    } else {
        data = data
            .chunks_exact(3)
            .map(|p| luma(p[0], p[1], p[2]))
            .collect();
    }
    Pixels::new(width, height, 1, data)
}
