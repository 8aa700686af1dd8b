//! Numbers to compute with, the same everywhere.

/// Values in -1..1 without pattern.
pub fn values(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (f64::from(state) / 2f64.powi(31) - 1.0) as f32
        })
        .collect()
}
