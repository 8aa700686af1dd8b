//! Batch normalisation in training, with a residual add and an activation in the same pass.

use crate::activation::{Activation, Elementwise, for_activation};
use crate::batch_norm::{
    BatchStatistics, InputGradientTerms, Moments, NormGradientSums, Normalisation,
};
use crate::error::{Error, check_length};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::winograd::convolution::TileSums;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Values in a task; independent of the number of threads.
const VALUES_PER_TASK: usize = 1 << 15;

/// Most pixels in a task: each task sums in f32, the tasks' sums are added in f64.
const PIXELS_PER_TASK: usize = 256;

/// `activation(weight (z - mean) / sqrt(variance + epsilon) + bias + residual)`, mean and variance
/// over the batch (Ioffe and Szegedy 2015).
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// `[channels]`
    pub weight: &'a [f32],
    /// `[channels]`
    pub bias: &'a [f32],
    /// Added to the variance.
    pub epsilon: f64,
    /// With a residual: the identity or ReLU.
    pub activation: Activation,
}

/// Result of [`BatchNorm::forward`].
#[derive(Debug)]
pub struct Normalised {
    /// Of the shape of z.
    pub y: Buffer,
    /// Mean and unbiased variance over the batch.
    pub statistics: BatchStatistics,
    /// For the backward pass.
    pub saved: SavedNorm,
}

/// What the backward pass needs besides z: with a residual also the result y.
#[derive(Clone, Debug)]
pub struct SavedNorm {
    norm: Normalisation,
    activation: Activation,
}

/// Result of [`SavedNorm::backward`].
#[derive(Debug)]
pub struct BatchNormGradients {
    /// Of z, of its shape.
    pub z: Buffer,
    /// `[channels]`
    pub weight: Vec<f32>,
    /// `[channels]`
    pub bias: Vec<f32>,
    /// Of the residual; none without one, and where it is the gradient of y itself.
    pub residual: Option<Buffer>,
}

impl BatchNorm<'_> {
    /// Normalises `z` [pixels, channels].
    ///
    /// # Errors
    /// If a length does not fit, there is no pixel, or a residual is given with another activation
    /// than the identity or ReLU.
    pub fn forward(
        &self,
        workspace: &Workspace,
        z: &[f32],
        residual: Option<&[f32]>,
    ) -> Result<Normalised, Error> {
        let channels = self.weight.len();
        check_length("bias", channels, self.bias.len())?;
        if channels == 0 || z.is_empty() || !z.len().is_multiple_of(channels) {
            return Err(Error::Length {
                what: "channels".into(),
                expected: channels,
                found: z.len(),
            });
        }
        if let Some(residual) = residual {
            check_length("residual", z.len(), residual.len())?;
            if !matches!(self.activation, Activation::Identity | Activation::Relu) {
                return Err(Error::Unsupported {
                    stage: 0,
                    reason: "after a residual add only ReLU is fused",
                });
            }
        }
        let moments = channel_moments(workspace, z, channels);
        let norm = Normalisation::new(&moments, self.weight, self.bias, self.epsilon);
        let mut y = workspace.take(z.len());
        let part = values_per_task(channels);
        let tasks = y.par_chunks_mut(part).enumerate();
        tasks.for_each(|(task, y)| {
            let values = task * part..task * part + y.len();
            workspace.isa().run(Forward {
                norm: &norm,
                activation: self.activation,
                z: &z[values.clone()],
                residual: residual.map(|residual| &residual[values]),
                y,
            });
        });
        let statistics = moments.statistics(&vec![0.0; channels]);
        let activation = self.activation;
        Ok(Normalised {
            y,
            statistics,
            saved: SavedNorm { norm, activation },
        })
    }
}

impl SavedNorm {
    /// The gradients from that of the result, `dy`.
    ///
    /// - `z`: as given to [`BatchNorm::forward`].
    /// - `y`: its result, if a residual was given.
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn backward(
        &self,
        workspace: &Workspace,
        z: &[f32],
        y: Option<&[f32]>,
        dy: &[f32],
    ) -> Result<BatchNormGradients, Error> {
        let channels = self.norm.scale.len();
        check_length("gradient of the result", z.len(), dy.len())?;
        if !z.len().is_multiple_of(channels) {
            return Err(Error::Length {
                what: "channels".into(),
                expected: channels,
                found: z.len(),
            });
        }
        let mut residual = None;
        let mut activation = self.activation;
        if let Some(y) = y {
            check_length("result", z.len(), y.len())?;
            if activation == Activation::Relu {
                residual = Some(relu_gradient(workspace, y, dy));
                activation = Activation::Identity;
            }
        }
        let dy = residual.as_deref().unwrap_or(dy);
        let sums = self.gradient_sums(workspace, activation, z, dy);
        let (mut weight, mut bias) = (vec![0.0; channels], vec![0.0; channels]);
        let terms = self.norm.backward(&sums, &mut weight, &mut bias);
        let mut dz = workspace.take(z.len());
        let part = values_per_task(channels);
        dz.par_chunks_mut(part).enumerate().for_each(|(task, dz)| {
            let values = task * part..task * part + dz.len();
            workspace.isa().run(InputGradient {
                norm: &self.norm,
                activation,
                terms: &terms,
                z: &z[values.clone()],
                dy: &dy[values],
                dz,
            });
        });
        Ok(BatchNormGradients {
            z: dz,
            weight,
            bias,
            residual,
        })
    }

    fn gradient_sums(
        &self,
        workspace: &Workspace,
        activation: Activation,
        z: &[f32],
        dy: &[f32],
    ) -> NormGradientSums {
        let channels = self.norm.scale.len();
        let part = values_per_task(channels);
        let mut sums = workspace.zeros(z.len().div_ceil(part) * 2 * channels);
        let tasks = z.par_chunks(part).zip(dy.par_chunks(part));
        tasks
            .zip(sums.par_chunks_exact_mut(2 * channels))
            .for_each(|((z, dy), sums)| {
                workspace.isa().run(GradientSums {
                    norm: &self.norm,
                    activation,
                    z,
                    dy,
                    sums,
                });
            });
        NormGradientSums::from_parts(&sums, channels)
    }
}

fn values_per_task(channels: usize) -> usize {
    (VALUES_PER_TASK / channels).clamp(1, PIXELS_PER_TASK) * channels
}

/// Mean and biased variance of each channel of `z` [pixels, channels].
fn channel_moments(workspace: &Workspace, z: &[f32], channels: usize) -> Moments {
    let part = values_per_task(channels);
    let mut data = workspace.zeros(z.len().div_ceil(part) * 3 * channels);
    z.par_chunks(part)
        .zip(data.par_chunks_exact_mut(3 * channels))
        .for_each(|(z, sums)| workspace.isa().run(SumsNearMean { z, sums }));
    let pixels = z.chunks(part).map(|z| z.len() / channels).collect();
    Moments::from_tile_sums(&TileSums { data, pixels }, channels)
}

/// Where `y` is positive the gradient `dy`, else 0.
fn relu_gradient(workspace: &Workspace, y: &[f32], dy: &[f32]) -> Buffer {
    let mut dx = workspace.take(dy.len());
    dx.par_chunks_mut(VALUES_PER_TASK)
        .zip(y.par_chunks(VALUES_PER_TASK))
        .zip(dy.par_chunks(VALUES_PER_TASK))
        .for_each(|((dx, y), dy)| {
            for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = if *y > 0.0 { *dy } else { 0.0 };
            }
        });
    dx
}

/// A vector of channels of the norm's scale and shift.
#[inline(always)]
fn scale_and_shift<S: Simd>(
    simd: S,
    norm: &Normalisation,
    channels: &std::ops::Range<usize>,
) -> [S::V; 2] {
    [&norm.scale, &norm.shift].map(|values| simd.load_partial(&values[channels.clone()]))
}

/// Vectors of `channels`.
#[inline(always)]
fn vectors<S: Simd>(channels: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let first = (0..channels).step_by(S::LANES);
    first.map(move |first| first..(first + S::LANES).min(channels))
}

/// A value near the mean (the first pixel's), and the sums of the differences to it and of their
/// squares, `sums` [3, channels].
struct SumsNearMean<'a> {
    z: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for SumsNearMean<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.sums.len() / 3;
        let (near, rest) = self.sums.split_at_mut(channels);
        let (sum, square) = rest.split_at_mut(channels);
        near.copy_from_slice(&self.z[..channels]);
        for pixel in self.z.chunks_exact(channels) {
            for c in vectors::<S>(channels) {
                let v = simd.sub(
                    simd.load_partial(&pixel[c.clone()]),
                    simd.load_partial(&near[c.clone()]),
                );
                let total = &mut sum[c.clone()];
                simd.store_partial(total, simd.add(simd.load_partial(total), v));
                let total = &mut square[c];
                simd.store_partial(total, simd.fma(v, v, simd.load_partial(total)));
            }
        }
    }
}

struct Forward<'a> {
    norm: &'a Normalisation,
    activation: Activation,
    z: &'a [f32],
    residual: Option<&'a [f32]>,
    y: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.residual {
            Some(residual) => for_activation!(self.activation, f => {
                self.apply::<S, _, true>(simd, f, residual);
            }),
            None => for_activation!(self.activation, f => self.apply::<S, _, false>(simd, f, &[])),
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn apply<S: Simd, F: Elementwise, const RESIDUAL: bool>(self, simd: S, f: F, residual: &[f32]) {
        let channels = self.norm.scale.len();
        let pixels = self.z.chunks_exact(channels);
        for (pixel, (z, y)) in pixels.zip(self.y.chunks_exact_mut(channels)).enumerate() {
            for c in vectors::<S>(channels) {
                let [scale, shift] = scale_and_shift(simd, self.norm, &c);
                let mut v = simd.fma(simd.load_partial(&z[c.clone()]), scale, shift);
                if RESIDUAL {
                    let at = pixel * channels;
                    let skip = &residual[at + c.start..at + c.end];
                    v = simd.add(v, simd.load_partial(skip));
                }
                simd.store_partial(&mut y[c], f.apply(simd, v));
            }
        }
    }
}

struct GradientSums<'a> {
    norm: &'a Normalisation,
    activation: Activation,
    z: &'a [f32],
    dy: &'a [f32],
    /// Of dn and of dn (z - mean), [2, channels].
    sums: &'a mut [f32],
}

impl Kernel for GradientSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for_activation!(self.activation, f => self.add(simd, f));
    }
}

impl GradientSums<'_> {
    #[inline(always)]
    fn add<S: Simd, F: Elementwise>(self, simd: S, f: F) {
        let channels = self.norm.scale.len();
        let (sum, product) = self.sums.split_at_mut(channels);
        let pixels = self.z.chunks_exact(channels);
        for (z, dy) in pixels.zip(self.dy.chunks_exact(channels)) {
            for c in vectors::<S>(channels) {
                let [scale, shift] = scale_and_shift(simd, self.norm, &c);
                let z = simd.load_partial(&z[c.clone()]);
                let slope = f.derivative(simd, simd.fma(z, scale, shift));
                let dn = simd.mul(slope, simd.load_partial(&dy[c.clone()]));
                let centred = simd.sub(z, simd.load_partial(&self.norm.mean[c.clone()]));
                let total = &mut sum[c.clone()];
                simd.store_partial(total, simd.add(simd.load_partial(total), dn));
                let total = &mut product[c];
                simd.store_partial(total, simd.fma(dn, centred, simd.load_partial(total)));
            }
        }
    }
}

struct InputGradient<'a> {
    norm: &'a Normalisation,
    activation: Activation,
    terms: &'a InputGradientTerms,
    z: &'a [f32],
    dy: &'a [f32],
    dz: &'a mut [f32],
}

impl Kernel for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for_activation!(self.activation, f => self.store(simd, f));
    }
}

impl InputGradient<'_> {
    #[inline(always)]
    fn store<S: Simd, F: Elementwise>(self, simd: S, f: F) {
        let channels = self.norm.scale.len();
        let InputGradientTerms {
            gain,
            slope,
            offset,
        } = self.terms;
        let pixels = self
            .z
            .chunks_exact(channels)
            .zip(self.dy.chunks_exact(channels));
        for ((z, dy), dz) in pixels.zip(self.dz.chunks_exact_mut(channels)) {
            for c in vectors::<S>(channels) {
                let [scale, shift] = scale_and_shift(simd, self.norm, &c);
                let z = simd.load_partial(&z[c.clone()]);
                let derivative = f.derivative(simd, simd.fma(z, scale, shift));
                let dn = simd.mul(derivative, simd.load_partial(&dy[c.clone()]));
                let centred = simd.sub(z, simd.load_partial(&self.norm.mean[c.clone()]));
                let rest = simd.fma(
                    simd.load_partial(&slope[c.clone()]),
                    centred,
                    simd.load_partial(&offset[c.clone()]),
                );
                let v = simd.fma(simd.load_partial(&gain[c.clone()]), dn, rest);
                simd.store_partial(&mut dz[c], v);
            }
        }
    }
}

#[cfg(test)]
mod tests;
