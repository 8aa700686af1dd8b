//! A sweep as a job array on a Slurm cluster.
//!
//! One task a cell. A task that is preempted, or runs into its time limit, saves at the next step
//! and puts itself back into the queue, where it goes on; a job that depends on the array
//! analyses what is there. The sweep's folder must be on storage all nodes share.

mod config;
mod queue;
mod script;

pub use config::SlurmConfig;
pub use queue::{Submission, submit};
pub use script::{Scripts, scripts};
