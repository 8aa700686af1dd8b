//! Batch normalisation in training, with a residual add and an activation in the same pass.

use crate::activation::{Activation, Elementwise, for_activation};
use crate::batch_norm::{
    BatchStatistics, InputGradientTerms, Moments, NormGradientSums, Normalisation,
};
use crate::error::{Error, check_length, check_rows};
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
        check_lengths(
            self.activation,
            [channels, self.bias.len()],
            z.len(),
            residual.map(<[f32]>::len),
        )?;
        let moments = channel_moments(workspace, z, channels);
        let norm = Normalisation::new(&moments, self.weight, self.bias, self.epsilon);
        let activation = self.activation;
        let saved = SavedNorm { norm, activation };
        Ok(Normalised {
            y: saved.normalise(workspace, z, residual),
            statistics: moments.statistics(&vec![0.0; channels]),
            saved,
        })
    }
}

impl SavedNorm {
    /// The result [`BatchNorm::forward`] had for the same `z` and `residual`, to the bit.
    ///
    /// # Errors
    /// If a length does not fit.
    pub fn forward_again(
        &self,
        workspace: &Workspace,
        z: &[f32],
        residual: Option<&[f32]>,
    ) -> Result<Buffer, Error> {
        let channels = self.norm.scale.len();
        check_lengths(
            self.activation,
            [channels; 2],
            z.len(),
            residual.map(<[f32]>::len),
        )?;
        Ok(self.normalise(workspace, z, residual))
    }

    fn normalise(&self, workspace: &Workspace, z: &[f32], residual: Option<&[f32]>) -> Buffer {
        let mut y = workspace.take(z.len());
        let part = values_per_task(self.norm.scale.len());
        let tasks = y.par_chunks_mut(part).enumerate();
        tasks.for_each(|(task, y)| {
            let values = task * part..task * part + y.len();
            workspace.isa().run(Forward {
                norm: &self.norm,
                activation: self.activation,
                z: &z[values.clone()],
                residual: residual.map(|residual| &residual[values]),
                y,
            });
        });
        y
    }

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
        check_rows("channels", channels, z.len())?;
        if let Some(y) = y {
            check_length("result", z.len(), y.len())?;
        }
        let mut residual = None;
        let mut activation = self.activation;
        let sums = match y {
            Some(y) if activation == Activation::Relu => {
                let (dn, sums) = self.masked_gradient_sums(workspace, z, y, dy);
                residual = Some(dn);
                activation = Activation::Identity;
                sums
            }
            _ => self.gradient_sums(workspace, z, dy),
        };
        let dy = residual.as_deref().unwrap_or(dy);
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

    fn gradient_sums(&self, workspace: &Workspace, z: &[f32], dy: &[f32]) -> NormGradientSums {
        let channels = self.norm.scale.len();
        let part = values_per_task(channels);
        let mut sums = workspace.zeros(z.len().div_ceil(part) * 2 * channels);
        let tasks = z.par_chunks(part).zip(dy.par_chunks(part));
        tasks
            .zip(sums.par_chunks_exact_mut(2 * channels))
            .for_each(|((z, dy), sums)| {
                workspace.isa().run(GradientSums {
                    norm: &self.norm,
                    activation: self.activation,
                    z,
                    dy,
                    sums,
                });
            });
        NormGradientSums::from_parts(&sums, channels)
    }

    /// The gradient dn of the sum before a ReLU, and its sums.
    fn masked_gradient_sums(
        &self,
        workspace: &Workspace,
        z: &[f32],
        y: &[f32],
        dy: &[f32],
    ) -> (Buffer, NormGradientSums) {
        let channels = self.norm.scale.len();
        let part = values_per_task(channels);
        let mut sums = workspace.zeros(z.len().div_ceil(part) * 2 * channels);
        let mut dn = workspace.take(z.len());
        let tasks = dn.par_chunks_mut(part).enumerate();
        tasks
            .zip(sums.par_chunks_exact_mut(2 * channels))
            .for_each(|((task, dn), sums)| {
                let values = task * part..task * part + dn.len();
                workspace.isa().run(MaskedGradientSums {
                    mean: &self.norm.mean,
                    z: &z[values.clone()],
                    y: &y[values.clone()],
                    dy: &dy[values],
                    dn,
                    sums,
                });
            });
        let sums = NormGradientSums::from_parts(&sums, channels);
        (dn, sums)
    }
}

/// An error unless `count` values are some pixels of channels, weight and bias
/// are as many, and a residual is of the same length before an activation that is fused.
pub(crate) fn check_lengths(
    activation: Activation,
    [channels, bias]: [usize; 2],
    count: usize,
    residual: Option<usize>,
) -> Result<(), Error> {
    check_length("bias", channels, bias)?;
    check_rows("channels", channels, count)?;
    if count == 0 {
        return check_length("channels", channels, count);
    }
    let Some(residual) = residual else {
        return Ok(());
    };
    check_length("residual", count, residual)?;
    match activation {
        Activation::Identity | Activation::Relu => Ok(()),
        _ => Err(Error::Unsupported {
            stage: 0,
            reason: "after a residual add only ReLU is fused",
        }),
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

/// Pixels that a vector of channels passes over while its parameters and sums stay in registers: few
/// enough that the other channels of these pixels are still in the cache when their turn comes.
const PIXELS_PER_PASS: usize = 32;

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
        for pixels in self.z.chunks(PIXELS_PER_PASS * channels) {
            for c in vectors::<S>(channels) {
                let near = simd.load_partial(&near[c.clone()]);
                let mut sum_of = simd.load_partial(&sum[c.clone()]);
                let mut square_of = simd.load_partial(&square[c.clone()]);
                for pixel in pixels.chunks_exact(channels) {
                    let v = simd.sub(simd.load_partial(&pixel[c.clone()]), near);
                    sum_of = simd.add(sum_of, v);
                    square_of = simd.fma(v, v, square_of);
                }
                simd.store_partial(&mut sum[c.clone()], sum_of);
                simd.store_partial(&mut square[c], square_of);
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
        let part = PIXELS_PER_PASS * channels;
        let parts = self.z.chunks(part).zip(self.y.chunks_mut(part));
        for (at, (z, y)) in parts.enumerate() {
            for c in vectors::<S>(channels) {
                let [scale, shift] = scale_and_shift(simd, self.norm, &c);
                let pixels = z.chunks_exact(channels).zip(y.chunks_exact_mut(channels));
                for (pixel, (z, y)) in pixels.enumerate() {
                    let mut v = simd.fma(simd.load_partial(&z[c.clone()]), scale, shift);
                    if RESIDUAL {
                        let at = at * part + pixel * channels;
                        let skip = &residual[at + c.start..at + c.end];
                        v = simd.add(v, simd.load_partial(skip));
                    }
                    simd.store_partial(&mut y[c.clone()], f.apply(simd, v));
                }
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
        let part = PIXELS_PER_PASS * channels;
        for (z, dy) in self.z.chunks(part).zip(self.dy.chunks(part)) {
            for c in vectors::<S>(channels) {
                let [scale, shift] = scale_and_shift(simd, self.norm, &c);
                let mean = simd.load_partial(&self.norm.mean[c.clone()]);
                let mut sum_of = simd.load_partial(&sum[c.clone()]);
                let mut product_of = simd.load_partial(&product[c.clone()]);
                for (z, dy) in z.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                    let z = simd.load_partial(&z[c.clone()]);
                    let slope = f.derivative(simd, simd.fma(z, scale, shift));
                    let dn = simd.mul(slope, simd.load_partial(&dy[c.clone()]));
                    sum_of = simd.add(sum_of, dn);
                    product_of = simd.fma(dn, simd.sub(z, mean), product_of);
                }
                simd.store_partial(&mut sum[c.clone()], sum_of);
                simd.store_partial(&mut product[c], product_of);
            }
        }
    }
}

/// dn is dy where the result y is positive, else 0.
struct MaskedGradientSums<'a> {
    mean: &'a [f32],
    z: &'a [f32],
    y: &'a [f32],
    dy: &'a [f32],
    dn: &'a mut [f32],
    /// Of dn and of dn (z - mean), [2, channels].
    sums: &'a mut [f32],
}

impl Kernel for MaskedGradientSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.mean.len();
        let (sum, product) = self.sums.split_at_mut(channels);
        let part = PIXELS_PER_PASS * channels;
        let inputs = self.z.chunks(part).zip(self.y.chunks(part));
        let inputs = inputs.zip(self.dy.chunks(part));
        for (((z, y), dy), dn) in inputs.zip(self.dn.chunks_mut(part)) {
            for c in vectors::<S>(channels) {
                let mean = simd.load_partial(&self.mean[c.clone()]);
                let mut sum_of = simd.load_partial(&sum[c.clone()]);
                let mut product_of = simd.load_partial(&product[c.clone()]);
                let pixels = z.chunks_exact(channels).zip(y.chunks_exact(channels));
                let pixels = pixels.zip(dy.chunks_exact(channels));
                for (((z, y), dy), dn) in pixels.zip(dn.chunks_exact_mut(channels)) {
                    let positive = simd.gt(simd.load_partial(&y[c.clone()]), simd.zero());
                    let d = simd.load_partial(&dy[c.clone()]);
                    let d = simd.select(positive, d, simd.zero());
                    let z = simd.load_partial(&z[c.clone()]);
                    sum_of = simd.add(sum_of, d);
                    product_of = simd.fma(d, simd.sub(z, mean), product_of);
                    simd.store_partial(&mut dn[c.clone()], d);
                }
                simd.store_partial(&mut sum[c.clone()], sum_of);
                simd.store_partial(&mut product[c], product_of);
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
        let part = PIXELS_PER_PASS * channels;
        let parts = self.z.chunks(part).zip(self.dy.chunks(part));
        for ((z, dy), dz) in parts.zip(self.dz.chunks_mut(part)) {
            for c in vectors::<S>(channels) {
                let [scale, shift] = scale_and_shift(simd, self.norm, &c);
                let mean = simd.load_partial(&self.norm.mean[c.clone()]);
                let gain = simd.load_partial(&gain[c.clone()]);
                let slope = simd.load_partial(&slope[c.clone()]);
                let offset = simd.load_partial(&offset[c.clone()]);
                let pixels = z.chunks_exact(channels).zip(dy.chunks_exact(channels));
                for ((z, dy), dz) in pixels.zip(dz.chunks_exact_mut(channels)) {
                    let z = simd.load_partial(&z[c.clone()]);
                    let derivative = f.derivative(simd, simd.fma(z, scale, shift));
                    let dn = simd.mul(derivative, simd.load_partial(&dy[c.clone()]));
                    let rest = simd.fma(slope, simd.sub(z, mean), offset);
                    simd.store_partial(&mut dz[c.clone()], simd.fma(gain, dn, rest));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
