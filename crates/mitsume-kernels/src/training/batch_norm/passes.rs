//! The passes of a batch norm over pixels of channels, vector by vector of channels.

use std::ops::Range;

use crate::activation::{Activation, Elementwise, for_activation};
use crate::batch_norm::{InputGradientTerms, Normalisation};
use crate::isa::Kernel;
use crate::simd::Simd;

/// Pixels that a vector of channels passes over while its parameters and sums stay in registers: few
/// enough that the other channels of these pixels are still in the cache when their turn comes.
const PIXELS_PER_PASS: usize = 32;

/// A vector of channels of the norm's scale and shift.
#[inline(always)]
fn scale_and_shift<S: Simd>(simd: S, norm: &Normalisation, channels: &Range<usize>) -> [S::V; 2] {
    [&norm.scale, &norm.shift].map(|values| simd.load_partial(&values[channels.clone()]))
}

/// Vectors of `channels`.
#[inline(always)]
fn vectors<S: Simd>(channels: usize) -> impl Iterator<Item = Range<usize>> {
    let first = (0..channels).step_by(S::LANES);
    first.map(move |first| first..(first + S::LANES).min(channels))
}

/// A value near the mean (the first pixel's), and the sums of the differences to it and of their
/// squares, `sums` [3, channels].
pub(super) struct SumsNearMean<'a> {
    pub z: &'a [f32],
    pub sums: &'a mut [f32],
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

pub(super) struct Forward<'a> {
    pub norm: &'a Normalisation,
    pub activation: Activation,
    pub z: &'a [f32],
    pub residual: Option<&'a [f32]>,
    pub y: &'a mut [f32],
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

pub(super) struct GradientSums<'a> {
    pub norm: &'a Normalisation,
    pub activation: Activation,
    pub z: &'a [f32],
    pub dy: &'a [f32],
    /// Of dn and of dn (z - mean), [2, channels].
    pub sums: &'a mut [f32],
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
pub(super) struct MaskedGradientSums<'a> {
    pub mean: &'a [f32],
    pub z: &'a [f32],
    pub y: &'a [f32],
    pub dy: &'a [f32],
    pub dn: &'a mut [f32],
    /// Of dn and of dn (z - mean), [2, channels].
    pub sums: &'a mut [f32],
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

pub(super) struct InputGradient<'a> {
    pub norm: &'a Normalisation,
    pub activation: Activation,
    pub terms: &'a InputGradientTerms,
    pub z: &'a [f32],
    pub dy: &'a [f32],
    pub dz: &'a mut [f32],
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
