//! `mitsume train`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mitsume_lab::{Outcome, TrainRequest};
use mitsume_locale::text;
use mitsume_record::RunConfig;

use crate::args::TrainArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::shell_word::shell_word;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: TrainArgs, console: Console) -> Result {
    let language = console.language;
    threads::set(args.threads.count())?;
    let device_name = match (&args.device.device, &args.resume) {
        (None, Some(run)) => mitsume_lab::device_of_run(run)?,
        _ => args.device.name().to_owned(),
    };
    let device = device::named(&device_name)?;
    let stop = stop::on_signal(console);
    let mut progress = Progress::new(console);
    let mut observer = |event| progress.show(event);
    let (out, outcome) = match (&args.resume, &args.config) {
        (Some(out), _) => {
            let device = (device, device_name);
            let outcome = mitsume_lab::resume(out, &args.set, device, &stop, &mut observer)?;
            (out.clone(), outcome)
        }
        (None, Some(path)) => {
            let config = RunConfig::read(path, &args.set).map_err(mitsume_lab::LabError::from)?;
            let out = args.out.unwrap_or_else(|| next_free(&config.model.name));
            let request = TrainRequest {
                config,
                out: out.clone(),
                device,
                device_name,
                images: Arc::default(),
            };
            (out, mitsume_lab::train(&request, &stop, &mut observer)?)
        }
        (None, None) => unreachable!("the arguments require one of them"),
    };
    progress.finish();
    match outcome {
        Outcome::Finished => {
            let report = format!("mitsume report {}", shell_word(&out));
            let out = out.display().to_string();
            console.note(&text!(
                language,
                "command-done",
                out = out,
                command = report
            ));
            Ok(())
        }
        Outcome::Interrupted => {
            let resume = format!("mitsume train --resume {}", shell_word(&out));
            Err(Failure::Interrupted(text!(
                language,
                "command-interrupted",
                command = resume
            )))
        }
    }
}

/// `runs/level2-001`, or the first number that is free.
fn next_free(model: &str) -> PathBuf {
    (1..)
        .map(|number| Path::new("runs").join(format!("{model}-{number:03}")))
        .find(|path| !path.exists())
        .expect("there are more numbers than folders")
}
