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
                window,
                size: [height, width],
                to: [rows, columns],
                channels,
                x,
                dy,
                dx,
            });
        });
    Ok(dx)
}

/// One image.
struct ImageGradient<'a> {
    pooling: Pooling,
    window: &'a Window,
    size: [usize; 2],
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
        let mut taps = Vec::with_capacity(self.window.taps());
        for row in 0..self.to[0] {
            for column in 0..self.to[1] {
                self.tap_offsets(row, column, &mut taps);
                let dy = (row * self.to[1] + column) * self.channels;
                let share = 1.0 / self.divisor(row, column, taps.len()) as f32;
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
    /// Offsets of the pixels under the window at `row` and `column`.
    fn tap_offsets(&self, row: usize, column: usize, offsets: &mut Vec<usize>) {
        let Window { dilation, .. } = *self.window;
        let [height, width] = self.size;
        let pixel = |axis: usize, at: usize, tap: usize| {
            (self.window.start(axis, at) + (tap * dilation[axis]) as isize) as usize
        };
        offsets.clear();
        for ky in self.window.taps_inside(0, row, height) {
            let y = pixel(0, row, ky);
            for kx in self.window.taps_inside(1, column, width) {
                offsets.push((y * width + pixel(1, column, kx)) * self.channels);
            }
        }
    }

    /// What a mean divides by; `inside` taps lie on the image.
    fn divisor(&self, row: usize, column: usize, inside: usize) -> usize {
        match self.pooling {
            Pooling::MeanWithPadding => {
                self.window.counted_taps(0, row, self.size[0])
                    * self.window.counted_taps(1, column, self.size[1])
            }
            Pooling::Max | Pooling::Mean => inside,
        }
    }

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
