//! The `mitsume` command: where does a classifier look, does it look at the same place for the
//! same class, and can that be trained. A library, so that the Python package is the same program.
//!
//! Arguments are in `args`, one file per command in `commands`; the work is done by the library
//! crates. Dependencies, and why: `clap` (with `clap_complete` and `clap_mangen`) for arguments,
//! completions and manual pages from one definition; `indicatif` for progress on a terminal, with
//! `console`, through which it draws; `ctrlc` for SIGINT and SIGTERM on every platform;
//! `terminal_size` for lines that fit; `unicode-width` for columns of text in any script; `libc`
//! for one setting of glibc's allocator.

mod args;
mod commands;
mod console;
mod data_warnings;
mod device;
mod epoch_line;
mod failure;
mod memory;
mod progress;
mod progress_lines;
mod screen;
mod stop;
mod sweep_progress;
mod threads;
mod time_left;

use std::ffi::OsString;

use args::Command;
use clap::Parser;

use crate::console::Console;

/// Runs the command with `arguments`, of which the first is the program's name, and returns its
/// exit code: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted.
///
/// To be called once, at the start of a program: it sets the allocator, the thread pool and the
/// handler of signals for the whole process. A second Ctrl-C ends the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    memory::keep_freed_memory();
    let args = match args::Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(shown) => {
            // Help and version count as errors too. Nothing is to be done if they cannot be
            // printed.
            let _ = shown.print();
            return if shown.use_stderr() { 2 } else { 0 };
        }
    };
    match run_command(args) {
        Ok(()) => 0,
        Err(failure) => failure.report(),
    }
}

fn run_command(args: args::Args) -> failure::Result {
    mitsume_nn::limit_instruction_set()
        .map_err(|error| failure::Failure::Request(error.to_string()))?;
    let console = Console::new(&args.console);
    match args.command {
        Command::Demo(args) => commands::demo::run(args, console),
        Command::Data(args) => commands::data::run(args, console),
        Command::Train(args) => commands::train::run(args, console),
        Command::Eval(args) => commands::eval::run(args, console),
        Command::Explain(args) => commands::explain::run(args, console),
        Command::Predict(args) => commands::predict::run(args, console),
        Command::Layers(args) => commands::layers::run(args, console),
        Command::Trust(args) => commands::trust::run(args, console),
        Command::Controls(args) => commands::controls::run(args, console),
        Command::Score(args) => commands::score::run(args, console),
        Command::Report(args) => commands::report::run(args, console),
        Command::Compare(args) => commands::compare::run(args, console),
        Command::Sweep(args) => commands::sweep::run(args, console),
        Command::Analyze(args) => commands::analyze::run(args, console),
        Command::Bench(args) => commands::bench::run(args, console),
        Command::Completions(args) => commands::shell::completions(args),
        Command::Man(args) => commands::shell::man(&args),
    }
}
