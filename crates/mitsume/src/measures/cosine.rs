//! 1 - cosine similarity of two maps; independent of their scale.

/// `1 - a.b / (|a| |b|)`, in [0, 1] for maps without negative values; an all-zero map counts as
/// uniform. Both maps [h * w].
///
/// # Panics
/// If the maps differ in size.
pub fn cosine_distance<T: Copy + Into<f64>>(map: &[T], reference: &[f64]) -> f64 {
    assert_eq!(map.len(), reference.len(), "maps of one size");
    let (map, reference) = (
        super::as_distribution(map),
        super::as_distribution(reference),
    );
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norms = (product(&map, &map) * product(&reference, &reference)).sqrt();
    (1.0 - product(&map, &reference) / norms).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_does_not_matter_and_disjoint_maps_are_at_one() {
        assert!(cosine_distance(&[0.5_f32, 1.0, 0.0], &[0.1, 0.2, 0.0]).abs() < 1e-12);
        assert_eq!(cosine_distance(&[1.0, 0.0], &[0.0, 1.0]), 1.0);
        // 45 degrees.
        let expected = 1.0 - 0.5_f64.sqrt();
        assert!((cosine_distance(&[1.0, 1.0], &[1.0, 0.0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn nothing_counts_as_uniform() {
        let expected = 1.0 - 0.5_f64.sqrt();
        assert!((cosine_distance(&[0.0, 0.0], &[1.0, 0.0]) - expected).abs() < 1e-12);
        assert_eq!(cosine_distance(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
    }
}
