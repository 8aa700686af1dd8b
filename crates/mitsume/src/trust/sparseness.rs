//! Sparseness of a map: its Gini index (Hurley and Rickard 2009; of explanations: Chalasani et al.
//! 2020).

use super::TrustError;

/// The Gini index of the values of `map`, in [0, 1 - 1 / n] for n values: 0 if all are equal, 1 - 1/n
/// if all relevance is in one pixel. `None` for a map that is all zero. It depends neither on the
/// map's strength nor on where its relevance lies.
///
/// `sum_k (2 k - n - 1) x_k / (n sum_k x_k)` with the values in ascending order, k from 1.
///
/// # Errors
/// No value, or one that is negative or not finite.
pub fn sparseness(map: &[f32]) -> Result<Option<f64>, TrustError> {
    super::error::check("the map", map, &[map.len()])?;
    if let Some(index) = map.iter().position(|&value| value < 0.0) {
        let value = map[index].into();
        return Err(TrustError::Negative { index, value });
    }
    let mut values: Vec<f64> = map.iter().map(|&value| value.into()).collect();
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let ranked = values.iter().enumerate();
    let weighted: f64 = ranked
        .map(|(index, value)| (2.0 * (index + 1) as f64 - n - 1.0) * value)
        .sum();
    Ok((sum > 0.0).then(|| weighted / (n * sum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        let gini = |map: &[f32]| sparseness(map).unwrap();
        assert_eq!(gini(&[0.3; 9]), Some(0.0));
        // All in one of n: 1 - 1 / n; in half of them: 1/2.
        assert_eq!(gini(&[0.0, 0.0, 0.7, 0.0]), Some(0.75));
        assert_eq!(gini(&[1.0, 0.0, 1.0, 0.0]), Some(0.5));
        // The numbers from 1 to n: (n - 1) / (3 n).
        let numbers: Vec<f32> = (1..=100).rev().map(|i| i as f32).collect();
        assert!((gini(&numbers).unwrap() - 0.33).abs() < 1e-15);
        assert_eq!(gini(&[0.0; 4]), None);
    }

    #[test]
    fn strength_and_place_do_not_matter() {
        let map = [0.125, 0.5, 0.0, 1.0, 0.25];
        let stronger = map.map(|value| 4.0 * value);
        let turned = [1.0, 0.0, 0.25, 0.125, 0.5];
        assert_eq!(sparseness(&map).unwrap(), sparseness(&stronger).unwrap());
        assert_eq!(sparseness(&map).unwrap(), sparseness(&turned).unwrap());
    }

    #[test]
    fn negative_or_missing_values_are_refused() {
        assert!(sparseness(&[0.5, -0.1]).is_err());
        assert!(sparseness(&[f32::NAN]).is_err());
        assert!(sparseness(&[]).is_err());
    }
}
