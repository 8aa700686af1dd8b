//! Antialiased resize.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::{
    FilterType, PixelTrait, PixelType, ResizeAlg, ResizeOptions, Resizer, pixels,
};
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
    let kind = V::TYPES[usize::from(image.channels == 3)];
    let mut resized = vec![V::zeroed(); width * height * image.channels];
    let source = (
        [image.width, image.height],
        bytemuck::cast_slice(&image.data),
    );
    let target = ([width, height], bytemuck::cast_slice_mut(&mut resized));
    convolve_bytes(resizer, kind, source, target, algorithm);
    Pixels::new(width, height, image.channels, resized)
}

/// Resizes `source` into `target`, each `[width, height]` and its bytes.
///
/// Not generic, and of the four kinds of pixels that there are: the library's code is long, and would be compiled anew
/// in every crate that resizes.
fn convolve_bytes(
    resizer: &mut Resizer,
    kind: PixelType,
    source: ([usize; 2], &[u8]),
    target: ([usize; 2], &mut [u8]),
    algorithm: ResizeAlg,
) {
    match kind {
        PixelType::U8 => convolve_pixels::<pixels::U8>(resizer, source, target, algorithm),
        PixelType::U8x3 => convolve_pixels::<pixels::U8x3>(resizer, source, target, algorithm),
        PixelType::U16 => convolve_pixels::<pixels::U16>(resizer, source, target, algorithm),
        PixelType::U16x3 => convolve_pixels::<pixels::U16x3>(resizer, source, target, algorithm),
        _ => unreachable!("PixelValue::TYPES has no other"),
    }
}

fn convolve_pixels<P: PixelTrait>(
    resizer: &mut Resizer,
    (from, source): ([usize; 2], &[u8]),
    (to, target): ([usize; 2], &mut [u8]),
    algorithm: ResizeAlg,
) {
    let sides =
        |size: [usize; 2]| size.map(|side| u32::try_from(side).expect("image sides fit 32 bits"));
    let ([width, height], [new_width, new_height]) = (sides(from), sides(to));
    let source = TypedImageRef::<P>::from_buffer(width, height, source)
        .expect("Pixels hold width * height * channels values");
    let mut target = TypedImage::<P>::from_buffer(new_width, new_height, target)
        .expect("there are width * height * channels values");
    let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
    resizer
        .resize_typed(&source, &mut target, &options)
        .expect("the whole of the source is resized");
}
