//! Convolutions of each channel by itself.

use super::finish::Finish;
use super::window::Window;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// Weights as [vector of channels][tap][lane], zero beyond the last channel.
pub(super) struct Depthwise {
    weights: Buffer,
    channels: usize,
    window: Window,
}

impl Depthwise {
    /// Packs `weights` [channels, 1, rows, columns].
    pub fn new(workspace: &Workspace, weights: &[f32], channels: usize, window: Window) -> Self {
        let (lanes, taps) = (workspace.isa().lanes(), window.taps());
        let mut packed = workspace.zeros(channels.div_ceil(lanes) * taps * lanes);
        for channel in 0..channels {
            let (vector, lane) = (channel / lanes, channel % lanes);
            for tap in 0..taps {
                packed[(vector * taps + tap) * lanes + lane] = weights[channel * taps + tap];
            }
        }
        Self {
            weights: packed,
            channels,
            window,
        }
    }

    /// The convolution of `x` of `shape` into `out`, [images, rows, columns, channels] = `to`, finished row by row with
    /// what `end` gives for a range of its pixels.
    pub fn run<'a>(
        &self,
        workspace: &Workspace,
        (x, shape): (&[f32], [usize; 4]),
        to: [usize; 4],
        (out, end): (&mut [f32], &(dyn Fn(Range<usize>) -> Finish<'a> + Sync)),
    ) {
        let isa = workspace.isa();
        let [_, rows, columns, channels] = to;
        let [_, height, width, _] = shape;
        let image = height * width * channels;
        let lines = out.par_chunks_exact_mut(columns * channels).enumerate();
        lines.for_each(|(line, out)| {
            let row = Row {
                weights: &self.weights,
                window: &self.window,
                image: &x[line / rows * image..][..image],
                size: [height, width],
                at: line % rows,
                channels: self.channels,
                end: end(line * columns..(line + 1) * columns),
                out,
            };
            isa.run(row);
        });
    }
}

/// Places worked on at a time, so that a weight once loaded serves them all.
const AT_ONCE: usize = 4;

/// One row of one image's result.
struct Row<'a> {
    weights: &'a [f32],
    window: &'a Window,
    image: &'a [f32],
    size: [usize; 2],
    at: usize,
    channels: usize,
    end: Finish<'a>,
    out: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Self {
            window, channels, ..
        } = self;
        let taps = window.taps();
        let down = window.inside(0, self.at, self.size[0]);
        let top = window.first(0, self.at);
        let places = self.out.len() / channels;
        // Places whose window lies inside from its first tap to its last.
        let whole = |x: usize| window.inside(1, x, self.size[1]).len() == window.kernel[1];
        let start = (0..places).find(|&x| whole(x)).unwrap_or(places);
        let end = (start..places).find(|&x| !whole(x)).unwrap_or(places);
        let overlapping = window.kernel[1] == 3 && window.stride[1] == 1 && window.dilation[1] == 1;
        // Places outside, channels inside: memory is read as it lies.
        let mut x = 0;
        while x < places {
            let inside = x >= start && x + AT_ONCE <= end;
            for (vector, weights) in self.weights.chunks_exact(taps * S::LANES).enumerate() {
                let part = (vector * S::LANES, down.clone(), top);
                if inside && part.0 + S::LANES <= channels {
                    if overlapping {
                        self.overlapping(simd, x, weights, part);
                    } else {
                        self.several(simd, x, weights, part);
                    }
                } else {
                    let until = if inside { x + AT_ONCE } else { x + 1 };
                    for x in x..until {
                        self.one(simd, x, weights, part.clone());
                    }
                }
            }
            x += if inside { AT_ONCE } else { 1 };
        }
        self.end.apply(simd, self.out);
    }
}

impl Row<'_> {
    /// The sum at place `x`, of taps inside the image, for up to a vector of channels from `first` on; `down` are the
    /// rows of taps inside, `top` the row of the first tap.
    #[inline(always)]
    fn one<S: Simd>(
        &mut self,
        simd: S,
        x: usize,
        weights: &[f32],
        (first, down, top): (usize, Range<usize>, isize),
    ) {
        let window = self.window;
        let lanes = S::LANES.min(self.channels - first);
        let along = window.inside(1, x, self.size[1]);
        let left = window.first(1, x);
        let mut sum = simd.zero();
        for ky in down {
            let y = (top + (ky * window.dilation[0]) as isize) as usize;
            for kx in along.clone() {
                let x = (left + (kx * window.dilation[1]) as isize) as usize;
                let at = (y * self.size[1] + x) * self.channels + first;
                let tap = (ky * window.kernel[1] + kx) * S::LANES;
                let pixel = simd.load_some(&self.image[at..at + lanes]);
                sum = simd.fma(simd.load(&weights[tap..]), pixel, sum);
            }
        }
        let at = x * self.channels + first;
        simd.store_some(&mut self.out[at..at + lanes], sum);
    }

    /// The sums at `AT_ONCE` places from `x` on, whose windows lie inside from left to right, for a whole vector of
    /// channels.
    #[inline(always)]
    fn several<S: Simd>(
        &mut self,
        simd: S,
        x: usize,
        weights: &[f32],
        (first, down, top): (usize, Range<usize>, isize),
    ) {
        let window = self.window;
        let [rows, columns] = window.kernel;
        let (tap, place) = (
            window.dilation[1] * self.channels,
            window.stride[1] * self.channels,
        );
        assert!(weights.len() >= rows * columns * S::LANES && down.end <= rows);
        let mut sums = [simd.zero(); AT_ONCE];
        for ky in down {
            let y = (top + (ky * window.dilation[0]) as isize) as usize;
            let left = window.first(1, x) as usize;
            let line = &self.image[(y * self.size[1] + left) * self.channels + first..];
            assert!(line.len() >= (columns - 1) * tap + (AT_ONCE - 1) * place + S::LANES);
            for kx in 0..columns {
                // SAFETY: the tap is below rows * columns, and its pixels at every place are inside the
                // line, as asserted above.
                unsafe {
                    let at = (ky * columns + kx) * S::LANES;
                    let weight = simd.load_ptr(weights.as_ptr().add(at));
                    let pixel = line.as_ptr().add(kx * tap);
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.fma(weight, simd.load_ptr(pixel.add(i * place)), *sum);
                    }
                }
            }
        }
        for (i, sum) in sums.iter().enumerate() {
            simd.store(&mut self.out[(x + i) * self.channels + first..], *sum);
        }
    }

    /// [`Self::several`] for windows of three columns, one apart: a pixel once loaded serves three places.
    #[inline(always)]
    fn overlapping<S: Simd>(
        &mut self,
        simd: S,
        x: usize,
        weights: &[f32],
        (first, down, top): (usize, Range<usize>, isize),
    ) {
        const COLUMNS: usize = 3;
        const PIXELS: usize = AT_ONCE + COLUMNS - 1;
        let window = self.window;
        assert!(weights.len() >= window.taps() * S::LANES && down.end <= window.kernel[0]);
        let left = window.first(1, x) as usize;
        let mut sums = [simd.zero(); AT_ONCE];
        for ky in down {
            let y = (top + (ky * window.dilation[0]) as isize) as usize;
            let line = &self.image[(y * self.size[1] + left) * self.channels + first..];
            assert!(line.len() >= (PIXELS - 1) * self.channels + S::LANES);
            let mut pixels = [simd.zero(); PIXELS];
            let mut taps = [simd.zero(); COLUMNS];
            // SAFETY: the taps of row ky are below those of the window, and the pixels are inside the
            // line, as asserted above.
            unsafe {
                for (i, pixel) in pixels.iter_mut().enumerate() {
                    *pixel = simd.load_ptr(line.as_ptr().add(i * self.channels));
                }
                for (kx, tap) in taps.iter_mut().enumerate() {
                    *tap = simd.load_ptr(weights.as_ptr().add((ky * COLUMNS + kx) * S::LANES));
                }
            }
            for (kx, tap) in taps.iter().enumerate() {
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = simd.fma(*tap, pixels[i + kx], *sum);
                }
            }
        }
        for (i, sum) in sums.iter().enumerate() {
            simd.store(&mut self.out[(x + i) * self.channels + first..], *sum);
        }
    }
}
