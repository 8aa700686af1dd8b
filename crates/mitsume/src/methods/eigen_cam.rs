//! Eigen-CAM (Muhammad and Yeasin 2020): the first principal component of the feature maps over the
//! pixels.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::descriptor::{Descriptor, Requirements, Training};
use super::{ActivationsAndGradients, relu};

/// See [`eigen_cam`].
pub(super) const METHOD: Descriptor = Descriptor {
    name: "eigen-cam",
    remark: "",
    requires: Requirements::NONE,
    map: |inputs| eigen_cam(&inputs.hooked),
    training: Training::NotDifferentiable("it is a matrix decomposition"),
};

/// The first principal component of the pixels (as points of C values), as a map: each pixel's
/// coordinate along it. Not class-specific.
///
/// A principal component has no sign of its own. The one taken here makes the map agree with the
/// sum of the feature maps; common implementations leave it to the singular value decomposition,
/// and the map is then the ReLU of either half.
pub fn eigen_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    first_component(hooked, |a, _| a)
}

/// The first principal component of a value of each feature and gradient, as a map.
pub(super) fn first_component(
    hooked: &ActivationsAndGradients,
    value: impl Fn(f64, f64) -> f64,
) -> Vec<f32> {
    let (pixels, channels) = (hooked.pixels(), hooked.channels());
    let mut points = DMatrix::<f64>::zeros(pixels, channels);
    for (k, (features, gradients)) in hooked.each().enumerate() {
        for (pixel, (&a, &g)) in features.iter().zip(gradients).enumerate() {
            points[(pixel, k)] = value(a.into(), g.into());
        }
    }
    let total: DVector<f64> = points.column_sum();
    for mut column in points.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    let map = projection(&points);
    let centred = total.add_scalar(-total.mean());
    let sign = if map.dot(&centred) < 0.0 { -1.0 } else { 1.0 };
    relu(map.iter().map(|value| sign * value).collect())
}

/// `X v` for the first right singular vector v, from the smaller of the two Gram matrices.
fn projection(points: &DMatrix<f64>) -> DVector<f64> {
    let (pixels, channels) = points.shape();
    if channels <= pixels {
        points * largest(points.tr_mul(points)).1
    } else {
        // X v = s u.
        let (square, u) = largest(points * points.transpose());
        u * square.max(0.0).sqrt()
    }
}

/// The largest eigenvalue and its vector.
fn largest(gram: DMatrix<f64>) -> (f64, DVector<f64>) {
    let eigen = SymmetricEigen::new(gram);
    let index = eigen.eigenvalues.imax();
    (
        eigen.eigenvalues[index],
        eigen.eigenvectors.column(index).into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::eigen_grad_cam::eigen_grad_cam;

    /// Pixels on a line through (1, 2): their coordinates along it, less the mean.
    #[test]
    fn pixels_on_a_line_have_their_coordinate_along_it() {
        let along = [0.0_f32, 1.0, 4.0];
        let features: Vec<f32> = along
            .iter()
            .copied()
            .chain(along.map(|t| 2.0 * t))
            .collect();
        let hooked = ActivationsAndGradients::new(&features, &[0.0; 6], 2, [1, 3]).unwrap();
        let map = eigen_cam(&hooked);
        let expected = [0.0, 0.0, (4.0 - 5.0 / 3.0) * 5.0_f64.sqrt()];
        for (value, expected) in map.iter().zip(expected) {
            assert!((f64::from(*value) - expected).abs() < 1e-6, "{map:?}");
        }
        assert_eq!(eigen_grad_cam(&hooked), [0.0; 3], "no gradient, no map");
    }

    #[test]
    fn both_gram_matrices_give_one_map() {
        let features: Vec<f32> = (0..60).map(|i| ((i * 37 + i * i) % 19) as f32).collect();
        let wide = ActivationsAndGradients::new(&features, &features, 15, [2, 2]).unwrap();
        let points = DMatrix::from_fn(4, 15, |p, k| f64::from(features[k * 4 + p]));
        let mut centred = points;
        for mut column in centred.column_iter_mut() {
            let mean = column.mean();
            column.add_scalar_mut(-mean);
        }
        let by_channels = &centred * largest(centred.tr_mul(&centred)).1;
        let map = eigen_cam(&wide);
        for (value, direct) in map.iter().zip(by_channels.iter()) {
            assert!(*value == 0.0 || (f64::from(*value) - direct.abs()).abs() < 1e-4);
        }
    }
}
