//! Pearson's and Spearman's correlation of two series.

/// Pearson's r. `None` if the series differ in length, have fewer than two values, or one of them
/// is constant.
pub fn pearson(xs: &[f64], ys: &[f64]) -> Option<f64> {
    if xs.len() != ys.len() || xs.len() < 2 {
        return None;
    }
    let count = xs.len() as f64;
    let (mean_x, mean_y) = (
        xs.iter().sum::<f64>() / count,
        ys.iter().sum::<f64>() / count,
    );
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in xs.iter().zip(ys) {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    // The sums alone do not tell: the mean of a constant series may have a rounding error.
    let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if constant(xs) || constant(ys) || xx == 0.0 || yy == 0.0 {
        return None;
    }
    Some((xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

/// Spearman's rho: Pearson's r of the ranks, ties share their mean rank. `None` as for
/// [`pearson`].
pub fn spearman(xs: &[f64], ys: &[f64]) -> Option<f64> {
    pearson(&ranks(xs), &ranks(ys))
}

/// Ranks from 1; ties share their mean rank. Values must not be NaN.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut begin = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // The mean of the ranks begin + 1 to begin + n.
        let rank = begin as f64 + (tied.len() + 1) as f64 / 2.0;
        for &index in tied {
            ranks[index] = rank;
        }
        begin += tied.len();
    }
    ranks
}
