//! What all shards of an evaluation have in common.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mitsume_artifacts::{
    ExplainedClass, ModelSummary, ShardMeasures, ShardOptions, ShardPlan, ShardedData,
    ShardedEvaluation,
};
use sha2::{Digest, Sha256};

use super::super::EvaluateOptions;
use super::super::image_sums::image_shape;
use crate::{EngineError, EvaluationInput, Result, sha256};

/// What a plan holds that neither images nor options tell.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// Number of shards.
    pub shards: usize,
    /// Hash of the model's files ([`files_sha256`]).
    pub model_sha256: String,
    /// The device, as given to `--device`.
    pub device: String,
    /// What else was asked of the model, by option.
    pub more: BTreeMap<String, String>,
    /// The command that makes a shard, without `--shard`.
    pub command: String,
}

/// The plan of an evaluation in shards.
///
/// # Errors
/// More shards than batches of images.
pub fn shard_plan(
    input: &EvaluationInput<'_>,
    options: &EvaluateOptions<'_>,
    request: PlanRequest,
) -> Result<ShardPlan> {
    let (images, batch_size) = (input.source.len(), options.images_per_batch());
    let batches = images.div_ceil(batch_size);
    if request.shards > batches {
        return Err(EngineError::Request(format!(
            "{} shards: {}: {images} images are {batches} batches of {batch_size} (--batch-size), and a \
             shard is whole batches: at most {batches} shards",
            request.shards,
            input.folder.named.display()
        )));
    }
    let preprocess = input.source.preprocess();
    let measures = options.measures.map(|measures| ShardMeasures {
        grid: measures.grid,
        all: measures.all,
    });
    let explain = options.explain.cloned().unwrap_or(ExplainedClass::Label);
    let evaluation = ShardedEvaluation {
        format: ShardedEvaluation::FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        shards: request.shards,
        model_sha256: request.model_sha256,
        model: ModelSummary {
            explain,
            ..input.model_summary(options.maps)
        },
        data: ShardedData {
            images,
            classes: input.folder.classes.len(),
            list_sha256: list_sha256(input),
        },
        options: ShardOptions {
            batch_size,
            measures,
            strict: options.strict,
            device: request.device,
            image: image_shape(preprocess),
            transform: preprocess.transform,
            more: request.more,
        },
    };
    Ok(ShardPlan {
        evaluation,
        command: request.command,
    })
}

/// Hash of the names of classes and images with their labels, in order. The same on every machine
/// that has the same folder, wherever it is.
fn list_sha256(input: &EvaluationInput<'_>) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    input.folder.classes.iter().for_each(|class| add(class));
    for sample in &input.folder.samples {
        add(&input.relative(&sample.path));
        add(&sample.class.to_string());
    }
    sha256::hex(hasher)
}

/// SHA-256 of the contents of files, one after the other, in hexadecimal.
///
/// # Errors
/// A file that cannot be read.
pub fn files_sha256(paths: &[PathBuf]) -> Result<String> {
    let mut hasher = Sha256::new();
    for path in paths {
        let fail = |error| EngineError::Request(format!("{}: {error}", path.display()));
        let length = sha256::add_file(&mut hasher, path).map_err(fail)?;
        hasher.update(length.to_le_bytes());
    }
    Ok(sha256::hex(hasher))
}
