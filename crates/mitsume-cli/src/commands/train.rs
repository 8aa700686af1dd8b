//! `mitsume train`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mitsume_artifacts::{RunConfig, RunDir};
use mitsume_engine::{
    EngineError, ResumeRequest, RunStatus, TrainOutcome, TrainRequest, shell_word,
};
use mitsume_locale::text;

use crate::args::TrainArgs;
use crate::console::{Console, Verbosity};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

const NO_CONFIG_OR_RESUME: &str = "what to train? --config FILE begins a new run, --resume DIR goes on with one:\n  \
    mitsume train --config run.toml --out runs/first\n  \
    mitsume train --resume runs/first\n\
    mitsume train --help shows the smallest run.toml";

/// Runs the command.
pub fn run(args: TrainArgs, console: Console) -> Result {
    if args.config.is_none() && args.resume.is_none() {
        return Err(Failure::Request(NO_CONFIG_OR_RESUME.into()));
    }
    threads::set(args.threads.count())?;
    let device_name = match (&args.device.device, &args.resume) {
        (None, Some(run)) => mitsume_engine::recorded_device(run)?,
        _ => args.device.name().to_owned(),
    };
    let device = device::open_named(&device_name, console)?;
    let stop = stop::on_signal(console);
    let mut progress = Progress::new(console);
    let mut observer = |event| progress.show(event);
    let (out, outcome) = match (args.resume, args.config) {
        (Some(out), _) => {
            print_config(&RunDir::new(&out).config(), &args.set, console)?;
            let request = ResumeRequest {
                out: out.clone(),
                overrides: args.set,
                device,
                device_name,
            };
            let outcome = mitsume_engine::resume(request, &stop, &mut observer);
            (out, outcome)
        }
        (None, path) => {
            let path = path.expect("one of both was given");
            let config = RunConfig::read(&path, &args.set).map_err(EngineError::from)?;
            print_config(&path, &args.set, console)?;
            let out = args
                .out
                .unwrap_or_else(|| next_run_dir(config.model.title()));
            let request = TrainRequest {
                config,
                out: out.clone(),
                device,
                device_name,
                image_cache: Arc::default(),
            };
            let outcome = mitsume_engine::train(&request, &stop, &mut observer);
            (out, outcome)
        }
    };
    progress.finish();
    let outcome = outcome.map_err(|error| failure(error, &out))?;
    report_outcome(outcome, &out, console)
}

/// Prints the whole configuration, with `--verbose`.
fn print_config(path: &Path, sets: &[String], console: Console) -> Result {
    // A missing file is reported by the run itself.
    if console.verbosity < Verbosity::Verbose || !path.is_file() {
        return Ok(());
    }
    let config = RunConfig::read(path, sets).and_then(|config| config.to_toml());
    let config = config.map_err(EngineError::from)?;
    let head = text!(console.language, "command-settled-run");
    console.detail(&format!("{head}\n{}", config.trim_end()));
    Ok(())
}

fn report_outcome(outcome: TrainOutcome, out: &Path, console: Console) -> Result {
    let language = console.language;
    let (shown, word) = (out.display().to_string(), shell_word(out));
    let report = format!("mitsume report {word}");
    let resume = format!("mitsume train --resume {word}");
    match outcome {
        TrainOutcome::Finished => {
            console.note(&text!(
                language,
                "command-done",
                out = shown,
                command = report
            ));
            Ok(())
        }
        TrainOutcome::AlreadyFinished { epochs } => {
            let config = RunConfig::read(&RunDir::new(out).config(), &[]);
            let early = config.ok().filter(|config| epochs < config.train.epochs);
            if let Some(patience) = early.and_then(|config| config.train.best.early_stopping) {
                console.note(&text!(
                    language,
                    "command-nothing-left-early",
                    out = shown,
                    epochs = epochs,
                    longer = format!("{resume} --set train.early_stopping={}", 2 * patience),
                    command = report
                ));
                return Ok(());
            }
            console.note(&text!(
                language,
                "command-nothing-left",
                out = shown,
                epochs = epochs,
                longer = format!("{resume} --set train.epochs={}", 2 * epochs),
                command = report
            ));
            Ok(())
        }
        TrainOutcome::Interrupted => Err(Failure::Interrupted(text!(
            language,
            "command-interrupted",
            command = resume
        ))),
    }
}

/// On a full disk the message also says what is saved and how to resume.
fn failure(error: EngineError, out: &Path) -> Failure {
    let dir = RunDir::new(out);
    if !dir.is_run() {
        return Failure::from(error);
    }
    let config = RunConfig::read(&dir.config(), &[]).ok();
    let status = config.and_then(|config| RunStatus::read(&dir, &config).ok().flatten());
    let saved = match status {
        Some(status) => format!(
            "the run is saved up to step {}, with {} of {} epochs done",
            status.steps_done, status.epochs_done, status.epochs
        ),
        None => "no step of the run is saved yet".into(),
    };
    let command = format!("mitsume train --resume {}", shell_word(out));
    Failure::from_resumable(error, &saved, &command)
}

/// The first run directory that does not exist, such as `runs/level2-001`.
fn next_run_dir(model: &str) -> PathBuf {
    (1..)
        .map(|number| Path::new("runs").join(format!("{model}-{number:03}")))
        .find(|path| !path.exists())
        .expect("there are more numbers than folders")
}
