//! The figures of one model over the common images, and its class mean maps.

use mitsume::measures::GridMaps;
use mitsume::{ClassMeans, ConfusionMatrix, Deviation, DeviationPass};

use super::common_images::CommonImages;
use super::counted::Counted;
use super::model::Model;
use super::quantity::Values;
use crate::Result;

/// The figures of one model.
#[derive(Debug)]
pub(super) struct Figures {
    pub confusion: ConfusionMatrix,
    pub values: Values,
    pub counted: u64,
    pub means: ClassMeans,
    /// By class.
    pub squared_l2: Vec<Option<f64>>,
    pub l2: Vec<Option<f64>>,
    pub grid_squared_l2: Vec<Option<f64>>,
    /// Of each common image from the mean map of its class, where that has one.
    pub deviations: Vec<Option<Deviation>>,
}

/// The figures of the model of index `model`, with the grid of `side` x `side`.
pub(super) fn figures(
    models: &[Model],
    model: usize,
    common: &CommonImages,
    counted: &Counted,
    side: usize,
) -> Result<Figures> {
    let own = &models[model];
    let (classes, shape) = (common.classes.len(), own.shape());
    let is_counted = counted_mask(counted, common.images.len());
    let mut means = ClassMeans::new(classes, shape);
    let mut grid = GridMaps::new(classes, shape, side);
    for (image, class) in is_counted.iter().enumerate() {
        if let Some(class) = *class {
            let map = own.map(common.images[image].rows[model])?;
            means.push(class, &map).expect("a finite map of its size");
            grid.push(class, &map).expect("a finite map of its size");
        }
    }
    let mut pass = DeviationPass::new(&means);
    let mut deviations = Vec::with_capacity(common.images.len());
    for (image, counted_as) in is_counted.iter().enumerate() {
        let Some(mean) = means.mean(counted.class[image]) else {
            deviations.push(None);
            continue;
        };
        let map = own.map(common.images[image].rows[model])?;
        let deviation = match counted_as {
            Some(class) => pass.push(*class, &map).expect("a class with a mean map"),
            None => Deviation::between(&map, mean).expect("maps of one size"),
        };
        deviations.push(Some(deviation));
    }
    let (squared_l2, l2) = (means.squared_l2(), pass.l2());
    let confusion = confusion(models, model, common);
    let values = [
        Some(confusion.accuracy()),
        Some(confusion.kappa()),
        squared_l2.total().mean(),
        l2.total().mean(),
        grid.squared_l2(),
        grid.l2(),
        grid.chance_corrected(),
    ];
    let by_class = |of: &mitsume::ClassDeviations| -> Vec<Option<f64>> {
        of.per_class.iter().map(|class| class.mean()).collect()
    };
    let grid_squared_l2 = grid.grid_means().means().squared_l2();
    Ok(Figures {
        confusion,
        values,
        counted: squared_l2.total().count,
        squared_l2: by_class(&squared_l2),
        l2: by_class(&l2),
        grid_squared_l2: by_class(&grid_squared_l2),
        deviations,
        means,
    })
}

/// The class as which each image is counted, if it is.
fn counted_mask(counted: &Counted, images: usize) -> Vec<Option<usize>> {
    let mut mask = vec![None; images];
    for (class, images) in counted.classes.iter().enumerate() {
        for image in images {
            mask[*image] = Some(class);
        }
    }
    mask
}

fn confusion(models: &[Model], model: usize, common: &CommonImages) -> ConfusionMatrix {
    let mut confusion = ConfusionMatrix::new(common.classes.len());
    let predictions = common.predictions(models, model);
    for (image, prediction) in common.images.iter().zip(predictions) {
        confusion
            .add(image.label, prediction)
            .expect("classes of the evaluation");
    }
    confusion
}
