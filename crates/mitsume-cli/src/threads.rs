//! The thread pool that all crates share.

use crate::failure::{Failure, Result};

/// Sets the number of threads; `None` means one per core.
pub fn set(threads: Option<usize>) -> Result {
    let Some(threads) = threads else {
        return Ok(());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| Failure::Work(format!("cannot start {threads} threads: {error}")))
}
