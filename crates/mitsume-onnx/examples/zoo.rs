//! A model of the zoo: `zoo MODEL.onnx REFERENCE.safetensors OUT.safetensors`, where the reference holds `images`
//! [N, C, H, W]. Prints the seconds to open it, the default layer and its layout, separated by tabs; writes `logits`,
//! and `features` and `gradients` [N, C, h, w] of that layer for the first class. For `scripts/test-onnx-zoo.sh`.

use std::path::Path;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_onnx::{Classifier, InputImages, LayoutRequest};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().ok_or("MODEL REFERENCE OUT expected");
    let (model, reference, out) = (next()?, next()?, next()?);
    let device = Device::flex();
    let bytes = std::fs::read(reference)?;
    let images = SafeTensors::deserialize(&bytes)?.tensor("images")?;
    let shape: [usize; 4] = images.shape().try_into()?;
    let values = images.data().as_chunks::<4>().0;
    let values: Vec<f32> = values.iter().map(|&v| f32::from_le_bytes(v)).collect();
    let images = Tensor::<4>::from_data(TensorData::new(values, shape), &device);
    let started = Instant::now();
    let wanted = InputImages {
        channels: Some(shape[1]),
        size: Some([shape[2], shape[3]]),
    };
    let model = Classifier::open(Path::new(&model), wanted, &device)?;
    let seconds = started.elapsed().as_secs_f64();
    let layers = model.layers();
    let Some(layer) = layers.iter().find(|layer| layer.default) else {
        println!("{seconds:.2}\t-\t-");
        return Err("no default layer".into());
    };
    let hook = model.hook(None, LayoutRequest::default())?;
    let layout = layer.layout.map_or("?", |layout| layout.name());
    let module = layer.module.as_deref().unwrap_or("");
    println!(
        "{seconds:.2}\t{} ({module})\t{layout} {:?}",
        hook.layer(),
        hook.map_shape()
    );
    let captured = hook.capture(images)?;
    let plain = hook.logits(&captured)?;
    let (_, gradients) = hook.gradients(&captured, &vec![0; shape[0]])?;
    let features = hook.features(&captured)?;
    let tensors = [
        ("logits", plain.dims().to_vec(), values_of(plain)),
        ("features", features.dims().to_vec(), values_of(features)),
        ("gradients", gradients.dims().to_vec(), values_of(gradients)),
    ];
    let views = tensors.iter().map(|(name, shape, data)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), data);
        (*name, view.expect("as many bytes as the shape says"))
    });
    safetensors::serialize_to_file(views, None, Path::new(&out))?;
    Ok(())
}

fn values_of<const D: usize>(tensor: Tensor<D>) -> Vec<u8> {
    let values: Vec<f32> = tensor.into_data().try_into_vec().expect("f32");
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
