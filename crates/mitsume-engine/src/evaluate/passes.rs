//! The two passes over the maps of an evaluation, and what is written at their end.
//!
//! Images come in the order of the data set, from the network or from stored shards; every sum is
//! in this order, so that both give the same bits.

use mitsume::measures::GridMaps;
use mitsume::{Deviation, MapSpill};
use mitsume_artifacts::{
    DataSummary, Evaluation, EvaluationWriter, ExplainedClass, GroupMembership, ImageRow,
    MapsShape, MapsWriter, ModelSummary,
};

use super::EvaluateOptions;
use super::deviations::{SecondPass, second_pass};
use super::evaluation_sums::{EvaluationSums, ImageOutputs, ImageResult};
use super::first_pass::write_class_maps;
use super::rank::ranks;
use crate::Result;

/// The first pass so far.
pub(super) struct FirstPass<'a> {
    sums: EvaluationSums<'a>,
    explain: &'a ExplainedClass,
    images: Vec<ImageResult>,
    classes_seen: Vec<bool>,
    maps: MapSpill,
    grid: Option<GridMaps>,
    writers: Vec<MapsWriter>,
}

/// What the results are described with, and the mean images.
pub(super) struct Described<'a> {
    pub model: ModelSummary,
    pub data: DataSummary,
    /// The relative path of the image at a position of the data set.
    pub path: &'a dyn Fn(usize) -> String,
    /// [C, H, W] of a mean image.
    pub image: [usize; 3],
    /// The mean image of a class with so many counted images.
    pub mean_image: &'a mut dyn FnMut(usize, u64) -> mitsume_artifacts::Result<Vec<f32>>,
}

impl<'a> FirstPass<'a> {
    pub fn new(
        shape: MapsShape,
        options: &EvaluateOptions<'_>,
        explain: &'a ExplainedClass,
        writers: Vec<MapsWriter>,
    ) -> Result<Self> {
        let [h, w] = shape.cam;
        let grid = options
            .measures
            .map(|measures| GridMaps::new(shape.classes, shape.cam, measures.grid));
        Ok(Self {
            sums: EvaluationSums::new(shape, explain),
            explain,
            images: Vec::with_capacity(shape.capacity),
            classes_seen: vec![false; shape.classes],
            maps: MapSpill::new(h * w)?,
            grid,
            writers,
        })
    }

    /// Which class's maps these are.
    pub fn explain(&self) -> &'a ExplainedClass {
        self.explain
    }

    /// Number of images added.
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// The first class without an image, if there is one.
    pub fn empty_class(&self) -> Option<usize> {
        self.classes_seen.iter().position(|seen| !seen)
    }

    /// Adds the next image, and returns its group.
    ///
    /// # Errors
    /// Values that are not finite; files that cannot be written.
    pub fn add(&mut self, image: &ImageOutputs<'_>) -> Result<GroupMembership> {
        let result = self.sums.add(image)?;
        self.maps.push(image.map)?;
        if result.group.counted
            && let Some(grid) = &mut self.grid
        {
            grid.push(result.group.class, image.map)?;
        }
        for writer in &mut self.writers {
            writer.push(
                image.map,
                image.label,
                image.prediction,
                image.probabilities,
            )?;
        }
        self.classes_seen[image.label] = true;
        self.images.push(result);
        Ok(result.group)
    }

    /// The second pass, and all files but `eval.json`.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn conclude(
        mut self,
        described: Described<'_>,
        draft: Option<&EvaluationWriter>,
        options: &EvaluateOptions<'_>,
    ) -> Result<Evaluation> {
        let (images, groups) = (&self.images, &self.sums.groups);
        let SecondPass {
            l2,
            deviations,
            measures,
        } = second_pass(
            &mut self.maps,
            |index| images[index].group,
            &groups.means,
            self.grid.as_ref(),
            options,
        )?;
        write_class_maps(self.writers, groups, described.image, described.mean_image)?;
        if let Some(draft) = draft {
            let classes = &described.data.classes;
            write_images_and_means(draft, classes, described.path, images, &deviations)?;
        }
        let (model, data) = (described.model, described.data);
        Ok(self.sums.evaluation(model, data, &l2, measures))
    }
}

/// Writes `images.csv` and `class_means.npy`. The probabilities are read back from the maps' file,
/// so that memory does not grow with the number of classes.
fn write_images_and_means(
    draft: &EvaluationWriter,
    classes: &[String],
    path: &dyn Fn(usize) -> String,
    images: &[ImageResult],
    deviations: &[Option<Deviation>],
) -> Result<()> {
    let maps = draft.finished_maps()?;
    draft.class_means(&maps)?;
    let ranks = ranks(images, deviations);
    let mut table = draft.images(classes)?;
    for (index, image) in images.iter().enumerate() {
        let row = image_row(path(image.index), image, deviations[index]);
        table.push(&row, ranks[index], &maps.probabilities(index)?)?;
    }
    Ok(table.finish()?)
}

fn image_row(path: String, image: &ImageResult, deviation: Option<Deviation>) -> ImageRow {
    ImageRow {
        path,
        label: image.label,
        prediction: image.prediction,
        correct: image.label == image.prediction,
        probability: f64::from(image.probability),
        probability_label: f64::from(image.probability_label),
        squared_l2: deviation.map(|deviation| deviation.squared_l2),
        l2: deviation.map(|deviation| deviation.l2),
        border_mass: image.surroundings.map(|found| found.border.mass),
        background_mass: image.surroundings.map(|found| found.background.mass),
        background_area: image.surroundings.map(|found| found.background.area),
    }
}
