//! Holm's correction for multiple tests.

/// Adjusted p-values in the given order. Controls the family-wise error rate, whatever the
/// dependence of the tests (Holm 1979).
pub fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|&a, &b| ps[a].total_cmp(&ps[b]));
    let mut adjusted = vec![0.0; ps.len()];
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((ps[index] * (ps.len() - rank) as f64).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}
