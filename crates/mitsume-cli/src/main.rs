//! The `mitsume` command: where does a classifier look, does it look at the same place for the
//! same class, and can that be trained.
//!
//! Arguments are in `args`, one file per command in `commands`; the work is done by the library
//! crates. Dependencies, and why: `clap` (with `clap_complete` and `clap_mangen`) for arguments,
//! completions and manual pages from one definition; `indicatif` for progress on a terminal;
//! `ctrlc` for SIGINT and SIGTERM on every platform; `terminal_size` for lines that fit;
//! `unicode-width` for columns of text in any script; `libc` for one setting of glibc's allocator.

mod args;
mod commands;
mod console;
mod data_warnings;
mod device;
mod epoch_line;
mod failure;
mod memory;
mod progress;
mod stop;
mod sweep_progress;
mod threads;
mod time_left;

use std::process::ExitCode;

use args::Command;
use clap::Parser;
use console::Console;

fn main() -> ExitCode {
    memory::keep_freed_memory();
    let args = args::Args::parse();
    let console = Console::new(&args.console);
    let result = match args.command {
        Command::Demo(args) => commands::demo::run(args, console),
        Command::Data(args) => commands::data::run(args, console),
        Command::Train(args) => commands::train::run(args, console),
        Command::Eval(args) => commands::eval::run(args, console),
        Command::Explain(args) => commands::explain::run(args, console),
        Command::Layers(args) => commands::layers::run(args, console),
        Command::Trust(args) => commands::trust::run(args, console),
        Command::Score(args) => commands::score::run(args, console),
        Command::Report(args) => commands::report::run(args, console),
        Command::Sweep(args) => commands::sweep::run(args, console),
        Command::Analyze(args) => commands::analyze::run(args, console),
        Command::Bench(args) => commands::bench::run(args, console),
        Command::Completions(args) => commands::shell::completions(args),
        Command::Man(args) => commands::shell::man(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
