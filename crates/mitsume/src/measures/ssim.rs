//! 1 - structural similarity of two maps (Wang et al. 2004), which compares local level, contrast
//! and structure.

/// Standard deviation of the window in pixels.
const SIGMA: f64 = 1.5;
/// Size of the window; for smaller maps the largest odd size that fits.
const WINDOW: usize = 11;
/// `(0.01 L)^2` and `(0.03 L)^2`, for maps between 0 and L = 1.
pub(crate) const C1: f64 = 1e-4;
pub(crate) const C2: f64 = 9e-4;

/// `1 - SSIM`: 0 for equal maps. The mean over all positions where an 11x11 Gaussian window fits
/// wholly into the map (the largest odd window for smaller maps). Both `[h, w]` = `shape`, in
/// [0, 1].
///
/// # Panics
/// If a map has another size, or none.
pub fn ssim_distance<T: Copy + Into<f64>>(map: &[T], reference: &[f64], shape: [usize; 2]) -> f64 {
    let [height, width] = shape;
    assert!(map.len() == height * width && reference.len() == map.len() && !map.is_empty());
    let a: Vec<f64> = map.iter().map(|&value| value.into()).collect();
    let products =
        |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let window = window(height.min(width));
    let blurred = |values: &[f64]| valid_blur(values, shape, &window);
    let (mean_a, mean_b) = (blurred(&a), blurred(reference));
    let square_a = blurred(&products(&a, &a));
    let square_b = blurred(&products(reference, reference));
    let product = blurred(&products(&a, reference));
    let mut sum = 0.0;
    for i in 0..mean_a.len() {
        let (ma, mb) = (mean_a[i], mean_b[i]);
        let (va, vb) = (square_a[i] - ma * ma, square_b[i] - mb * mb);
        let covariance = product[i] - ma * mb;
        sum += (2.0 * ma * mb + C1) * (2.0 * covariance + C2)
            / ((ma * ma + mb * mb + C1) * (va + vb + C2));
    }
    1.0 - sum / mean_a.len() as f64
}

/// A Gaussian window of sum 1 that fits into `side` pixels.
pub(crate) fn window(side: usize) -> Vec<f64> {
    let size = WINDOW.min(if side % 2 == 1 { side } else { side - 1 });
    let centre = (size / 2) as f64;
    let at = |i: usize| (-((i as f64 - centre) / SIGMA).powi(2) / 2.0).exp();
    let sum: f64 = (0..size).map(at).sum();
    (0..size).map(|i| at(i) / sum).collect()
}

/// Weighted means under the window at all positions where it fits.
fn valid_blur(values: &[f64], [height, width]: [usize; 2], window: &[f64]) -> Vec<f64> {
    let weighted = |values: &[f64]| -> f64 { values.iter().zip(window).map(|(v, w)| v * w).sum() };
    let (rows, columns) = (height + 1 - window.len(), width + 1 - window.len());
    let along: Vec<f64> = values
        .chunks_exact(width)
        .flat_map(|line| line.windows(window.len()).map(weighted))
        .collect();
    let mut out = vec![0.0; rows * columns];
    for (row, line) in out.chunks_exact_mut(columns).enumerate() {
        for (above, weight) in along[row * columns..].chunks_exact(columns).zip(window) {
            line.iter_mut()
                .zip(above)
                .for_each(|(out, value)| *out += weight * value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_maps_are_at_zero_whatever_their_size() {
        for shape in [[1, 1], [2, 5], [11, 11], [28, 30]] {
            let map: Vec<f64> = (0..shape[0] * shape[1])
                .map(|i| (i * 7 % 10) as f64 / 10.0)
                .collect();
            assert!(ssim_distance(&map, &map, shape).abs() < 1e-12, "{shape:?}");
        }
    }

    /// Without structure only the levels are compared: (2ab + C1) / (a^2 + b^2 + C1).
    #[test]
    fn constant_maps_compare_by_level() {
        let (a, b) = (0.8, 0.2);
        let expected = 1.0 - (2.0 * a * b + C1) / (a * a + b * b + C1);
        let found = ssim_distance(&[a; 256], &[b; 256], [16, 16]);
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}
