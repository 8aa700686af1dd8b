//! Near duplicates by a perceptual hash and the correlation of thumbnails.

use std::sync::LazyLock;

use crate::pixels::Pixels;
use crate::resize::resize;

/// Side of a thumbnail.
const SIDE: usize = 32;
/// Number of frequencies per axis.
const FREQUENCIES: usize = 8;
/// Largest number of bits in which the hashes of near duplicates differ.
const MAX_HAMMING_DISTANCE: u32 = 6;
/// Smallest correlation of the thumbnails of near duplicates.
const MIN_CORRELATION: f32 = 0.985;
/// Standard deviation in grey levels below which a thumbnail is too flat to compare.
const MIN_CONTRAST: f32 = 2.0;

/// A perceptual hash and the thumbnail that confirms it.
pub(super) struct PerceptualHash {
    /// One bit per frequency: whether its coefficient is above the median.
    hash: u64,
    /// The thumbnail minus its mean, in steps of two grey levels; empty for flat images.
    thumbnail: Vec<i8>,
    /// Euclidean norm of `thumbnail`.
    norm: f32,
}

impl PerceptualHash {
    pub fn new(grey: &Pixels) -> Self {
        let small = resize(grey, SIDE, SIDE);
        let values: Vec<f32> = small.data.iter().map(|v| f32::from(*v)).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let centred: Vec<f32> = values.iter().map(|v| v - mean).collect();
        let sum_of_squares = centred.iter().map(|v| v * v).sum::<f32>();
        if sum_of_squares < MIN_CONTRAST * MIN_CONTRAST * values.len() as f32 {
            return Self {
                hash: 0,
                thumbnail: Vec::new(),
                norm: 1.0,
            };
        }
        // Steps of two levels fit 8 bits, a quarter of the memory; the correlation hardly changes.
        let thumbnail: Vec<i8> = centred.iter().map(|v| (v / 2.0).round() as i8).collect();
        let norm = thumbnail
            .iter()
            .map(|v| f32::from(*v).powi(2))
            .sum::<f32>()
            .sqrt();
        Self {
            hash: bits_above_median(&frequencies(&centred)),
            thumbnail,
            norm,
        }
    }

    /// Whether hash and thumbnail are those of near duplicates; symmetric.
    pub fn is_near_duplicate(&self, other: &Self) -> bool {
        if (self.hash ^ other.hash).count_ones() > MAX_HAMMING_DISTANCE
            || self.thumbnail.is_empty()
            || other.thumbnail.is_empty()
        {
            return false;
        }
        let pairs = self.thumbnail.iter().zip(&other.thumbnail);
        let product: i32 = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        product as f32 / (self.norm * other.norm) >= MIN_CORRELATION
    }
}

/// cos(pi (2 t + 1) (f + 1) / (2 SIDE)): the frequencies 1 to 8 of a cosine transform.
static COSINES: LazyLock<[[f32; SIDE]; FREQUENCIES]> = LazyLock::new(|| {
    let step = std::f64::consts::PI / (2 * SIDE) as f64;
    std::array::from_fn(|f| {
        std::array::from_fn(|t| (step * ((2 * t + 1) * (f + 1)) as f64).cos() as f32)
    })
});

/// Coefficients of the cosine transform of a thumbnail, the lowest frequencies of both axes.
fn frequencies(values: &[f32]) -> [f32; FREQUENCIES * FREQUENCIES] {
    let project = |line: &mut dyn Iterator<Item = f32>, f: usize| -> f32 {
        line.zip(&COSINES[f]).map(|(v, c)| v * c).sum()
    };
    let mut rows = [[0.0; SIDE]; FREQUENCIES];
    for (y, row) in values.chunks_exact(SIDE).enumerate() {
        for (f, out) in rows.iter_mut().enumerate() {
            out[y] = project(&mut row.iter().copied(), f);
        }
    }
    std::array::from_fn(|i| {
        let (fx, fy) = (i % FREQUENCIES, i / FREQUENCIES);
        project(&mut rows[fx].iter().copied(), fy)
    })
}

fn bits_above_median(values: &[f32; FREQUENCIES * FREQUENCIES]) -> u64 {
    let mut sorted = *values;
    sorted.sort_by(f32::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    let bits = values.iter().map(|v| u64::from(*v > median));
    bits.fold(0, |hash, bit| hash << 1 | bit)
}
