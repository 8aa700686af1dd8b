//! Merges shards into the evaluation that one process would have made.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume_artifacts::{
    DataSummary, Evaluation, EvaluationDir, EvaluationWriter, Lock, MapsShape, Shard, ShardFile,
    ShardPlan, ShardedEvaluation, ShardsDir,
};

use super::super::evaluation_sums::ImageOutputs;
use super::super::first_pass::map_writers;
use super::super::image_sums::mean_image;
use super::super::passes::{Described, FirstPass};
use super::super::{EvaluateOptions, MeasureOptions};
use crate::{EngineError, Event, Observer, Result};

/// Commands that a message lists.
const LISTED: usize = 8;

/// Options of a merge.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeOptions<'a> {
    /// Safetensors file to keep maps, labels and predictions in.
    pub cams: Option<&'a Path>,
    /// Checked between images: once it is set, the merge ends and the shards are as they were.
    pub stop: Option<&'a AtomicBool>,
}

/// Merges the shards in `dir` into an evaluation there, and removes them. An evaluation that is
/// merged already is read.
///
/// # Errors
/// A shard that is missing, damaged, or of another evaluation; a class without a readable image;
/// files that cannot be written; [`EngineError::Interrupted`].
pub fn merge_shards(
    dir: &Path,
    options: &MergeOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<Evaluation> {
    let dir = ShardsDir::new(dir);
    let root = dir.root().display();
    let Some(plan) = dir.plan()? else {
        return Err(EngineError::Request(format!(
            "{root}: no shards here (no shards.json): mitsume eval --shard 1/N --out {root} makes the first"
        )));
    };
    if dir.is_merged() {
        return merged(&dir, options);
    }
    refuse_missing(&dir, &plan)?;
    let Some(_lock) = Lock::acquire(&dir.merge_lock())? else {
        return Err(EngineError::Failed(format!(
            "{root}: another process merges these shards"
        )));
    };
    // Another process may have merged them since.
    if dir.is_merged() {
        return merged(&dir, options);
    }
    let shards = open_all(&dir, &plan, observer)?;
    report_mixed_processors(&shards, observer);
    let evaluation = merge(&dir, &plan, &shards, options, observer)?;
    drop(shards);
    dir.remove_files()?;
    Ok(evaluation)
}

fn merged(dir: &ShardsDir, options: &MergeOptions<'_>) -> Result<Evaluation> {
    if let Some(cams) = options.cams {
        return Err(EngineError::Request(format!(
            "--cams {}: {} is merged already; its maps.safetensors has the maps",
            cams.display(),
            dir.root().display()
        )));
    }
    // A merge that was killed at its very end leaves them.
    dir.remove_files()?;
    Ok(EvaluationDir::new(dir.root()).summary()?)
}

fn refuse_missing(dir: &ShardsDir, plan: &ShardPlan) -> Result<()> {
    let shards = plan.evaluation.shards;
    if let Some(other) = dir.other_file(shards) {
        return Err(EngineError::Request(format!(
            "{}: another number of shards than the {shards} of {}: remove it, or name another folder",
            other.display(),
            dir.plan_path().display()
        )));
    }
    let missing: Vec<Shard> = Shard::all(shards)
        .filter(|shard| !dir.file(*shard).is_file())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let commands = missing.iter().take(LISTED);
    let commands: Vec<String> = commands
        .map(|shard| {
            let elsewhere = match Lock::is_held(&dir.lock(*shard)) {
                true => "    (a process works on it)",
                false => "",
            };
            format!("  {}{elsewhere}", plan.command_of(*shard))
        })
        .collect();
    let more = match missing.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    Err(EngineError::Request(format!(
        "{}: {} of {shards} shards are missing; made by\n{}{more}",
        dir.root().display(),
        missing.len(),
        commands.join("\n")
    )))
}

/// Opens and verifies every shard.
fn open_all(
    dir: &ShardsDir,
    plan: &ShardPlan,
    observer: &mut Observer<'_>,
) -> Result<Vec<ShardFile>> {
    let of = plan.evaluation.shards;
    let mut files = Vec::with_capacity(of);
    for shard in Shard::all(of) {
        let path = dir.file(shard);
        let opened = ShardFile::open(&path).and_then(|file| {
            file.verify()?;
            Ok(file)
        });
        let file = opened.map_err(|error| {
            EngineError::Request(format!(
                "{error}; made again by\n  {}",
                plan.command_of(shard)
            ))
        })?;
        refuse_other(&file, &path, shard, &plan.evaluation)?;
        files.push(file);
        observer(Event::CheckingShards {
            done: shard.number(),
            total: of,
        });
    }
    Ok(files)
}

/// Refuses a file that is not this shard of this evaluation.
pub(super) fn refuse_other(
    file: &ShardFile,
    path: &Path,
    shard: Shard,
    evaluation: &ShardedEvaluation,
) -> Result<()> {
    let path = path.display();
    let record = file.record();
    if let Some(difference) = record.evaluation.difference(evaluation) {
        return Err(EngineError::Request(format!(
            "{path}: {difference} in shards.json: remove it, or name another folder"
        )));
    }
    let images = shard.images(evaluation.data.images, evaluation.options.batch_size);
    let shape = file.shape();
    if record.shard == shard.number()
        && shape.images == images.len()
        && shape.classes == evaluation.data.classes
    {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "{path}: holds shard {} with {} images, not {shard} with {}: remove it",
        record.shard,
        shape.images,
        images.len()
    )))
}

/// Reports shards from processors whose results may differ in the last digits.
fn report_mixed_processors(shards: &[ShardFile], observer: &mut Observer<'_>) {
    let Some(first) = shards.first() else {
        return;
    };
    let other = shards
        .iter()
        .find(|shard| shard.record().cpu.rounds_differently(&first.record().cpu));
    if let Some(other) = other {
        observer(Event::MixedProcessors {
            shards: [first, other].map(|shard| shard.record().shard),
            processors: [first, other].map(|shard| shard.record().cpu.model.clone()),
        });
    }
}

fn merge(
    dir: &ShardsDir,
    plan: &ShardPlan,
    shards: &[ShardFile],
    options: &MergeOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<Evaluation> {
    let evaluation = &plan.evaluation;
    let measures = evaluation.options.measures.map(|measures| MeasureOptions {
        grid: measures.grid,
        all: measures.all,
    });
    let options = EvaluateOptions {
        out: Some(dir.root()),
        cams: options.cams,
        stop: options.stop,
        measures,
        ..EvaluateOptions::default()
    };
    let shape = MapsShape {
        capacity: evaluation.data.images,
        classes: evaluation.data.classes,
        cam: evaluation.model.cam_size,
    };
    let draft = EvaluationWriter::beside_shards(dir.root())?;
    let writers = map_writers(Some(&draft), &options, shape)?;
    let mut pass = FirstPass::new(shape, &options, &evaluation.model.explain, writers)?;
    first_pass(shards, &options, &mut pass, observer)?;
    if let Some(class) = pass.empty_class() {
        return Err(empty_class(shards, class));
    }
    let image = evaluation.options.image;
    let paths: Vec<&String> = shards
        .iter()
        .flat_map(|shard| &shard.record().paths)
        .collect();
    let described = Described {
        model: evaluation.model.clone(),
        data: data_summary(shards),
        path: &|index| paths[index].clone(),
        image,
        mean_image: &mut |class, count| {
            Ok(mean_image(
                image_sum(shards, class)?.as_deref(),
                count,
                image,
            ))
        },
    };
    let evaluation = pass.conclude(described, Some(&draft), &options)?;
    draft.commit_beside_shards(&evaluation)?;
    Ok(evaluation)
}

/// Adds the images of all shards, in order.
fn first_pass(
    shards: &[ShardFile],
    options: &EvaluateOptions<'_>,
    pass: &mut FirstPass<'_>,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let total = shards.iter().map(|shard| shard.shape().images).sum();
    let mut index = 0;
    for shard in shards {
        for position in 0..shard.shape().images {
            if let Some(image) = shard.image(position)? {
                pass.add(&ImageOutputs {
                    index,
                    label: image.label,
                    prediction: image.prediction,
                    cross_entropy: image.cross_entropy,
                    probabilities: &image.probabilities,
                    map: &image.map,
                    surroundings: image.surroundings,
                })?;
            }
            index += 1;
            if options
                .stop
                .is_some_and(|stop| stop.load(Ordering::Relaxed))
            {
                return Err(EngineError::Interrupted);
            }
        }
        observer(Event::Merging { done: index, total });
    }
    Ok(())
}

/// The sum of a class's images over all shards. Such sums are exact, so their order does not matter.
fn image_sum(
    shards: &[ShardFile],
    class: usize,
) -> std::result::Result<Option<Vec<f64>>, mitsume_artifacts::ArtifactError> {
    let mut total: Option<Vec<f64>> = None;
    for shard in shards {
        let Some(sum) = shard.image_sum(class)? else {
            continue;
        };
        match &mut total {
            Some(total) => total
                .iter_mut()
                .zip(&sum)
                .for_each(|(total, sum)| *total += sum),
            None => total = Some(sum),
        }
    }
    Ok(total)
}

/// The data of all shards; folder, classes and other files are those of the first.
fn data_summary(shards: &[ShardFile]) -> DataSummary {
    let records = || shards.iter().map(|shard| &shard.record().data);
    let first = records().next().expect("there is at least one shard");
    DataSummary {
        images: records().map(|data| data.images).sum(),
        skipped: records().flat_map(|data| data.skipped.clone()).collect(),
        ..first.clone()
    }
}

/// The error of a class without a readable image.
fn empty_class(shards: &[ShardFile], class: usize) -> EngineError {
    let data = data_summary(shards);
    let unread = shards.iter().flat_map(|shard| {
        let images = (0..shard.shape().images).filter(|image| !shard.is_read(*image));
        let labels = images.map(|image| shard.labels()[image]);
        let record = shard.record();
        labels.zip(record.data.skipped.iter().zip(&record.reasons))
    });
    let reason = unread
        .filter(|(label, _)| *label == class)
        .map(|(_, (path, reason))| format!(": {path}: {reason}"))
        .next()
        .unwrap_or_default();
    let name = &data.classes[class];
    let place = match &data.list {
        Some(list) => format!("{list}, label {name}"),
        None => Path::new(&data.root).join(name).display().to_string(),
    };
    EngineError::empty_class(&place, data.list.is_some(), &reason)
}
