//! Random numbers that depend on a key and on nothing else.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers for one purpose and one key, such as (seed, epoch, image).
///
/// ChaCha8 keyed with the BLAKE3 hash of purpose and key; only its raw 64-bit outputs are used, and the
/// distributions below are written out, so a stream is the same on every platform and in every version
/// of the program (and of the `rand` crates).
pub struct RandomStream(ChaCha8Rng);

impl RandomStream {
    /// The stream of `purpose` and `key`. Different purposes or keys give unrelated streams.
    pub fn new(purpose: &str, key: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        for number in key {
            hasher.update(&number.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An integer in 0..n, by the high half of a 128-bit product: its bias, below n / 2^64, cannot be measured.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is no integer below 0");
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// A standard normal number (Box and Muller 1958, the cosine branch).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}
