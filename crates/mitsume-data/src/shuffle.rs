//! Order of the images in an epoch.

use mitsume_random::RandomStream;

/// A random permutation of 0..n (Fisher-Yates shuffle), a function of `n`, `seed` and `epoch` only.
pub fn shuffled(n: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut rng = RandomStream::new("mitsume shuffle v1", &[n as u64, seed, epoch]);
    for last in (1..n).rev() {
        order.swap(last, rng.below(last + 1));
    }
    order
}
