//! Score-CAM's question: what does the model make of an image seen through each feature map?

use burn::tensor::{Tensor, TensorData};

use super::{MapRequest, floats};
use crate::Result;
use crate::network::Network;
use mitsume::bilinear::{AlignCorners, upsample_bilinear};

/// Masked images in a forward pass.
const AT_ONCE: usize = 32;

/// The target's logit of each image multiplied by each feature map, [N][C]. A feature map is enlarged
/// to the image (bilinear, corners on corners) and brought to [0, 1] (minimum and maximum), as in
/// pytorch-grad-cam. `features` are the batch's, [N, C, h, w], of `shape`.
///
/// # Errors
/// What the network refuses.
pub(crate) fn masked_scores(
    network: &dyn Network,
    request: &MapRequest<'_>,
    (features, shape): (&[f32], [usize; 4]),
) -> Result<Vec<Vec<f64>>> {
    let [n, channels, h, w] = shape;
    let [_, depth, height, width] = request.images.dims();
    let images = floats(request.images.clone());
    let device = request.images.device();
    let mut all = Vec::with_capacity(n);
    for i in 0..n {
        let image = &images[i * depth * height * width..][..depth * height * width];
        let mut scores = Vec::with_capacity(channels);
        for first in (0..channels).step_by(AT_ONCE) {
            let count = AT_ONCE.min(channels - first);
            let mut masked = Vec::with_capacity(count * image.len());
            for k in first..first + count {
                let map = &features[(i * channels + k) * h * w..][..h * w];
                let mask = unit(upsample_bilinear(
                    map,
                    [h, w],
                    [height, width],
                    AlignCorners::Yes,
                ));
                let planes = image.chunks_exact(height * width);
                masked.extend(planes.flat_map(|plane| plane.iter().zip(&mask).map(|(p, m)| p * m)));
            }
            let data = TensorData::new(masked, [count, depth, height, width]);
            let logits = network.logits(Tensor::from_data(data, &device))?;
            let classes = logits.dims()[1];
            let logits = floats(logits);
            let target = request.targets[i];
            scores.extend((0..count).map(|k| f64::from(logits[k * classes + target])));
        }
        all.push(scores);
    }
    Ok(all)
}

/// To [0, 1] by minimum and maximum; a constant map to zeros.
fn unit(mut map: Vec<f32>) -> Vec<f32> {
    mitsume::normalise(&mut map);
    map
}
