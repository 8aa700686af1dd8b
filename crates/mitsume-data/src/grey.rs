//! Greyscale conversion, equal to torchvision's `rgb_to_grayscale` on 8-bit tensors.

use crate::pixels::{PixelValue, Pixels};

const RED: f32 = 0.2989;
const GREEN: f32 = 0.587;
const BLUE: f32 = 0.114;

/// `0.2989 R + 0.587 G + 0.114 B` in f32, truncated (not rounded) to 8 or 16 bits.
///
/// The weights sum to 0.9999, so a pixel with R = G = B = v > 0 becomes v - 1, in torchvision as
/// here.
#[inline]
fn luma<V: PixelValue>(red: V, green: V, blue: V) -> V {
    let [red, green, blue]: [f32; 3] = [red, green, blue].map(Into::into);
    V::truncated_f32(red * RED + green * GREEN + blue * BLUE)
}

/// Converts an image to greyscale, one channel.
///
/// A file with one channel is converted as RGB with three equal channels, as by torchvision's
/// `ImageFolder` (which loads every file as RGB) and `Grayscale`. Otherwise grey and RGB files of a
/// data set would differ by one level; in Brain Tumor MRI their shares differ between classes, so
/// that this would leak the class.
pub fn to_grey<V: PixelValue>(image: Pixels<V>) -> Pixels<V> {
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
