//! 1 - structural similarity on Burn tensors.

use burn::tensor::{Tensor, TensorData};

use crate::measures::ssim::{C1, C2, window};

/// [`ssim_distance`](crate::measures::ssim::ssim_distance) of each map [N, h, w] from its
/// `reference` [N, h, w]: [N, 1], differentiable in both.
pub(super) fn ssim_distances(maps: Tensor<3>, reference: Tensor<3>) -> Tensor<2> {
    let [n, h, w] = maps.dims();
    let (a, b) = (maps, reference);
    let products = vec![
        a.clone(),
        b.clone(),
        a.clone().square(),
        b.clone().square(),
        a * b,
    ];
    let window = window(h.min(w));
    let positions = (h + 1 - window.len()) * (w + 1 - window.len());
    let means = blurred(Tensor::cat(products, 0), &window);
    let mut parts = means.reshape([5 * n, positions]).chunk(5, 0).into_iter();
    let mut next = || parts.next().expect("five parts");
    let (mean_a, mean_b, square_a, square_b, product) = (next(), next(), next(), next(), next());
    let (own, other) = (mean_a.clone().square(), mean_b.clone().square());
    let both = mean_a * mean_b;
    let variances = square_a - own.clone() + square_b - other.clone();
    let covariance = product - both.clone();
    let numerator = (both * 2.0 + C1) * (covariance * 2.0 + C2);
    let denominator = (own + other + C1) * (variances + C2);
    (numerator / denominator).mean_dim(1).neg() + 1.0
}

/// Weighted means under the window at all positions where it fits: [N, w', h'] of [N, h, w].
fn blurred(values: Tensor<3>, window: &[f64]) -> Tensor<3> {
    let [n, h, w] = values.dims();
    let (rows, columns) = (h + 1 - window.len(), w + 1 - window.len());
    let device = values.device();
    // Each line of `length` values times a matrix that holds the window at every position.
    let slide = |lines: Tensor<2>, length: usize, positions: usize| {
        let mut matrix = vec![0f32; length * positions];
        for position in 0..positions {
            for (offset, weight) in window.iter().enumerate() {
                matrix[(position + offset) * positions + position] = *weight as f32;
            }
        }
        let data = TensorData::new(matrix, [length, positions]);
        lines.matmul(Tensor::from_data(data, &device))
    };
    let along_rows = slide(values.reshape([n * h, w]), w, columns).reshape([n, h, columns]);
    let lines = along_rows.swap_dims(1, 2).reshape([n * columns, h]);
    slide(lines, h, rows).reshape([n, columns, rows])
}
