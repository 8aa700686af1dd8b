//! Weights in safetensors files, with the note of a run, put into a network where they fit one.
#![no_main]

use burn::tensor::Device;
use mitsume_fuzz_limits::{Limited, file};
use mitsume_nn::weights::{Weights, read_metadata};
use mitsume_nn::{Classifier, Level};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 1 << 30 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = file("weights.safetensors", bytes);
    read_metadata(&path);
    let Ok(weights) = Weights::open(&path) else {
        return;
    };
    for level in [Level::ALL[0], Level::ALL[1]] {
        if let Ok(spec) = weights.spec(level) {
            let mut model = Classifier::new(spec, 0, &Device::flex());
            let _ = weights.apply(level, &mut model);
        }
    }
});
