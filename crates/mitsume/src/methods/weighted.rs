//! The methods that weight feature maps by their gradients.

use super::{ActivationsAndGradients, relu};

/// `relu(sum_k w_k A_k)` [h * w] for any channel weights [C].
///
/// # Panics
/// If there is not one weight per channel.
pub fn weighted_combination(hooked: &ActivationsAndGradients, weights: &[f64]) -> Vec<f32> {
    assert_eq!(weights.len(), hooked.channels(), "one weight per channel");
    let mut map = vec![0.0; hooked.pixels()];
    for ((features, _), weight) in hooked.each().zip(weights) {
        for (sum, &value) in map.iter_mut().zip(features) {
            *sum += weight * f64::from(value);
        }
    }
    relu(map)
}

/// Grad-CAM (Eq. 1): each feature map times its mean gradient.
pub fn grad_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    let pixels = hooked.pixels() as f64;
    let mean = |gradients: &[f32]| sum(gradients.iter().map(|&g| f64::from(g))) / pixels;
    let weights: Vec<f64> = hooked
        .each()
        .map(|(_, gradients)| mean(gradients))
        .collect();
    weighted_combination(hooked, &weights)
}

/// CAM: each feature map times the weight [C] of its mean in the last layer, for a global average
/// pool and a linear layer after the hooked one
/// ([`Method::check_head`](super::Method::check_head)).
///
/// # Panics
/// If there is not one weight per channel.
pub fn cam(hooked: &ActivationsAndGradients, weights: &[f64]) -> Vec<f32> {
    weighted_combination(hooked, weights)
}

/// HiResCAM: gradient times feature map, pixel by pixel. If the layers after the hooked one are
/// linear, it is zero wherever the score does not depend on the pixel (Draelos and Carin 2020).
pub fn hires_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    relu(summed(hooked, |a, g| a * g))
}

/// Element-wise Grad-CAM: the positive products only, channel by channel.
pub fn elementwise(hooked: &ActivationsAndGradients) -> Vec<f32> {
    relu(summed(hooked, |a, g| (a * g).max(0.0)))
}

/// LayerCAM: each pixel times its own positive gradient.
pub fn layer_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    relu(summed(hooked, |a, g| g.max(0.0) * a))
}

/// XGrad-CAM: each gradient weighted by its pixel's share of the feature map.
///
/// The share is over `sum A_k + 1e-7`, as in pytorch-grad-cam; the paper has no epsilon.
pub fn xgrad_cam(hooked: &ActivationsAndGradients) -> Vec<f32> {
    let weight = |(features, gradients): (&[f32], &[f32])| {
        let total = sum(features.iter().map(|&a| f64::from(a)));
        let products = features.iter().zip(gradients);
        sum(products.map(|(&a, &g)| f64::from(a) * f64::from(g))) / (total + 1e-7)
    };
    let weights: Vec<f64> = hooked.each().map(weight).collect();
    weighted_combination(hooked, &weights)
}

/// The sum over channels of a term of each pixel.
fn summed(hooked: &ActivationsAndGradients, term: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut map = vec![0.0; hooked.pixels()];
    for (features, gradients) in hooked.each() {
        for ((sum, &a), &g) in map.iter_mut().zip(features).zip(gradients) {
            *sum += term(a.into(), g.into());
        }
    }
    map
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A = [1, 2], G = [3, -1] and A = [-1, 4], G = [2, 2], by hand.
    #[test]
    fn two_channels_by_hand() {
        let (a, g) = ([1.0, 2.0, -1.0, 4.0], [3.0, -1.0, 2.0, 2.0]);
        let hooked = ActivationsAndGradients::new(&a, &g, 2, [1, 2]).unwrap();
        assert_eq!(grad_cam(&hooked), [0.0, 10.0]); // alpha 1 and 2: 1 - 2, 2 + 8
        assert_eq!(hires_cam(&hooked), [1.0, 6.0]); // 3 - 2, -2 + 8
        assert_eq!(elementwise(&hooked), [3.0, 8.0]);
        assert_eq!(layer_cam(&hooked), [1.0, 8.0]); // 3 - 2, 0 + 8
        let xgrad = xgrad_cam(&hooked); // weights 1/3 and 6/3: 1/3 - 2, 2/3 + 8
        assert!(
            xgrad[0] == 0.0 && (xgrad[1] - 26.0 / 3.0).abs() < 1e-5,
            "{xgrad:?}"
        );
    }

    /// The gradient of a logit through a pool and weights [2, -6] is the weights over (h w): 1 and
    /// -3.
    #[test]
    fn cam_is_grad_cam_times_the_pixels_where_a_pool_and_weights_follow() {
        let (a, g) = ([1.0, 7.0, 0.5, 2.0], [1.0, 1.0, -3.0, -3.0]);
        let hooked = ActivationsAndGradients::new(&a, &g, 2, [1, 2]).unwrap();
        assert_eq!(cam(&hooked, &[2.0, -6.0]), [0.0, 2.0]); // 2 - 3, 14 - 12
        assert_eq!(grad_cam(&hooked), [0.0, 1.0]);
    }

    #[test]
    fn lengths_must_fit() {
        assert!(ActivationsAndGradients::new(&[0.0; 4], &[0.0; 3], 2, [1, 2]).is_err());
        assert!(ActivationsAndGradients::new(&[], &[], 0, [1, 2]).is_err());
    }
}
