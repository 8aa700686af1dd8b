//! Evaluation: accuracy, kappa, cross-entropy and both consistencies.
//!
//! One forward pass per image. Deviations need the class mean maps first, so the maps are spilled
//! to a temporary file and read a second time; memory does not grow with the number of maps.

mod deviations;
mod evaluation_sums;
mod first_pass;
mod forward;
mod group_sums;
mod multi_label;
mod rank;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use mitsume::measures::GridMaps;
use mitsume::{Deviation, MapSpill};
use mitsume_artifacts::{
    Evaluation, EvaluationWriter, ExplainedClass, ImageRow, MapsShape, MapsWriter,
};
use mitsume_data::{Batch, ImageFolder, Skipped};

use crate::evaluation_input::report_more_frames;
use crate::maps::MapOptions;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EngineError, EvaluationInput, Observer, Result, report_other_files};
use deviations::{SecondPass, second_pass};
use evaluation_sums::{EvaluationSums, ImageResult};
use first_pass::{for_each_batch, map_writers};
pub use multi_label::evaluate_multi_label;

use forward::{BatchOutputs, ForwardOptions, explained_class, forward};
use rank::ranks;

/// Options of an evaluation.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvaluateOptions<'a> {
    /// Images per forward pass; 0 for the default of 32.
    pub batch_size: usize,
    /// Whether an unreadable image is an error. Otherwise it is left out and listed.
    pub strict: bool,
    /// Folder to keep the evaluation in, with all its maps, for reports and as a reference.
    pub out: Option<&'a Path>,
    /// Safetensors file to keep maps, labels and predictions in.
    pub cams: Option<&'a Path>,
    /// Measures besides `squared-l2` and `l2`.
    pub measures: Option<MeasureOptions>,
    /// How maps are made.
    pub maps: MapOptions,
    /// Which class's map is computed for each image; `None` for the true class.
    pub explain: Option<&'a ExplainedClass>,
    /// Checked between batches: once it is set, the evaluation ends and nothing of it is kept.
    pub stop: Option<&'a AtomicBool>,
}

impl EvaluateOptions<'_> {
    /// Images per forward pass.
    fn images_per_batch(&self) -> usize {
        match self.batch_size {
            0 => 32,
            images => images,
        }
    }
}

/// Measures besides the two forms of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasureOptions {
    /// Rows and columns of the common grid.
    pub grid: usize,
    /// Whether to also compute the distances and the permutation null, a few milliseconds per
    /// image.
    pub all: bool,
}

/// Permutations of the permutation null: the smallest possible p-value is 1/1000.
pub const PERMUTATIONS: usize = 999;

/// Evaluates a model on a folder of images.
///
/// # Errors
/// An unreadable image with `strict`; a class left without an image; an explained class that the
/// data does not have; files that cannot be written; [`EngineError::Interrupted`].
pub fn evaluate(
    input: &EvaluationInput<'_>,
    options: &EvaluateOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<Evaluation> {
    let explain = options.explain.unwrap_or(&ExplainedClass::Label);
    if let Some(name) = explain.class() {
        explained_class(input, name)?;
    }
    let draft = options.out.map(EvaluationWriter::new).transpose()?;
    report_other_files(input.folder, observer);
    let shape = maps_shape(input);
    let mut writers = map_writers(draft.as_ref(), options, shape)?;
    let mut pass = FirstPass::new(input, options, explain)?;
    first_pass(input, options, &mut pass, &mut writers, observer)?;
    report_more_frames(input.source, observer);
    let images = &pass.images;
    let SecondPass {
        l2,
        deviations,
        measures,
    } = second_pass(
        &mut pass.maps,
        |index| images[index].group,
        &pass.sums.groups.means,
        pass.grid.as_ref(),
        options,
    )?;
    let model = input.model_summary(options.maps);
    let data = input.data_summary(images.len(), &pass.skipped);
    let evaluation = pass.sums.evaluation(model, data, &l2, measures);
    let class_maps = pass.sums.groups.class_maps();
    for writer in writers {
        writer.finish(&class_maps)?;
    }
    if let Some(draft) = draft {
        write_images_and_means(&draft, input, &pass.images, &deviations)?;
        draft.commit(&evaluation)?;
    }
    Ok(evaluation)
}

/// Writes `images.csv` and `class_means.npy`. The probabilities are read back from the maps' file,
/// so that memory does not grow with the number of classes.
fn write_images_and_means(
    draft: &EvaluationWriter,
    input: &EvaluationInput<'_>,
    images: &[ImageResult],
    deviations: &[Option<Deviation>],
) -> Result<()> {
    let maps = draft.finished_maps()?;
    draft.class_means(&maps)?;
    let ranks = ranks(images, deviations);
    let mut table = draft.images(&input.folder.classes)?;
    for (index, image) in images.iter().enumerate() {
        let row = image_row(input, image, deviations[index]);
        table.push(&row, ranks[index], &maps.probabilities(index)?)?;
    }
    Ok(table.finish()?)
}

fn maps_shape(input: &EvaluationInput<'_>) -> MapsShape {
    MapsShape {
        capacity: input.source.len(),
        classes: input.folder.classes.len(),
        cam: input.cam_size(),
    }
}

/// Results of the first pass over the images.
struct FirstPass<'a> {
    sums: EvaluationSums<'a>,
    explain: &'a ExplainedClass,
    images: Vec<ImageResult>,
    maps: MapSpill,
    grid: Option<GridMaps>,
    skipped: Vec<Skipped>,
}

impl<'a> FirstPass<'a> {
    fn new(
        input: &EvaluationInput<'_>,
        options: &EvaluateOptions<'_>,
        explain: &'a ExplainedClass,
    ) -> Result<Self> {
        let shape = maps_shape(input);
        let [h, w] = shape.cam;
        let grid =
            |measures: MeasureOptions| GridMaps::new(shape.classes, shape.cam, measures.grid);
        Ok(Self {
            sums: EvaluationSums::new(shape, input.source.preprocess(), explain),
            explain,
            images: Vec::with_capacity(shape.capacity),
            maps: MapSpill::new(h * w)?,
            grid: options.measures.map(grid),
            skipped: Vec::new(),
        })
    }

    fn add_batch(
        &mut self,
        batch: &Batch,
        outputs: &BatchOutputs,
        writers: &mut [MapsWriter],
    ) -> Result<()> {
        for i in 0..batch.indices.len() {
            let image = self.sums.add(batch, outputs, i)?;
            let map = outputs.map(i);
            self.maps.push(map)?;
            if image.group.counted
                && let Some(grid) = &mut self.grid
            {
                grid.push(image.group.class, map)?;
            }
            for writer in &mut *writers {
                let probabilities = outputs.probabilities(i);
                writer.push(map, image.label, image.prediction, probabilities)?;
            }
            self.images.push(image);
        }
        Ok(())
    }
}

fn first_pass(
    input: &EvaluationInput<'_>,
    options: &EvaluateOptions<'_>,
    pass: &mut FirstPass<'_>,
    writers: &mut [MapsWriter],
    observer: &mut Observer<'_>,
) -> Result<()> {
    let surroundings = SurroundingsEvaluator::new(input.cam_size(), input.source.preprocess());
    let forward_options = ForwardOptions {
        maps: options.maps,
        explain: pass.explain,
        surroundings: &surroundings,
    };
    pass.skipped = for_each_batch(input, options, observer, |batch| {
        let outputs = forward(input, batch, &forward_options)?;
        pass.add_batch(batch, &outputs, writers)
    })?;
    refuse_empty_classes(input.folder, pass)
}

fn refuse_empty_classes(folder: &ImageFolder, pass: &FirstPass<'_>) -> Result<()> {
    for class in 0..folder.classes.len() {
        if !pass.images.iter().any(|image| image.label == class) {
            let reason = pass
                .skipped
                .iter()
                .find(|skipped| {
                    let mut samples = folder.samples.iter();
                    samples.any(|sample| sample.class == class && sample.path == skipped.path)
                })
                .map(|skipped| format!(": {}: {}", skipped.path.display(), skipped.reason))
                .unwrap_or_default();
            let place = folder.class_place(class);
            return Err(EngineError::Request(match folder.listed {
                true => format!("{place}: no image can be read{reason}"),
                false => format!("{place}: no image of this class folder can be read{reason}"),
            }));
        }
    }
    Ok(())
}

fn image_row(
    input: &EvaluationInput<'_>,
    image: &ImageResult,
    deviation: Option<Deviation>,
) -> ImageRow {
    ImageRow {
        path: input.relative(&input.folder.samples[image.index].path),
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
