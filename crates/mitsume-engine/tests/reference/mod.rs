//! Logits and maps of PyTorch and pytorch-grad-cam, as `scripts/reference/onnx_parity` writes them.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use mitsume::methods::Method;
use safetensors::SafeTensors;

/// Images with the reference's logits and maps.
pub struct Reference {
    /// Values and shape [N, C, H, W].
    images: (Vec<f32>, [usize; 4]),
    /// The explained classes, `[N]`.
    pub targets: Vec<usize>,
    /// Name of the hooked layer.
    pub layer: String,
    /// Token grid of the layer, rows and columns.
    pub tokens: Option<[usize; 2]>,
    /// All float32 tensors by name, except the images.
    pub values: BTreeMap<String, Vec<f32>>,
}

impl Reference {
    /// Reads a reference file.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the reference can be read");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("it is safetensors");
        let notes = header.metadata().clone().expect("it has metadata");
        let tensors = SafeTensors::deserialize(&bytes).expect("it is safetensors");
        let mut values = BTreeMap::new();
        let mut images = None;
        let mut targets = Vec::new();
        for (name, view) in tensors.iter() {
            if name == "targets" {
                let (all, _) = view.data().as_chunks::<8>();
                targets = all
                    .iter()
                    .map(|b| i64::from_le_bytes(*b) as usize)
                    .collect();
                continue;
            }
            let (all, _) = view.data().as_chunks::<4>();
            let all: Vec<f32> = all.iter().map(|b| f32::from_le_bytes(*b)).collect();
            if name == "images" {
                images = Some((all, view.shape().try_into().expect("four axes")));
            } else {
                values.insert(name.to_owned(), all);
            }
        }
        let tokens = notes["token_grid"].split_once('x');
        Self {
            images: images.expect("there are images"),
            targets,
            layer: notes["layer"].clone(),
            tokens: tokens
                .map(|(rows, columns)| [rows, columns].map(|n| n.parse().expect("a number"))),
            values,
        }
    }

    /// The images, on `device`.
    pub fn images(&self, device: &Device) -> Tensor<4> {
        let (values, shape) = self.images.clone();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Methods with reference maps.
    pub fn methods(&self) -> Vec<Method> {
        let names = self.values.keys();
        names
            .filter_map(|name| name.strip_prefix("map.")?.parse().ok())
            .collect()
    }
}
