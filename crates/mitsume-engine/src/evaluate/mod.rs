//! Evaluation: accuracy, kappa, cross-entropy and both consistencies.
//!
//! One forward pass per image. Deviations need the class mean maps first, so the maps are spilled
//! to a temporary file and read a second time; memory does not grow with the number of maps.

mod deviations;
mod evaluation_sums;
mod first_pass;
mod forward;
mod group_sums;
mod image_sums;
mod multi_label;
mod passes;
mod rank;
mod shards;
mod sum_store;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use mitsume_artifacts::{Evaluation, EvaluationWriter, ExplainedClass, MapsShape};
use mitsume_data::{ImageFolder, Skipped};

use crate::evaluation_input::report_more_frames;
use crate::maps::MapOptions;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EngineError, EvaluationInput, Observer, Result, report_other_files};
use first_pass::{for_each_batch, map_writers};
use forward::{ForwardOptions, explained_class, forward};
use image_sums::ImageSums;
pub use multi_label::evaluate_multi_label;
use passes::{Described, FirstPass};
pub use shards::{
    MergeOptions, PlanRequest, ShardOutcome, ShardRequest, evaluate_shard, files_sha256,
    merge_shards, shard_plan,
};

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
    let writers = map_writers(draft.as_ref(), options, shape)?;
    let mut pass = FirstPass::new(shape, options, explain, writers)?;
    let (mut image_sums, skipped) = first_pass(input, options, &mut pass, observer)?;
    report_more_frames(input.source, observer);
    let described = Described {
        model: input.model_summary(options.maps),
        data: input.data_summary(pass.images(), &skipped),
        path: &|index| input.relative(&input.folder.samples[index].path),
        image: image_sums.image(),
        mean_image: &mut |class, count| image_sums.mean(class, count),
    };
    let evaluation = pass.conclude(described, draft.as_ref(), options)?;
    if let Some(draft) = draft {
        draft.commit(&evaluation)?;
    }
    Ok(evaluation)
}

fn maps_shape(input: &EvaluationInput<'_>) -> MapsShape {
    MapsShape {
        capacity: input.source.len(),
        classes: input.folder.classes.len(),
        cam: input.cam_size(),
    }
}

/// Runs all images through the network.
fn first_pass(
    input: &EvaluationInput<'_>,
    options: &EvaluateOptions<'_>,
    pass: &mut FirstPass<'_>,
    observer: &mut Observer<'_>,
) -> Result<(ImageSums, Vec<Skipped>)> {
    let preprocess = input.source.preprocess();
    let surroundings = SurroundingsEvaluator::new(input.cam_size(), preprocess);
    let forward_options = ForwardOptions {
        maps: options.maps,
        explain: pass.explain(),
        surroundings: &surroundings,
    };
    let mut image_sums = ImageSums::new(input.folder.classes.len(), preprocess);
    let all = 0..input.source.len();
    let skipped = for_each_batch(input, options, all, observer, |batch| {
        let outputs = forward(input, batch, &forward_options)?;
        for i in 0..batch.indices.len() {
            let group = pass.add(&outputs.image(batch, i))?;
            if group.counted {
                image_sums.add(group.class, &batch.images, i)?;
            }
        }
        Ok(())
    })?;
    if let Some(class) = pass.empty_class() {
        return Err(empty_class(input.folder, class, &skipped));
    }
    Ok((image_sums, skipped))
}

/// The error of a class without a readable image.
fn empty_class(folder: &ImageFolder, class: usize, skipped: &[Skipped]) -> EngineError {
    let of_class = |skipped: &&Skipped| {
        let mut samples = folder.samples.iter();
        samples.any(|sample| sample.class == class && sample.path == skipped.path)
    };
    let reason = skipped
        .iter()
        .find(of_class)
        .map(|skipped| format!(": {}: {}", skipped.path.display(), skipped.reason))
        .unwrap_or_default();
    EngineError::empty_class(&folder.class_place(class), folder.listed, &reason)
}
