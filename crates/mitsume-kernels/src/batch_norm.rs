//! Batch normalisation: scale and shift per channel forward, three coefficients per channel
//! backward.

use crate::scale_shift::ScaleShift;
use crate::winograd::convolution::TileSums;

/// Added to the variance of every batch norm; PyTorch's default.
pub const EPSILON: f64 = 1e-5;

/// Statistics of one normalised layer over a training batch, for its running statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchStatistics {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Unbiased variance of each channel, as PyTorch keeps it; the biased one if there is only one
    /// value.
    pub variance: Vec<f32>,
}

/// Mean and biased variance per channel.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
    pub count: f64,
}

impl Moments {
    /// From the sums of `StoreWithStatistics`, merged in order by Chan's formula.
    pub(crate) fn from_tile_sums(sums: &TileSums, channels: usize) -> Self {
        let mut mean = vec![0.0; channels];
        let mut spread = vec![0.0; channels];
        let mut count = 0.0;
        for (task, &pixels) in sums.pixels.iter().enumerate() {
            let part = &sums.data[task * 3 * channels..][..3 * channels];
            let n = pixels as f64;
            if pixels == 0 {
                continue;
            }
            for c in 0..channels {
                let [near, sum, square] = [0, 1, 2].map(|k| f64::from(part[k * channels + c]));
                let difference = near + sum / n - mean[c];
                spread[c] +=
                    square - sum * sum / n + difference * difference * count * n / (count + n);
                mean[c] += difference * n / (count + n);
            }
            count += n;
        }
        let variance = spread.iter().map(|s| (s / count).max(0.0)).collect();
        Self {
            mean,
            variance,
            count,
        }
    }

    /// The batch statistics that the running statistics are updated with; `bias` is the bias of the
    /// convolution before.
    pub(crate) fn statistics(&self, bias: &[f32]) -> BatchStatistics {
        let unbiased = if self.count > 1.0 {
            self.count / (self.count - 1.0)
        } else {
            1.0
        };
        BatchStatistics {
            mean: self
                .mean
                .iter()
                .zip(bias)
                .map(|(m, b)| (m + f64::from(*b)) as f32)
                .collect(),
            variance: self
                .variance
                .iter()
                .map(|v| (v * unbiased) as f32)
                .collect(),
        }
    }
}

/// `z * scale + shift` normalises a channel and applies the weight and bias of the norm.
#[derive(Clone, Debug)]
pub(crate) struct Normalisation {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    pub mean: Vec<f32>,
    /// 1 / sqrt(variance + epsilon)
    pub inverse_std: Vec<f64>,
    pub count: f64,
}

impl Normalisation {
    pub(crate) fn new(moments: &Moments, weight: &[f32], bias: &[f32], epsilon: f64) -> Self {
        let inverse_std: Vec<f64> = moments
            .variance
            .iter()
            .map(|v| 1.0 / (v + epsilon).sqrt())
            .collect();
        let scale: Vec<f64> = inverse_std
            .iter()
            .zip(weight)
            .map(|(i, w)| i * f64::from(*w))
            .collect();
        let shift = (scale.iter().zip(&moments.mean).zip(bias))
            .map(|((s, m), b)| (f64::from(*b) - m * s) as f32)
            .collect();
        Self {
            scale: scale.iter().map(|s| *s as f32).collect(),
            shift,
            mean: moments.mean.iter().map(|m| *m as f32).collect(),
            inverse_std,
            count: moments.count,
        }
    }

    /// The scale and shift that normalise a channel.
    pub(crate) fn scale_shift(&self) -> ScaleShift<'_> {
        ScaleShift {
            scale: &self.scale,
            shift: &self.shift,
        }
    }

    /// The coefficients of the input's gradient, from the sums of dn and dn * (z - mean). Writes
    /// the gradients of the norm's weight and bias to the last two.
    pub(crate) fn backward(
        &self,
        sums: &NormGradientSums,
        weight: &mut [f32],
        bias: &mut [f32],
    ) -> InputGradientTerms {
        let NormGradientSums {
            gradient: sum,
            gradient_times_centred: product,
        } = sums;
        let channels = self.scale.len();
        let mut terms = InputGradientTerms {
            gain: self.scale.clone(),
            slope: vec![0.0; channels],
            offset: vec![0.0; channels],
        };
        for c in 0..channels {
            let (gain, inverse_std) = (f64::from(self.scale[c]), self.inverse_std[c]);
            weight[c] = (product[c] * inverse_std) as f32;
            bias[c] = sum[c] as f32;
            terms.slope[c] = (-gain * inverse_std * inverse_std * product[c] / self.count) as f32;
            terms.offset[c] = (-gain * sum[c] / self.count) as f32;
        }
        terms
    }
}

/// The gradient of z per channel: dz = `gain` * dn + `slope` * (z - mean) + `offset`, dn being the
/// gradient of the normalised values.
#[derive(Clone, Debug)]
pub(crate) struct InputGradientTerms {
    pub gain: Vec<f32>,
    pub slope: Vec<f32>,
    pub offset: Vec<f32>,
}

/// Batch norm in evaluation mode folded into the convolution before it: its weights times `scale`,
/// and `shift` as its bias.
pub(crate) struct FoldedNorm {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

impl FoldedNorm {
    /// `norm` is weight, bias, running mean and running variance.
    pub(crate) fn new(bias: &[f32], norm: [&[f32]; 4]) -> Self {
        let [weight, beta, mean, variance] = norm;
        let channels = bias.len();
        let mut folded = Self {
            scale: vec![0.0; channels],
            shift: vec![0.0; channels],
        };
        for c in 0..channels {
            let scale = f64::from(weight[c]) / (f64::from(variance[c]) + EPSILON).sqrt();
            folded.scale[c] = scale as f32;
            folded.shift[c] =
                ((f64::from(bias[c]) - f64::from(mean[c])) * scale + f64::from(beta[c])) as f32;
        }
        folded
    }
}

/// Sums per channel that batch norm's backward pass needs, of the gradient dn of the normalised
/// values.
#[derive(Clone, Debug)]
pub(crate) struct NormGradientSums {
    /// Of dn.
    pub gradient: Vec<f64>,
    /// Of dn * (z - mean).
    pub gradient_times_centred: Vec<f64>,
}

impl NormGradientSums {
    /// Adds the two sums per channel of every task, [task][sum][channel], in order, in f64.
    pub(crate) fn from_parts(parts: &[f32], channels: usize) -> Self {
        let (mut sum, mut product) = (vec![0.0; channels], vec![0.0; channels]);
        for part in parts.chunks_exact(2 * channels) {
            for c in 0..channels {
                sum[c] += f64::from(part[c]);
                product[c] += f64::from(part[channels + c]);
            }
        }
        Self {
            gradient: sum,
            gradient_times_centred: product,
        }
    }
}
