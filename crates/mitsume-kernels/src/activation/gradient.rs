//! The way back through the pointwise layers to a convolution's output.

use super::{Activation, corners};
use crate::batch_norm::{Backward, Normalisation};
use crate::grid::split_by;
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::Workspace;
use rayon::prelude::*;
use std::ops::Range;

/// Squeeze-excite after the ReLU, seen from its input: per image and channel, the gradient is
/// `excite * dy` at the pooled maximum, plus `squeeze` at every pixel.
#[derive(Clone, Copy)]
pub(crate) struct Excited<'a> {
    pub excite: &'a [f32],
    pub squeeze: &'a [f32],
}

/// A gradient on its way back through [`Activation`].
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Gradient of the result.
    pub dy: &'a [f32],
    /// Whether it already is zero where the ReLU was closed.
    pub gated: bool,
    pub excited: Option<Excited<'a>>,
}

/// Sums per channel of the gradient of the normalised values dn and of dn * (z - mean): what batch norm's
/// backward pass needs first.
pub(crate) fn gradient_sums(
    workspace: &Workspace,
    layers: Activation,
    mean: &[f32],
    z: &[f32],
    incoming: Incoming,
) -> (Vec<f64>, Vec<f64>) {
    let channels = layers.channels();
    let tasks = layers.tasks();
    let mut sums = workspace.zeros(tasks.len() * 2 * channels);
    tasks
        .into_par_iter()
        .zip(sums.par_chunks_mut(2 * channels))
        .for_each(|((rows, from), sums)| {
            let values =
                from.start * layers.grid.width * channels..from.end * layers.grid.width * channels;
            let job = Job::new(layers, incoming, &rows, &from);
            workspace.isa().run(Summed {
                job,
                mean,
                z: &z[values],
                sums,
            });
        });
    crate::batch_norm::add_up(&sums, channels)
}

/// Replaces `z` by its gradient.
pub(crate) fn gradient_in_place(
    workspace: &Workspace,
    layers: Activation,
    (norm, backward): (&Normalisation, &Backward),
    z: &mut [f32],
    incoming: Incoming,
) {
    let channels = layers.channels();
    let tasks = layers.tasks();
    let parts = split_by(
        z,
        tasks.iter().map(|t| t.1.clone()),
        layers.grid.width * channels,
    );
    tasks
        .into_par_iter()
        .zip(parts)
        .for_each(|((rows, from), z)| {
            let job = Job::new(layers, incoming, &rows, &from);
            workspace.isa().run(Replaced {
                job,
                mean: &norm.mean,
                backward,
                z,
            });
        });
}

/// One task of the way back: a run of result rows of one image.
struct Job<'a> {
    layers: Activation<'a>,
    gated: bool,
    rows: usize,
    /// Pixel rows of `z`, one more than the cells cover where the height is odd.
    pixel_rows: usize,
    dy: &'a [f32],
    excited: Option<Excited<'a>>,
}

impl<'a> Job<'a> {
    fn new(
        layers: Activation<'a>,
        incoming: Incoming<'a>,
        rows: &Range<usize>,
        from: &Range<usize>,
    ) -> Self {
        let channels = layers.channels();
        let line = layers.out().width * channels;
        let image = from.start / layers.grid.height;
        let own = image * channels..(image + 1) * channels;
        Self {
            layers,
            gated: incoming.gated,
            rows: rows.len(),
            pixel_rows: from.len(),
            dy: &incoming.dy[rows.start * line..rows.end * line],
            excited: incoming.excited.map(|e| Excited {
                excite: &e.excite[own.clone()],
                squeeze: &e.squeeze[own],
            }),
        }
    }

    /// Gives every vector of z (by its offset and length), and the gradient dn that reaches it, to `take`.
    #[inline(always)]
    fn visit<S: Simd, T: Take>(&self, simd: S, take: &mut T) {
        match (self.layers.pool, self.excited.is_some(), self.gated) {
            (false, false, true) => self.go::<S, T, false, false, false>(simd, take),
            (false, false, false) => self.go::<S, T, false, false, true>(simd, take),
            (true, false, true) => self.go::<S, T, true, false, false>(simd, take),
            (true, false, false) => self.go::<S, T, true, false, true>(simd, take),
            (false, true, _) => self.go::<S, T, false, true, true>(simd, take),
            (true, true, _) => self.go::<S, T, true, true, true>(simd, take),
        }
    }

    #[inline(always)]
    fn go<S: Simd, T: Take, const POOL: bool, const EXCITED: bool, const MASK: bool>(
        &self,
        simd: S,
        take: &mut T,
    ) {
        let Activation {
            grid,
            scale,
            shift,
            relu,
            ..
        } = self.layers;
        let channels = scale.len();
        let columns = self.layers.out().width;
        let cells = if POOL { 4 } else { 1 };
        for row in 0..self.rows {
            for column in 0..columns {
                let at = corners(grid, channels, POOL, row, column);
                let dy = &self.dy[(row * columns + column) * channels..][..channels];
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let a = simd.load_some(&scale[c..c + n]);
                    let b = simd.load_some(&shift[c..c + n]);
                    let mut y = [simd.zero(); 4];
                    let mut dn = [simd.zero(); 4];
                    if POOL || MASK {
                        for q in 0..cells {
                            let z = take.z();
                            y[q] = simd.fma(simd.load_some(&z[at[q] + c..at[q] + c + n]), a, b);
                        }
                    }
                    let mut d = simd.load_some(&dy[c..c + n]);
                    let mut everywhere = simd.zero();
                    if EXCITED && let Some(e) = self.excited {
                        d = simd.mul(d, simd.load_some(&e.excite[c..c + n]));
                        everywhere = simd.load_some(&e.squeeze[c..c + n]);
                    }
                    if POOL {
                        dn = route(simd, y, d);
                    } else {
                        dn[0] = d;
                    }
                    for q in 0..cells {
                        let mut v = dn[q];
                        if EXCITED {
                            v = simd.add(v, everywhere);
                        }
                        if MASK && relu {
                            v = simd.select(simd.gt(y[q], simd.zero()), v, simd.zero());
                        }
                        take.take(simd, at[q] + c, c, n, v);
                    }
                }
            }
        }
        if POOL {
            self.margin::<S, T, EXCITED>(simd, take);
        }
    }

    /// The odd last column and row, which no square covers.
    #[inline(always)]
    fn margin<S: Simd, T: Take, const EXCITED: bool>(&self, simd: S, take: &mut T) {
        let Activation {
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
                    if EXCITED && let Some(e) = self.excited {
                        let z = simd.load_some(&take.z()[at + c..at + c + n]);
                        let a = simd.load_some(&scale[c..c + n]);
                        let y = simd.fma(z, a, simd.load_some(&shift[c..c + n]));
                        let everywhere = simd.load_some(&e.squeeze[c..c + n]);
                        v = simd.select(simd.gt(y, simd.zero()), everywhere, v);
                    }
                    take.take(simd, at + c, c, n, v);
                }
            }
        }
    }
}

/// `d` at the first of the largest values, zero at the others.
#[inline(always)]
pub(crate) fn route<S: Simd>(simd: S, y: [S::V; 4], d: S::V) -> [S::V; 4] {
    let m1 = simd.replaces(y[1], y[0]);
    let max = simd.select(m1, y[1], y[0]);
    let m2 = simd.replaces(y[2], max);
    let max = simd.select(m2, y[2], max);
    let m3 = simd.replaces(y[3], max);
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

/// What is done with the gradient of the normalised values.
trait Take {
    fn z(&self) -> &[f32];
    fn take<S: Simd>(&mut self, simd: S, at: usize, channel: usize, n: usize, dn: S::V);
}

struct Summed<'a> {
    job: Job<'a>,
    mean: &'a [f32],
    z: &'a [f32],
    sums: &'a mut [f32],
}

struct SumUp<'a> {
    mean: &'a [f32],
    z: &'a [f32],
    sum: &'a mut [f32],
    product: &'a mut [f32],
}

impl Take for SumUp<'_> {
    #[inline(always)]
    fn z(&self) -> &[f32] {
        self.z
    }
    #[inline(always)]
    fn take<S: Simd>(&mut self, simd: S, at: usize, c: usize, n: usize, dn: S::V) {
        let mean = simd.load_some(&self.mean[c..c + n]);
        let z = simd.sub(simd.load_some(&self.z[at..at + n]), mean);
        let sum = &mut self.sum[c..c + n];
        simd.store_some(sum, simd.add(simd.load_some(sum), dn));
        let product = &mut self.product[c..c + n];
        simd.store_some(product, simd.fma(dn, z, simd.load_some(product)));
    }
}

impl Kernel for Summed<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (sum, product) = self.sums.split_at_mut(self.mean.len());
        let mut take = SumUp {
            mean: self.mean,
            z: self.z,
            sum,
            product,
        };
        self.job.visit(simd, &mut take);
    }
}

struct Replaced<'a> {
    job: Job<'a>,
    mean: &'a [f32],
    backward: &'a Backward,
    z: &'a mut [f32],
}

struct Replace<'a> {
    mean: &'a [f32],
    backward: &'a Backward,
    z: &'a mut [f32],
}

impl Take for Replace<'_> {
    #[inline(always)]
    fn z(&self) -> &[f32] {
        self.z
    }
    #[inline(always)]
    fn take<S: Simd>(&mut self, simd: S, at: usize, c: usize, n: usize, dn: S::V) {
        let Backward {
            gain,
            slope,
            offset,
        } = self.backward;
        let z = &mut self.z[at..at + n];
        let centred = simd.sub(simd.load_some(z), simd.load_some(&self.mean[c..c + n]));
        let rest = simd.fma(
            simd.load_some(&slope[c..c + n]),
            centred,
            simd.load_some(&offset[c..c + n]),
        );
        simd.store_some(z, simd.fma(simd.load_some(&gain[c..c + n]), dn, rest));
    }
}

impl Kernel for Replaced<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut take = Replace {
            mean: self.mean,
            backward: self.backward,
            z: self.z,
        };
        self.job.visit(simd, &mut take);
    }
}
