//! An evaluation in shards: parts of the images, each evaluated by a process of its own, and merged.
//!
//! A shard keeps what the first pass gives for each image, and sums of images, which are exact. The
//! merge adds the images of all shards in the order of the data set, as one process does, and makes
//! the second pass. So both give the same bits, on machines with the same vector instructions.

mod make;
mod merge;
mod plan;

pub use make::{ShardOutcome, ShardRequest, evaluate_shard};
pub use merge::{MergeOptions, merge_shards};
pub use plan::{PlanRequest, files_sha256, shard_plan};
