//! Squeeze-excite: x * sigmoid(W2 relu(W1 mean(x) + b1) + b2), the mean over each image's pixels.
//!
//! The two linear layers take a negligible part of the time and are plain loops.

use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// The two linear layers of a squeeze-excite.
#[derive(Clone, Copy)]
pub(crate) struct SqueezeExcite<'a> {
    /// Weight [hidden, channels] and bias [hidden].
    pub first: (&'a [f32], &'a [f32]),
    /// Weight [channels, hidden] and bias [channels].
    pub second: (&'a [f32], &'a [f32]),
}

/// Result of the forward pass, per image.
#[derive(Debug)]
pub(crate) struct Excitation {
    /// Means of the input [images, channels].
    pub mean: Vec<f32>,
    /// After the inner ReLU [images, hidden].
    pub hidden: Vec<f32>,
    /// The factors the channels are multiplied by [images, channels].
    pub factors: Vec<f32>,
}

impl SqueezeExcite<'_> {
    fn shape(&self) -> (usize, usize) {
        (self.second.1.len(), self.first.1.len())
    }

    /// The factors from the means.
    pub(crate) fn forward(&self, mean: Vec<f32>) -> Excitation {
        let (channels, hidden) = self.shape();
        let mut inner = Vec::new();
        let mut factors = Vec::new();
        for mean in mean.chunks_exact(channels) {
            let from = inner.len();
            let h = dense(mean, self.first).map(|h| if h > 0.0 || h.is_nan() { h } else { 0.0 });
            inner.extend(h);
            factors.extend(
                dense(&inner[from..from + hidden], self.second).map(|v| 1.0 / (1.0 + (-v).exp())),
            );
        }
        Excitation {
            mean,
            hidden: inner,
            factors,
        }
    }

    /// The gradient of the means from that of the factors [images, channels]; writes those of the
    /// four parameters, in the order of the fields.
    pub(crate) fn backward(
        &self,
        forward: &Excitation,
        gradient: &[f32],
        parameters: [&mut [f32]; 4],
    ) -> Vec<f32> {
        let (channels, hidden) = self.shape();
        let [first, first_bias, second, second_bias] = parameters;
        for p in [
            &mut *first,
            &mut *first_bias,
            &mut *second,
            &mut *second_bias,
        ] {
            p.fill(0.0);
        }
        let images = forward.mean.chunks_exact(channels);
        let rows = images.zip(forward.hidden.chunks_exact(hidden));
        let ends = forward
            .factors
            .chunks_exact(channels)
            .zip(gradient.chunks_exact(channels));
        let mut all = Vec::with_capacity(forward.mean.len());
        for ((mean, inner), (factors, gradient)) in rows.zip(ends) {
            let outer: Vec<f32> = factors
                .iter()
                .zip(gradient)
                .map(|(e, g)| g * e * (1.0 - e))
                .collect();
            let mut hidden_gradient = layer_gradient(
                &outer,
                inner,
                (&mut *second, &mut *second_bias),
                self.second.0,
            );
            for (w, h) in hidden_gradient.iter_mut().zip(inner) {
                *w = if *h > 0.0 { *w } else { 0.0 };
            }
            all.extend(layer_gradient(
                &hidden_gradient,
                mean,
                (&mut *first, &mut *first_bias),
                self.first.0,
            ));
        }
        all
    }
}

/// W x + b
fn dense<'a>(
    x: &'a [f32],
    (weights, bias): (&'a [f32], &'a [f32]),
) -> impl Iterator<Item = f32> + 'a {
    weights
        .chunks_exact(x.len())
        .zip(bias)
        .map(move |(row, b)| {
            (row.iter()
                .zip(x)
                .map(|(w, x)| f64::from(*w) * f64::from(*x))
                .sum::<f64>()
                + f64::from(*b)) as f32
        })
}

/// Adds `gradient` x `input` to a layer's gradients and returns W^T `gradient`.
fn layer_gradient(
    gradient: &[f32],
    input: &[f32],
    (weights, bias): (&mut [f32], &mut [f32]),
    values: &[f32],
) -> Vec<f32> {
    let mut back = vec![0.0; input.len()];
    for (o, g) in gradient.iter().enumerate() {
        bias[o] += g;
        let row = o * input.len()..(o + 1) * input.len();
        for (i, (w, v)) in weights[row.clone()]
            .iter_mut()
            .zip(&values[row])
            .enumerate()
        {
            *w += g * input[i];
            back[i] += g * v;
        }
    }
    back
}

/// `out` = `x` [images, pixels, channels] times each image's `factors` [images, channels].
pub(crate) fn scale_channels(x: &[f32], factors: &[f32], images: usize, out: &mut [f32]) {
    let (size, channels) = (x.len() / images.max(1), factors.len() / images.max(1));
    if size == 0 {
        return;
    }
    (out.par_chunks_mut(size)
        .zip(x.par_chunks(size))
        .zip(factors.par_chunks(channels)))
    .for_each(|((out, x), factors)| {
        for (out, x) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for ((o, x), f) in out.iter_mut().zip(x).zip(factors) {
                *o = x * f;
            }
        }
    });
}

/// Sums over each image's pixels of `a * b` [images, pixels, channels]: [images, channels].
pub(crate) fn channel_dot_products(
    workspace: &Workspace,
    a: &[f32],
    b: &[f32],
    (images, channels): (usize, usize),
) -> Buffer {
    let size = a.len() / images.max(1);
    let mut sums = workspace.zeros(images * channels);
    if size == 0 {
        return sums;
    }
    (sums
        .par_chunks_mut(channels)
        .zip(a.par_chunks(size))
        .zip(b.par_chunks(size)))
    .for_each(|((sums, a), b)| {
        for (a, b) in a.chunks_exact(channels).zip(b.chunks_exact(channels)) {
            for ((s, a), b) in sums.iter_mut().zip(a).zip(b) {
                *s += a * b;
            }
        }
    });
    sums
}
