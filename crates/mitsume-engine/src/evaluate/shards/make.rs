//! Evaluates one shard.

use std::path::Path;

use mitsume_artifacts::{
    ExplainedClass, Lock, Shard, ShardFile, ShardImage, ShardPlan, ShardRecord, ShardShape,
    ShardWriter, ShardsDir,
};
use mitsume_data::Skipped;

use super::super::evaluation_sums::ImageOutputs;
use super::super::first_pass::for_each_batch;
use super::super::forward::{ForwardOptions, explained_class, forward};
use super::super::image_sums::{ImageSums, image_shape};
use super::super::{EvaluateOptions, maps_shape};
use crate::evaluation_input::report_more_frames;
use crate::processor::processor;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EvaluationInput, Event, Observer, Result, report_other_files};

/// Which shard, of which evaluation.
#[derive(Clone, Copy, Debug)]
pub struct ShardRequest<'a> {
    /// The folder of the evaluation.
    pub dir: &'a Path,
    /// The shard.
    pub shard: Shard,
    /// What all shards have in common.
    pub plan: &'a ShardPlan,
}

/// What became of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardOutcome {
    /// Evaluated by this call.
    Finished,
    /// Evaluated before.
    AlreadyFinished,
    /// The evaluation is merged, so that no shard is needed any more.
    AlreadyMerged,
    /// Another process evaluates it.
    LockedElsewhere,
}

/// Evaluates a shard, if that was not done before, and leaves its file. `options.out` and
/// `options.cams` have no effect.
///
/// # Errors
/// As [`evaluate`](crate::evaluate), except that a class may be without an image; shards of another
/// evaluation in the folder.
pub fn evaluate_shard(
    input: &EvaluationInput<'_>,
    request: &ShardRequest<'_>,
    options: &EvaluateOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<ShardOutcome> {
    let dir = ShardsDir::new(request.dir);
    dir.begin(request.plan)?;
    if dir.is_merged() {
        return Ok(ShardOutcome::AlreadyMerged);
    }
    let files = dir.files();
    std::fs::create_dir_all(&files).map_err(|error| {
        mitsume_artifacts::ArtifactError::io(mitsume_artifacts::Action::Create, &files, error)
    })?;
    let Some(_lock) = Lock::acquire(&dir.lock(request.shard))? else {
        return Ok(ShardOutcome::LockedElsewhere);
    };
    if is_finished(&dir, request, observer)? {
        return Ok(ShardOutcome::AlreadyFinished);
    }
    if request.shard.number() == 1 {
        report_other_files(input.folder, observer);
    }
    make(input, &dir, request, options, observer)?;
    report_more_frames(input.source, observer);
    Ok(ShardOutcome::Finished)
}

/// Whether the shard's file is there and whole; one that is damaged is reported.
fn is_finished(
    dir: &ShardsDir,
    request: &ShardRequest<'_>,
    observer: &mut Observer<'_>,
) -> Result<bool> {
    let path = dir.file(request.shard);
    if !path.exists() {
        return Ok(false);
    }
    let checked = ShardFile::open(&path).and_then(|file| {
        file.verify()?;
        Ok(file)
    });
    match checked {
        Ok(file) => {
            super::merge::refuse_other(&file, &path, request.shard, &request.plan.evaluation)?;
            Ok(true)
        }
        Err(error) => {
            observer(Event::ShardDamaged(error.to_string()));
            Ok(false)
        }
    }
}

fn make(
    input: &EvaluationInput<'_>,
    dir: &ShardsDir,
    request: &ShardRequest<'_>,
    options: &EvaluateOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let explain = options.explain.unwrap_or(&ExplainedClass::Label);
    if let Some(name) = explain.class() {
        explained_class(input, name)?;
    }
    let preprocess = input.source.preprocess();
    let images = request
        .shard
        .images(input.source.len(), options.images_per_batch());
    let surroundings = SurroundingsEvaluator::new(input.cam_size(), preprocess);
    let forward_options = ForwardOptions {
        maps: options.maps,
        explain,
        surroundings: &surroundings,
    };
    let shape = ShardShape {
        images: images.len(),
        classes: input.folder.classes.len(),
        cam: maps_shape(input).cam,
        image: image_shape(preprocess),
    };
    let mut pass = ShardPass {
        input,
        first: images.start,
        writer: ShardWriter::create(&dir.file(request.shard), shape)?,
        sums: ImageSums::new(shape.classes, preprocess),
    };
    let skipped = for_each_batch(input, options, images.clone(), observer, |batch| {
        let outputs = forward(input, batch, &forward_options)?;
        for i in 0..batch.indices.len() {
            let image = outputs.image(batch, i);
            pass.add(&image)?;
            let group = explain.group(image.label, image.prediction);
            if group.counted {
                pass.sums.add(group.class, &batch.images, i)?;
            }
        }
        Ok(())
    })?;
    pass.skip_to(images.end)?;
    pass.finish(request, images, &skipped)
}

/// A shard so far.
struct ShardPass<'a> {
    input: &'a EvaluationInput<'a>,
    /// Position of the first image in the data set.
    first: usize,
    writer: ShardWriter,
    sums: ImageSums,
}

impl ShardPass<'_> {
    fn add(&mut self, image: &ImageOutputs<'_>) -> Result<()> {
        self.skip_to(image.index)?;
        Ok(self.writer.push(&ShardImage {
            label: image.label,
            prediction: image.prediction,
            cross_entropy: image.cross_entropy,
            surroundings: image.surroundings,
            map: image.map.to_vec(),
            probabilities: image.probabilities.to_vec(),
        })?)
    }

    /// The images before `index` that were not added cannot be read.
    fn skip_to(&mut self, index: usize) -> Result<()> {
        while self.first + self.writer.len() < index {
            let image = self.first + self.writer.len();
            self.writer
                .push_unread(self.input.folder.samples[image].class)?;
        }
        Ok(())
    }

    fn finish(
        mut self,
        request: &ShardRequest<'_>,
        images: std::ops::Range<usize>,
        skipped: &[Skipped],
    ) -> Result<()> {
        let input = self.input;
        let read = images.len() - skipped.len();
        let samples = &input.folder.samples[images];
        let record = ShardRecord {
            evaluation: request.plan.evaluation.clone(),
            shard: request.shard.number(),
            data: input.data_summary(read, skipped),
            reasons: skipped.iter().map(|one| one.reason.clone()).collect(),
            paths: samples
                .iter()
                .map(|sample| input.relative(&sample.path))
                .collect(),
            cpu: processor(),
        };
        let classes = self.sums.classes();
        let sums = &mut self.sums;
        Ok(self.writer.finish(&record, &classes, &mut |class| {
            Ok(sums.sum(class)?.unwrap_or_default())
        })?)
    }
}
