//! Weights in safetensors files, with the note of a run, put into a network where they fit one.
#![no_main]

use mitsume_fuzz_limits::{Limited, file};
use mitsume_fuzz_models::{apply_weights, with_front};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

const SOUND: &[u8] = include_bytes!("../../checkpoint/weights.safetensors");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    apply_weights(&file("weights.safetensors", &with_front(bytes, SOUND)));
});
