//! PyTorch's state dicts, put into a network where they fit one.
#![no_main]

use mitsume_fuzz_limits::{Limited, file};
use mitsume_fuzz_models::{apply_weights, with_front};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

/// Of the format before archives, which begins with the pickles.
const SOUND: &[u8] = include_bytes!("../../sound/level1-legacy.pth");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    apply_weights(&file("weights.pth", &with_front(bytes, SOUND)));
});
