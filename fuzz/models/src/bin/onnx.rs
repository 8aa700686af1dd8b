//! ONNX models: read, run once, their layers' layouts followed through the graph.
#![no_main]

use burn::tensor::Device;
use mitsume_fuzz_limits::{Limited, file};
use mitsume_onnx::{Classifier, InputImages, LayoutRequest};

#[global_allocator]
static ALLOCATOR: Limited = Limited { bytes: 3 << 30 };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = file("model.onnx", bytes);
    if let Ok(model) = Classifier::open(&path, InputImages::default(), &Device::flex()) {
        model.layers();
        let _ = model.hook(None, LayoutRequest::default());
    }
});
