//! The gradient of a ReLU from its output.

use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// `d` where `output` is positive, else 0, and its sums per channel.
pub(super) fn relu_gradient(
    workspace: &Workspace,
    d: &[f32],
    output: &[f32],
    channels: usize,
) -> (Buffer, Vec<f64>) {
    const PIXELS: usize = 512;
    let mut out = workspace.take(d.len());
    let parts: Vec<Vec<f32>> = (out.par_chunks_mut(PIXELS * channels))
        .zip(
            d.par_chunks(PIXELS * channels)
                .zip(output.par_chunks(PIXELS * channels)),
        )
        .map(|(out, (d, y))| {
            let mut sums = vec![0.0; channels];
            let pixels = d.chunks_exact(channels).zip(y.chunks_exact(channels));
            for (out, (d, y)) in out.chunks_exact_mut(channels).zip(pixels) {
                let both = d.iter().zip(y).zip(sums.iter_mut());
                for (out, ((d, y), sum)) in out.iter_mut().zip(both) {
                    *out = if *y > 0.0 { *d } else { 0.0 };
                    *sum += *out;
                }
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; channels];
    for part in parts {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(t, s)| *t += f64::from(s));
    }
    (out, total)
}
