//! `mitsume eval --shard` and `--merge`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;
use mitsume_artifacts::{Evaluation, Shard, ShardPlan, ShardsDir};
use mitsume_engine::{
    EngineError, EvaluateOptions, EvaluationInput, MergeOptions, PlanRequest, ShardOutcome,
    ShardRequest, evaluate_shard, files_sha256, merge_shards, shard_plan, shell_argument,
    shell_word,
};
use mitsume_locale::{Language, text};

use super::model::OpenedModel;
use super::output;
use crate::args::{EvalArgs, ImageArgs, ModelArgs};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;

/// A refusal of shards where one process evaluates all images.
pub fn refuse(args: &EvalArgs) -> Result {
    let flag = match (args.shards.shard, args.shards.shards) {
        (None, None) => return Ok(()),
        (Some(_), _) => "--shard",
        (None, Some(_)) => "--shards",
    };
    Err(Failure::Request(format!(
        "{flag}: the evaluation of a multi-label model is made by one process: leave {flag} out"
    )))
}

/// Evaluates one shard.
pub fn run_shard(
    shard: Shard,
    plan: &ShardPlan,
    (input, options): (&EvaluationInput<'_>, &EvaluateOptions<'_>),
    args: &EvalArgs,
    console: Console,
) -> Result {
    let request = ShardRequest {
        dir: out(args)?,
        shard,
        plan,
    };
    let outcome = make(&request, (input, options), console).map_err(|error| match error {
        EngineError::Interrupted => Failure::Interrupted(text!(
            console.language,
            "command-shard-interrupted",
            command = plan.command_of(shard)
        )),
        error => error.into(),
    })?;
    let (state, note) = state_and_note(outcome, &request, console.language)?;
    console.note(&note);
    match args.json {
        true => output::json(&serde_json::json!({ "shard": shard.to_string(), "state": state })),
        false => Ok(()),
    }
}

/// What became of a shard, for `--json` and in a sentence.
fn state_and_note(
    outcome: ShardOutcome,
    request: &ShardRequest<'_>,
    language: Language,
) -> Result<(&'static str, String)> {
    let dir = request.dir.display().to_string();
    let name = request.shard.to_string();
    let shard = name.as_str();
    Ok(match outcome {
        ShardOutcome::Finished => {
            let command = format!("mitsume eval --merge {}", shell_word(request.dir));
            let note = match missing(request.dir, request.shard.of()) {
                0 => text!(
                    language,
                    "command-shards-complete",
                    shard = shard,
                    command = command
                ),
                left => text!(language, "command-shard-done", shard = shard, left = left),
            };
            ("finished", note)
        }
        ShardOutcome::AlreadyFinished => (
            "already-finished",
            text!(language, "command-shard-was-done", shard = shard, dir = dir),
        ),
        ShardOutcome::AlreadyMerged => (
            "already-merged",
            text!(language, "command-shards-were-merged", dir = dir),
        ),
        ShardOutcome::LockedElsewhere => {
            return Err(Failure::Work(format!(
                "shard {name} of {dir}: another process works on it"
            )));
        }
    })
}

/// Evaluates a shard, with its progress.
pub fn make(
    request: &ShardRequest<'_>,
    (input, options): (&EvaluationInput<'_>, &EvaluateOptions<'_>),
    console: Console,
) -> mitsume_engine::Result<ShardOutcome> {
    let mut progress = Progress::new(console);
    let outcome = evaluate_shard(input, request, options, &mut |event| progress.show(event));
    progress.finish();
    outcome
}

/// Number of shards without a file.
pub fn missing(dir: &Path, of: usize) -> usize {
    let dir = ShardsDir::new(dir);
    Shard::all(of)
        .filter(|shard| !dir.file(*shard).is_file())
        .count()
}

/// Merges the shards in `dir`; `stop` ends it.
pub fn merge(
    dir: &Path,
    args: &EvalArgs,
    stop: &AtomicBool,
    console: Console,
) -> Result<Evaluation> {
    let options = MergeOptions {
        cams: args.cams.as_deref(),
        stop: Some(stop),
    };
    let mut progress = Progress::new(console);
    let merged = merge_shards(dir, &options, &mut |event| progress.show(event));
    progress.finish();
    merged.map_err(|error| match error {
        EngineError::Interrupted => {
            Failure::Interrupted(text!(console.language, "command-merge-interrupted"))
        }
        error => error.into(),
    })
}

/// The folder of the shards.
pub fn out(args: &EvalArgs) -> Result<&Path> {
    let out = args.out.as_deref();
    out.ok_or_else(|| Failure::Request("--out: which folder for the shards?".into()))
}

/// The plan of `shards` shards of the evaluation that was asked for.
pub fn plan(
    shards: usize,
    model: &OpenedModel,
    (input, options): (&EvaluationInput<'_>, &EvaluateOptions<'_>),
    args: &EvalArgs,
    device: &str,
) -> Result<ShardPlan> {
    let mut more = BTreeMap::new();
    if let Some(layout) = args.model.layout {
        more.insert("layout".to_owned(), layout.name().to_owned());
    }
    if let Some([rows, columns]) = args.model.token_grid {
        more.insert("token_grid".to_owned(), format!("{rows}x{columns}"));
    }
    if let Some(classes) = &args.model.classes {
        let hash = files_sha256(std::slice::from_ref(classes))?;
        more.insert("classes_sha256".to_owned(), hash);
    }
    let request = PlanRequest {
        shards,
        model_sha256: files_sha256(&model.files()?)?,
        device: device.to_owned(),
        more,
        command: format!(
            "mitsume {}",
            command_line(args, args.device.device.as_deref(), args.threads.threads)
        ),
    };
    Ok(shard_plan(input, options, request)?)
}

/// The command without what names shards, language and verbosity, as words of a shell, with this device
/// and number of threads.
pub fn command_line(args: &EvalArgs, device: Option<&str>, threads: Option<u16>) -> String {
    let EvalArgs {
        model,
        data,
        task,
        threshold,
        explain,
        cams: _,
        out,
        measures,
        grid,
        json: _,
        strict,
        batch_size,
        shards: _,
        device: _,
        threads: _,
    } = args;
    let mut words = Words::new("eval");
    model_words(model, &mut words);
    words.path("--data", data.as_deref());
    words.option("--task", task.map(name_of));
    words.option("--threshold", *threshold);
    words.option("--explain", explain.as_ref());
    words.path("--out", out.as_deref());
    words.option("--measures", Some(name_of(*measures)));
    words.option("--grid", Some(grid));
    words.flag("--strict", *strict);
    words.option("--batch-size", Some(batch_size));
    words.option("--device", device);
    words.option("--threads", threads);
    words.0
}

fn model_words(args: &ModelArgs, words: &mut Words) {
    let ModelArgs {
        model,
        run,
        weights,
        method,
        flip,
        target_layer,
        layout,
        token_grid,
        classes,
        precision,
        images,
    } = args;
    words.option("--model", model.as_ref());
    words.path("--run", run.as_deref());
    words.path("--weights", weights.as_deref());
    words.option("--method", Some(method));
    words.flag("--flip", *flip);
    for layer in target_layer {
        words.option("--target-layer", Some(layer));
    }
    words.option("--layout", layout.map(|layout| layout.name()));
    let grid = token_grid.map(|[rows, columns]| format!("{rows}x{columns}"));
    words.option("--token-grid", grid);
    words.path("--classes", classes.as_deref());
    words.option("--precision", *precision);
    let ImageArgs {
        image_size,
        preset,
        preprocess,
        mean,
        std,
        crop,
        interpolation,
        channels,
    } = images;
    words.option("--image-size", *image_size);
    words.option("--preset", preset.map(name_of));
    words.path("--preprocess", preprocess.as_deref());
    words.option("--mean", mean.as_deref().map(list));
    words.option("--std", std.as_deref().map(list));
    words.option("--crop", *crop);
    words.option("--interpolation", interpolation.map(name_of));
    words.option("--channels", *channels);
}

/// The name of a choice on the command line.
fn name_of(choice: impl ValueEnum) -> String {
    let value = choice.to_possible_value();
    value
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

fn list(values: &[f32]) -> String {
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    values.join(",")
}

/// Words of a command line, quoted.
struct Words(String);

impl Words {
    fn new(command: &str) -> Self {
        Self(command.to_owned())
    }

    fn flag(&mut self, name: &str, given: bool) {
        if given {
            self.0 += &format!(" {name}");
        }
    }

    fn option(&mut self, name: &str, value: Option<impl ToString>) {
        let Some(value) = value.map(|value| value.to_string()) else {
            return;
        };
        // A value that begins with a hyphen would be read as an option.
        self.0 += &match value.starts_with('-') {
            true => format!(" {}", shell_argument(&format!("{name}={value}"))),
            false => format!(" {name} {}", shell_argument(&value)),
        };
    }

    fn path(&mut self, name: &str, path: Option<&Path>) {
        if let Some(path) = path {
            self.0 += &format!(" {name} {}", shell_word(path));
        }
    }
}
