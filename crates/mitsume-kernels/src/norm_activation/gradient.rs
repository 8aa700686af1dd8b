//! The gradient of a convolution's output `z` from that of the norm and activation after it.

use super::{NormActivation, window_offsets};
use crate::batch_norm::{InputGradientTerms, NormGradientSums};
use crate::grid::split_at_ranges;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::Workspace;
use rayon::prelude::*;
use std::ops::Range;

/// The gradient of a squeeze-excite after the ReLU with respect to its input: per image and
/// channel, `excitation * dy` at the pooled maximum, plus `squeeze` at every pixel.
#[derive(Clone, Copy)]
pub(crate) struct SqueezeExciteGradient<'a> {
    /// [images, channels]
    pub excitation: &'a [f32],
    /// [images, channels]
    pub squeeze: &'a [f32],
}

/// The gradient of the result of a [`NormActivation`].
#[derive(Clone, Copy)]
pub(crate) struct OutputGradient<'a> {
    /// Of the shape of the result.
    pub dy: &'a [f32],
    /// Whether it is zero already where the ReLU's input was not positive.
    pub masked: bool,
    pub squeeze_excite: Option<SqueezeExciteGradient<'a>>,
}

/// Sums per channel of dn, the gradient of the normalised values, and of dn * (z - mean): batch
/// norm's backward pass needs both before it can compute any gradient of z.
pub(crate) fn norm_gradient_sums(
    workspace: &Workspace,
    layers: NormActivation,
    mean: &[f32],
    z: &[f32],
    dy: OutputGradient,
) -> NormGradientSums {
    let channels = layers.channels();
    let tasks = layers.tasks();
    let mut sums = workspace.zeros(tasks.len() * 2 * channels);
    tasks
        .into_par_iter()
        .zip(sums.par_chunks_mut(2 * channels))
        .for_each(|((rows, from), sums)| {
            let values =
                from.start * layers.grid.width * channels..from.end * layers.grid.width * channels;
            let task = Task::new(layers, dy, &rows, &from);
            workspace.isa().run(GradientSumsKernel {
                task,
                mean,
                z: &z[values],
                sums,
            });
        });
    NormGradientSums::from_parts(&sums, channels)
}

/// Replaces `z` by its gradient.
pub(crate) fn input_gradient_in_place(
    workspace: &Workspace,
    layers: NormActivation,
    mean: &[f32],
    terms: &InputGradientTerms,
    z: &mut [f32],
    dy: OutputGradient,
) {
    let channels = layers.channels();
    let tasks = layers.tasks();
    let parts = split_at_ranges(
        z,
        tasks.iter().map(|t| t.1.clone()),
        layers.grid.width * channels,
    );
    tasks
        .into_par_iter()
        .zip(parts)
        .for_each(|((rows, from), z)| {
            let task = Task::new(layers, dy, &rows, &from);
            workspace.isa().run(InputGradientKernel {
                task,
                mean,
                terms,
                z,
            });
        });
}

/// Consecutive output rows of one image.
struct Task<'a> {
    layers: NormActivation<'a>,
    masked: bool,
    rows: usize,
    /// Pixel rows of `z`; one more than the pooling windows cover if the height is odd.
    pixel_rows: usize,
    dy: &'a [f32],
    squeeze_excite: Option<SqueezeExciteGradient<'a>>,
}

impl<'a> Task<'a> {
    fn new(
        layers: NormActivation<'a>,
        dy: OutputGradient<'a>,
        rows: &Range<usize>,
        from: &Range<usize>,
    ) -> Self {
        let channels = layers.channels();
        let line = layers.output_grid().width * channels;
        let image = from.start / layers.grid.height;
        let own = image * channels..(image + 1) * channels;
        Self {
            layers,
            masked: dy.masked,
            rows: rows.len(),
            pixel_rows: from.len(),
            dy: &dy.dy[rows.start * line..rows.end * line],
            squeeze_excite: dy.squeeze_excite.map(|e| SqueezeExciteGradient {
                excitation: &e.excitation[own.clone()],
                squeeze: &e.squeeze[own],
            }),
        }
    }

    /// Calls `visitor` for every vector of z (by its offset and length) with its gradient dn.
    #[inline(always)]
    fn visit<S: Simd, V: GradientVisitor>(&self, simd: S, visitor: &mut V) {
        match (self.layers.pool, self.squeeze_excite.is_some(), self.masked) {
            (false, false, true) => {
                self.run_specialised::<S, V, false, false, false>(simd, visitor)
            }
            (false, false, false) => {
                self.run_specialised::<S, V, false, false, true>(simd, visitor)
            }
            (true, false, true) => self.run_specialised::<S, V, true, false, false>(simd, visitor),
            (true, false, false) => self.run_specialised::<S, V, true, false, true>(simd, visitor),
            (false, true, _) => self.run_specialised::<S, V, false, true, true>(simd, visitor),
            (true, true, _) => self.run_specialised::<S, V, true, true, true>(simd, visitor),
        }
    }

    #[inline(always)]
    fn run_specialised<
        S: Simd,
        V: GradientVisitor,
        const POOL: bool,
        const EXCITE: bool,
        const MASK: bool,
    >(
        &self,
        simd: S,
        visitor: &mut V,
    ) {
        let NormActivation { grid, relu, .. } = self.layers;
        let channels = self.layers.channels();
        let columns = self.layers.output_grid().width;
        let cells = if POOL { 4 } else { 1 };
        for row in 0..self.rows {
            for column in 0..columns {
                let at = window_offsets(grid, channels, POOL, row, column);
                let dy = &self.dy[(row * columns + column) * channels..][..channels];
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let mut y = [simd.zero(); 4];
                    let mut dn = [simd.zero(); 4];
                    if POOL || MASK {
                        y = self.normalised::<S, POOL>(simd, visitor.z(), at, c..c + n);
                    }
                    let mut d = simd.load_partial(&dy[c..c + n]);
                    let mut everywhere = simd.zero();
                    if EXCITE && let Some(e) = self.squeeze_excite {
                        d = simd.mul(d, simd.load_partial(&e.excitation[c..c + n]));
                        everywhere = simd.load_partial(&e.squeeze[c..c + n]);
                    }
                    if POOL {
                        dn = max_pool_gradient(simd, y, d);
                    } else {
                        dn[0] = d;
                    }
                    for q in 0..cells {
                        let mut v = dn[q];
                        if EXCITE {
                            v = simd.add(v, everywhere);
                        }
                        if MASK && relu {
                            v = simd.select(simd.gt(y[q], simd.zero()), v, simd.zero());
                        }
                        visitor.visit(simd, at[q] + c, c, n, v);
                    }
                }
            }
        }
        if POOL {
            self.uncovered_pixels::<S, V, EXCITE>(simd, visitor);
        }
    }

    /// `z * scale + shift` of these channels at the pixels of a pooling window, or at one pixel.
    #[inline(always)]
    fn normalised<S: Simd, const POOL: bool>(
        &self,
        simd: S,
        z: &[f32],
        pixels: [usize; 4],
        channels: Range<usize>,
    ) -> [S::V; 4] {
        let scale = simd.load_partial(&self.layers.scale[channels.clone()]);
        let shift = simd.load_partial(&self.layers.shift[channels.clone()]);
        let mut y = [simd.zero(); 4];
        for (y, at) in y.iter_mut().zip(pixels).take(if POOL { 4 } else { 1 }) {
            let z = simd.load_partial(&z[at + channels.start..at + channels.end]);
            *y = simd.fma(z, scale, shift);
        }
        y
    }

    /// The last column and row of odd sizes, which no pooling window covers.
    #[inline(always)]
    fn uncovered_pixels<S: Simd, V: GradientVisitor, const EXCITE: bool>(
        &self,
        simd: S,
        visitor: &mut V,
    ) {
        let NormActivation {
            grid, scale, shift, ..
        } = self.layers;
        let channels = scale.len();
        for row in 0..self.pixel_rows {
            let from = if row >= 2 * self.rows {
                0
            } else {
                grid.width / 2 * 2
            };
            for column in from..grid.width {
                let at = (row * grid.width + column) * channels;
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let mut v = simd.zero();
                    if EXCITE && let Some(e) = self.squeeze_excite {
                        let z = simd.load_partial(&visitor.z()[at + c..at + c + n]);
                        let a = simd.load_partial(&scale[c..c + n]);
                        let y = simd.fma(z, a, simd.load_partial(&shift[c..c + n]));
                        let everywhere = simd.load_partial(&e.squeeze[c..c + n]);
                        v = simd.select(simd.gt(y, simd.zero()), everywhere, v);
                    }
                    visitor.visit(simd, at + c, c, n, v);
                }
            }
        }
    }
}

/// The gradient of a 2x2 max-pool: `d` at the first of the largest values, zero at the others.
#[inline(always)]
pub(crate) fn max_pool_gradient<S: Simd>(simd: S, y: [S::V; 4], d: S::V) -> [S::V; 4] {
    let m1 = simd.greater_or_nan(y[1], y[0]);
    let max = simd.select(m1, y[1], y[0]);
    let m2 = simd.greater_or_nan(y[2], max);
    let max = simd.select(m2, y[2], max);
    let m3 = simd.greater_or_nan(y[3], max);
    let zero = simd.zero();
    let upto2 = simd.select(m3, zero, d);
    let upto1 = simd.select(m2, zero, upto2);
    [
        simd.select(m1, zero, upto1),
        simd.select(m1, upto1, zero),
        simd.select(m2, upto2, zero),
        simd.select(m3, d, zero),
    ]
}

/// Receives the gradient of the normalised values.
trait GradientVisitor {
    fn z(&self) -> &[f32];
    fn visit<S: Simd>(&mut self, simd: S, at: usize, channel: usize, n: usize, dn: S::V);
}

struct GradientSumsKernel<'a> {
    task: Task<'a>,
    mean: &'a [f32],
    z: &'a [f32],
    sums: &'a mut [f32],
}

struct GradientSumsVisitor<'a> {
    mean: &'a [f32],
    z: &'a [f32],
    sum: &'a mut [f32],
    product: &'a mut [f32],
}

impl GradientVisitor for GradientSumsVisitor<'_> {
    #[inline(always)]
    fn z(&self) -> &[f32] {
        self.z
    }
    #[inline(always)]
    fn visit<S: Simd>(&mut self, simd: S, at: usize, c: usize, n: usize, dn: S::V) {
        let mean = simd.load_partial(&self.mean[c..c + n]);
        let z = simd.sub(simd.load_partial(&self.z[at..at + n]), mean);
        let sum = &mut self.sum[c..c + n];
        simd.store_partial(sum, simd.add(simd.load_partial(sum), dn));
        let product = &mut self.product[c..c + n];
        simd.store_partial(product, simd.fma(dn, z, simd.load_partial(product)));
    }
}

impl Kernel for GradientSumsKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (sum, product) = self.sums.split_at_mut(self.mean.len());
        let mut sums = GradientSumsVisitor {
            mean: self.mean,
            z: self.z,
            sum,
            product,
        };
        self.task.visit(simd, &mut sums);
    }
}

struct InputGradientKernel<'a> {
    task: Task<'a>,
    mean: &'a [f32],
    terms: &'a InputGradientTerms,
    z: &'a mut [f32],
}

struct InputGradientVisitor<'a> {
    mean: &'a [f32],
    terms: &'a InputGradientTerms,
    z: &'a mut [f32],
}

impl GradientVisitor for InputGradientVisitor<'_> {
    #[inline(always)]
    fn z(&self) -> &[f32] {
        self.z
    }
    #[inline(always)]
    fn visit<S: Simd>(&mut self, simd: S, at: usize, c: usize, n: usize, dn: S::V) {
        let InputGradientTerms {
            gain,
            slope,
            offset,
        } = self.terms;
        let z = &mut self.z[at..at + n];
        let centred = simd.sub(
            simd.load_partial(z),
            simd.load_partial(&self.mean[c..c + n]),
        );
        let rest = simd.fma(
            simd.load_partial(&slope[c..c + n]),
            centred,
            simd.load_partial(&offset[c..c + n]),
        );
        simd.store_partial(z, simd.fma(simd.load_partial(&gain[c..c + n]), dn, rest));
    }
}

impl Kernel for InputGradientKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut replace = InputGradientVisitor {
            mean: self.mean,
            terms: self.terms,
            z: self.z,
        };
        self.task.visit(simd, &mut replace);
    }
}
