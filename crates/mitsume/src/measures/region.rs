//! 1 - intersection over union of two maps' regions.

/// The share of its maximum that a map has at least in its region.
pub const REGION_SHARE: f64 = 0.5;
/// A value of exactly that share is in it however it was rounded, in a mean map for instance.
const ROUNDING: f64 = 1e-9;

/// `1 - |A and B| / |A or B|`, A and B the pixels at which each map is above 0 and at least
/// [`REGION_SHARE`] of its own maximum: in [0, 1], and independent of the maps' strength. With the
/// class mean map as `reference`, B is where the class looks by consensus. An all-zero map has an
/// empty region: distance 0 to another empty one, else 1. Both [h * w].
///
/// # Panics
/// If the maps differ in size.
pub fn region_distance(map: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(map.len(), reference.len(), "maps of one size");
    let (a, b) = (threshold(map), threshold(reference));
    let is_in = |value: f64, threshold: f64| value > 0.0 && value >= threshold;
    let (mut both, mut either) = (0_u64, 0_u64);
    for (&value, &other) in map.iter().zip(reference) {
        let (own, other) = (is_in(value, a), is_in(other, b));
        both += u64::from(own && other);
        either += u64::from(own || other);
    }
    match either {
        0 => 0.0,
        _ => 1.0 - both as f64 / either as f64,
    }
}

fn threshold(map: &[f64]) -> f64 {
    REGION_SHARE * (1.0 - ROUNDING) * map.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_what_reaches_half_of_the_maximum() {
        // Regions {0, 1} and {1, 2, 3}.
        let (a, b) = ([0.5, 1.0, 0.49, 0.0], [0.1, 0.2, 0.3, 0.4]);
        assert_eq!(region_distance(&a, &b), 1.0 - 1.0 / 4.0);
        assert_eq!(region_distance(&a, &a.map(|value| value / 8.0)), 0.0);
    }

    #[test]
    fn nothing_has_an_empty_region_and_a_constant_map_all() {
        assert_eq!(region_distance(&[0.0, 0.0], &[0.0, 0.0]), 0.0);
        assert_eq!(region_distance(&[0.0, 0.0], &[0.0, 0.3]), 1.0);
        assert_eq!(region_distance(&[0.2, 0.2], &[0.0, 0.3]), 0.5);
    }
}
