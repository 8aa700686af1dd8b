//! `mitsume bench`

use std::path::PathBuf;

use mitsume_engine::{BenchLoss, BenchOptions, bench_eval, bench_step};
use mitsume_locale::text;
use mitsume_nn::Level;

use super::output;
use crate::args::{BenchArgs, BenchCommand, BenchSizes, Loss};
use crate::console::Console;
use crate::failure::Result;
use crate::threads;

/// Runs the command.
pub fn run(args: BenchArgs, console: Console) -> Result {
    match args.command {
        BenchCommand::Step(args) => {
            threads::set(args.sizes.threads.count())?;
            let loss = match args.loss {
                Loss::Ce => BenchLoss::Ce,
                Loss::Cam => BenchLoss::Cam,
            };
            let time = bench_step(&options(&args.sizes, args.data), loss)?;
            if args.sizes.json {
                return output::json(&time);
            }
            output::text(&text!(
                console.language,
                "command-bench-step",
                level = time.level,
                seconds = format!("{:.4}", time.seconds_per_step),
                rate = format!("{:.1}", time.images_per_second),
                gflops = format!("{:.1}", time.gflops),
            ))
        }
        BenchCommand::Eval(args) => {
            threads::set(args.sizes.threads.count())?;
            let time = bench_eval(&options(&args.sizes, None), args.images as usize)?;
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

fn options(sizes: &BenchSizes, data: Option<PathBuf>) -> BenchOptions {
    BenchOptions {
        level: Level::ALL[usize::from(sizes.level) - 1],
        batch: sizes.batch as usize,
        size: sizes.size as usize,
        repeats: sizes.repeats as usize,
        data,
    }
}
