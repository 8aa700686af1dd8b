//! Depthwise convolutions: each channel separately.

use super::window::Window;
use crate::activation::Elementwise;
use crate::epilogue::{Epilogue, load_lanes, store_lanes};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};

/// Weights as [vector of channels][tap][lane], zero beyond the last channel.
pub(super) struct Depthwise {
    weights: Buffer,
    channels: usize,
    window: Window,
}

/// Largest extent of a window, in pixels: the line buffer holds as many lines.
const MAX_EXTENT: usize = 64;

impl Depthwise {
    /// Whether the line buffer can be used: an extent of at most `MAX_EXTENT`, and less padding
    /// than that extent.
    pub fn supports(window: &Window) -> bool {
        (0..2).all(|axis| {
            let extent = window.extent(axis);
            extent <= MAX_EXTENT
                && window.pad_before[axis] < extent
                && window.pad_after[axis] < extent
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

/// Output pixels computed together: each weight is loaded once for all of them.
const COLUMNS_PER_BLOCK: usize = 4;

/// One row of one image's result.
pub(super) struct DepthwiseRow<'a> {
    pub weights: &'a Depthwise,
    /// The line under each row of taps, padded: [columns, channels], and a vector beyond.
    pub lines: &'a [&'a [f32]],
    /// Its residual is that of the row's pixels.
    pub epilogue: Epilogue<'a>,
    /// [columns, channels]
    pub out: &'a mut [f32],
}

impl Kernel for DepthwiseRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let Window {
            kernel,
            stride,
            dilation,
            ..
        } = self.weights.window;
        // With sizes known at compile time, a pixel is loaded once for all windows it is in.
        match (kernel[1], stride[1], dilation[1]) {
            (3, 1, 1) => self.columns::<S, 3, 1>(simd),
            (3, 2, 1) => self.columns::<S, 3, 2>(simd),
            (5, 1, 1) => self.columns::<S, 5, 1>(simd),
            (5, 2, 1) => self.columns::<S, 5, 2>(simd),
            _ => self.columns::<S, 0, 0>(simd),
        }
    }
}

impl DepthwiseRow<'_> {
    /// All columns, for windows of `K` columns and stride `STRIDE`, or of any size where those are
    /// 0.
    #[inline(always)]
    fn columns<S: Simd, const K: usize, const STRIDE: usize>(&mut self, simd: S) {
        let (window, channels) = (&self.weights.window, self.weights.channels);
        let columns = self.out.len() / channels;
        let vectors = channels.div_ceil(S::LANES);
        let needed = (columns.max(1) - 1) * window.stride[1] + window.extent(1) - 1;
        let needed = needed * channels + vectors * S::LANES;
        assert!(self.lines.len() == window.kernel[0]);
        assert!(self.lines.iter().all(|line| line.len() >= needed));
        assert!(self.weights.weights.len() >= vectors * window.taps() * S::LANES);
        assert!(self.out.len() == columns * channels && self.epilogue.bias.len() == channels);
        assert!(
            self.epilogue
                .residual
                .is_none_or(|residual| residual.len() == self.out.len())
        );
        for vector in 0..vectors {
            let mut x = 0;
            while x < columns {
                // SAFETY: all lengths were just checked.
                unsafe {
                    if columns < COLUMNS_PER_BLOCK {
                        self.block::<S, K, STRIDE, 1>(simd, x, vector);
                        x += 1;
                    } else {
                        // The last block overlaps the one before; the columns in both are computed
                        // twice.
                        let at = x.min(columns - COLUMNS_PER_BLOCK);
                        self.block::<S, K, STRIDE, COLUMNS_PER_BLOCK>(simd, at, vector);
                        x += COLUMNS_PER_BLOCK;
                    }
                }
            }
        }
    }

    /// `N` columns from `x` on, for one vector of channels.
    ///
    /// # Safety
    /// The columns and the vector must exist, and all lengths be as [`Self::columns`] checks.
    #[inline(always)]
    unsafe fn block<S: Simd, const K: usize, const STRIDE: usize, const N: usize>(
        &mut self,
        simd: S,
        x: usize,
        vector: usize,
    ) {
        let (window, channels) = (&self.weights.window, self.weights.channels);
        let first = vector * S::LANES;
        let (taps, tap_step, stride) = match K {
            0 => (window.kernel[1], window.dilation[1], window.stride[1]),
            _ => (K, 1, STRIDE),
        };
        let mut sums = [simd.zero(); N];
        // SAFETY: required of the caller; a line is read at most a vector beyond its last window.
        unsafe {
            let mut weight = self.weights.weights.as_ptr().add(first * window.taps());
            for line in self.lines {
                let pixels = line.as_ptr().add(x * stride * channels + first);
                for kx in 0..taps {
                    let w = simd.load_ptr(weight);
                    weight = weight.add(S::LANES);
                    for (i, sum) in sums.iter_mut().enumerate() {
                        let pixel = pixels.add((i * stride + kx * tap_step) * channels);
                        *sum = simd.fma(w, simd.load_ptr(pixel), *sum);
                    }
                }
            }
            let lanes = (channels - first).min(S::LANES);
            let bias = load_lanes(simd, self.epilogue.bias.as_ptr().add(first), lanes);
            for (i, sum) in sums.iter().enumerate() {
                let at = (x + i) * channels + first;
                let mut v = simd.add(*sum, bias);
                if let Some(residual) = self.epilogue.residual {
                    v = simd.add(v, load_lanes(simd, residual.as_ptr().add(at), lanes));
                }
                let v = self.epilogue.activation.apply(simd, v);
                store_lanes(simd, self.out.as_mut_ptr().add(at), lanes, v);
            }
        }
    }
}
