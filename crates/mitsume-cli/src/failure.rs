//! Failures of a command: message and exit code.

use std::path::Path;

use mitsume_engine::EngineError;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The request was wrong: arguments, configuration, missing or unreadable input. Exit code 2.
    Request(String),
    /// The work failed. Exit code 1.
    Work(String),
    /// Stopped by the user; the message, in the user's language, says how to resume. Exit code 130.
    Interrupted(String),
    /// The reader of stdout has closed it (`mitsume ... | head`). Nothing is printed; exit code 0.
    OutputClosed,
}

/// Result of a command.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// Prints the message to stderr and returns the exit code.
    pub fn report(self) -> u8 {
        match self {
            Failure::Request(message) => {
                eprintln!("error: {message}");
                2
            }
            Failure::Work(message) => {
                eprintln!("error: {message}");
                1
            }
            Failure::Interrupted(message) => {
                eprintln!("{message}");
                130
            }
            Failure::OutputClosed => 0,
        }
    }

    /// Failure of work that `command` resumes. On a full disk the message says what is `saved`.
    pub fn from_resumable(error: EngineError, saved: &str, command: &str) -> Self {
        if !error.is_out_of_space() {
            return error.into();
        }
        Failure::Work(format!(
            "{error}\n{DISK_FULL} What was written before is whole: {saved}.\n\
             Make room, then go on with: {command}"
        ))
    }

    /// Failure of work that cannot be resumed and needs an empty `dir`. On a full disk the message
    /// says to remove it.
    pub fn from_new_folder(error: EngineError, dir: &Path) -> Self {
        if !error.is_out_of_space() {
            return error.into();
        }
        Failure::Work(format!(
            "{error}\n{DISK_FULL}\nMake room, remove {}, then give the same command again",
            dir.display()
        ))
    }
}

const DISK_FULL: &str = "The disk is full, or a quota or a limit on the size of files is reached.";

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        if error.is_request() {
            return Failure::Request(error.to_string());
        }
        if error.is_out_of_space() {
            return Failure::Work(format!(
                "{error}\n{DISK_FULL} Every file that is there is whole.\n\
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
