//! Language and verbosity of a command's output.

use mitsume_locale::Language;

use crate::args::ConsoleArgs;
use crate::screen::screen;

/// How much is written to stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// Also progress and notes.
    Normal,
    /// Also the settings in use, and times.
    Verbose,
}

/// Language and verbosity of a command, passed to everything that prints.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// Language of all texts, except error messages and `--help`.
    pub language: Language,
    /// How much is written to stderr.
    pub verbosity: Verbosity,
}

impl Console {
    /// From the arguments. Without `--lang` the language is the locale's.
    pub fn new(args: &ConsoleArgs) -> Self {
        Console {
            language: args.lang.unwrap_or_else(Language::from_environment),
            verbosity: match (args.quiet, args.verbose) {
                (true, _) => Verbosity::Quiet,
                (false, false) => Verbosity::Normal,
                (false, true) => Verbosity::Verbose,
            },
        }
    }

    /// Prints a warning, also with `--quiet`.
    pub fn warn(self, text: &str) {
        screen().suspend(|| eprintln!("{text}"));
    }

    /// Prints a note, unless `--quiet`.
    pub fn note(self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            screen().suspend(|| eprintln!("{text}"));
        }
    }

    /// Prints a detail, only with `--verbose`.
    pub fn detail(self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            screen().suspend(|| eprintln!("{text}"));
        }
    }
}
