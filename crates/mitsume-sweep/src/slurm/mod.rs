//! Work as a job array on a Slurm cluster: the cells of a sweep, or other tasks ([`ArrayJob`]).
//!
//! Each cell is one task. A task that is preempted or reaches its time limit saves a checkpoint at
//! the next step, requeues itself and resumes. A job that depends on the array analyses the
//! results. The sweep's folder must be on storage shared by all nodes.

mod config;
mod queue;
mod script;

pub use config::SlurmConfig;
pub use queue::{Submission, queued_after, queued_job, submit};
pub use script::{AfterJob, ArrayJob, Scripts, cpus, quoted, sweep_job};
