//! Convolutions of each channel by itself.

use super::curve::Curve;
use super::finish::{Finish, load, store};
use super::window::Window;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};

/// Weights as [vector of channels][tap][lane], zero beyond the last channel.
pub(super) struct Depthwise {
    weights: Buffer,
    channels: usize,
    window: Window,
}

/// The longest window computed tap by tap, in pixels: so many lines are kept.
const REACH: usize = 64;

impl Depthwise {
    /// Whether the lines under a window are few, and its padding no more than they are.
    pub fn suits(window: &Window) -> bool {
        (0..2).all(|axis| {
            let reach = window.reach(axis);
            reach <= REACH && window.before[axis] < reach && window.after[axis] < reach
        })
    }

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
}

/// Places worked on at a time, so that a weight once loaded serves them all.
const AT_ONCE: usize = 4;

/// One row of one image's result.
pub(super) struct Row<'a> {
    pub of: &'a Depthwise,
    /// The line under each row of taps, padded: [columns, channels], and a vector beyond.
    pub lines: &'a [&'a [f32]],
    /// Of the row's pixels.
    pub finish: Finish<'a>,
    /// [places, channels]
    pub out: &'a mut [f32],
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Window {
            kernel,
            stride,
            dilation,
            ..
        } = self.of.window;
        // Known at compile time, a pixel once loaded serves all windows it is in.
        match (kernel[1], stride[1], dilation[1]) {
            (3, 1, 1) => self.places::<S, 3, 1>(simd),
            (3, 2, 1) => self.places::<S, 3, 2>(simd),
            (5, 1, 1) => self.places::<S, 5, 1>(simd),
            (5, 2, 1) => self.places::<S, 5, 2>(simd),
            _ => self.places::<S, 0, 0>(simd),
        }
    }
}

impl Row<'_> {
    /// All places, with windows of `K` columns `STRIDE` apart, or of any where those are 0.
    #[inline(always)]
    fn places<S: Simd, const K: usize, const STRIDE: usize>(&mut self, simd: S) {
        let (window, channels) = (&self.of.window, self.of.channels);
        let places = self.out.len() / channels;
        let vectors = channels.div_ceil(S::LANES);
        let needed = (places.max(1) - 1) * window.stride[1] + window.reach(1) - 1;
        let needed = needed * channels + vectors * S::LANES;
        assert!(self.lines.len() == window.kernel[0]);
        assert!(self.lines.iter().all(|line| line.len() >= needed));
        assert!(self.of.weights.len() >= vectors * window.taps() * S::LANES);
        assert!(self.out.len() == places * channels && self.finish.bias.len() == channels);
        assert!(
            self.finish
                .add
                .is_none_or(|add| add.len() == self.out.len())
        );
        for vector in 0..vectors {
            let mut x = 0;
            while x < places {
                // SAFETY: all lengths were just checked.
                unsafe {
                    if places < AT_ONCE {
                        self.block::<S, K, STRIDE, 1>(simd, x, vector);
                        x += 1;
                    } else {
                        // The last overlap with those before: what is computed twice is the same.
                        let at = x.min(places - AT_ONCE);
                        self.block::<S, K, STRIDE, AT_ONCE>(simd, at, vector);
                        x += AT_ONCE;
                    }
                }
            }
        }
    }

    /// `N` places from `x` on, for one vector of channels.
    ///
    /// # Safety
    /// They must be places of the row and the vector one of its channels', all lengths as [`Self::places`] checks.
    #[inline(always)]
    unsafe fn block<S: Simd, const K: usize, const STRIDE: usize, const N: usize>(
        &mut self,
        simd: S,
        x: usize,
        vector: usize,
    ) {
        let (window, channels) = (&self.of.window, self.of.channels);
        let first = vector * S::LANES;
        let (columns, tap, place) = match K {
            0 => (window.kernel[1], window.dilation[1], window.stride[1]),
            _ => (K, 1, STRIDE),
        };
        let mut sums = [simd.zero(); N];
        // SAFETY: required of the caller; a line is read at most a vector beyond its last window.
        unsafe {
            let mut weight = self.of.weights.as_ptr().add(first * window.taps());
            for line in self.lines {
                let pixels = line.as_ptr().add(x * place * channels + first);
                for kx in 0..columns {
                    let w = simd.load_ptr(weight);
                    weight = weight.add(S::LANES);
                    for (i, sum) in sums.iter_mut().enumerate() {
                        let pixel = pixels.add((i * place + kx * tap) * channels);
                        *sum = simd.fma(w, simd.load_ptr(pixel), *sum);
                    }
                }
            }
            let lanes = (channels - first).min(S::LANES);
            let bias = load(simd, self.finish.bias.as_ptr().add(first), lanes);
            for (i, sum) in sums.iter().enumerate() {
                let at = (x + i) * channels + first;
                let mut v = simd.add(*sum, bias);
                if let Some(add) = self.finish.add {
                    v = simd.add(v, load(simd, add.as_ptr().add(at), lanes));
                }
                let v = self.finish.activation.of(simd, v);
                store(simd, self.out.as_mut_ptr().add(at), lanes, v);
            }
        }
    }
}
