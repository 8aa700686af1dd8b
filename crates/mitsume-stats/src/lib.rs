//! What the epochs of many runs show, and what they do not.
//!
//! [`analyze`] takes the records of all epochs ([`epoch`]) and answers two questions: how kappa
//! and gaze consistency go together over the epochs of a run ([`run_correlation`]), and what the
//! weight lambda of the consistency loss does to kappa ([`condition_kappa`], [`lambdas`]). Every figure
//! comes with an interval or a test and, where the data cannot bear it, a caution.
//!
//! Everything is a plain function, deterministic for a given seed. Libraries, and why: `statrs`
//! for Student's t, `csv` for the tables.

mod analysis;
pub mod autocorrelation;
pub mod bootstrap;
pub mod condition_kappa;
pub mod correlation;
pub mod epoch;
pub mod fisher;
pub mod holm;
pub mod interval;
pub mod lambdas;
pub mod least_squares;
mod median;
pub mod paired;
pub mod permutation;
pub mod run;
pub mod run_correlation;

pub use analysis::{Analysis, AnalysisError, AnalysisOptions, Caution, analyze};
pub use epoch::{EpochRecord, TableError, read_epochs};
pub use median::median;
