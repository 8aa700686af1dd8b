//! Dropout masks as explicit tensors.

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_random::RandomStream;

/// An inverted-dropout mask [n, channels]: 0 with probability `p`, else 1/(1-p).
///
/// A function of (seed, step) alone: a resumed run draws the same masks as one without
/// interruption, and the class activation maps of a step use the mask of its forward pass.
pub fn dropout_mask(
    [n, channels]: [usize; 2],
    p: f64,
    (seed, step): (u64, u64),
    device: &Device,
) -> Tensor<2> {
    let mut random = RandomStream::from_seed_and_number(seed, step);
    let keep = (1.0 / (1.0 - p)) as f32;
    // Compared as 32-bit integers: exact, whatever the float rounding.
    let threshold = (p * 2f64.powi(32)) as u64;
    let values = (0..n * channels)
        .map(|_| {
            if u64::from(random.bits()) < threshold {
                0.0
            } else {
                keep
            }
        })
        .collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, [n, channels]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(seed: u64, step: u64) -> Vec<f32> {
        dropout_mask([64, 256], 0.6, (seed, step), &Device::flex())
            .into_data()
            .try_to_vec()
            .unwrap()
    }

    #[test]
    fn drops_with_the_given_probability_and_keeps_the_expectation() {
        let mask = mask(1, 2);
        let dropped = mask.iter().filter(|v| **v == 0.0).count() as f64 / mask.len() as f64;
        // 16,384 draws: one standard deviation is 0.0038.
        assert!((dropped - 0.6).abs() < 0.02, "{dropped}");
        assert!(mask.iter().all(|v| *v == 0.0 || *v == 2.5));
    }

    #[test]
    fn depends_on_seed_and_step_only() {
        assert_eq!(mask(1, 2), mask(1, 2));
        assert_ne!(mask(1, 2), mask(1, 3));
        assert_ne!(mask(1, 2), mask(2, 2));
    }
}
