//! Normalise, add a skip connection, ReLU and max-pool in one pass over memory, and the way back.

use crate::batch_norm::{Backward, Normalisation};
use crate::grid::{Grid, runs, split_by};
use crate::isa::Kernel;
use crate::simd::Simd;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;
use std::ops::Range;

/// About this many pixels are one task.
const PIXELS_AT_A_TIME: usize = 448;

/// The pointwise layers after a convolution's output `z` [images, height, width, channels]:
/// `z * scale + shift`, plus `add` if given, then ReLU and 2x2 max-pool if asked.
#[derive(Clone, Copy)]
pub(crate) struct Activation<'a> {
    pub grid: Grid,
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub relu: bool,
    pub pool: bool,
}

impl Activation<'_> {
    fn channels(&self) -> usize {
        self.scale.len()
    }

    /// The grid of the result.
    pub(crate) fn out(&self) -> Grid {
        if self.pool {
            self.grid.pooled()
        } else {
            self.grid
        }
    }

    /// Fixed runs of result rows, and the pixel rows of `z` each covers. The last run of an image takes
    /// an odd last row with it.
    fn tasks(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let side = if self.pool { 2 } else { 1 };
        let out = self.out();
        let rows = (PIXELS_AT_A_TIME / self.grid.width.max(1) / side).max(1);
        let images = 0..self.grid.images;
        let per_image = |image: usize| {
            let (h, oh) = (self.grid.height, out.height);
            let mut parts: Vec<_> = runs(oh, rows)
                .map(|r| {
                    (
                        image * oh + r.start..image * oh + r.end,
                        image * h + r.start * side..image * h + r.end * side,
                    )
                })
                .collect();
            match parts.last_mut() {
                Some(last) => last.1.end = (image + 1) * h,
                None => parts.push((image * oh..image * oh, image * h..(image + 1) * h)),
            }
            parts
        };
        images.flat_map(per_image).collect()
    }
}

/// Writes the result of the layers to `out`. `totals` [images, channels], if given, receives the sums over all
/// pixels before pooling.
pub(crate) fn activate(
    workspace: &Workspace,
    layers: Activation,
    (z, add): (&[f32], Option<&[f32]>),
    out: &mut [f32],
    totals: Option<&mut [f32]>,
) {
    let (channels, to) = (layers.channels(), layers.out());
    assert_eq!(z.len(), layers.grid.pixels() * channels);
    assert_eq!(out.len(), to.pixels() * channels);
    assert!(add.is_none_or(|a| a.len() == z.len()));
    let tasks = layers.tasks();
    let parts = split_by(out, tasks.iter().map(|t| t.0.clone()), to.width * channels);
    let images: Vec<usize> = tasks
        .iter()
        .map(|t| t.1.start / layers.grid.height.max(1))
        .collect();
    let kept = if totals.is_some() { channels } else { 0 };
    let mut sums = workspace.zeros(tasks.len() * kept);
    let sum_parts = split_by(&mut sums, (0..tasks.len()).map(|i| i..i + 1), kept);
    tasks
        .into_par_iter()
        .zip(parts)
        .zip(sum_parts)
        .for_each(|(((rows, from), out), sums)| {
            let values =
                from.start * layers.grid.width * channels..from.end * layers.grid.width * channels;
            let (z, add) = (&z[values.clone()], add.map(|a| &a[values]));
            workspace.isa().run(Forward {
                layers,
                rows: rows.len(),
                z,
                add,
                out,
                sums,
            });
        });
    if let Some(totals) = totals {
        totals.fill(0.0);
        for (image, sums) in images.iter().zip(sums.chunks_exact(channels)) {
            let total = &mut totals[image * channels..][..channels];
            total.iter_mut().zip(sums).for_each(|(t, s)| *t += s);
        }
    }
}

struct Forward<'a> {
    layers: Activation<'a>,
    rows: usize,
    z: &'a [f32],
    add: Option<&'a [f32]>,
    out: &'a mut [f32],
    /// Of this task's pixels, per channel; empty if not wanted.
    sums: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match (self.layers.pool, self.add.is_some()) {
            (false, false) => self.go::<S, false, false>(simd),
            (false, true) => self.go::<S, false, true>(simd),
            (true, false) => self.go::<S, true, false>(simd),
            (true, true) => self.go::<S, true, true>(simd),
        }
    }
}

/// Offsets of a cell's values: the four pixels of a square, or four times the same pixel.
#[inline(always)]
fn corners(grid: Grid, channels: usize, pool: bool, row: usize, column: usize) -> [usize; 4] {
    let (side, w) = (if pool { 2 } else { 1 }, grid.width);
    let first = (row * side * w + column * side) * channels;
    if pool {
        [
            first,
            first + channels,
            first + w * channels,
            first + (w + 1) * channels,
        ]
    } else {
        [first; 4]
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn go<S: Simd, const POOL: bool, const ADD: bool>(mut self, simd: S) {
        let Activation {
            grid,
            scale,
            shift,
            relu,
            ..
        } = self.layers;
        let channels = scale.len();
        let columns = self.layers.out().width;
        if !self.sums.is_empty() {
            self.sum_up(simd);
        }
        for row in 0..self.rows {
            for column in 0..columns {
                let at = corners(grid, channels, POOL, row, column);
                let out = &mut self.out[(row * columns + column) * channels..][..channels];
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let a = simd.load_some(&scale[c..c + n]);
                    let b = simd.load_some(&shift[c..c + n]);
                    let mut max = simd.zero();
                    for (q, at) in at.iter().enumerate().take(if POOL { 4 } else { 1 }) {
                        let range = at + c..at + c + n;
                        let mut y = simd.fma(simd.load_some(&self.z[range.clone()]), a, b);
                        if ADD && let Some(add) = self.add {
                            y = simd.add(y, simd.load_some(&add[range]));
                        }
                        max = if q == 0 {
                            y
                        } else {
                            simd.select(simd.replaces(y, max), y, max)
                        };
                    }
                    // ReLU does not change which value is largest, except among those it makes zero,
                    // and those pass no gradient.
                    let y = if relu { simd.relu(max) } else { max };
                    simd.store_some(&mut out[c..c + n], y);
                }
            }
        }
    }
}

impl Forward<'_> {
    /// A pass of its own over this task's pixels, which then are in the cache.
    #[inline(always)]
    fn sum_up<S: Simd>(&mut self, simd: S) {
        let Activation { scale, shift, .. } = self.layers;
        let channels = scale.len();
        for pixel in self.z.chunks_exact(channels) {
            for c in (0..channels).step_by(S::LANES) {
                let range = c..(c + S::LANES).min(channels);
                let a = simd.load_some(&scale[range.clone()]);
                let b = simd.load_some(&shift[range.clone()]);
                let y = simd.relu(simd.fma(simd.load_some(&pixel[range.clone()]), a, b));
                let sum = &mut self.sums[range];
                simd.store_some(sum, simd.add(simd.load_some(sum), y));
            }
        }
    }
}

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

/// The way back through a residual join: the result is `relu(z * scale + shift + skip)`, pooled if asked.
/// Replaces `skip` by the gradient of the sum before the ReLU and returns the sums [`gradient_sums`] would.
pub(crate) fn join_gradient(
    workspace: &Workspace,
    layers: Activation,
    mean: &[f32],
    (z, skip): (&[f32], &mut Buffer),
    dy: &[f32],
) -> (Vec<f64>, Vec<f64>) {
    let channels = layers.channels();
    let tasks = layers.tasks();
    let width = layers.grid.width * channels;
    let out_width = layers.out().width * channels;
    let mut sums = workspace.zeros(tasks.len() * 2 * channels);
    let parts = split_by(skip, tasks.iter().map(|t| t.1.clone()), width);
    (tasks
        .into_par_iter()
        .zip(parts)
        .zip(sums.par_chunks_mut(2 * channels)))
    .for_each(|(((rows, from), skip), sums)| {
        workspace.isa().run(Join {
            layers,
            rows: rows.len(),
            mean,
            z: &z[from.start * width..from.end * width],
            skip,
            dy: &dy[rows.start * out_width..rows.end * out_width],
            sums,
        });
    });
    crate::batch_norm::add_up(&sums, channels)
}

struct Join<'a> {
    layers: Activation<'a>,
    rows: usize,
    mean: &'a [f32],
    z: &'a [f32],
    skip: &'a mut [f32],
    dy: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Join<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if self.layers.pool {
            self.go::<S, true>(simd)
        } else {
            self.go::<S, false>(simd)
        }
    }
}

impl Join<'_> {
    #[inline(always)]
    fn go<S: Simd, const POOL: bool>(self, simd: S) {
        let Activation {
            grid, scale, shift, ..
        } = self.layers;
        let channels = scale.len();
        let columns = self.layers.out().width;
        let (sum, product) = self.sums.split_at_mut(channels);
        let cells = if POOL { 4 } else { 1 };
        let pixel_rows = self.skip.len() / (grid.width * channels).max(1);
        for row in 0..self.rows {
            for column in 0..columns {
                let at = corners(grid, channels, POOL, row, column);
                let dy = &self.dy[(row * columns + column) * channels..][..channels];
                for c in (0..channels).step_by(S::LANES) {
                    let n = S::LANES.min(channels - c);
                    let a = simd.load_some(&scale[c..c + n]);
                    let b = simd.load_some(&shift[c..c + n]);
                    let mean = simd.load_some(&self.mean[c..c + n]);
                    let mut y = [simd.zero(); 4];
                    let mut z = [simd.zero(); 4];
                    for q in 0..cells {
                        let range = at[q] + c..at[q] + c + n;
                        z[q] = simd.load_some(&self.z[range.clone()]);
                        y[q] = simd.add(simd.fma(z[q], a, b), simd.load_some(&self.skip[range]));
                    }
                    let d = simd.load_some(&dy[c..c + n]);
                    let dj = if POOL { route(simd, y, d) } else { [d; 4] };
                    let mut s = simd.load_some(&sum[c..c + n]);
                    let mut t = simd.load_some(&product[c..c + n]);
                    for q in 0..cells {
                        let v = simd.select(simd.gt(y[q], simd.zero()), dj[q], simd.zero());
                        simd.store_some(&mut self.skip[at[q] + c..at[q] + c + n], v);
                        s = simd.add(s, v);
                        t = simd.fma(v, simd.sub(z[q], mean), t);
                    }
                    simd.store_some(&mut sum[c..c + n], s);
                    simd.store_some(&mut product[c..c + n], t);
                }
            }
        }
        if POOL {
            for row in 0..pixel_rows {
                let from = if row >= 2 * self.rows {
                    0
                } else {
                    grid.width / 2 * 2
                };
                let line = row * grid.width;
                self.skip[(line + from) * channels..(line + grid.width) * channels].fill(0.0);
            }
        }
    }
}
