//! Convolutions of each channel by itself.

use super::window::Window;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

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

    /// The sums for `x` of `shape`, [images, rows, columns, channels] = `to`, without bias.
    pub fn run(
        &self,
        workspace: &Workspace,
        (x, shape): (&[f32], [usize; 4]),
        to: [usize; 4],
        out: &mut [f32],
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
                out,
            };
            isa.run(row);
        });
    }
}

/// One row of one image's result.
struct Row<'a> {
    weights: &'a [f32],
    window: &'a Window,
    image: &'a [f32],
    size: [usize; 2],
    at: usize,
    channels: usize,
    out: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            window, channels, ..
        } = self;
        let taps = window.taps();
        let down = window.inside(0, self.at, self.size[0]);
        let top = window.first(0, self.at);
        let places = self.out.len() / channels;
        for vector in 0..channels.div_ceil(S::LANES) {
            let first = vector * S::LANES;
            let lanes = S::LANES.min(channels - first);
            let weights = &self.weights[vector * taps * S::LANES..][..taps * S::LANES];
            for x in 0..places {
                let along = window.inside(1, x, self.size[1]);
                let left = window.first(1, x);
                let mut sum = simd.zero();
                for ky in down.clone() {
                    let y = (top + (ky * window.dilation[0]) as isize) as usize;
                    for kx in along.clone() {
                        let x = (left + (kx * window.dilation[1]) as isize) as usize;
                        let at = (y * self.size[1] + x) * channels + first;
                        let tap = (ky * window.kernel[1] + kx) * S::LANES;
                        let pixel = simd.load_some(&self.image[at..at + lanes]);
                        sum = simd.fma(simd.load(&weights[tap..]), pixel, sum);
                    }
                }
                let at = x * channels + first;
                simd.store_some(&mut self.out[at..at + lanes], sum);
            }
        }
    }
}
