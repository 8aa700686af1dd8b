//! Many training runs from one description: a grid of data sets, models, lambdas, seeds and any
//! other key of `run.toml`.
//!
//! Each combination is a [`Cell`], and each cell a run directory below the sweep's. What a folder
//! holds is all the state there is ([`CellState`]): the same command goes on with what was
//! interrupted, tries again what failed and never repeats what is finished. A cell is locked by
//! the process that works on it, so that jobs here and on a cluster can share one folder.
//!
//! - [`SweepConfig`]: `sweep.toml`, and the ready-made ones ([`preset`]).
//! - [`run_cells`]: side by side on this machine, each image decoded once for all of them.
//! - [`slurm`]: as a job array.
//! - [`estimate`]: how long it will take, from steps measured here.

mod cell;
mod config;
mod error;
mod estimate;
mod grid;
mod local;
mod lock;
pub mod preset;
pub mod slurm;
mod state;
mod sweep_dir;

pub use cell::Cell;
pub use config::{DataSet, SweepConfig};
pub use error::SweepError;
pub use estimate::{Estimate, estimate};
pub use local::{CellEvent, CellOutcome, LocalOptions, run_cells};
pub use state::{CellState, CellStatus};
pub use sweep_dir::SweepDir;

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, SweepError>;
