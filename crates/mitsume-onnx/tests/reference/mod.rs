//! Numbers of PyTorch beside a model.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

pub struct Reference {
    bytes: Vec<u8>,
}

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/training")
        .join(name)
}

impl Reference {
    pub fn read(name: &str) -> Self {
        let bytes = std::fs::read(path(&format!("{name}.safetensors"))).unwrap();
        Self { bytes }
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).unwrap()
    }

    /// The values of a tensor of float32.
    pub fn values(&self, name: &str) -> Vec<f32> {
        let tensors = self.tensors();
        let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("no {name}"));
        let values = tensor.data().chunks_exact(4);
        values
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect()
    }

    /// Names of the trained parameters, sorted.
    pub fn parameter_names(&self) -> Vec<String> {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        let mut names: Vec<String> = metadata["parameters"].lines().map(String::from).collect();
        names.sort_unstable();
        names
    }

    pub fn images(&self, device: &Device) -> Tensor<4> {
        let tensors = self.tensors();
        let shape: [usize; 4] = tensors
            .tensor("images")
            .unwrap()
            .shape()
            .try_into()
            .unwrap();
        Tensor::from_data(TensorData::new(self.values("images"), shape), device)
    }

    pub fn labels(&self) -> Vec<i64> {
        let tensors = self.tensors();
        let values = tensors.tensor("labels").unwrap().data().chunks_exact(8);
        values
            .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()))
            .collect()
    }

    /// The first values of the gradient of a loss of gradients.
    pub fn second_order(&self, parameter: &str) -> Option<Vec<f32>> {
        let name = format!("second.{parameter}");
        self.tensors()
            .tensor(&name)
            .is_ok()
            .then(|| self.values(&name))
    }

    /// The first values of a parameter's gradient in the first step.
    pub fn gradient(&self, parameter: &str) -> Option<Vec<f32>> {
        let name = format!("gradient.{parameter}");
        self.tensors()
            .tensor(&name)
            .is_ok()
            .then(|| self.values(&name))
    }
}

/// Whether each number is within `tolerance` of the largest expected one.
pub fn assert_close(values: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    let scale = expected.iter().fold(1e-4f32, |most, v| most.max(v.abs()));
    assert_within(values, expected, tolerance * scale, what);
}

/// Whether each number is within `distance` of the expected one.
pub fn assert_within(values: &[f32], expected: &[f32], distance: f32, what: &str) {
    assert_eq!(values.len(), expected.len(), "{what}");
    for (value, expected) in values.iter().zip(expected) {
        assert!(
            (value - expected).abs() <= distance,
            "{what}: {value} for {expected}"
        );
    }
}
