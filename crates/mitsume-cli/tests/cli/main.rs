//! The command as its user meets it.

mod errors;
mod evaluation;
mod sandbox;
mod sweep;
mod training;
