//! Random channel weights: the control.

use mitsume_random::RandomStream;

use super::ActivationsAndGradients;
use super::descriptor::{Descriptor, Requirements, Training};
use super::weighted::weighted_combination;

/// See [`random`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "random",
    remark: "as a control",
    requires: Requirements::NONE,
    map: |inputs| random(&inputs.hooked, inputs.seed),
    training: Training::NotDifferentiable("its weights are not the network's"),
};

/// `sum_k u_k A_k` with u_k uniform in [-1, 1), a function of `seed` (such as the image's number).
pub fn random(hooked: &ActivationsAndGradients, seed: u64) -> Vec<f32> {
    let mut random = RandomStream::from_seed(seed);
    let weights: Vec<f64> = (0..hooked.channels())
        .map(|_| random.uniform(-1.0, 1.0))
        .collect();
    weighted_combination(hooked, &weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        let features: Vec<f32> = (0..40).map(|i| i as f32 / 40.0 - 0.2).collect();
        let hooked = ActivationsAndGradients::new(&features, &features, 10, [2, 2]).unwrap();
        assert_eq!(random(&hooked, 3), random(&hooked, 3));
        assert_ne!(random(&hooked, 3), random(&hooked, 4));
    }
}
