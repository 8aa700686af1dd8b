//! Maps of any method for a level's classifier.

use burn::tensor::{Int, Tensor, TensorData};
use mitsume::methods::{self, Hooked, Method};
use mitsume::normalise;
use mitsume::train::logits_and_maps;
use mitsume_nn::Classifier;
use rayon::prelude::*;

use crate::seen_through::seen_through;
use crate::{LabError, Result};

/// A batch at the hooked layer, and what its maps are to be of.
pub(crate) struct HookedBatch<'a> {
    /// The network, on a device without autodiff.
    pub model: &'a Classifier,
    /// Inputs [N, channels, H, W].
    pub images: Tensor<4>,
    /// The hooked layer's output for them, [N, C, h, w].
    pub features: Tensor<4>,
    /// The class of each image's map, [N].
    pub targets: &'a [usize],
    /// A number of each image's own, for the random control, [N].
    pub seeds: &'a [u64],
}

/// Logits [N, K] and normalised maps [N, h, w], row by row.
///
/// # Errors
/// A device whose tensors do not come back with their shape; CAM of a level that has more than a pool
/// and a linear layer after the hooked layer.
pub(crate) fn method_maps(method: Method, batch: HookedBatch<'_>) -> Result<(Tensor<2>, Vec<f32>)> {
    let HookedBatch {
        model,
        features,
        targets,
        ..
    } = &batch;
    if method == Method::GradCam {
        let labels: Vec<i64> = targets.iter().map(|&target| target as i64).collect();
        let data = TensorData::new(labels, [targets.len()]);
        let labels = Tensor::<1, Int>::from_data(data, &features.device());
        let (logits, maps) = logits_and_maps(&model.head, features.clone(), labels);
        return Ok((logits, floats(maps)));
    }
    let logits = model.head.logits(features.clone(), None);
    let raw = raw_maps(method, &batch, &logits)?;
    let maps = raw.into_par_iter().flat_map_iter(|mut map| {
        normalise(&mut map);
        map
    });
    Ok((logits, maps.collect()))
}

/// Each image's map before Eq. 2. Images are independent, so threads do not matter.
fn raw_maps(method: Method, batch: &HookedBatch<'_>, logits: &Tensor<2>) -> Result<Vec<Vec<f32>>> {
    method.check_head(batch.model.head.pools_first())?;
    let [n, channels, h, w] = batch.features.dims();
    let features = floats(batch.features.clone());
    let gradients = floats(gradients(batch, logits.dims()[1]));
    let scores = match method {
        Method::Cam => class_weights(batch),
        Method::AblationCam => without_each(batch),
        Method::ScoreCam => seen_through(batch, &features)?,
        _ => vec![Vec::new(); n],
    };
    let logits = floats(logits.clone());
    let classes = logits.len() / n.max(1);
    let length = channels * h * w;
    (0..n)
        .into_par_iter()
        .map(|i| {
            let (features, gradients) = (&features[i * length..], &gradients[i * length..]);
            let hooked = Hooked::new(&features[..length], &gradients[..length], channels, [h, w])
                .map_err(|error| LabError::Failed(error.to_string()))?;
            let score = f64::from(logits[i * classes + batch.targets[i]]);
            Ok(match method {
                Method::GradCam => methods::grad_cam(&hooked),
                Method::HiresCam => methods::hires_cam(&hooked),
                Method::Elementwise => methods::elementwise(&hooked),
                Method::GradCamPlusPlus => methods::grad_cam_plus_plus(&hooked),
                Method::XgradCam => methods::xgrad_cam(&hooked),
                Method::LayerCam => methods::layer_cam(&hooked),
                Method::Cam => methods::cam(&hooked, &scores[i]),
                Method::EigenCam => methods::eigen_cam(&hooked),
                Method::EigenGradCam => methods::eigen_grad_cam(&hooked),
                Method::AblationCam => methods::ablation_cam(&hooked, score, &scores[i]),
                Method::ScoreCam => methods::score_cam(&hooked, &scores[i]),
                Method::Random => methods::random(&hooked, batch.seeds[i]),
            })
        })
        .collect()
}

/// Of each image's target logit with respect to the feature maps, [N, C, h, w].
fn gradients(batch: &HookedBatch<'_>, classes: usize) -> Tensor<4> {
    let n = batch.targets.len();
    let mut cotangents = vec![0.0_f32; n * classes];
    for (row, &target) in cotangents
        .chunks_exact_mut(classes.max(1))
        .zip(batch.targets)
    {
        row[target] = 1.0;
    }
    let data = TensorData::new(cotangents, [n, classes]);
    let cotangents = Tensor::from_data(data, &batch.features.device());
    let head = &batch.model.head;
    head.vjp(batch.features.clone(), None, cotangents)
}

/// What the last layer gives each pooled channel for the target, [N][C].
fn class_weights(batch: &HookedBatch<'_>) -> Vec<Vec<f64>> {
    let weight = floats(batch.model.head.linear.weight.val());
    let [_, channels, _, _] = batch.features.dims();
    let row = |&target: &usize| &weight[target * channels..][..channels];
    let rows = batch.targets.iter().map(row);
    rows.map(|row| row.iter().map(|&w| w.into()).collect())
        .collect()
}

/// The target's logit with each feature map set to 0, [N][C]. The levels' heads take channels apart:
/// what a pooled channel adds to the logit is its weight times its value, so it is taken off.
fn without_each(batch: &HookedBatch<'_>) -> Vec<Vec<f64>> {
    let head = &batch.model.head;
    let reading = head.read(batch.features.clone(), None);
    let logits = floats(head.classify(reading.pooled.clone(), None));
    let pooled = floats(reading.pooled);
    let weight = floats(head.linear.weight.val());
    let [_, channels, _, _] = batch.features.dims();
    let classes = weight.len() / channels.max(1);
    let of_image = |(i, &target): (usize, &usize)| {
        let score = f64::from(logits[i * classes + target]);
        let weights = &weight[target * channels..][..channels];
        let pooled = &pooled[i * channels..][..channels];
        let parts = weights.iter().zip(pooled);
        parts
            .map(|(&w, &p)| score - f64::from(w) * f64::from(p))
            .collect()
    };
    batch.targets.iter().enumerate().map(of_image).collect()
}

pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .into_data()
        .convert::<f32>()
        .try_into_vec()
        .expect("converted to f32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use mitsume_nn::{ClassifierSpec, Level};

    const TARGETS: [usize; 3] = [2, 0, 3];

    fn model(level: Level) -> (Classifier, Tensor<4>) {
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
        (Classifier::new(spec, 5, &device), images)
    }

    fn maps(level: Level, method: Method) -> Vec<f32> {
        let (model, images) = model(level);
        let batch = HookedBatch {
            model: &model,
            features: model.trunk.forward(images.clone()),
            images,
            targets: &TARGETS,
            seeds: &[0, 1, 2],
        };
        method_maps(method, batch).unwrap().1
    }

    #[test]
    fn every_method_gives_maps_between_zero_and_one_at_every_level() {
        for level in Level::ALL {
            let [h, w] = level.cam_size([32, 32]);
            for method in Method::ALL {
                if method.check_head(level.head().pools_first()).is_err() {
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

    /// A pool and a linear layer right after the hooked one make every pixel's gradient the mean.
    #[test]
    fn where_a_pool_follows_the_gradient_methods_agree() {
        for level in [Level::ALL[2], Level::ALL[3], Level::ALL[4]] {
            let grad = over_largest(maps(level, Method::GradCam));
            for method in [Method::HiresCam, Method::Cam] {
                let other = over_largest(maps(level, method));
                let far = grad.iter().zip(&other).map(|(a, b)| (a - b).abs());
                assert!(
                    far.fold(0.0, f32::max) < 1e-4,
                    "{level} {method}: float32 against float64 sums"
                );
            }
        }
    }

    /// Eq. 2's epsilon is not the same share of maps that differ by a factor.
    fn over_largest(maps: Vec<f32>) -> Vec<f32> {
        let scaled = |map: &[f32]| {
            let largest = map.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            map.iter().map(|v| v / largest).collect::<Vec<_>>()
        };
        maps.chunks_exact(maps.len() / 3).flat_map(scaled).collect()
    }

    #[test]
    fn cam_is_refused_where_more_than_a_pool_follows() {
        for level in [Level::One, Level::Two] {
            let (model, images) = model(level);
            let batch = HookedBatch {
                model: &model,
                features: model.trunk.forward(images.clone()),
                images,
                targets: &TARGETS,
                seeds: &[0, 1, 2],
            };
            let error = method_maps(Method::Cam, batch).unwrap_err();
            assert!(error.is_request(), "{error}");
            assert!(error.to_string().contains("take grad-cam"), "{error}");
        }
    }

    #[test]
    fn scores_without_a_channel_are_the_heads_on_features_without_it() {
        for level in Level::ALL {
            let (model, images) = model(level);
            let features = model.trunk.forward(images.clone());
            let [n, channels, h, w] = features.dims();
            let values = floats(features.clone());
            let batch = HookedBatch {
                model: &model,
                images,
                features,
                targets: &TARGETS,
                seeds: &[0; 3],
            };
            let ours = without_each(&batch);
            for k in [0, channels / 2, channels - 1] {
                let mut values = values.clone();
                for image in values.chunks_exact_mut(channels * h * w) {
                    image[k * h * w..][..h * w].fill(0.0);
                }
                let data = TensorData::new(values, [n, channels, h, w]);
                let features = Tensor::from_data(data, &Device::flex());
                let logits = floats(model.head.logits(features, None));
                for (i, &target) in TARGETS.iter().enumerate() {
                    let expected = f64::from(logits[i * 4 + target]);
                    // Sums of up to 512 float32 terms.
                    assert!((ours[i][k] - expected).abs() < 1e-5, "{level} {k} {i}");
                }
            }
        }
    }
}
