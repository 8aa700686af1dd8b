//! Image acquisition: bias field, Rician noise, grey values.

use super::difficulty::{BIAS, NOISE};
use mitsume_random::RandomStream;

/// Grey values of a slice: the signal times a smooth bias field, with Rician noise (the magnitude
/// of a signal with Gaussian noise in two channels, as in MRI), then a power law (gamma).
pub(super) fn acquire(signal: &[f64], size: usize, rng: &mut RandomStream) -> Vec<u8> {
    let mut slope = || rng.uniform(-1.0, 1.0);
    let bias = [slope(), slope(), slope(), slope(), slope()];
    let noise = rng.uniform(NOISE[0], NOISE[1]);
    let gain = rng.uniform(0.92, 1.2);
    let gamma = rng.uniform(0.85, 1.2);
    let centre = |n: usize| (n as f64 + 0.5) * 2.0 / size as f64 - 1.0;
    let mut image = Vec::with_capacity(signal.len());
    for (n, value) in signal.iter().enumerate() {
        let (y, x) = (centre(n / size), centre(n % size));
        let field = bias[0] * x + bias[1] * y + bias[2] * x * y + bias[3] * x * x + bias[4] * y * y;
        let biased = value.max(0.0) * (1.0 + BIAS * field / 2.5);
        let received = (biased + noise * rng.normal()).hypot(noise * rng.normal());
        let grey = (gain * received).clamp(0.0, 1.0).powf(gamma);
        image.push((255.0 * grey).round() as u8);
    }
    image
}
