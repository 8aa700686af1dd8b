//! Grad-CAM (Eq. 1) on plain arrays.

use ndarray::{Array1, Array2, ArrayView1, ArrayView3, Axis};

/// Arrays whose channels do not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{alpha} channel weights alpha for {channels} feature maps; there must be one for each")]
pub struct ChannelMismatch {
    alpha: usize,
    channels: usize,
}

/// The channel weights alpha (Eq. 1): the mean over (i, j) of the gradient of one class' logit
/// with respect to the feature maps.
///
/// `gradients` is [C, h, w]; the result is `[C]`. Summed in `f64`. Zero for an empty grid.
pub fn alpha(gradients: ArrayView3<f32>) -> Array1<f32> {
    let pixels = (gradients.len_of(Axis(1)) * gradients.len_of(Axis(2))).max(1) as f64;
    gradients
        .outer_iter()
        .map(|channel| (channel.iter().map(|&value| f64::from(value)).sum::<f64>() / pixels) as f32)
        .collect()
}

/// The raw map `relu(sum_k alpha[k] * A[k])` (Eq. 1), not yet normalised.
///
/// `alpha` is `[C]`, `features` (A, the output of the hooked layer for one image) [C, h, w]; the
/// result is [h, w]. Summed in `f64`, in the order of the channels.
pub fn raw_map(
    alpha: ArrayView1<f32>,
    features: ArrayView3<f32>,
) -> Result<Array2<f32>, ChannelMismatch> {
    let (channels, height, width) = features.dim();
    if alpha.len() != channels {
        return Err(ChannelMismatch {
            alpha: alpha.len(),
            channels,
        });
    }
    let mut sum = Array2::<f64>::zeros((height, width));
    for (&weight, channel) in alpha.iter().zip(features.outer_iter()) {
        sum.zip_mut_with(&channel, |total, &value| {
            *total += f64::from(weight) * f64::from(value)
        });
    }
    Ok(sum.mapv(|value| value.max(0.0) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};

    #[test]
    fn alpha_is_the_mean_gradient_of_each_channel() {
        let gradients = array![[[1.0, 2.0], [3.0, 6.0]], [[-1.0, 1.0], [0.5, -0.5]]];
        assert_eq!(alpha(gradients.view()), array![3.0, 0.0]);
    }

    #[test]
    fn a_raw_map_weights_the_channels_and_drops_negative_values() {
        let features = array![[[1.0, 0.0], [2.0, 1.0]], [[0.0, 1.0], [1.0, 4.0]]];
        let map = raw_map(array![2.0, -1.0].view(), features.view()).unwrap();
        assert_eq!(map, array![[2.0, 0.0], [3.0, 0.0]]);
    }

    #[test]
    fn linear_heads_have_the_class_activation_map_as_raw_map() {
        // For a global average pool and a linear layer, dy/dA = W[c] / (h w) everywhere.
        let features = array![[[1.0, 3.0]], [[2.0, -1.0]]];
        let gradients = Array3::from_shape_fn((2, 1, 2), |(k, _, _)| [0.5, -0.25][k] / 2.0);
        let map = raw_map(alpha(gradients.view()).view(), features.view()).unwrap();
        assert_eq!(map, array![[0.0, 0.875]]);
    }

    #[test]
    fn a_weight_per_channel_is_required() {
        let features = Array3::zeros((3, 2, 2));
        assert!(raw_map(array![1.0, 1.0].view(), features.view()).is_err());
    }
}
