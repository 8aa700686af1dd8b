//! How a command that did not succeed ends: what is printed, and the exit code.

use std::path::Path;
use std::process::ExitCode;

use mitsume_engine::EngineError;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The request was wrong: arguments, configuration, missing or unreadable input. Exit code 2.
    Request(String),
    /// The work failed. Exit code 1.
    Work(String),
    /// Stopped by the user; the message, in the user's language, says how to go on. Exit code 130.
    Interrupted(String),
    /// The reader of the output is gone (`mitsume ... | head`): nothing more to say. Exit code 0.
    OutputClosed,
}

/// What a command returns.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// Prints the message to stderr and gives the exit code.
    pub fn report(self) -> ExitCode {
        match self {
            Failure::Request(message) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
            Failure::Work(message) => {
                eprintln!("error: {message}");
                ExitCode::from(1)
            }
            Failure::Interrupted(message) => {
                eprintln!("{message}");
                ExitCode::from(130)
            }
            Failure::OutputClosed => ExitCode::SUCCESS,
        }
    }

    /// Of work that `command` goes on with. Where no more can be written, it is said what is `saved`.
    pub fn of_work(error: EngineError, saved: &str, command: &str) -> Self {
        if !error.is_out_of_space() {
            return error.into();
        }
        Failure::Work(format!(
            "{error}\n{FULL} What was written before is whole: {saved}.\n\
             Make room, then go on with: {command}"
        ))
    }

    /// Of work that begins anew and needs `dir`, which it has begun to fill, empty.
    pub fn of_new_folder(error: EngineError, dir: &Path) -> Self {
        if !error.is_out_of_space() {
            return error.into();
        }
        Failure::Work(format!(
            "{error}\n{FULL}\nMake room, remove {}, then give the same command again",
            dir.display()
        ))
    }
}

const FULL: &str = "The disk is full, or a quota or a limit on the size of files is reached.";

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        if error.is_request() {
            return Failure::Request(error.to_string());
        }
        if error.is_out_of_space() {
            return Failure::Work(format!(
                "{error}\n{FULL} Every file that is there is whole.\n\
                 Make room, then give the same command again"
            ));
        }
        Failure::Work(error.to_string())
    }
}

impl From<mitsume_data::DataError> for Failure {
    fn from(error: mitsume_data::DataError) -> Self {
        EngineError::from(error).into()
    }
}
