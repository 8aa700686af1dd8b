//! Normalises a raw map to [0, 1) (Eq. 2).

use num_traits::Float;

/// Keeps the division of Eq. 2 defined for a constant map.
pub const EPSILON: f64 = 1e-8;

/// Normalises a raw map in place: `(raw - min) / (max - min + 1e-8)` (Eq. 2).
///
/// Computed in the map's own precision (`f32` as published, or `f64`). A constant map, all zero
/// included, gives zeros. Values must be finite: a NaN stays where it is.
pub fn normalise<T: Float>(map: &mut [T]) {
    let min = map.iter().copied().fold(T::infinity(), T::min);
    let max = map.iter().copied().fold(T::neg_infinity(), T::max);
    // 1e-8 is representable in every float type that can hold a map.
    let epsilon = T::from(EPSILON).unwrap_or_else(T::min_positive_value);
    let range = max - min + epsilon;
    for value in map {
        *value = (*value - min) / range;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_normalised_by_its_range() {
        let mut map = [2.0_f64, 4.0, 3.0];
        normalise(&mut map);
        assert_eq!(map, [0.0, 2.0 / (2.0 + 1e-8), 1.0 / (2.0 + 1e-8)]);
    }

    #[test]
    fn a_constant_map_gives_zeros() {
        for value in [0.0_f32, 3.5, -1e-30] {
            let mut map = [value; 5];
            normalise(&mut map);
            assert_eq!(map, [0.0; 5]);
        }
    }

    #[test]
    fn a_map_fainter_than_epsilon_stays_faint() {
        let mut map = [0.0_f64, 1e-10];
        normalise(&mut map);
        assert!((map[1] - 1e-10 / (1e-10 + 1e-8)).abs() < 1e-15);
    }

    #[test]
    fn an_empty_map_stays_empty() {
        normalise::<f32>(&mut []);
    }
}
