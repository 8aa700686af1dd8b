//! Completions and manual pages, generated from the definition of the arguments.

use clap::{Command, CommandFactory};

use super::output;
use crate::args::{Args, CompletionsArgs, ManArgs};
use crate::failure::{Failure, Result};

/// `mitsume completions`
pub fn completions(args: CompletionsArgs) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "mitsume", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}

/// `mitsume man`
pub fn man(args: &ManArgs) -> Result {
    let mut page = Vec::new();
    clap_mangen::Man::new(command(&args.command)?)
        .source(concat!("mitsume ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| Failure::Work(format!("cannot write the manual page: {error}")))?;
    output::text(&String::from_utf8_lossy(&page))
}

/// The subcommand with these names, from the outermost; the program itself if there are none.
fn command(names: &[String]) -> Result<Command> {
    let mut command = Args::command();
    if names.is_empty() {
        return Ok(command);
    }
    // Adds global options and full names to the subcommands.
    command.build();
    let mut path = String::from("mitsume");
    for name in names {
        let subcommands: Vec<String> = command
            .get_subcommands()
            .map(|subcommand| subcommand.get_name().to_owned())
            .filter(|name| name != "help")
            .collect();
        match command
            .find_subcommand(name)
            .filter(|_| subcommands.contains(name))
        {
            Some(found) => command = found.clone(),
            None if subcommands.is_empty() => {
                let problem = format!("man: {path} has no commands below it, such as \"{name}\"");
                return Err(Failure::Request(problem));
            }
            None => {
                return Err(Failure::Request(format!(
                    "man: {path} has no command \"{name}\"; one of {}",
                    subcommands.join(", ")
                )));
            }
        }
        path = format!("{path} {name}");
    }
    Ok(command)
}
