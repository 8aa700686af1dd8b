//! The program `mitsume`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mitsume_cli::run(std::env::args_os()))
}
