//! The command line.

use pyo3::prelude::*;
use std::ffi::OsString;

/// Runs the program `mitsume` with `arguments`, of which the first is its name; returns the exit
/// code. To be called once in a process.
#[pyfunction]
pub fn run(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| mitsume_cli::run(arguments))
}
