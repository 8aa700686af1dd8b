//! How commands speak to a person: in which language, and how much of it on stderr.

use std::sync::LazyLock;

use indicatif::MultiProgress;
use mitsume_locale::Language;

use crate::args::ConsoleArgs;

/// The bars on the terminal that stderr is, if it is one. All lines are written through it, so that
/// none lands in the middle of a bar, whichever thread has something to say.
static SCREEN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// See [`SCREEN`].
pub fn screen() -> &'static MultiProgress {
    &SCREEN
}

/// Columns of the terminal that stderr is, if it is one.
pub fn columns() -> Option<usize> {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map(|(width, _)| usize::from(width.0))
}

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// Also progress and notes.
    Normal,
    /// Also what was settled on, and times.
    Verbose,
}

/// The language and the verbosity of a command, handed to everything that speaks.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// Of all that a person reads but error messages and `--help`.
    pub language: Language,
    /// How much is said.
    pub verbosity: Verbosity,
}

impl Console {
    /// As the arguments say; the language else as the locale says.
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

    /// Says what a person must know even with `--quiet`: what was guessed, left out or is wrong.
    pub fn warn(self, text: &str) {
        SCREEN.suspend(|| eprintln!("{text}"));
    }

    /// Says what is good to know.
    pub fn note(self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            SCREEN.suspend(|| eprintln!("{text}"));
        }
    }

    /// Says what only a person who asks for more wants to know.
    pub fn detail(self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            SCREEN.suspend(|| eprintln!("{text}"));
        }
    }
}
