//! Tables of epochs: those that are analysed, and those of a run.
#![no_main]

use mitsume_fuzz_limits::{Limited, file};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 256 << 20 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = file("epochs.csv", bytes);
    let _ = mitsume_stats::epoch::read_epochs(&path);
    let _ = mitsume_artifacts::read_epochs(&path);
});
