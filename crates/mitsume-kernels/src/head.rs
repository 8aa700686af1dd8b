//! Pooled features and CAM sums of the hooked feature map in one pass, and their backward pass.
//!
//! Between the feature map A and the linear layer is a global average pool, at some levels after a
//! ReLU or a 2x2 max-pool. The CAM before its ReLU is weighted_sum = sum over k of alpha_k A_k;
//! alpha (the mean over the pixels of the class score's gradient) is `linear_alpha`, the linear
//! layer's weight over the number of pixels, times the fraction of pixels through which the
//! gradient passes.

use crate::error::{Error, check_length};
use crate::isa::Kernel;
use crate::norm_activation::max_pool_gradient;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Layers before the global average pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadPooling {
    /// None.
    Mean,
    /// A ReLU.
    ReluMean,
    /// A 2x2 max-pool.
    MaxPoolMean,
}

impl HeadPooling {
    /// What comes before the global average pool of a head with these layers, or `None` for a ReLU
    /// and a max-pool together.
    pub const fn new(relu: bool, pool: bool) -> Option<Self> {
        match (relu, pool) {
            (false, false) => Some(Self::Mean),
            (true, false) => Some(Self::ReluMean),
            (false, true) => Some(Self::MaxPoolMean),
            (true, true) => None,
        }
    }
}

/// A feature map, channels last.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// [images, height, width, channels]
    pub data: &'a [f32],
    /// Images, height, width, channels.
    pub shape: [usize; 4],
    /// Layers before the global average pool.
    pub pooling: HeadPooling,
}

/// Result of [`Features::pool_features`].
#[derive(Clone, Debug, PartialEq)]
pub struct PooledFeatures {
    /// The linear layer's input [images, channels].
    pub pooled: Vec<f32>,
    /// Fraction of pixels through which the gradient passes [images, channels]; a max-pool passes
    /// it to one pixel in four, with four times the weight, which counts as 1.
    pub pass_fraction: Vec<f32>,
    /// sum over k of linear_alpha * pass_fraction * A [images, height, width]; empty without
    /// `linear_alpha`.
    pub weighted_sum: Vec<f32>,
}

impl Features<'_> {
    fn check(&self, lengths: &[(&str, usize, usize)]) -> Result<(), Error> {
        let [images, height, width, channels] = self.shape;
        if images * height * width * channels == 0
            || (self.pooling == HeadPooling::MaxPoolMean && (height < 2 || width < 2))
        {
            return Err(Error::Size {
                images,
                height,
                width,
            });
        }
        let own = [(
            "features",
            images * height * width * channels,
            self.data.len(),
        )];
        for (what, expected, found) in own.iter().chain(lengths) {
            check_length(what, *expected, *found)?;
        }
        Ok(())
    }

    /// Number of pixels that the mean is over.
    fn pooled_pixels(&self) -> usize {
        let [_, height, width, _] = self.shape;
        if self.pooling == HeadPooling::MaxPoolMean {
            (height / 2) * (width / 2)
        } else {
            height * width
        }
    }

    /// Pooled features, pass fractions and, with `linear_alpha` [images, channels], the weighted
    /// sums.
    ///
    /// # Errors
    /// If a length does not fit, or there is no pixel.
    pub fn pool_features(
        &self,
        workspace: &Workspace,
        linear_alpha: Option<&[f32]>,
    ) -> Result<PooledFeatures, Error> {
        let [images, height, width, channels] = self.shape;
        let small = images.saturating_mul(channels);
        self.check(&[(
            "linear_alpha",
            small,
            linear_alpha.map_or(small, <[f32]>::len),
        )])?;
        let pixels = height * width;
        let mut result = PooledFeatures {
            pooled: vec![0.0; small],
            pass_fraction: vec![1.0; small],
            weighted_sum: vec![
                0.0;
                if linear_alpha.is_some() {
                    images * pixels
                } else {
                    0
                }
            ],
        };
        let mut weighted_sum: Vec<&mut [f32]> = if linear_alpha.is_some() {
            result.weighted_sum.chunks_mut(pixels).collect()
        } else {
            (0..images).map(|_| &mut [][..]).collect()
        };
        (result.pooled.par_chunks_mut(channels))
            .zip(result.pass_fraction.par_chunks_mut(channels))
            .zip(weighted_sum.par_iter_mut())
            .enumerate()
            .for_each(|(i, ((pooled, pass_fraction), weighted_sum))| {
                let image = &self.data[i * pixels * channels..][..pixels * channels];
                let linear_alpha = linear_alpha.map(|b| &b[i * channels..][..channels]);
                workspace.isa().run(PoolKernel {
                    features: *self,
                    image,
                    linear_alpha,
                    pooled,
                    pass_fraction,
                    weighted_sum,
                });
            });
        Ok(result)
    }

    /// Gradient of the feature map, and of `linear_alpha` if it was given, from those of the pooled
    /// features [images, channels] and, in `map`, the weighted sums. The pass fractions are taken
    /// as constant; they change only where a pixel changes its sign.
    ///
    /// # Errors
    /// If a length does not fit, or there is no pixel.
    pub fn backward(
        &self,
        workspace: &Workspace,
        d_pooled: &[f32],
        map: Option<MapGradient>,
    ) -> Result<(Buffer, Vec<f32>), Error> {
        let [images, height, width, channels] = self.shape;
        let (small, pixels) = (
            images.saturating_mul(channels),
            height.saturating_mul(width),
        );
        let mut lengths = vec![("gradient of the pooled features", small, d_pooled.len())];
        if let Some(m) = map {
            lengths.push(("linear_alpha", small, m.linear_alpha.len()));
            lengths.push(("pass_fraction", small, m.pass_fraction.len()));
            lengths.push((
                "gradient of the weighted sums",
                images.saturating_mul(pixels),
                m.d_weighted_sum.len(),
            ));
        }
        self.check(&lengths)?;
        let mut out = workspace.take(self.data.len());
        let mut d_linear_alpha = vec![0.0; small];
        (out.par_chunks_mut(pixels * channels))
            .zip(d_linear_alpha.par_chunks_mut(channels))
            .enumerate()
            .for_each(|(i, (out, d_linear_alpha))| {
                let image = &self.data[i * pixels * channels..][..pixels * channels];
                let own = i * channels..(i + 1) * channels;
                let map = map.map(|m| MapGradient {
                    linear_alpha: &m.linear_alpha[own.clone()],
                    pass_fraction: &m.pass_fraction[own.clone()],
                    d_weighted_sum: &m.d_weighted_sum[i * pixels..(i + 1) * pixels],
                });
                let d_pooled = &d_pooled[own];
                workspace.isa().run(PoolGradientKernel {
                    features: *self,
                    image,
                    d_pooled,
                    map,
                    out,
                    d_linear_alpha,
                });
            });
        Ok((out, d_linear_alpha))
    }
}

/// The gradient of the weighted sums, and the coefficients they were computed with.
#[derive(Clone, Copy, Debug)]
pub struct MapGradient<'a> {
    /// As given to [`Features::pool_features`].
    pub linear_alpha: &'a [f32],
    /// As [`Features::pool_features`] returned it.
    pub pass_fraction: &'a [f32],
    /// [images, height, width]
    pub d_weighted_sum: &'a [f32],
}

impl MapGradient<'_> {
    fn alpha(&self) -> Vec<f32> {
        let factors = self.linear_alpha.iter().zip(self.pass_fraction);
        factors.map(|(b, o)| b * o).collect()
    }
}

struct PoolKernel<'a> {
    features: Features<'a>,
    image: &'a [f32],
    linear_alpha: Option<&'a [f32]>,
    pooled: &'a mut [f32],
    pass_fraction: &'a mut [f32],
    weighted_sum: &'a mut [f32],
}

impl Kernel for PoolKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        self.pool(simd);
        let Some(linear_alpha) = self.linear_alpha else {
            return;
        };
        let alpha = linear_alpha.iter().zip(&*self.pass_fraction);
        let alpha: Vec<f32> = alpha.map(|(b, o)| b * o).collect();
        weighted_sums(simd, self.image, &alpha, self.weighted_sum);
    }
}

impl PoolKernel<'_> {
    /// Computes the pooled features and, with a ReLU, the pass fractions.
    #[inline(always)]
    fn pool<S: Simd>(&mut self, simd: S) {
        let [_, height, width, channels] = self.features.shape;
        let side = match self.features.pooling {
            HeadPooling::MaxPoolMean => 2,
            HeadPooling::Mean | HeadPooling::ReluMean => 1,
        };
        let relu = self.features.pooling == HeadPooling::ReluMean;
        let scale = 1.0 / self.features.pooled_pixels() as f32;
        if relu {
            self.pass_fraction.fill(0.0);
        }
        let mut row_sums = vec![0.0; 2 * channels];
        for row in 0..height / side {
            row_sums.fill(0.0);
            let (sums, counts) = row_sums.split_at_mut(channels);
            let line = &self.image[row * side * width * channels..][..side * width * channels];
            let row = PooledRow {
                line,
                width,
                side,
                relu,
            };
            row.add(simd, sums, counts);
            for c in 0..channels {
                self.pooled[c] += sums[c];
                if relu {
                    self.pass_fraction[c] += counts[c];
                }
            }
        }
        self.pooled.iter_mut().for_each(|m| *m *= scale);
        if relu {
            self.pass_fraction.iter_mut().for_each(|o| *o *= scale);
        }
    }
}

/// `side` rows of an image, pooled to one row.
struct PooledRow<'a> {
    /// [side][width][channels]
    line: &'a [f32],
    width: usize,
    /// 2 for a 2x2 max-pool, else 1.
    side: usize,
    relu: bool,
}

impl PooledRow<'_> {
    /// Adds its pixels to `sums` [channels] and, with a ReLU, the number of positive ones to
    /// `counts`.
    #[inline(always)]
    fn add<S: Simd>(&self, simd: S, sums: &mut [f32], counts: &mut [f32]) {
        let Self {
            line,
            width,
            side,
            relu,
        } = *self;
        let channels = sums.len();
        for column in 0..width / side {
            for c in (0..channels).step_by(S::LANES) {
                let end = (c + S::LANES).min(channels);
                let at = column * side * channels;
                let mut v = simd.load_partial(&line[at + c..at + end]);
                if side == 2 {
                    for other in [
                        at + channels,
                        at + width * channels,
                        at + (width + 1) * channels,
                    ] {
                        let u = simd.load_partial(&line[other + c..other + end]);
                        v = simd.select(simd.greater_or_nan(u, v), u, v);
                    }
                }
                if relu {
                    let one = simd.select(simd.gt(v, simd.zero()), simd.splat(1.0), simd.zero());
                    let n = simd.add(simd.load_partial(&counts[c..end]), one);
                    simd.store_partial(&mut counts[c..end], n);
                    v = simd.relu(v);
                }
                let s = simd.add(simd.load_partial(&sums[c..end]), v);
                simd.store_partial(&mut sums[c..end], s);
            }
        }
    }
}

/// `sum_k alpha_k A_k` of every pixel of `image` [pixels, channels].
#[inline(always)]
fn weighted_sums<S: Simd>(simd: S, image: &[f32], alpha: &[f32], out: &mut [f32]) {
    let channels = alpha.len();
    for (out, pixel) in out.iter_mut().zip(image.chunks_exact(channels)) {
        let mut sum = simd.zero();
        for c in (0..channels).step_by(S::LANES) {
            let end = (c + S::LANES).min(channels);
            sum = simd.fma(
                simd.load_partial(&pixel[c..end]),
                simd.load_partial(&alpha[c..end]),
                sum,
            );
        }
        *out = simd.sum(sum);
    }
}

struct PoolGradientKernel<'a> {
    features: Features<'a>,
    image: &'a [f32],
    d_pooled: &'a [f32],
    map: Option<MapGradient<'a>>,
    out: &'a mut [f32],
    d_linear_alpha: &'a mut [f32],
}

impl Kernel for PoolGradientKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PoolGradientKernel {
            features,
            image,
            d_pooled,
            map,
            out,
            d_linear_alpha,
        } = self;
        let [_, height, width, channels] = features.shape;
        let scale = 1.0 / features.pooled_pixels() as f32;
        let pooled_gradient: Vec<f32> = d_pooled.iter().map(|d| d * scale).collect();
        let alpha = map.map_or_else(|| vec![0.0; channels], |map| map.alpha());
        let pool = features.pooling == HeadPooling::MaxPoolMean;
        let relu = features.pooling == HeadPooling::ReluMean;
        for row in 0..height {
            for column in 0..width {
                let pixel = row * width + column;
                let d_weighted_sum = map.map_or(0.0, |m| m.d_weighted_sum[pixel]);
                let d_weighted_sum = simd.splat(d_weighted_sum);
                for c in (0..channels).step_by(S::LANES) {
                    let end = (c + S::LANES).min(channels);
                    let range = pixel * channels + c..pixel * channels + end;
                    let a = simd.load_partial(&image[range.clone()]);
                    let mut d = simd.load_partial(&pooled_gradient[c..end]);
                    if pool {
                        d = simd.zero();
                    } else if relu {
                        d = simd.select(simd.gt(a, simd.zero()), d, simd.zero());
                    }
                    if map.is_some() {
                        d = simd.fma(d_weighted_sum, simd.load_partial(&alpha[c..end]), d);
                        let b = simd.fma(
                            d_weighted_sum,
                            a,
                            simd.load_partial(&d_linear_alpha[c..end]),
                        );
                        simd.store_partial(&mut d_linear_alpha[c..end], b);
                    }
                    simd.store_partial(&mut out[range], d);
                }
            }
            if pool && row % 2 == 1 {
                let rows = (row - 1) * width * channels..(row + 1) * width * channels;
                let (image, out) = (&image[rows.clone()], &mut out[rows]);
                add_max_pool_gradient(simd, image, out, width, &pooled_gradient);
            }
        }
        if let Some(m) = map {
            d_linear_alpha
                .iter_mut()
                .zip(m.pass_fraction)
                .for_each(|(d, o)| *d *= o);
        }
    }
}

/// Adds each channel's `gradient` to the largest pixel of every 2x2 window of two rows.
#[inline(always)]
fn add_max_pool_gradient<S: Simd>(
    simd: S,
    image: &[f32],
    out: &mut [f32],
    width: usize,
    gradient: &[f32],
) {
    let channels = gradient.len();
    for column in 0..width / 2 {
        let first = column * 2 * channels;
        let line = width * channels;
        let corners = [
            first,
            first + channels,
            first + line,
            first + line + channels,
        ];
        for c in (0..channels).step_by(S::LANES) {
            let end = (c + S::LANES).min(channels);
            let mut y = [simd.zero(); 4];
            for (y, at) in y.iter_mut().zip(corners) {
                *y = simd.load_partial(&image[at + c..at + end]);
            }
            let d = max_pool_gradient(simd, y, simd.load_partial(&gradient[c..end]));
            for (d, at) in d.iter().zip(corners) {
                let out = &mut out[at + c..at + end];
                simd.store_partial(out, simd.add(simd.load_partial(out), *d));
            }
        }
    }
}

#[cfg(test)]
mod tests;
