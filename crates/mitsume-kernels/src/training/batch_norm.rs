//! Batch normalisation in training, with a residual add and an activation in the same pass.

mod passes;

use crate::activation::Activation;
use crate::batch_norm::{BatchStatistics, Moments, NormGradientSums, Normalisation};
use crate::error::{Error, check_length, check_rows};
use crate::winograd::convolution::TileSums;
use crate::workspace::{Buffer, Workspace};
use passes::{Forward, GradientSums, InputGradient, MaskedGradientSums, SumsNearMean};
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

#[cfg(test)]
mod tests;
