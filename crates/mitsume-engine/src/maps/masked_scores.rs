//! Masked scores for Score-CAM [Wang 2020].

use burn::tensor::{Tensor, TensorData};
use mitsume::bilinear::{AlignCorners, upsample_bilinear};
use mitsume::normalise;

use super::{MapRequest, floats};
use crate::Result;
use crate::network::Network;

/// Masked images per forward pass.
const IMAGES_PER_PASS: usize = 32;

/// Feature maps of a batch.
pub(crate) struct FeatureMaps<'a> {
    /// Row by row.
    pub values: &'a [f32],
    /// [N, C, h, w].
    pub shape: [usize; 4],
}

/// The target's score of each image multiplied by each of its feature maps, `[N][C]`. A feature map
/// is upsampled to the image's size (bilinear, corners aligned) and normalised to [0, 1], as in
/// pytorch-grad-cam.
///
/// # Errors
/// Errors of the network.
pub(crate) fn masked_scores(
    network: &dyn Network,
    request: &MapRequest<'_>,
    features: FeatureMaps<'_>,
) -> Result<Vec<Vec<f64>>> {
    let [n, channels, h, w] = features.shape;
    let [_, depth, height, width] = request.images.dims();
    let images = floats(request.images.clone());
    let device = request.images.device();
    let mut all = Vec::with_capacity(n);
    for i in 0..n {
        let image = &images[i * depth * height * width..][..depth * height * width];
        let mut scores = Vec::with_capacity(channels);
        for first in (0..channels).step_by(IMAGES_PER_PASS) {
            let count = IMAGES_PER_PASS.min(channels - first);
            let mut masked = Vec::with_capacity(count * image.len());
            for k in first..first + count {
                let map = &features.values[(i * channels + k) * h * w..][..h * w];
                let mut mask = upsample_bilinear(map, [h, w], [height, width], AlignCorners::Yes);
                normalise(&mut mask);
                let planes = image.chunks_exact(height * width);
                masked.extend(planes.flat_map(|plane| plane.iter().zip(&mask).map(|(p, m)| p * m)));
            }
            let data = TensorData::new(masked, [count, depth, height, width]);
            let logits = network.logits(Tensor::from_data(data, &device))?;
            let classes = logits.dims()[1];
            let logits = floats(logits);
            let target = request.targets[i];
            let rows = logits.chunks_exact(classes);
            scores.extend(rows.map(|row| f64::from(network.target_score(row, target))));
        }
        all.push(scores);
    }
    Ok(all)
}
