//! A sweep as a job array on a Slurm cluster.
//!
//! Each cell is one task. A task that is preempted or reaches its time limit saves a checkpoint at
//! the next step, requeues itself and resumes. A job that depends on the array analyses the
//! results. The sweep's folder must be on storage shared by all nodes.

mod config;
mod queue;
mod script;

pub use config::SlurmConfig;
pub use queue::{Submission, submit};
pub use script::{Scripts, scripts};
