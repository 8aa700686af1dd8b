//! Maps of one hooked layer.

use burn::tensor::Tensor;
use mitsume::methods::{ActivationsAndGradients, ChannelScores, MapInputs, Method};
use mitsume::normalise;
use rayon::prelude::*;

use super::masked_scores::{FeatureMaps, masked_scores};
use super::{MapRequest, floats};
use crate::network::{HookedImages, Network};
use crate::{EngineError, Result};

/// Logits [N, K] and normalised maps [N, h, w] of the request's images at one hooked layer, row by
/// row.
///
/// # Errors
/// Errors of the network; a method that the network's head does not support.
pub(super) fn method_maps(
    network: &dyn Network,
    hooked: &dyn HookedImages,
    request: &MapRequest<'_>,
) -> Result<(Tensor<2>, Vec<f32>)> {
    if request.options.method == Method::GradCam
        && let Some((logits, maps)) = hooked.grad_cam(request.targets)
    {
        return Ok((logits, floats(maps)));
    }
    let (logits, raw) = raw_maps(network, hooked, request)?;
    let maps = raw.into_par_iter().flat_map_iter(|mut map| {
        normalise(&mut map);
        map
    });
    Ok((logits, maps.collect()))
}

/// Logits [N, K] and each image's map before normalisation (Eq. 2). Images are independent, so the
/// result does not depend on the number of threads.
fn raw_maps(
    network: &dyn Network,
    hooked: &dyn HookedImages,
    request: &MapRequest<'_>,
) -> Result<(Tensor<2>, Vec<Vec<f32>>)> {
    let (method, targets) = (request.options.method, request.targets);
    let requires = method.descriptor().requires;
    method.check_head(hooked.is_gap_linear())?;
    let features = hooked.features()?;
    let shape = features.dims();
    let [n, channels, h, w] = shape;
    let features = floats(features);
    let (logits, gradients) = if requires.gradients {
        let (logits, gradients) = hooked.gradients(targets)?;
        (logits, floats(gradients))
    } else {
        (hooked.logits()?, vec![0.0; features.len()])
    };
    let scores = match requires.channel_scores {
        Some(ChannelScores::Ablated) => hooked.ablated_logits(targets)?,
        Some(ChannelScores::Masked) => {
            let features = FeatureMaps {
                values: &features,
                shape,
            };
            masked_scores(network, request, features)?
        }
        None => vec![Vec::new(); n],
    };
    let values = floats(logits.clone());
    let classes = values.len() / n.max(1);
    let length = channels * h * w;
    let raw_map = |i: usize| {
        let range = i * length..(i + 1) * length;
        let hooked = ActivationsAndGradients::new(
            &features[range.clone()],
            &gradients[range],
            channels,
            [h, w],
        )
        .map_err(|error| EngineError::Failed(error.to_string()))?;
        let inputs = MapInputs {
            hooked,
            score: network
                .target_score(&values[i * classes..][..classes], targets[i])
                .into(),
            channel_scores: &scores[i],
            seed: request.seeds[i],
        };
        Ok((method.descriptor().map)(&inputs))
    };
    let maps = (0..n).into_par_iter().map(raw_map);
    Ok((logits, maps.collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::{MapOptions, maps as maps_of};
    use crate::network::LevelNetwork;
    use burn::tensor::Device;
    use burn::tensor::TensorData;
    use mitsume_nn::{Classifier, ClassifierSpec, Level};

    const TARGETS: [usize; 3] = [2, 0, 3];

    fn network(level: Level) -> (LevelNetwork, Tensor<4>) {
        let device = Device::flex();
        let spec = ClassifierSpec {
            level,
            channels: 1,
            classes: 4,
            dropout: None,
        };
        let pixel = |i: usize| ((i * 7919 + i * i * 31) % 1009) as f32 / 504.5 - 1.0;
        let pixels: Vec<f32> = (0..3 * 32 * 32).map(pixel).collect();
        let images = Tensor::from_data(TensorData::new(pixels, [3, 1, 32, 32]), &device);
        let model = Classifier::new(spec, 5, &device);
        (LevelNetwork { spec, model }, images)
    }

    fn maps(level: Level, method: Method) -> Vec<f32> {
        let (network, images) = network(level);
        let request = MapRequest {
            options: MapOptions {
                method,
                flip: false,
            },
            images,
            targets: &TARGETS,
            seeds: &[0, 1, 2],
        };
        maps_of(&network, &request).unwrap().1
    }

    #[test]
    fn every_method_gives_maps_between_zero_and_one_at_every_level() {
        for level in Level::ALL {
            let [h, w] = level.cam_size([32, 32]);
            for method in Method::ALL {
                if method.check_head(level.head().is_gap_linear()).is_err() {
                    continue;
                }
                let maps = maps(level, method);
                assert_eq!(maps.len(), 3 * h * w, "{level} {method}");
                assert!(
                    maps.iter().all(|v| (0.0..=1.0).contains(v)),
                    "{level} {method}"
                );
            }
        }
    }

    /// With only a global average pool and a linear layer after the hooked layer, the gradient is
    /// the same at every pixel.
    #[test]
    fn gradient_methods_agree_where_global_average_pooling_follows() {
        for level in [Level::ALL[2], Level::ALL[3], Level::ALL[4]] {
            let grad = scaled_to_maximum(maps(level, Method::GradCam));
            for method in [Method::HiresCam, Method::Cam] {
                let other = scaled_to_maximum(maps(level, method));
                let far = grad.iter().zip(&other).map(|(a, b)| (a - b).abs());
                assert!(
                    far.fold(0.0, f32::max) < 1e-4,
                    "{level} {method}: float32 against float64 sums"
                );
            }
        }
    }

    /// Maps divided by their maxima: the epsilon of Eq. 2 weighs differently in maps that differ by
    /// a factor.
    fn scaled_to_maximum(maps: Vec<f32>) -> Vec<f32> {
        let scaled = |map: &[f32]| {
            let largest = map.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            map.iter().map(|v| v / largest).collect::<Vec<_>>()
        };
        maps.chunks_exact(maps.len() / 3).flat_map(scaled).collect()
    }

    #[test]
    fn cam_is_refused_unless_pool_and_linear_layer_follow() {
        for level in [Level::One, Level::Two] {
            let (network, images) = network(level);
            let request = MapRequest {
                options: MapOptions {
                    method: Method::Cam,
                    flip: false,
                },
                images,
                targets: &TARGETS,
                seeds: &[0, 1, 2],
            };
            let error = maps_of(&network, &request).unwrap_err();
            assert!(error.is_request(), "{error}");
            assert!(error.to_string().contains("take grad-cam"), "{error}");
        }
    }

    #[test]
    fn ablated_logits_equal_the_heads_logits_with_the_channel_zeroed() {
        for level in Level::ALL {
            let (network, images) = network(level);
            let hooked = network.hook(images).unwrap().remove(0);
            let features = hooked.features().unwrap();
            let [n, channels, h, w] = features.dims();
            let values = floats(features);
            let ours = hooked.ablated_logits(&TARGETS).unwrap();
            for k in [0, channels / 2, channels - 1] {
                let mut values = values.clone();
                for image in values.chunks_exact_mut(channels * h * w) {
                    image[k * h * w..][..h * w].fill(0.0);
                }
                let data = TensorData::new(values, [n, channels, h, w]);
                let features = Tensor::from_data(data, &Device::flex());
                let logits = floats(network.model.head.logits(features, None));
                for (i, &target) in TARGETS.iter().enumerate() {
                    let expected = f64::from(logits[i * 4 + target]);
                    // Sums of up to 512 float32 terms.
                    assert!((ours[i][k] - expected).abs() < 1e-5, "{level} {k} {i}");
                }
            }
        }
    }
}
