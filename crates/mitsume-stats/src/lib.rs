//! Statistics of training runs: correlations over epochs, intervals over seeds, paired comparisons
//! of lambdas.
//!
//! [`analyze`] takes the records of all epochs ([`epoch`]) and answers two questions: how kappa and
//! gaze consistency correlate over the epochs of a run ([`run_correlation`]), and how the weight
//! lambda of the consistency loss affects kappa ([`condition_kappa`], [`lambdas`]). Every result
//! has an interval or a test; limitations of the data are listed as cautions.
//!
//! Models evaluated on the same images are compared by resampling the images together
//! ([`resampling`]) and by counting the images that only one of them has right ([`mcnemar`]).
//!
//! ```rust
//! use mitsume_stats::bootstrap::bootstrap_interval;
//! use mitsume_stats::interval::student_interval;
//! use mitsume_stats::paired::paired_comparison;
//!
//! // Kappa of five seeds with the consistency loss, minus kappa of the same seeds without it.
//! let differences = [0.02, 0.01, 0.03, -0.01, 0.02];
//! let comparison = paired_comparison(&differences, 0.95, 9_999, 0).unwrap();
//! assert!((comparison.mean_difference - 0.014).abs() < 1e-12);
//! assert_eq!(comparison.interval, student_interval(&differences, 0.95));
//! assert_eq!(comparison.sign_flip_p, Some(0.1875)); // 6 of 32 sign patterns
//!
//! let bootstrap = bootstrap_interval(&differences, 0.95, 9_999, 0).unwrap();
//! assert!(bootstrap.low < 0.014 && 0.014 < bootstrap.high);
//! ```
//!
//! Everything is a plain function, deterministic for a given seed. Libraries, and why: `statrs`
//! for Student's t, `csv` for the tables.

pub mod agreement;
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
pub mod mcnemar;
mod median;
pub mod paired;
pub mod permutation;
pub mod resampling;
pub mod run;
pub mod run_correlation;
pub mod two_sample;

pub use analysis::{Analysis, AnalysisError, AnalysisOptions, Caution, analyze};
pub use epoch::{EpochRecord, TableError, read_epochs};
pub use median::median;
