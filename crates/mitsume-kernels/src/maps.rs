//! Normalises class activation maps to [0, 1], squared distances from reference maps, and the
//! gradient of both.
//!
//! Per image x, over its pixels: m = (relu(x) - low) / (high - low + epsilon), low and high being
//! the smallest and largest of relu(x), and s = sum (m - reference)^2. One pass per image and
//! direction, where composed operations would make some thirty over the whole batch.

use rayon::prelude::*;

/// The normalised maps of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct NormalisedMaps {
    maps: Vec<f32>,
    pixels: usize,
    extremes: Vec<Extremes>,
}

/// Index of the smallest and largest value of a map (the first of several), and its divisor; 0 for
/// a constant map.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Extremes {
    argmin: usize,
    argmax: usize,
    divisor: f32,
}

/// Not `f32::max`, which would turn NaN into 0.
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

impl NormalisedMaps {
    /// Normalises the weighted `sums` [images, pixels]. A constant map becomes zero.
    ///
    /// # Panics
    /// If `pixels` is 0 or does not divide the length.
    pub fn new(sums: &[f32], pixels: usize, epsilon: f32) -> Self {
        assert!(pixels > 0 && sums.len().is_multiple_of(pixels));
        let mut maps = vec![0.0; sums.len()];
        let extremes = (maps.par_chunks_exact_mut(pixels))
            .zip(sums.par_chunks_exact(pixels))
            .map(|(map, sums)| normalise(map, sums, epsilon))
            .collect();
        Self {
            maps,
            pixels,
            extremes,
        }
    }

    /// The maps [images, pixels].
    pub fn maps(&self) -> &[f32] {
        &self.maps
    }

    /// Sum of squared differences of each map from its `reference` [images, pixels].
    ///
    /// # Panics
    /// If the reference has another length.
    pub fn squared_distances(&self, reference: &[f32]) -> Vec<f32> {
        assert_eq!(reference.len(), self.maps.len());
        (self.maps.par_chunks_exact(self.pixels))
            .zip(reference.par_chunks_exact(self.pixels))
            .map(|(map, reference)| sum(map, |i, m| (m - reference[i]).powi(2)))
            .collect()
    }

    /// The gradient of the weighted `sums` from that of the squared distances `[images]`; the
    /// reference is constant.
    ///
    /// # Panics
    /// If a length differs from those before.
    pub fn gradient(
        &self,
        sums: &[f32],
        reference: &[f32],
        d_squared_distances: &[f32],
    ) -> Vec<f32> {
        assert_eq!(sums.len(), self.maps.len());
        assert_eq!(reference.len(), self.maps.len());
        assert_eq!(d_squared_distances.len(), self.extremes.len());
        let pixels = self.pixels;
        let mut out = vec![0.0; sums.len()];
        let images = out.par_chunks_exact_mut(pixels).enumerate();
        images.for_each(|(i, out)| {
            let Extremes {
                argmin,
                argmax,
                divisor,
            } = self.extremes[i];
            if divisor == 0.0 || d_squared_distances[i] == 0.0 {
                return;
            }
            let own = i * pixels..(i + 1) * pixels;
            let map = &self.maps[own.clone()];
            let (sums, reference) = (&sums[own.clone()], &reference[own]);
            let twice = 2.0 * d_squared_distances[i];
            // d = ds/dm; by the quotient rule dm/dlow = (m - 1) / divisor, dm/dhigh = -m / divisor.
            let d = |j: usize, m: f32| twice * (m - reference[j]);
            let total = sum(map, d);
            let weighted = sum(map, |j, m| m * d(j, m));
            for (j, (out, m)) in out.iter_mut().zip(map).enumerate() {
                *out = d(j, *m) / divisor;
            }
            out[argmin] += (weighted - total) / divisor;
            out[argmax] -= weighted / divisor;
            for (out, x) in out.iter_mut().zip(sums) {
                *out = if *x > 0.0 { *out } else { 0.0 };
            }
        });
        out
    }
}

fn normalise(map: &mut [f32], sums: &[f32], epsilon: f32) -> Extremes {
    let (mut argmin, mut argmax) = (0, 0);
    for (i, x) in sums.iter().enumerate() {
        if relu(*x) < relu(sums[argmin]) {
            argmin = i;
        }
        if relu(*x) > relu(sums[argmax]) {
            argmax = i;
        }
    }
    let (least, most) = (relu(sums[argmin]), relu(sums[argmax]));
    let range = most - least;
    if range == 0.0 && sums.iter().all(|x| x.is_finite()) {
        return Extremes {
            argmin,
            argmax,
            divisor: 0.0,
        };
    }
    let divisor = range + epsilon;
    for (m, x) in map.iter_mut().zip(sums) {
        *m = (relu(*x) - least) / divisor;
    }
    Extremes {
        argmin,
        argmax,
        divisor,
    }
}

/// Sum of `term(index, value)` by sixteen interleaved partial sums: a fixed order that can be
/// vectorised.
#[inline(always)]
fn sum(values: &[f32], term: impl Fn(usize, f32) -> f32) -> f32 {
    const LANES: usize = 16;
    let mut partial = [0.0_f32; LANES];
    let whole = values.len() / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            partial[lane] += term(start + lane, values[start + lane]);
        }
    }
    let rest: f32 = (whole..values.len()).map(|i| term(i, values[i])).sum();
    partial.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPSILON: f32 = 1e-8;

    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 37 + seed * 101) % 1009) as f32 / 504.5 - 0.7)
            .collect()
    }

    #[test]
    fn maps_are_normalised_by_their_range_and_compared() {
        let maps = NormalisedMaps::new(&[-1.0, 1.0, 2.0, 4.0, 1.0, 3.0, 2.0, 2.0], 4, EPSILON);
        let want = [0.0, 0.25, 0.5, 1.0, 0.0, 1.0, 0.5, 0.5];
        for (m, want) in maps.maps().iter().zip(want) {
            assert!((m - want).abs() < 1e-7);
        }
        let squared_distances = maps.squared_distances(&[0.0, 0.25, 0.5, 0.0, 0.0, 0.5, 0.5, 0.0]);
        assert!(
            (squared_distances[0] - 1.0).abs() < 1e-6 && (squared_distances[1] - 0.5).abs() < 1e-6
        );
    }

    #[test]
    fn a_constant_map_is_zero_and_passes_no_gradient() {
        let sums = [3.0; 5];
        let maps = NormalisedMaps::new(&sums, 5, EPSILON);
        assert_eq!(maps.maps(), [0.0; 5]);
        assert_eq!(maps.gradient(&sums, &[1.0; 5], &[1.0]), [0.0; 5]);
    }

    #[test]
    fn nan_propagates() {
        for bad in [f32::NAN, f32::INFINITY] {
            let maps = NormalisedMaps::new(&[0.0, bad, 1.0, 0.0], 4, EPSILON);
            assert!(maps.squared_distances(&[0.0; 4])[0].is_nan());
        }
        let all = NormalisedMaps::new(&[f32::NAN; 3], 3, EPSILON);
        assert!(all.squared_distances(&[0.0; 3])[0].is_nan());
    }

    /// Compared with central differences of the closed form in f64, at sizes that are no multiples
    /// of the lanes.
    #[test]
    fn the_gradient_is_the_derivative() {
        for pixels in [5, 33, 49] {
            // All positive in the second image, so that its smallest value counts.
            let mut sums = values(2 * pixels, 1);
            sums[pixels..].iter_mut().for_each(|x| *x = x.abs() + 0.3);
            let reference = values(2 * pixels, 2);
            let d_squared_distances = [0.7, -1.3];
            let maps = NormalisedMaps::new(&sums, pixels, EPSILON);
            let gradient = maps.gradient(&sums, &reference, &d_squared_distances);
            let loss = |sums: &[f64]| -> f64 {
                (0..2)
                    .map(|i| {
                        let x: Vec<f64> = sums[i * pixels..][..pixels]
                            .iter()
                            .map(|x| x.max(0.0))
                            .collect();
                        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
                        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                        let terms = x.iter().zip(&reference[i * pixels..]).map(|(x, r)| {
                            ((x - low) / (high - low + 1e-8) - f64::from(*r)).powi(2)
                        });
                        f64::from(d_squared_distances[i]) * terms.sum::<f64>()
                    })
                    .sum()
            };
            let exact: Vec<f64> = sums.iter().map(|x| f64::from(*x)).collect();
            for j in 0..sums.len() {
                let moved = |by: f64| {
                    let mut moved = exact.clone();
                    moved[j] += by;
                    loss(&moved)
                };
                let step = 1e-6;
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                // Float32 sums of a few dozen terms around 1.
                let error = (f64::from(gradient[j]) - difference).abs();
                assert!(
                    error < 1e-4 * (1.0 + difference.abs()),
                    "{pixels} {j}: {error}"
                );
            }
        }
    }
}
