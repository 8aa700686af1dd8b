//! The order of an epoch.

use mitsume_random::RandomStream;

/// The indices 0..n in an order that is a function of `n`, `seed` and `epoch` only (Fisher and Yates).
pub fn shuffled(n: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut draws = RandomStream::new("mitsume shuffle v1", &[n as u64, seed, epoch]);
    for last in (1..n).rev() {
        order.swap(last, draws.below(last + 1));
    }
    order
}
