//! Times an ONNX model, for `scripts/reference/onnx_parity speed`:
//! `onnx_speed [--no-maps] MODEL.onnx BATCH [ROWS COLUMNS]` prints the median seconds of a batch as JSON, for
//! logits alone and, unless told not to, with Grad-CAM maps. Rows and columns are those of a token grid.

use std::path::Path;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_engine::{MapOptions, Network, OnnxNetwork, OnnxRequest, Result, image_maps};

/// As many as the script gives the others.
const RUNS: usize = 7;
const WARM_UP: usize = 2;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1).peekable();
    let maps = args.next_if(|arg| arg == "--no-maps").is_none();
    let mut next = || args.next().ok_or("MODEL.onnx BATCH expected");
    let (model, batch) = (next()?, next()?.parse::<usize>()?);
    let grid: Vec<usize> = args
        .map(|side| side.parse())
        .collect::<std::result::Result<_, _>>()?;
    let request = OnnxRequest {
        tokens: <[usize; 2]>::try_from(grid).ok(),
        ..OnnxRequest::default()
    };
    let device = Device::flex();
    let network = OnnxNetwork::open(Path::new(&model), &request, &device)?;
    let [channels, height, width] = network.image();
    let count = batch * channels * height * width;
    let pixel = |i: usize| ((i * 7919 + i * i % 1013) % 2003) as f32 / 1001.5 - 1.0;
    let data = TensorData::new(
        (0..count).map(pixel).collect(),
        [batch, channels, height, width],
    );
    let images = Tensor::<4>::from_data(data, &device);
    let targets: Vec<usize> = (0..batch).map(|i| i % network.classes()).collect();
    let inference = median(|| {
        network.logits(images.clone())?.into_data();
        Ok(())
    })?;
    if !maps {
        println!("{{\"inference_seconds\": {inference}}}");
        return Ok(());
    }
    let consistency = median(|| {
        let (logits, _) = image_maps(&network, images.clone(), &targets, MapOptions::default())?;
        logits.into_data();
        Ok(())
    })?;
    println!("{{\"inference_seconds\": {inference}, \"consistency_seconds\": {consistency}}}");
    Ok(())
}

fn median(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..WARM_UP {
        run()?;
    }
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        run()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[RUNS / 2])
}
