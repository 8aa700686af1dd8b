//! Sums of each channel over all pixels.

use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::Workspace;
use rayon::prelude::*;

/// Values in a task; independent of the number of threads.
const VALUES_PER_TASK: usize = 1 << 16;

/// The sum of each channel of `x` [pixels, channels]. Each task sums in f32, and the tasks are
/// added in order in f64.
pub(crate) fn channel_sums(workspace: &Workspace, x: &[f32], channels: usize) -> Vec<f32> {
    let part = (VALUES_PER_TASK / channels).max(1) * channels;
    let mut sums = workspace.zeros(x.len().div_ceil(part) * channels);
    x.par_chunks(part)
        .zip(sums.par_chunks_exact_mut(channels))
        .for_each(|(x, sums)| workspace.isa().run(SumPixels { x, sums }));
    let mut totals = vec![0.0f64; channels];
    for part in sums.chunks_exact(channels) {
        totals
            .iter_mut()
            .zip(part)
            .for_each(|(t, s)| *t += f64::from(*s));
    }
    totals.into_iter().map(|t| t as f32).collect()
}

struct SumPixels<'a> {
    x: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for SumPixels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.sums.len();
        for first in (0..channels).step_by(S::LANES) {
            let end = (first + S::LANES).min(channels);
            let mut sum = simd.zero();
            for pixel in self.x.chunks_exact(channels) {
                sum = simd.add(sum, simd.load_partial(&pixel[first..end]));
            }
            simd.store_partial(&mut self.sums[first..end], sum);
        }
    }
}
