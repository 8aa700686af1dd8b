//! Grids of training runs: data sets, models, lambdas, seeds and any other key of `run.toml`.
//!
//! ```rust
//! use mitsume_sweep::SweepConfig;
//!
//! # fn main() -> Result<(), mitsume_sweep::SweepError> {
//! let text = r#"
//!     models = ["level1", "level2"]
//!     lambdas = [0, 50]
//!     seeds = [0, 1, 2]
//!     data.brain = { train = "brain/Training", valid = "brain/Testing" }
//!     run.train.epochs = 20
//! "#;
//! let path = "sweep.toml".as_ref(); // named in errors
//! let cells = SweepConfig::from_toml(text, path)?.cells(path)?;
//! assert_eq!(cells.len(), 2 * 2 * 3);
//! assert_eq!(cells[1].name, "brain-level1-lambda50-seed0");
//! assert_eq!(cells[1].config.train.epochs, 20);
//! # Ok(())
//! # }
//! ```
//!
//! Each combination is a [`Cell`] with a run directory in the sweep's folder. The files there are
//! the only state ([`CellState`]): the same command resumes interrupted cells, tries failed ones
//! again and skips finished ones. A process locks the cell it runs, so that local jobs and a
//! cluster can share a folder.
//!
//! - [`SweepConfig`]: `sweep.toml`, and presets ([`preset`]).
//! - [`run_cells`]: in parallel on this machine; each image is decoded once for all cells.
//! - [`slurm`]: as a job array.
//! - [`estimate`]: the duration, from measured steps.

mod cell;
mod config;
mod error;
mod estimate;
mod grid;
mod local;
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

/// Result with a [`SweepError`].
pub type Result<T> = std::result::Result<T, SweepError>;
