//! Antialiased resize.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use std::borrow::Cow;

use crate::image_transform::Interpolation;
use crate::pixels::{PixelValue, Pixels};

/// Bilinear, antialiased resize to `height` x `width`, as torchvision's `Resize` on 8-bit tensors
/// (PyTorch's `interpolate(mode="bilinear", antialias=True)`).
///
/// A triangle filter whose support grows with the reduction is applied along rows, then along
/// columns, each pass rounded to 8 bits (16 of an image of 16 bits). Fixed-point weights are rounded differently, so single
/// pixels may differ by one level.
///
/// # Panics
/// If `height` or `width` is 0 or above `u32::MAX`.
pub fn resize<V: PixelValue>(image: &Pixels<V>, height: usize, width: usize) -> Cow<'_, Pixels<V>> {
    resize_with(image, height, width, Interpolation::Bilinear)
}

/// Resize with any interpolation.
///
/// # Panics
/// As [`resize`].
pub(crate) fn resize_with<V: PixelValue>(
    image: &Pixels<V>,
    height: usize,
    width: usize,
    interpolation: Interpolation,
) -> Cow<'_, Pixels<V>> {
    let algorithm = match interpolation {
        Interpolation::Nearest => ResizeAlg::Nearest,
        Interpolation::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
        // The Catmull-Rom filter is the cubic with a = -1/2.
        Interpolation::Bicubic => ResizeAlg::Convolution(FilterType::CatmullRom),
    };
    if (image.height, image.width) == (height, width) {
        return Cow::Borrowed(image);
    }
    assert!(height > 0 && width > 0, "an image has at least one pixel");
    // Two calls, because a single one processes columns first, which changes the rounding.
    let mut resizer = Resizer::new();
    if image.channels == 1 {
        // The library's row pass is slow for one channel; the column pass of the transposed image
        // gives the same result.
        let transposed_image = transposed(image);
        let rows = convolve(
            &mut resizer,
            &transposed_image,
            algorithm,
            width,
            image.height,
        );
        let transposed_rows = transposed(&rows);
        return Cow::Owned(convolve(
            &mut resizer,
            &transposed_rows,
            algorithm,
            height,
            width,
        ));
    }
    let rows = convolve(&mut resizer, image, algorithm, image.height, width);
    Cow::Owned(convolve(&mut resizer, &rows, algorithm, height, width))
}

/// The transpose of an image of one channel.
fn transposed<V: PixelValue>(image: &Pixels<V>) -> Pixels<V> {
    /// Side of a block that stays in the L1 cache.
    const BLOCK: usize = 16;
    let (height, width) = (image.height, image.width);
    let mut data = vec![V::zeroed(); height * width];
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            for x in left..(left + BLOCK).min(width) {
                let bottom = (top + BLOCK).min(height);
                let out = &mut data[x * height + top..x * height + bottom];
                for (y, out) in (top..bottom).zip(out) {
                    *out = image.data[y * width + x];
                }
            }
        }
    }
    Pixels::new(height, width, 1, data)
}

fn convolve<V: PixelValue>(
    resizer: &mut Resizer,
    image: &Pixels<V>,
    algorithm: ResizeAlg,
    height: usize,
    width: usize,
) -> Pixels<V> {
    let side = |n: usize| u32::try_from(n).expect("image sides fit 32 bits");
    let kind = V::TYPES[usize::from(image.channels == 3)];
    let bytes = bytemuck::cast_slice(&image.data);
    let source = ImageRef::new(side(image.width), side(image.height), bytes, kind)
        .expect("Pixels hold width * height * channels values");
    let mut resized = vec![V::zeroed(); width * height * image.channels];
    let bytes = bytemuck::cast_slice_mut(&mut resized);
    let mut target = Image::from_slice_u8(side(width), side(height), bytes, kind)
        .expect("there are width * height * channels values");
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
    resizer
        .resize(&source, &mut target, &options)
        .expect("source and target have the same pixel type");
    Pixels::new(width, height, image.channels, resized)
}
