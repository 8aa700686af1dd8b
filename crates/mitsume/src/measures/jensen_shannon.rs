//! Jensen-Shannon divergence of two maps taken as distributions of attention.

/// `H((p + q) / 2) - (H(p) + H(q)) / 2` in bits, p and q the maps scaled to a sum of 1: 0 for maps
/// of one shape, 1 for maps that never overlap. An all-zero map counts as uniform. Both [h * w],
/// without negative values.
///
/// # Panics
/// If the maps differ in size.
pub fn jensen_shannon<T: Copy + Into<f64>>(map: &[T], reference: &[f64]) -> f64 {
    assert_eq!(map.len(), reference.len(), "maps of one size");
    let (p, q) = (
        super::as_distribution(map),
        super::as_distribution(reference),
    );
    // Each term is one cell's part of KL(p | m) + KL(q | m), whose limit at 0 is 0.
    let term = |x: f64, m: f64| if x > 0.0 { x * (x / m).log2() } else { 0.0 };
    let cells = p.iter().zip(&q).map(|(&p, &q)| {
        let m = 0.5 * (p + q);
        term(p, m) + term(q, m)
    });
    (0.5 * cells.sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shapes_are_at_zero_and_disjoint_ones_at_one_bit() {
        assert!(jensen_shannon(&[2.0, 6.0], &[0.25, 0.75]).abs() < 1e-12);
        assert_eq!(jensen_shannon(&[1.0_f32, 0.0], &[0.0, 3.0]), 1.0);
    }

    /// p = (1, 0), q = (1/2, 1/2): m = (3/4, 1/4), and the sum by hand.
    #[test]
    fn half_overlap_by_hand() {
        let expected = 0.5 * ((4.0_f64 / 3.0).log2() + 0.5 * (2.0_f64 / 3.0).log2() + 0.5);
        assert!((jensen_shannon(&[1.0, 0.0], &[1.0, 1.0]) - expected).abs() < 1e-12);
        assert!((jensen_shannon(&[1.0, 0.0], &[0.0, 0.0]) - expected).abs() < 1e-12);
    }
}
