//! `mitsume train`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mitsume_lab::{Outcome, TrainRequest};
use mitsume_record::RunConfig;

use crate::args::TrainArgs;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: TrainArgs) -> Result {
    threads::set(args.threads.count())?;
    let device_name = match (&args.device.device, &args.resume) {
        (None, Some(run)) => mitsume_lab::device_of_run(run)?,
        _ => args.device.name().to_owned(),
    };
    let device = device::named(&device_name)?;
    let stop = stop::on_signal();
    let mut progress = Progress::new();
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
            let out = out.display();
            eprintln!("done: {out}\nsee it: mitsume report {out}");
            Ok(())
        }
        Outcome::Interrupted => Err(Failure::Interrupted(format!(
            "saved; go on with: mitsume train --resume {}",
            out.display()
        ))),
    }
}

/// `runs/level2-001`, or the first number that is free.
fn next_free(model: &str) -> PathBuf {
    (1..)
        .map(|number| Path::new("runs").join(format!("{model}-{number:03}")))
        .find(|path| !path.exists())
        .expect("there are more numbers than folders")
}
