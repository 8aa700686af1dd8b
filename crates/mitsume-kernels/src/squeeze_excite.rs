//! Squeeze-excite: x * sigmoid(W2 relu(W1 mean(x) + b1) + b2), the mean over each image's pixels.
//!
//! The two linear layers take a negligible part of the time and are plain loops.

use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// The parameters of a linear layer.
#[derive(Clone, Copy)]
pub(crate) struct Linear<'a> {
    /// [outputs, inputs]
    pub weights: &'a [f32],
    /// [outputs]
    pub bias: &'a [f32],
}

/// The gradients of a linear layer's parameters.
struct LinearGradient<'a> {
    weights: &'a mut [f32],
    bias: &'a mut [f32],
}

/// The two linear layers of a squeeze-excite.
#[derive(Clone, Copy)]
pub(crate) struct SqueezeExcite<'a> {
    /// From channels to hidden channels.
    pub first: Linear<'a>,
    /// From hidden channels to channels.
    pub second: Linear<'a>,
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
        (self.second.bias.len(), self.first.bias.len())
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
        let mut first_gradient = LinearGradient::zeros(first, first_bias);
        let mut second_gradient = LinearGradient::zeros(second, second_bias);
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
            let mut hidden_gradient = second_gradient.add(&outer, inner, self.second);
            for (w, h) in hidden_gradient.iter_mut().zip(inner) {
                *w = if *h > 0.0 { *w } else { 0.0 };
            }
            all.extend(first_gradient.add(&hidden_gradient, mean, self.first));
        }
        all
    }
}

/// W x + b
fn dense<'a>(x: &'a [f32], layer: Linear<'a>) -> impl Iterator<Item = f32> + 'a {
    layer
        .weights
        .chunks_exact(x.len())
        .zip(layer.bias)
        .map(move |(row, b)| {
            (row.iter()
                .zip(x)
                .map(|(w, x)| f64::from(*w) * f64::from(*x))
                .sum::<f64>()
                + f64::from(*b)) as f32
        })
}

impl<'a> LinearGradient<'a> {
    /// Sets both to 0.
    fn zeros(weights: &'a mut [f32], bias: &'a mut [f32]) -> Self {
        weights.fill(0.0);
        bias.fill(0.0);
        Self { weights, bias }
    }

    /// Adds the gradients of `layer` for an `input` and the `gradient` of its output, and returns
    /// that of the input, W^T `gradient`.
    fn add(&mut self, gradient: &[f32], input: &[f32], layer: Linear) -> Vec<f32> {
        let mut back = vec![0.0; input.len()];
        for (o, g) in gradient.iter().enumerate() {
            self.bias[o] += g;
            let row = o * input.len()..(o + 1) * input.len();
            let weights = self.weights[row.clone()].iter_mut();
            for (i, (w, v)) in weights.zip(&layer.weights[row]).enumerate() {
                *w += g * input[i];
                back[i] += g * v;
            }
        }
        back
    }
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
    images: usize,
    channels: usize,
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
