//! Noisy linear imputation (Rong et al. 2022): removed pixels are estimated from the kept ones.
//!
//! A constant fill reveals the shape of the removed region, which a classifier can use (class
//! information leakage). Here every removed pixel becomes the weighted mean of its eight
//! neighbours, removed ones included (`system.rs`), and a little noise hides that it was computed.
//!
//! The system has a row per removed pixel and one right side per channel. Solved by conjugate
//! gradients with a multigrid V-cycle as preconditioner (`conjugate_gradient.rs`, `multigrid.rs`):
//! of the sparse solvers on crates.io, `sprs-ldl` is LGPL, `nalgebra-sparse` does not reduce
//! fill-in, and `faer` is a large dependency for one matrix of a constant stencil, which suits
//! multigrid.

mod coarsening;
mod conjugate_gradient;
mod grid_matrix;
mod multigrid;
mod system;

use mitsume_random::RandomStream;

use super::error::check_length;
use super::{Image, TrustError};
use conjugate_gradient::ConjugateGradient;
use grid_matrix::padded_len;
use multigrid::Multigrid;
use system::System;

/// The standard deviation of the noise in the paper and in the authors' code.
pub const NOISE: f64 = 0.01;

/// Normal noise on imputed values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Its standard deviation, in the image's units; 0 for none.
    pub deviation: f64,
    /// Determines the noise, with `stream`.
    pub seed: u64,
    /// Stream number, so that images of one seed get different noise.
    pub stream: u64,
}

impl Noise {
    /// No noise.
    pub const NONE: Self = Self {
        deviation: 0.0,
        seed: 0,
        stream: 0,
    };
}

/// `image` with the pixels of `removed` [H, W] imputed, [C, H, W].
///
/// # Errors
/// A mask of another size, one that keeps no pixel, or a deviation that is negative or not finite.
pub fn impute(image: &Image, removed: &[bool], noise: &Noise) -> Result<Vec<f32>, TrustError> {
    let shape = image.shape();
    check_length("the mask of removed pixels", removed.len(), &shape)?;
    if !(noise.deviation >= 0.0 && noise.deviation.is_finite()) {
        return Err(TrustError::Setting {
            name: "the noise's standard deviation",
            found: noise.deviation.to_string(),
            right: "it must be 0 or more",
        });
    }
    if removed.iter().all(|&removed| removed) {
        return Err(TrustError::NoPixelKept);
    }
    let mut out = image.values().to_vec();
    if removed.contains(&true) {
        let system = Multigrid::new(System::new(removed, shape));
        let mut solver = ConjugateGradient::new(&system);
        let mut kept = vec![0.0; padded_len(shape)];
        for plane in out.chunks_exact_mut(image.pixels()) {
            let scale = ChannelScale::new(plane, removed);
            scale.scale_kept(plane, removed, shape[1], &mut kept);
            system.system().right_hand_side(&kept, &mut solver.residual);
            solver.solve()?;
            scale.fill(plane, removed, shape[1], &solver.x);
        }
    }
    add_noise(noise, removed, &mut out);
    Ok(out)
}

/// Scales the kept values of a channel to [-1, 1], so that precision does not depend on their
/// units.
struct ChannelScale {
    level: f64,
    half: f64,
}

impl ChannelScale {
    fn new(plane: &[f32], removed: &[bool]) -> Self {
        let kept = plane.iter().zip(removed).filter(|(_, removed)| !**removed);
        let (low, high) = kept.fold(
            (f32::INFINITY, f32::NEG_INFINITY),
            |(low, high), (&v, _)| (low.min(v), high.max(v)),
        );
        let (low, high) = (f64::from(low), f64::from(high));
        Self {
            level: (low + high) / 2.0,
            half: (high - low) / 2.0,
        }
    }

    /// Writes the kept values of `plane` [H, W], scaled, with a border of zeros, and 0 for removed
    /// ones.
    fn scale_kept(&self, plane: &[f32], removed: &[bool], width: usize, out: &mut [f64]) {
        let inverse = if self.half > 0.0 {
            1.0 / self.half
        } else {
            0.0
        };
        let lines = plane.chunks_exact(width).zip(removed.chunks_exact(width));
        let rows = out.chunks_exact_mut(width + 2).skip(1);
        for (out, (values, removed)) in rows.zip(lines) {
            let values = values.iter().zip(removed);
            for (out, (&value, &removed)) in out[1..].iter_mut().zip(values) {
                let value = (f64::from(value) - self.level) * inverse;
                *out = if removed { 0.0 } else { value };
            }
        }
    }

    /// Writes `solution`, which has a border of zeros, to the removed pixels of `plane`.
    fn fill(&self, plane: &mut [f32], removed: &[bool], width: usize, solution: &[f64]) {
        let lines = plane
            .chunks_exact_mut(width)
            .zip(removed.chunks_exact(width));
        let rows = solution.chunks_exact(width + 2).skip(1);
        for ((values, removed), solution) in lines.zip(rows) {
            let solved = removed.iter().zip(&solution[1..]);
            for (value, (&removed, solution)) in values.iter_mut().zip(solved) {
                let solution = (self.level + self.half * solution) as f32;
                *value = if removed { solution } else { *value };
            }
        }
    }
}

/// Adds noise channel by channel in reading order, two normal numbers from two uniform ones (Box
/// and Muller 1958).
fn add_noise(noise: &Noise, removed: &[bool], values: &mut [f32]) {
    if noise.deviation == 0.0 {
        return;
    }
    let mut random = RandomStream::from_seed_and_number(noise.seed, noise.stream);
    let mut second = None;
    let removed = removed.iter().cycle();
    for (value, _) in values
        .iter_mut()
        .zip(removed)
        .filter(|(_, removed)| **removed)
    {
        let normal = second.take().unwrap_or_else(|| {
            let (normal, other) = random.normal_pair();
            second = Some(other);
            normal
        });
        *value = (f64::from(*value) + noise.deviation * normal) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quick uneven number in [0, 1).
    fn uneven(i: usize) -> f32 {
        (i.wrapping_mul(2_654_435_761) >> 7) as f32 % 1000.0 / 1000.0
    }

    /// Dense, by LU decomposition.
    fn solved_densely(plane: &[f32], removed: &[bool], [height, width]: [usize; 2]) -> Vec<f64> {
        let count = height * width;
        let mut a = nalgebra::DMatrix::<f64>::identity(count, count);
        let mut b = nalgebra::DVector::from_iterator(count, plane.iter().map(|&v| f64::from(v)));
        for i in (0..count).filter(|&i| removed[i]) {
            let (y, x) = (i / width, i % width);
            let mut sum = 0.0;
            b[i] = 0.0;
            for j in 0..count {
                let (dy, dx) = ((j / width).abs_diff(y), (j % width).abs_diff(x));
                let weight = match (dy, dx) {
                    (0, 1) | (1, 0) => 1.0 / 6.0,
                    (1, 1) => 1.0 / 12.0,
                    _ => continue,
                };
                a[(i, j)] = -weight;
                sum += weight;
            }
            a[(i, i)] = sum;
        }
        a.lu().solve(&b).unwrap().iter().copied().collect()
    }

    #[test]
    fn imputed_values_solve_the_system() {
        for shape in [[1, 2], [1, 9], [9, 1], [2, 3], [13, 17], [20, 16]] {
            let count = shape[0] * shape[1];
            for keep_one_in in [2, 5, count] {
                let removed: Vec<bool> = (0..count)
                    .map(|i| i > 0 && uneven(i * 3 + 1) > 1.0 / keep_one_in as f32)
                    .collect();
                let plane: Vec<f32> = (0..count).map(|i| 100.0 + 5.0 * uneven(i)).collect();
                let image = Image::new(&plane, 1, shape).unwrap();
                let found = impute(&image, &removed, &Noise::NONE).unwrap();
                let expected = solved_densely(&plane, &removed, shape);
                for (found, expected) in found.iter().zip(&expected) {
                    // f32 at 100 steps by 8e-6.
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error < 2e-5, "{shape:?} {keep_one_in}: {found} {expected}");
                }
            }
        }
    }

    /// A linear function is the mean of its neighbours, as long as the border is kept.
    #[test]
    fn a_ramp_is_restored() {
        let shape = [40, 30];
        let ramp: Vec<f32> = (0..1200)
            .map(|i| (i / 30) as f32 * 0.1 - (i % 30) as f32 * 0.2)
            .collect();
        let inside = |i: usize| (1..39).contains(&(i / 30)) && (1..29).contains(&(i % 30));
        let removed: Vec<bool> = (0..1200).map(inside).collect();
        let image = Image::new(&ramp, 1, shape).unwrap();
        let found = impute(&image, &removed, &Noise::NONE).unwrap();
        for (found, expected) in found.iter().zip(&ramp) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn noise_is_of_its_deviation_on_removed_pixels_only_and_the_seed_decides() {
        let plane = [0.5; 2 * 60 * 50];
        let image = Image::new(&plane, 2, [60, 50]).unwrap();
        let removed: Vec<bool> = (0..3000).map(|i| i % 3 > 0).collect();
        let noise = Noise {
            deviation: 0.01,
            seed: 4,
            stream: 0,
        };
        let found = impute(&image, &removed, &noise).unwrap();
        let added: Vec<f64> = found
            .iter()
            .zip(removed.iter().cycle())
            .filter(|(value, removed)| {
                assert!(**removed || **value == 0.5);
                **removed
            })
            .map(|(value, _)| f64::from(*value) - 0.5)
            .collect();
        let count = added.len() as f64;
        let mean = added.iter().sum::<f64>() / count;
        let deviation = (added.iter().map(|v| v * v).sum::<f64>() / count).sqrt();
        // Four standard errors of 4000 values.
        assert!(mean.abs() < 4.0 * 0.01 / count.sqrt(), "{mean}");
        assert!(
            (deviation - 0.01).abs() < 4.0 * 0.01 / (2.0 * count).sqrt(),
            "{deviation}"
        );
        assert_eq!(found, impute(&image, &removed, &noise).unwrap());
        for other in [Noise { seed: 5, ..noise }, Noise { stream: 1, ..noise }] {
            assert_ne!(found, impute(&image, &removed, &other).unwrap());
        }
    }

    #[test]
    fn invalid_masks_and_noise_are_refused() {
        let plane = [0.0, 1.0, 2.0, 3.0];
        let image = Image::new(&plane, 1, [2, 2]).unwrap();
        let nothing = impute(&image, &[true; 4], &Noise::NONE);
        assert_eq!(nothing, Err(TrustError::NoPixelKept));
        assert!(impute(&image, &[true; 3], &Noise::NONE).is_err());
        let deviation = f64::NAN;
        let noise = Noise {
            deviation,
            ..Noise::NONE
        };
        assert!(impute(&image, &[false; 4], &noise).is_err());
        let same = impute(&image, &[false; 4], &Noise::NONE).unwrap();
        assert_eq!(same, plane, "nothing removed");
        assert!(Image::new(&[f32::NAN; 4], 1, [2, 2]).is_err());
    }

    #[test]
    fn extreme_values_give_finite_results() {
        let plane = [f32::MAX, f32::MIN, 0.0, 1.0];
        let image = Image::new(&plane, 1, [2, 2]).unwrap();
        let found = impute(&image, &[false, false, true, true], &Noise::NONE);
        assert!(found.is_ok_and(|values| values.iter().all(|value| value.is_finite())));
    }
}
