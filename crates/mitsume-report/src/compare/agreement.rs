//! How alike the maps of two models are, image by image.

use mitsume::Deviation;
use mitsume::measures::pearson::pearson_distance;
use rayon::prelude::*;

use super::common_images::CommonImages;
use super::model::Model;
use crate::Result;
use crate::activation_map::ActivationMap;

/// Two models' maps of one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ImageAgreement {
    /// Pearson's correlation.
    pub pearson: f64,
    /// Mean squared difference.
    pub squared_l2: f64,
    /// The correlation of the model's map with the baseline's of another image of the class; `None`
    /// if there is no other.
    pub pearson_of_other: Option<f64>,
}

/// Height and width at which maps are compared: nothing is averaged away.
pub(super) fn common_size(models: &[Model]) -> [usize; 2] {
    let shapes = models.iter().map(Model::shape);
    shapes
        .reduce(|a, b| [a[0].max(b[0]), a[1].max(b[1])])
        .unwrap_or([1, 1])
}

/// A map at another size, bilinear between element centres as on every page.
pub(super) fn at_size(map: Vec<f32>, from: [usize; 2], to: [usize; 2]) -> Result<Vec<f32>> {
    if from == to {
        return Ok(map);
    }
    Ok(ActivationMap::new(map, from[0], from[1])?.resampled(to[0], to[1]))
}

/// Pearson's correlation and the mean squared difference of two maps of one size.
pub(super) fn compare_maps(map: &[f32], reference: &[f32]) -> (f64, f64) {
    let reference: Vec<f64> = reference.iter().copied().map(f64::from).collect();
    let deviation = Deviation::between(map, &reference).expect("maps of one size");
    (
        1.0 - pearson_distance(map, &reference),
        deviation.squared_l2,
    )
}

/// The agreement of `model` with `baseline` on each common image.
pub(super) fn agreements(
    models: &[Model],
    [model, baseline]: [usize; 2],
    common: &CommonImages,
) -> Result<Vec<ImageAgreement>> {
    let size = common_size(models);
    let map = |model: usize, image: usize| {
        let of = &models[model];
        at_size(of.map(common.images[image].rows[model])?, of.shape(), size)
    };
    let others = others(&common.labels());
    let each = others.par_iter().enumerate().map(|(image, other)| {
        let own = map(model, image)?;
        let (pearson, squared_l2) = compare_maps(&own, &map(baseline, image)?);
        let pearson_of_other = match other {
            Some(other) => Some(compare_maps(&own, &map(baseline, *other)?).0),
            None => None,
        };
        Ok(ImageAgreement {
            pearson,
            squared_l2,
            pearson_of_other,
        })
    });
    each.collect()
}

/// For each image another of its class, half the class away: neighbours in name are often of one
/// patient. `labels` are sorted.
fn others(labels: &[usize]) -> Vec<Option<usize>> {
    let classes = labels.chunk_by(|a, b| a == b);
    let mut others = Vec::with_capacity(labels.len());
    for class in classes {
        let (start, size) = (others.len(), class.len());
        let other = |i: usize| start + (i + size / 2) % size;
        others.extend((0..size).map(|i| (size > 1).then(|| other(i))));
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_image_is_of_the_same_class_and_never_the_same() {
        let labels = [0, 0, 0, 1, 2, 2];
        let expected = [1, 2, 0]
            .map(Some)
            .into_iter()
            .chain([None, Some(5), Some(4)]);
        assert_eq!(others(&labels), expected.collect::<Vec<_>>());
    }
}
