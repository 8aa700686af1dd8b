//! ONNX models: read, run once, their layers' layouts followed through the graph. Where a file leaves the size of its
//! images open, it is small but in one of sixteen runs: a run at 224 pixels takes a hundred times as long.
#![no_main]

use burn::tensor::Device;
use mitsume_fuzz_limits::{Limited, file};
use mitsume_onnx::{Classifier, InputImages, LayoutRequest};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 3 << 30 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = file("model.onnx", bytes);
    let images = InputImages {
        channels: None,
        size: (bytes.len() % 16 != 0).then_some([4, 4]),
    };
    if let Ok(model) = Classifier::open(&path, images, &Device::flex()) {
        model.layers();
        let _ = model.hook(None, LayoutRequest::default());
    }
});
