//! Maps of every method, for every network.

mod masked_scores;
mod method_maps;

use burn::tensor::Tensor;
use mitsume::bilinear::{AlignCorners, upsample_bilinear};
use mitsume::methods::Method;
use mitsume::normalise;
use mitsume::train::predictions;

use crate::Result;
use crate::network::{HookedImages, Network};
use method_maps::method_maps;

/// How maps are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapOptions {
    /// How a map is made of feature maps, gradients and scores.
    pub method: Method,
    /// Flip smoothing: whether to average an image's map with that of its mirror image, mirrored
    /// back.
    pub flip: bool,
}

/// Logits [N, K] of `images` [N, channels, H, W], and their normalised maps [N, h, w], row by row,
/// each for the class of `targets` `[N]`. `images` are on the network's device. The seed of the
/// random control is the image's position in the batch.
///
/// # Errors
/// Errors of the network.
///
/// # Panics
/// If there is not one target below K for each image.
pub fn image_maps(
    network: &dyn Network,
    images: Tensor<4>,
    targets: &[usize],
    options: MapOptions,
) -> Result<(Tensor<2>, Vec<f32>)> {
    let hooked = network.hook(images.clone())?;
    image_maps_at(network, &hooked, images, targets, options)
}

/// As [`image_maps`], of each image's predicted class: logits, maps, and the classes `[N]`. What
/// comes before the hooked layers is computed once.
///
/// # Errors
/// Errors of the network.
pub fn predicted_class_maps(
    network: &dyn Network,
    images: Tensor<4>,
    options: MapOptions,
) -> Result<(Tensor<2>, Vec<f32>, Vec<usize>)> {
    let hooked = network.hook(images.clone())?;
    let targets = predictions(&hooked[0].logits()?);
    let (logits, maps) = image_maps_at(network, &hooked, images, &targets, options)?;
    Ok((logits, maps, targets))
}

fn image_maps_at(
    network: &dyn Network,
    hooked: &[Box<dyn HookedImages + '_>],
    images: Tensor<4>,
    targets: &[usize],
    options: MapOptions,
) -> Result<(Tensor<2>, Vec<f32>)> {
    let seeds: Vec<u64> = (0..targets.len() as u64).collect();
    let request = MapRequest {
        options,
        images,
        targets,
        seeds: &seeds,
    };
    maps_at(network, hooked, &request)
}

/// A batch of images whose maps are requested.
pub(crate) struct MapRequest<'a> {
    pub options: MapOptions,
    /// Preprocessed images, [N, channels, H, W].
    pub images: Tensor<4>,
    /// The explained class of each image, `[N]`.
    pub targets: &'a [usize],
    /// Seed of each image's random control, `[N]`.
    pub seeds: &'a [u64],
}

/// Logits [N, K] and normalised maps [N, h, w], row by row. With several hooked layers a map is the
/// mean of theirs, each normalised and upsampled to the largest.
///
/// # Errors
/// Errors of the network.
pub(crate) fn maps(
    network: &dyn Network,
    request: &MapRequest<'_>,
) -> Result<(Tensor<2>, Vec<f32>)> {
    let hooked = network.hook(request.images.clone())?;
    maps_at(network, &hooked, request)
}

/// As [`maps`], for images that have already been run up to the hooked layers.
///
/// # Errors
/// As [`maps`].
pub(crate) fn maps_at(
    network: &dyn Network,
    hooked: &[Box<dyn HookedImages + '_>],
    request: &MapRequest<'_>,
) -> Result<(Tensor<2>, Vec<f32>)> {
    let [_, _, height, width] = request.images.dims();
    let [h, w] = network.cam_size([height, width]);
    let (logits, mut sum) = sum_over_layers(network, hooked, request, [h, w])?;
    let mut summands = network.layers().len();
    if request.options.flip {
        let mirrored = MapRequest {
            images: request.images.clone().flip([3]),
            ..*request
        };
        let hooked = network.hook(mirrored.images.clone())?;
        let (_, maps) = sum_over_layers(network, &hooked, &mirrored, [h, w])?;
        for (sum, row) in sum.chunks_exact_mut(w).zip(maps.chunks_exact(w)) {
            for (sum, value) in sum.iter_mut().zip(row.iter().rev()) {
                *sum += value;
            }
        }
        summands *= 2;
    }
    if summands > 1 {
        sum.chunks_exact_mut(h * w).for_each(normalise);
    }
    Ok((logits, sum))
}

/// The sum of the hooked layers' normalised maps, upsampled to `size`.
fn sum_over_layers(
    network: &dyn Network,
    hooked: &[Box<dyn HookedImages + '_>],
    request: &MapRequest<'_>,
    size: [usize; 2],
) -> Result<(Tensor<2>, Vec<f32>)> {
    let (logits, first) = method_maps(network, hooked[0].as_ref(), request)?;
    let [_, _, height, width] = request.images.dims();
    let upsampled = |maps: Vec<f32>, layer: usize| {
        let layer_size = network.map_size(layer, [height, width]);
        if layer_size == size {
            return maps;
        }
        let maps = maps.chunks_exact(layer_size[0] * layer_size[1]);
        maps.flat_map(|map| upsample_bilinear(map, layer_size, size, AlignCorners::Yes))
            .collect()
    };
    let mut sum = upsampled(first, 0);
    for (layer, hooked) in hooked.iter().enumerate().skip(1) {
        let maps = upsampled(method_maps(network, hooked.as_ref(), request)?.1, layer);
        for (sum, value) in sum.iter_mut().zip(maps) {
            *sum += value;
        }
    }
    Ok((logits, sum))
}

/// The values of a tensor, row by row.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data().convert::<f32>();
    data.try_into_vec().expect("converted to f32")
}
