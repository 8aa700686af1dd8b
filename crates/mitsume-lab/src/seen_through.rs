//! Score-CAM's question: what does the model make of an image seen through each feature map?

use burn::tensor::{Tensor, TensorData};

use crate::Result;
use crate::method_maps::{HookedBatch, floats};

/// Masked images in a forward pass.
const AT_ONCE: usize = 32;

/// The target's logit of each image multiplied by each feature map, [N][C]. A feature map is enlarged
/// to the image (bilinear, corners on corners) and brought to [0, 1] (minimum and maximum), as in
/// pytorch-grad-cam. `features` are the batch's, [N, C, h, w].
pub(crate) fn seen_through(batch: &HookedBatch<'_>, features: &[f32]) -> Result<Vec<Vec<f64>>> {
    let [n, channels, h, w] = batch.features.dims();
    let [_, depth, height, width] = batch.images.dims();
    let images = floats(batch.images.clone());
    let device = batch.images.device();
    let mut all = Vec::with_capacity(n);
    for i in 0..n {
        let image = &images[i * depth * height * width..][..depth * height * width];
        let mut scores = Vec::with_capacity(channels);
        for first in (0..channels).step_by(AT_ONCE) {
            let count = AT_ONCE.min(channels - first);
            let mut masked = Vec::with_capacity(count * image.len());
            for k in first..first + count {
                let map = &features[(i * channels + k) * h * w..][..h * w];
                let mask = unit(enlarged(map, [h, w], [height, width]));
                let planes = image.chunks_exact(height * width);
                masked.extend(planes.flat_map(|plane| plane.iter().zip(&mask).map(|(p, m)| p * m)));
            }
            let data = TensorData::new(masked, [count, depth, height, width]);
            let features = batch.model.trunk.forward(Tensor::from_data(data, &device));
            let logits = batch.model.head.logits(features, None);
            let classes = logits.dims()[1];
            let logits = floats(logits);
            let target = batch.targets[i];
            scores.extend((0..count).map(|k| f64::from(logits[k * classes + target])));
        }
        all.push(scores);
    }
    Ok(all)
}

/// Bilinear, with the corner pixels' centres on each other (PyTorch's `align_corners=True`).
fn enlarged(map: &[f32], [h, w]: [usize; 2], [height, width]: [usize; 2]) -> Vec<f32> {
    let place = |at: usize, to: usize, from: usize| {
        let scale = if to > 1 {
            (from - 1) as f32 / (to - 1) as f32
        } else {
            0.0
        };
        let x = at as f32 * scale;
        let low = (x as usize).min(from - 1);
        (low, (low + 1).min(from - 1), x - low as f32)
    };
    let columns: Vec<_> = (0..width).map(|x| place(x, width, w)).collect();
    let mut out = Vec::with_capacity(height * width);
    for y in 0..height {
        let (above, below, down) = place(y, height, h);
        let (above, below) = (&map[above * w..][..w], &map[below * w..][..w]);
        out.extend(columns.iter().map(|&(left, right, along)| {
            let across = |row: &[f32]| row[left] + (row[right] - row[left]) * along;
            let (top, bottom) = (across(above), across(below));
            top + (bottom - top) * down
        }));
    }
    out
}

/// To [0, 1] by minimum and maximum; a constant map to zeros.
fn unit(mut map: Vec<f32>) -> Vec<f32> {
    mitsume::normalise(&mut map);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `torch.nn.UpsamplingBilinear2d((3, 5))` of [[0, 1], [2, 4]].
    #[test]
    fn corners_stay_and_between_them_it_is_straight() {
        let out = enlarged(&[0.0, 1.0, 2.0, 4.0], [2, 2], [3, 5]);
        let expected = [
            0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.375, 1.75, 2.125, 2.5, 2.0, 2.5, 3.0, 3.5, 4.0,
        ];
        assert_eq!(out, expected);
        assert_eq!(enlarged(&[7.0], [1, 1], [2, 2]), [7.0; 4]);
    }
}
