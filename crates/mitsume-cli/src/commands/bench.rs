//! `mitsume bench`

use std::path::{Path, PathBuf};

use mitsume::AlphaGradient;
use mitsume_engine::{
    BenchLoss, BenchModelOptions, BenchOptions, StepTime, bench_eval, bench_model_step, bench_step,
};
use mitsume_locale::{Language, text};
use mitsume_nn::{Level, Precision};

use super::output;
use crate::args::{Alpha, BenchArgs, BenchCommand, BenchSizes, BenchStepArgs, Loss};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::threads;

/// Runs the command.
pub fn run(args: BenchArgs, console: Console) -> Result {
    match args.command {
        BenchCommand::Step(args) => {
            threads::set(args.sizes.threads.count())?;
            let time = step(&args)?;
            if args.sizes.json {
                return output::json(&time);
            }
            output::text(&step_line(&time, console.language))
        }
        BenchCommand::Eval(args) => {
            threads::set(args.sizes.threads.count())?;
            let time = bench_eval(
                &options(args.level, args.precision.precision, &args.sizes, None),
                args.images as usize,
            )?;
            if args.sizes.json {
                return output::json(&time);
            }
            output::text(&text!(
                console.language,
                "command-bench-eval",
                level = time.level,
                seconds = format!("{:.3}", time.seconds),
                images = time.images,
                rate = format!("{:.1}", time.images_per_second),
            ))
        }
    }
}

fn step(args: &BenchStepArgs) -> Result<StepTime> {
    let loss = match args.loss {
        Loss::Ce => BenchLoss::Ce,
        Loss::Cam => BenchLoss::Cam,
    };
    Ok(match (&args.model, args.level) {
        (Some(_), _) if args.precision.precision != Precision::Float32 => {
            let problem = format!(
                "--precision {}: for --level; ONNX files are trained in float32",
                args.precision.precision
            );
            return Err(Failure::Request(problem));
        }
        (Some(model), _) => bench_model_step(&model_options(model, args), loss)?,
        (None, level) => {
            let level = level.expect("clap asks for a level or a model");
            let (precision, data) = (args.precision.precision, args.data.clone());
            bench_step(&options(level, precision, &args.sizes, data), loss)?
        }
    })
}

fn step_line(time: &StepTime, language: Language) -> String {
    let seconds = format!("{:.4}", time.seconds_per_step);
    let rate = format!("{:.1}", time.images_per_second);
    match (&time.model, time.level, time.gflops) {
        (None, Some(level), Some(gflops)) => {
            let gflops = format!("{gflops:.1}");
            text!(
                language,
                "command-bench-step",
                level = level,
                seconds = seconds,
                rate = rate,
                gflops = gflops,
            )
        }
        (model, ..) => text!(
            language,
            "command-bench-model-step",
            model = model.clone().unwrap_or_default(),
            seconds = seconds,
            rate = rate,
        ),
    }
}

fn model_options(model: &Path, args: &BenchStepArgs) -> BenchModelOptions {
    BenchModelOptions {
        model: model.to_owned(),
        target_layer: args.target_layer.clone(),
        token_grid: args.token_grid,
        alpha: match args.alpha {
            Alpha::Full => AlphaGradient::Full,
            Alpha::Detached => AlphaGradient::Detached,
        },
        batch: args.sizes.batch as usize,
        size: args.sizes.size as usize,
        repeats: args.sizes.repeats as usize,
    }
}

fn options(
    level: u8,
    precision: Precision,
    sizes: &BenchSizes,
    data: Option<PathBuf>,
) -> BenchOptions {
    BenchOptions {
        precision,
        level: Level::ALL[usize::from(level) - 1],
        batch: sizes.batch as usize,
        size: sizes.size as usize,
        repeats: sizes.repeats as usize,
        data,
    }
}
