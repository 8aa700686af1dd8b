//! 1 - Pearson's r of two maps; independent of scale and offset.

/// `1 - r` over the pixels, in [0, 2]. For a constant map r is undefined: two constant maps have
/// distance 0, a constant and any other map 1, like unrelated maps. Both [h * w].
///
/// # Panics
/// If the maps differ in size.
pub fn pearson_distance<T: Copy + Into<f64>>(map: &[T], reference: &[f64]) -> f64 {
    assert_eq!(map.len(), reference.len(), "maps of one size");
    let n = map.len() as f64;
    let mean = map.iter().map(|&v| v.into()).sum::<f64>() / n;
    let reference_mean = reference.iter().sum::<f64>() / n;
    let (mut product, mut own, mut other) = (0.0, 0.0, 0.0);
    for (&a, &b) in map.iter().zip(reference) {
        let (a, b) = (a.into() - mean, b - reference_mean);
        product += a * b;
        own += a * a;
        other += b * b;
    }
    // Variance of this size is rounding error of a constant map.
    let flat = |squares: f64, mean: f64| squares <= n * (1e-14 * mean).powi(2);
    match (flat(own, mean), flat(other, reference_mean)) {
        (true, true) => 0.0,
        (false, false) => 1.0 - (product / (own * other).sqrt()).clamp(-1.0, 1.0),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_lines_are_at_zero_and_at_two() {
        assert!(pearson_distance(&[1.0, 2.0, 4.0], &[10.0, 30.0, 70.0]).abs() < 1e-12);
        assert!((pearson_distance(&[1.0_f32, 2.0, 3.0], &[3.0, 2.0, 1.0]) - 2.0).abs() < 1e-12);
        assert!(
            (pearson_distance(&[1.0, 0.0, 1.0, 0.0], &[1.0, 1.0, 0.0, 0.0]) - 1.0).abs() < 1e-12
        );
    }

    #[test]
    fn constant_maps_are_alike_and_unrelated_to_all_others() {
        assert_eq!(pearson_distance(&[0.1, 0.1, 0.1], &[0.7, 0.7, 0.7]), 0.0);
        assert_eq!(pearson_distance(&[0.0, 0.0], &[0.0, 1.0]), 1.0);
    }
}
