//! 1 - soft intersection over union of two maps: of regions that a pixel belongs to by its value.

/// `1 - sum min(a, b) / sum max(a, b)`, the weighted Jaccard distance: in [0, 1], 0 for equal maps, 1
/// for maps that never overlap. The strength of the maps matters. Two all-zero maps are equal; one
/// alone is at 1. Both [h * w], without negative values.
///
/// # Panics
/// If the maps differ in size.
pub fn soft_iou_distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "maps of one size");
    let pixels = a.iter().zip(b);
    let (intersection, union) = pixels.fold((0.0, 0.0), |(low, high), (a, b)| {
        (low + a.min(*b), high + a.max(*b))
    });
    if union > 0.0 {
        (1.0 - intersection / union).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_maps_are_at_zero_and_disjoint_ones_at_one() {
        assert_eq!(soft_iou_distance(&[0.3, 0.9], &[0.3, 0.9]), 0.0);
        assert_eq!(soft_iou_distance(&[0.3, 0.0], &[0.0, 0.9]), 1.0);
        // min: 0.2 + 0.4, max: 0.3 + 0.9.
        let found = soft_iou_distance(&[0.2, 0.9], &[0.3, 0.4]);
        assert!((found - 0.5).abs() < 1e-15, "{found}");
    }

    #[test]
    fn nothing_equals_nothing_alone() {
        assert_eq!(soft_iou_distance(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
        assert_eq!(soft_iou_distance(&[0.0, 0.0], &[0.0, 0.1]), 1.0);
    }
}
