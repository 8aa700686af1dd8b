//! The maps of one class, and the sums of their deviations in any resample.

use pulp::NullaryFnOnce;
use rayon::prelude::*;

use crate::consistency::ClassMean;
use crate::pixel_sums::{ARCH, products};

/// Resamples computed together, so that each number is read once for all of them.
pub const BLOCK: usize = 8;

/// How often one image is drawn in each resample of a block.
pub type Weights = [f64; BLOCK];

/// A squared length below this share of what it is the difference of is rounding, not length.
const ROUNDING: f64 = 1e-13;

/// The counted maps of one class, as what the sums of their deviations depend on.
#[derive(Clone, Debug)]
pub(super) struct MapGroup {
    /// Positions of the images among all that are resampled.
    images: Vec<usize>,
    /// `c_i.c_i` of each.
    squares: Vec<f64>,
    form: Form,
}

/// What gives `y` for weights.
#[derive(Clone, Debug)]
enum Form {
    /// `c_i.c_j`, [n, n].
    Products(Vec<f64>),
    /// `c_i`, [n, pixels].
    Maps { maps: Vec<f64>, pixels: usize },
}

/// Sums over a class in one resample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct WeightedSums {
    /// Images, each as often as it is drawn.
    pub count: f64,
    /// Sum of `|x_i - m_w|^2`.
    pub squares: f64,
    /// Sum of `|x_i - m_w|`.
    pub lengths: f64,
}

impl MapGroup {
    /// The maps [n, pixels] of `images`; `resamples` are going to be computed.
    ///
    /// # Panics
    /// If there are not as many maps as images.
    pub(super) fn new(images: Vec<usize>, maps: &[f32], pixels: usize, resamples: usize) -> Self {
        let count = images.len();
        assert_eq!(maps.len(), count * pixels, "a map of each image");
        let mut mean = ClassMean::new(pixels);
        let each = || maps.chunks_exact(pixels.max(1));
        each().for_each(|map| mean.push(map));
        let centred: Vec<f64> = each()
            .flat_map(|map| map.iter().zip(mean.mean()).map(|(&x, m)| f64::from(x) - m))
            .collect();
        let row = |i: usize| &centred[i * pixels..][..pixels];
        let squares = (0..count).map(|i| products(row(i), row(i))).collect();
        let form = if by_products(count, pixels, resamples) {
            let mut all = vec![0.0; count * count];
            let rows = all.par_chunks_exact_mut(count.max(1)).enumerate();
            rows.for_each(|(i, out)| {
                let others = out.iter_mut().enumerate();
                others.for_each(|(j, out)| *out = products(row(i), row(j)));
            });
            Form::Products(all)
        } else {
            Form::Maps {
                maps: centred,
                pixels,
            }
        };
        Self {
            images,
            squares,
            form,
        }
    }

    /// Bytes that a group of `images` maps keeps, at most, while it is made and afterwards.
    pub(super) fn bytes(images: usize, pixels: usize, resamples: usize) -> u64 {
        let values = |n: usize| 8 * images as u64 * n as u64;
        let products = by_products(images, pixels, resamples);
        values(pixels) + if products { values(images) } else { 0 }
    }

    /// The sums in each resample of a block, whose weights are of all images.
    pub(super) fn sums(&self, weights: &[Weights]) -> [WeightedSums; BLOCK] {
        let own: Vec<Weights> = self.images.iter().map(|&image| weights[image]).collect();
        let mut y = vec![[0.0; BLOCK]; own.len()];
        match &self.form {
            Form::Products(all) => ARCH.dispatch(ApplyProducts {
                products: all,
                weights: &own,
                out: &mut y,
            }),
            Form::Maps { maps, pixels } => ARCH.dispatch(ApplyMaps {
                maps,
                pixels: *pixels,
                weights: &own,
                out: &mut y,
            }),
        }
        std::array::from_fn(|lane| self.sums_of_resample(&own, &y, lane))
    }

    fn sums_of_resample(&self, own: &[Weights], y: &[Weights], lane: usize) -> WeightedSums {
        let drawn = || {
            let all = own.iter().zip(y).zip(&self.squares);
            all.map(move |((w, y), square)| (w[lane], y[lane], *square))
                .filter(|(w, _, _)| *w > 0.0)
        };
        let count: f64 = drawn().map(|(w, _, _)| w).sum();
        // The map of a single image is its class's mean map, and its deviation exactly 0.
        if drawn().nth(1).is_none() {
            return WeightedSums {
                count,
                ..WeightedSums::default()
            };
        }
        let length: f64 = drawn().map(|(w, y, _)| w * y).sum();
        let from_centre: f64 = drawn().map(|(w, _, square)| w * square).sum();
        let squares = difference(from_centre, length / count);
        let to_mean = length / (count * count);
        let each = |(w, y, square): (f64, f64, f64)| {
            w * difference(square + to_mean, 2.0 * y / count).sqrt()
        };
        WeightedSums {
            count,
            squares,
            lengths: drawn().map(each).sum(),
        }
    }
}

/// Whether the Gram matrix takes fewer multiplications: n^2 (h w / 2 + resamples), against
/// 2 n h w resamples.
fn by_products(images: usize, pixels: usize, resamples: usize) -> bool {
    let [n, p, r] = [images, pixels, resamples].map(|count| count as f64);
    n * (p / 2.0 + r) <= 2.0 * p * r
}

/// `all - part`, a squared length; 0 where it is no more than rounding.
fn difference(all: f64, part: f64) -> f64 {
    let difference = all - part;
    if difference > ROUNDING * all {
        difference
    } else {
        0.0
    }
}

struct ApplyProducts<'a> {
    products: &'a [f64],
    weights: &'a [Weights],
    out: &'a mut [Weights],
}

impl NullaryFnOnce for ApplyProducts<'_> {
    type Output = ();

    // Inlined always, or the loop is not compiled for the vector instructions.
    #[inline(always)]
    fn call(self) {
        let rows = self.products.chunks_exact(self.weights.len().max(1));
        for (row, out) in rows.zip(self.out) {
            let mut sums = [0.0; BLOCK];
            for (&product, weights) in row.iter().zip(self.weights) {
                add(&mut sums, product, weights);
            }
            *out = sums;
        }
    }
}

struct ApplyMaps<'a> {
    maps: &'a [f64],
    pixels: usize,
    weights: &'a [Weights],
    out: &'a mut [Weights],
}

impl NullaryFnOnce for ApplyMaps<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let maps = || self.maps.chunks_exact(self.pixels.max(1));
        let mut sum = vec![[0.0; BLOCK]; self.pixels];
        for (map, weights) in maps().zip(self.weights) {
            for (&value, sum) in map.iter().zip(&mut sum) {
                add(sum, value, weights);
            }
        }
        for (map, out) in maps().zip(self.out) {
            let mut sums = [0.0; BLOCK];
            for (&value, sum) in map.iter().zip(&sum) {
                add(&mut sums, value, sum);
            }
            *out = sums;
        }
    }
}

#[inline(always)]
fn add(sums: &mut Weights, factor: f64, values: &Weights) {
    for lane in 0..BLOCK {
        sums[lane] += factor * values[lane];
    }
}
