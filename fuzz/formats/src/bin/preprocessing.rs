//! Preprocessing files.
#![no_main]

use mitsume_artifacts::Preprocessing;
use mitsume_fuzz_limits::{Limited, file};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 256 << 20 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = file("images.toml", bytes);
    if let Ok(said) = Preprocessing::read(&path) {
        said.transform(Default::default());
    }
});
