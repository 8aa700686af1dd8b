//! The `mitsume` command: where does a classifier look, does it look at the same place for the
//! same class, and can that be trained.
//!
//! Arguments are in `args`, one file per command in `commands`, and what they do in the library
//! crates. Libraries, and why: `clap` (with `clap_complete` and `clap_mangen`) for arguments,
//! completions and the manual page from one definition; `indicatif` for progress on a terminal;
//! `ctrlc` for SIGINT and SIGTERM on every platform; `libc` for one setting of glibc's allocator.

mod args;
mod commands;
mod device;
mod failure;
mod memory;
mod progress;
mod stop;
mod sweep_progress;
mod threads;

use std::process::ExitCode;

use args::Command;
use clap::Parser;

fn main() -> ExitCode {
    memory::keep();
    let result = match args::Args::parse().command {
        Command::Demo(args) => commands::demo::run(args),
        Command::Data(args) => commands::data::run(args),
        Command::Train(args) => commands::train::run(args),
        Command::Eval(args) => commands::eval::run(args),
        Command::Explain(args) => commands::explain::run(args),
        Command::Layers(args) => commands::layers::run(args),
        Command::Trust(args) => commands::trust::run(args),
        Command::Score(args) => commands::score::run(args),
        Command::Report(args) => commands::report::run(args),
        Command::Sweep(args) => commands::sweep::run(args),
        Command::Analyze(args) => commands::analyze::run(args),
        Command::Bench(args) => commands::bench::run(args),
        Command::Completions(args) => commands::shell::completions(args),
        Command::Man => commands::shell::man(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
