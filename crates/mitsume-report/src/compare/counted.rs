//! Which images of a model are counted, and in which class.

use super::common_images::CommonImages;
use super::model::Model;

/// The counted images of one model: positions among the common images, class by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub classes: Vec<Vec<usize>>,
    /// For each common image, the class whose mean map its own is compared with.
    pub class: Vec<usize>,
}

/// The counted images of every model; with `shared` only those that every model counts.
pub(super) fn counted(models: &[Model], common: &CommonImages, shared: bool) -> Vec<Counted> {
    let group = |model: usize, image: usize| {
        let (of, image) = (&models[model], &common.images[image]);
        let row = &of.rows[image.rows[model]];
        let explain = &of.summary.model.explain;
        let group = explain.group(row.label, row.prediction);
        (common.common_class(model, group.class), group.counted)
    };
    let images = 0..common.images.len();
    let by_all = |image: usize| (0..models.len()).all(|model| group(model, image).1);
    let mask: Vec<bool> = images
        .clone()
        .map(|image| !shared || by_all(image))
        .collect();
    let of_model = |model: usize| {
        let mut classes = vec![Vec::new(); common.classes.len()];
        let mut class = Vec::with_capacity(common.images.len());
        for image in images.clone() {
            let (own, counted) = group(model, image);
            class.push(own);
            if counted && mask[image] {
                classes[own].push(image);
            }
        }
        Counted { classes, class }
    };
    (0..models.len()).map(of_model).collect()
}
