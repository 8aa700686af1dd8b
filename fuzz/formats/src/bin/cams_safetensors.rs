//! CAM files of safetensors.
#![no_main]

use mitsume::score::{ScoreOptions, score};
use mitsume_fuzz_limits::{Limited, file};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = ScoreOptions {
        normalise: true,
        measures: None,
    };
    let _ = score(&file("cams.safetensors", bytes), options);
});
