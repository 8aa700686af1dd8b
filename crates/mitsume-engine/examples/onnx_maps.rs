//! Logits and maps of an ONNX model for the images of a reference file, for
//! `scripts/reference/onnx_parity compare`:
//! `onnx_maps MODEL.onnx REFERENCE.safetensors OUT.safetensors`

#[path = "../tests/reference/mod.rs"]
mod reference;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use mitsume_engine::{MapOptions, Network, OnnxNetwork, OnnxRequest, image_maps};
use reference::Reference;
use safetensors::tensor::{Dtype, TensorView};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = || {
        args.next()
            .ok_or("MODEL.onnx REFERENCE.safetensors OUT.safetensors expected")
    };
    let (model, reference, out) = (next()?, next()?, next()?);
    let reference = Reference::read(Path::new(&reference));
    let request = OnnxRequest {
        layers: vec![reference.layer.clone()],
        tokens: reference.tokens,
        ..OnnxRequest::default()
    };
    let device = Device::flex();
    let network = OnnxNetwork::open(Path::new(&model), &request, &device)?;
    let images = reference.images(&device);
    let [n, _, height, width] = images.dims();
    let [h, w] = network.cam_size([height, width]);
    let mut found: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for method in reference.methods() {
        let options = MapOptions {
            method,
            flip: false,
        };
        let (logits, maps) = image_maps(&network, images.clone(), &reference.targets, options)?;
        let shape = logits.dims().to_vec();
        let logits: Vec<f32> = logits.into_data().try_into_vec().expect("f32");
        found.insert("logits".into(), (shape, bytes(&logits)));
        found.insert(format!("map.{method}"), (vec![n, h, w], bytes(&maps)));
    }
    let views = found.iter().map(|(name, (shape, data))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data);
        (
            name.as_str(),
            view.expect("as many bytes as the shape says"),
        )
    });
    safetensors::serialize_to_file(views, None, Path::new(&out))?;
    Ok(())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
