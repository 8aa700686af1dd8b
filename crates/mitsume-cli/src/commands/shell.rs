//! Completions and the manual page, from the same definition as the arguments.

use clap::CommandFactory;

use super::output;
use crate::args::{Args, CompletionsArgs};
use crate::failure::{Failure, Result};

/// `mitsume completions`
pub fn completions(args: CompletionsArgs) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "mitsume", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}

/// `mitsume man`
pub fn man() -> Result {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command())
        .render(&mut page)
        .map_err(|error| Failure::Work(format!("cannot write the manual page: {error}")))?;
    output::text(&String::from_utf8_lossy(&page))
}
