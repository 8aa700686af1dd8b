//! Complexity of a map (Bhatt et al. 2020, "Evaluating and Aggregating Feature-based Model
//! Explanations"): how many pixels share the relevance.

/// The entropy `-sum p ln p` in nats of the map as a distribution p (scaled to a sum of 1): 0 with
/// one pixel above 0, ln(h w) for a constant map; an all-zero map counts as uniform. [h * w],
/// without negative values.
pub fn complexity(map: &[f64]) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    super::as_distribution(map).into_iter().map(term).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pixel_is_simple_and_a_constant_map_as_complex_as_can_be() {
        assert_eq!(complexity(&[0.0, 0.7, 0.0]), 0.0);
        for constant in [[0.0; 8], [0.3; 8]] {
            assert!((complexity(&constant) - 8.0_f64.ln()).abs() < 1e-14);
        }
    }
}
