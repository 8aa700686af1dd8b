//! ONNX classifiers: logits and maps of arrays of images.

use crate::arrays::{array_3, from_json, value_error};
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::methods::Method;
use mitsume_data::ImageTransform;
use mitsume_engine::{
    EngineError, InputImages, MapOptions, Network, OnnxNetwork, OnnxRequest, image_maps,
    layer_record, layers, predicted_class_maps,
};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray4};
use pyo3::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;

/// Names of the methods of class activation maps.
pub fn method_names() -> Vec<String> {
    Method::ALL.iter().map(ToString::to_string).collect()
}

/// Mean and standard deviation per channel of the presets of `mitsume eval --preset`, by name.
pub fn presets() -> HashMap<&'static str, ([f32; 3], [f32; 3])> {
    let presets = [
        ("imagenet", ImageTransform::IMAGENET),
        ("levels", ImageTransform::default()),
    ];
    HashMap::from(presets.map(|(name, transform)| (name, (transform.mean, transform.std))))
}

/// Logits [N, K], maps [N, h, w], and the explained classes `[N]`.
type Explained<'py> = (
    Bound<'py, PyArray2<f32>>,
    Bound<'py, PyArray3<f32>>,
    Bound<'py, PyArray1<i64>>,
);

/// A classifier from an ONNX file.
#[pyclass(module = "mitsume._mitsume")]
pub struct Onnx {
    path: PathBuf,
    images: InputImages,
    network: OnnxNetwork,
}

#[pymethods]
impl Onnx {
    #[new]
    #[pyo3(signature = (path, *, target_layers, layout, token_grid, size, channels))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        target_layers: Vec<String>,
        layout: Option<String>,
        token_grid: Option<[usize; 2]>,
        size: Option<[usize; 2]>,
        channels: Option<usize>,
    ) -> PyResult<Self> {
        let layout = layout.map(|layout| layout.parse().map_err(value_error));
        let images = InputImages { channels, size };
        let request = OnnxRequest {
            layers: target_layers,
            layout: layout.transpose()?,
            tokens: token_grid,
            images,
        };
        let network = py.detach(|| OnnxNetwork::open(&path, &request, &Device::flex()));
        Ok(Self {
            network: network.map_err(value_error)?,
            path,
            images,
        })
    }

    /// Channels, height and width of its images.
    fn image(&self) -> [usize; 3] {
        self.network.image()
    }

    /// Number of classes.
    fn classes(&self) -> usize {
        self.network.classes()
    }

    /// Number of parameters.
    fn parameters(&self) -> u64 {
        self.network.parameters()
    }

    /// The hooked layers.
    fn target_layers(&self) -> Vec<String> {
        self.network.layers()
    }

    /// Rows and columns of a map.
    fn map_size(&self) -> [usize; 2] {
        let [_, height, width] = self.network.image();
        self.network.cam_size([height, width])
    }

    /// Every layer that can be hooked.
    fn layers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = py
            .detach(|| layers(&self.path, self.images))
            .map_err(value_error)?;
        from_json(py, &found.iter().map(layer_record).collect())
    }

    /// Logits [N, K] of preprocessed images [N, C, H, W].
    fn logits<'py>(
        &self,
        py: Python<'py>,
        images: PyReadonlyArray4<'py, f32>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let batch = Batch::new(&images);
        let classes = self.network.classes();
        let logits = py.detach(|| -> Result<Vec<f32>, EngineError> {
            Ok(values(self.network.logits(batch.tensor())?))
        });
        PyArray1::from_vec(py, logits.map_err(value_error)?).reshape([batch.shape[0], classes])
    }

    /// Logits, normalised maps and explained classes of preprocessed images [N, C, H, W]. Without
    /// `targets` each image's predicted class is explained.
    #[pyo3(signature = (images, *, method, flip, targets))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        images: PyReadonlyArray4<'py, f32>,
        method: &str,
        flip: bool,
        targets: Option<Vec<usize>>,
    ) -> PyResult<Explained<'py>> {
        let method: Method = method.parse().map_err(value_error)?;
        let options = MapOptions { method, flip };
        let batch = Batch::new(&images);
        let (count, classes) = (batch.shape[0], self.network.classes());
        let found = py.detach(|| self.explain_batch(&batch, targets, options));
        let found = found.map_err(value_error)?;
        let [rows, columns] = self.map_size();
        Ok((
            PyArray1::from_vec(py, found.logits).reshape([count, classes])?,
            array_3(py, found.maps, [count, rows, columns])?,
            PyArray1::from_iter(py, found.targets.into_iter().map(|target| target as i64)),
        ))
    }
}

impl Onnx {
    fn explain_batch(
        &self,
        batch: &Batch,
        targets: Option<Vec<usize>>,
        options: MapOptions,
    ) -> Result<ExplainedBatch, EngineError> {
        let images = batch.tensor();
        let (logits, maps, targets) = match targets {
            Some(targets) => {
                let (logits, maps) = image_maps(&self.network, images, &targets, options)?;
                (logits, maps, targets)
            }
            None => predicted_class_maps(&self.network, images, options)?,
        };
        Ok(ExplainedBatch {
            logits: values(logits),
            maps,
            targets,
        })
    }
}

/// Values of [`Explained`], row by row.
struct ExplainedBatch {
    logits: Vec<f32>,
    maps: Vec<f32>,
    targets: Vec<usize>,
}

/// A batch of images, copied so that Python may change its array meanwhile.
struct Batch {
    values: Vec<f32>,
    shape: [usize; 4],
}

impl Batch {
    fn new(images: &PyReadonlyArray4<'_, f32>) -> Self {
        let view = images.as_array();
        let (n, channels, height, width) = view.dim();
        Self {
            values: view.iter().copied().collect(),
            shape: [n, channels, height, width],
        }
    }

    fn tensor(&self) -> Tensor<4> {
        let data = TensorData::new(self.values.clone(), self.shape);
        Tensor::from_data(data, &Device::flex())
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data().convert::<f32>();
    data.try_into_vec().expect("converted to f32")
}
