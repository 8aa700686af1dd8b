//! Random numbers that depend on a seed or a key and on nothing else, the same on every platform
//! and in every version of the program.
//!
//! ```
//! use mitsume_random::RandomStream;
//!
//! // What image 7 of epoch 3 draws does not depend on what others have drawn.
//! let draw = || RandomStream::new("flip", &[42, 3, 7]).unit();
//! assert_eq!(draw(), draw());
//!
//! let mut order: Vec<usize> = (0..5).collect();
//! RandomStream::from_seed(0).shuffle(&mut order);
//! order.sort();
//! assert_eq!(order, [0, 1, 2, 3, 4]);
//! ```
//!
//! Dependencies: `rand_chacha`, the generator whose output is promised never to change; `blake3`
//! makes its key of a purpose and numbers. The distributions are written out here because those of
//! `rand` may change with its version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random numbers: ChaCha8's, of a seed or of a purpose and a key.
#[derive(Clone, Debug)]
pub struct RandomStream(ChaCha8Rng);

impl RandomStream {
    /// The stream of `purpose` and `key`, such as (seed, epoch, image). Different purposes or keys
    /// give unrelated streams.
    pub fn new(purpose: &str, key: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        for number in key {
            hasher.update(&number.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// The stream of a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The stream of this number among the 2^64 of a seed, that of [`RandomStream::from_seed`]
    /// being number 0.
    pub fn from_seed_and_number(seed: u64, number: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(number);
        Self(generator)
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [0, 1), 24 bits: every `f32` of the form k / 2^24.
    pub fn unit_f32(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An integer in 0..n, by the high half of a 128-bit product: its bias, below n / 2^64, cannot
    /// be measured.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is no integer below 0");
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// A standard normal number: the first of [`RandomStream::normal_pair`].
    pub fn normal(&mut self) -> f64 {
        self.normal_pair().0
    }

    /// Two independent standard normal numbers (Box and Muller 1958).
    pub fn normal_pair(&mut self) -> (f64, f64) {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.unit()).sin_cos();
        (radius * cosine, radius * sine)
    }

    /// A random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key stream of ChaCha with 8 rounds for a key and a nonce of zeros: test vector TC1 of
    /// draft-strombergson-chacha-test-vectors-01, section 4.1 (256-bit key, 8 rounds).
    #[test]
    fn the_generator_is_chacha8() {
        let mut stream = RandomStream(ChaCha8Rng::from_seed([0; 32]));
        let first: Vec<u8> = (0..4).flat_map(|_| stream.bits().to_le_bytes()).collect();
        let expected = [
            0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6, 0x7f, 0x5b, 0xb8, 0xe8, 0x1f, 0x09,
            0xa5, 0xa1,
        ];
        assert_eq!(first, expected);
    }

    #[test]
    fn streams_of_other_keys_purposes_and_numbers_differ() {
        let mut drawn = vec![
            RandomStream::new("a", &[1, 2]).bits(),
            RandomStream::new("a", &[2, 1]).bits(),
            RandomStream::new("b", &[1, 2]).bits(),
            RandomStream::from_seed(1).bits(),
            RandomStream::from_seed(2).bits(),
            RandomStream::from_seed_and_number(1, 1).bits(),
        ];
        assert_eq!(
            RandomStream::from_seed_and_number(1, 0).bits(),
            RandomStream::from_seed(1).bits()
        );
        let count = drawn.len();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), count);
    }

    /// Of 100,000 draws a mean is off by 0.004 at most with a probability of 0.9995 or more.
    #[test]
    fn moments_are_those_of_the_distributions() {
        const N: usize = 100_000;
        let mut stream = RandomStream::from_seed(3);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..N).map(|_| draw()).sum::<f64>() / N as f64;
        assert!((mean(&mut || stream.unit()) - 0.5).abs() < 0.004);
        assert!((mean(&mut || f64::from(stream.unit_f32())) - 0.5).abs() < 0.004);
        assert!((mean(&mut || stream.below(3) as f64) - 1.0).abs() < 0.01);
        let (mut first, mut squares, mut product) = (0.0, 0.0, 0.0);
        for _ in 0..N {
            let (a, b) = stream.normal_pair();
            first += a / N as f64;
            squares += (a * a + b * b) / (2 * N) as f64;
            product += a * b / N as f64;
        }
        assert!(first.abs() < 0.015 && (squares - 1.0).abs() < 0.015 && product.abs() < 0.015);
    }

    #[test]
    fn every_order_is_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        let mut stream = RandomStream::from_seed(5);
        for _ in 0..6000 {
            let mut order = [0, 1, 2];
            stream.shuffle(&mut order);
            *counts.entry(order).or_insert(0) += 1;
        }
        // 1000 +- 4.3 standard deviations of 29.
        assert!(counts.len() == 6 && counts.values().all(|&n| (875..1125).contains(&n)));
    }
}
