//! The gradient of max and average pooling.

use crate::error::{Error, check_length};
use crate::inference::{Nhwc, Pooling, Window};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// The gradient of `x` from that of [`pool`](crate::inference::pool)'s result, `dy`. A maximum's
/// gradient goes to the first of the largest values, as in PyTorch.
///
/// # Errors
/// If a length does not fit.
pub fn pool_gradient(
    workspace: &Workspace,
    pooling: Pooling,
    window: &Window,
    x: Nhwc,
    dy: Nhwc,
) -> Result<Buffer, Error> {
    let [images, height, width, channels] = x.shape;
    let [_, rows, columns, _] = dy.shape;
    let to = [images, rows, columns, channels];
    check_length("input", x.shape.iter().product(), x.data.len())?;
    check_length("gradient of the result", to.iter().product(), dy.data.len())?;
    let mut dx = workspace.zeros(x.data.len());
    let (image, result) = (height * width * channels, rows * columns * channels);
    if image == 0 || result == 0 {
        return Ok(dx);
    }
    dx.par_chunks_exact_mut(image)
        .zip(x.data.par_chunks_exact(image))
        .zip(dy.data.par_chunks_exact(result))
        .for_each(|((dx, x), dy)| {
            workspace.isa().run(ImageGradient {
                pooling,
                taps: Taps {
                    window,
                    size: [height, width],
                },
                to: [rows, columns],
                channels,
                x,
                dy,
                dx,
            });
        });
    Ok(dx)
}

/// The position in `x` of each value of its max pooling to `to` rows and columns, the first of the
/// largest; [images, rows, columns, channels].
///
/// # Errors
/// If a length does not fit.
pub fn max_positions(window: &Window, x: Nhwc, to: [usize; 2]) -> Result<Vec<usize>, Error> {
    let [images, height, width, channels] = x.shape;
    check_length("input", x.shape.iter().product(), x.data.len())?;
    window.check_reach([height, width], to)?;
    let taps = Taps {
        window,
        size: [height, width],
    };
    let mut positions = Vec::with_capacity(images * to[0] * to[1] * channels);
    let mut pixels = Vec::with_capacity(window.taps());
    for image in 0..images {
        for row in 0..to[0] {
            for column in 0..to[1] {
                taps.pixels(row, column, &mut pixels);
                for channel in 0..channels {
                    let at = |pixel: usize| (image * height * width + pixel) * channels + channel;
                    let mut largest = at(pixels[0]);
                    for &pixel in &pixels[1..] {
                        let is_greater = x.data[at(pixel)] > x.data[largest];
                        if is_greater || x.data[at(pixel)].is_nan() {
                            largest = at(pixel);
                        }
                    }
                    positions.push(largest);
                }
            }
        }
    }
    Ok(positions)
}

/// What a mean pooling of one image is a sum of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeanTaps {
    /// Pixel of the result.
    pub from: Vec<usize>,
    /// Pixel of the image.
    pub to: Vec<usize>,
    /// What the image's pixel is multiplied by.
    pub share: Vec<f32>,
}

/// The taps of a mean pooling of images of `size` to `to` rows and columns.
///
/// # Errors
/// If a window lies outside the image altogether.
pub fn mean_taps(
    pooling: Pooling,
    window: &Window,
    size: [usize; 2],
    to: [usize; 2],
) -> Result<MeanTaps, Error> {
    window.check_reach(size, to)?;
    let taps = Taps { window, size };
    let mut found = MeanTaps::default();
    let mut pixels = Vec::with_capacity(window.taps());
    for row in 0..to[0] {
        for column in 0..to[1] {
            taps.pixels(row, column, &mut pixels);
            let share = 1.0 / taps.divisor(pooling, row, column, pixels.len()) as f32;
            for &pixel in &pixels {
                found.from.push(row * to[1] + column);
                found.to.push(pixel);
                found.share.push(share);
            }
        }
    }
    Ok(found)
}

/// A window over an image of `size`.
#[derive(Clone, Copy)]
struct Taps<'a> {
    window: &'a Window,
    size: [usize; 2],
}

impl Taps<'_> {
    /// Pixels under the window at `row` and `column`.
    fn pixels(&self, row: usize, column: usize, pixels: &mut Vec<usize>) {
        let Window { dilation, .. } = *self.window;
        let [height, width] = self.size;
        let pixel = |axis: usize, at: usize, tap: usize| {
            (self.window.start(axis, at) + (tap * dilation[axis]) as isize) as usize
        };
        pixels.clear();
        for ky in self.window.taps_inside(0, row, height) {
            let y = pixel(0, row, ky);
            for kx in self.window.taps_inside(1, column, width) {
                pixels.push(y * width + pixel(1, column, kx));
            }
        }
    }

    /// What a mean divides by; `inside` taps lie on the image.
    fn divisor(&self, pooling: Pooling, row: usize, column: usize, inside: usize) -> usize {
        match pooling {
            Pooling::MeanWithPadding => {
                self.window.counted_taps(0, row, self.size[0])
                    * self.window.counted_taps(1, column, self.size[1])
            }
            Pooling::Max | Pooling::Mean => inside,
        }
    }
}

/// One image.
struct ImageGradient<'a> {
    pooling: Pooling,
    taps: Taps<'a>,
    to: [usize; 2],
    channels: usize,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for ImageGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let mut taps = Vec::with_capacity(self.taps.window.taps());
        for row in 0..self.to[0] {
            for column in 0..self.to[1] {
                self.taps.pixels(row, column, &mut taps);
                let count = taps.len();
                taps.iter_mut().for_each(|tap| *tap *= self.channels);
                let dy = (row * self.to[1] + column) * self.channels;
                let divisor = self.taps.divisor(self.pooling, row, column, count);
                let share = 1.0 / divisor as f32;
                for first in (0..self.channels).step_by(S::LANES) {
                    let lanes = S::LANES.min(self.channels - first);
                    let d = simd.load_partial(&self.dy[dy + first..dy + first + lanes]);
                    match self.pooling {
                        Pooling::Max => self.add_to_largest(simd, &taps, first, lanes, d),
                        Pooling::Mean | Pooling::MeanWithPadding => {
                            let d = simd.mul(d, simd.splat(share));
                            for tap in &taps {
                                let dx = &mut self.dx[tap + first..tap + first + lanes];
                                simd.store_partial(dx, simd.add(simd.load_partial(dx), d));
                            }
                        }
                    }
                }
            }
        }
    }
}

impl ImageGradient<'_> {
    /// Adds `d` at the first of the largest values of each channel.
    #[inline(always)]
    fn add_to_largest<S: Simd>(
        &mut self,
        simd: S,
        taps: &[usize],
        first: usize,
        lanes: usize,
        d: S::V,
    ) {
        // The number of the tap that holds the maximum, as a float: small and exact.
        let mut largest = simd.splat(f32::NEG_INFINITY);
        let mut holder = simd.zero();
        for (i, tap) in taps.iter().enumerate() {
            let v = simd.load_partial(&self.x[tap + first..tap + first + lanes]);
            let greater = simd.greater_or_nan(v, largest);
            largest = simd.select(greater, v, largest);
            holder = simd.select(greater, simd.splat(i as f32), holder);
        }
        for (i, tap) in taps.iter().enumerate() {
            let dx = &mut self.dx[tap + first..tap + first + lanes];
            let i = i as f32;
            // Whole numbers: equal if between i - 1/2 and i + 1/2.
            let at_most = simd.select(simd.gt(simd.splat(i + 0.5), holder), d, simd.zero());
            let here = simd.select(simd.gt(holder, simd.splat(i - 0.5)), at_most, simd.zero());
            simd.store_partial(dx, simd.add(simd.load_partial(dx), here));
        }
    }
}

#[cfg(test)]
mod tests;
