//! Reads and writes weights under the published parameter names.
//!
//! Reads `.safetensors` and PyTorch's `.pth`/`.pt` state dicts; writes safetensors that PyTorch's
//! `load_state_dict` takes as they are.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use burn::module::Param;
use burn::tensor::{DType, Tensor, TensorData};
use burn_store::{ModuleStore, PytorchStore, SafetensorsStore, bridge};
use mitsume_guard::catch_panic;
use mitsume_guard::file::MAX_SAFETENSORS_HEADER;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;

use crate::{Classifier, ClassifierSpec, Level, StateEntry};

/// Errors of reading weights. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be opened or is not of the format of its name.
    #[error("{path}: cannot read the weights: {reason}")]
    Unreadable {
        /// The weight file.
        path: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// A parameter the model needs is not in the file.
    #[error("{path}: {level} needs a parameter \"{name}\", which the file does not hold{hint}")]
    Missing {
        /// The weight file.
        path: PathBuf,
        /// The model asked for.
        level: Level,
        /// Published name of the parameter.
        name: String,
        /// Which level the file's names fit, if any.
        hint: String,
    },
    /// A parameter has another shape than the model's.
    #[error("{path}: parameter \"{name}\" has shape {found:?}; {level} here needs {expected:?}")]
    Shape {
        /// The weight file.
        path: PathBuf,
        /// The model asked for.
        level: Level,
        /// Published name of the parameter.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape in the model.
        expected: Vec<usize>,
    },
    /// The file holds parameters that the model does not have.
    #[error("{path}: parameter \"{name}\" has no place in {level}{hint}")]
    Unexpected {
        /// The weight file.
        path: PathBuf,
        /// The model asked for.
        level: Level,
        /// Name of the parameter.
        name: String,
        /// Which level the file's names fit, if any.
        hint: String,
    },
    /// A parameter holds NaN or infinity.
    #[error("{path}: parameter \"{name}\" holds a value that is not finite")]
    NotFinite {
        /// The weight file.
        path: PathBuf,
        /// Published name of the parameter.
        name: String,
    },
}

/// A weight file: names and shapes are read when it is opened, values when they are applied.
pub struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, burn_store::burn_pack::Tensor>,
}

impl Weights {
    /// Opens a `.safetensors` file, or a PyTorch state dict under any other ending.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let unreadable = |reason: String| WeightsError::Unreadable {
            path: path.into(),
            reason,
        };
        if let Err(error) = std::fs::File::open(path) {
            return Err(unreadable(error.to_string()));
        }
        let safetensors = path
            .extension()
            .is_some_and(|ending| ending == "safetensors");
        // A pickle is executed by an interpreter; if that panics on a hostile file, the panic
        // becomes an error.
        let tensors = catch_panic(|| {
            if safetensors {
                let mut store = SafetensorsStore::from_file(path);
                store
                    .get_all_tensors()
                    .cloned()
                    .map_err(|error| error.to_string())
            } else {
                let mut store = PytorchStore::from_file(path);
                store
                    .get_all_tensors()
                    .cloned()
                    .map_err(|error| error.to_string())
            }
        })
        .ok_or_else(|| unreadable("the file is damaged".into()))?
        .map_err(unreadable)?;
        Ok(Weights {
            path: path.into(),
            tensors,
        })
    }

    /// Channels and classes, read off the first convolution and the last linear layer.
    pub fn spec(&self, level: Level) -> Result<ClassifierSpec, WeightsError> {
        let first = "features.0.weight".to_string();
        let last = format!("classifier.{}.weight", level.head().linear_index);
        let first_shape = self.shape(level, &first)?;
        let last_shape = self.shape(level, &last)?;
        let wrong = |name: String, found: Vec<usize>, expected: Vec<usize>| WeightsError::Shape {
            path: self.path.clone(),
            level,
            name,
            found,
            expected,
        };
        let out = level.blocks()[0].out_channels(0);
        let &[_, channels @ (1 | 3), 3, 3] = &first_shape[..] else {
            return Err(wrong(first, first_shape, vec![out, 1, 3, 3]));
        };
        let features = level.feature_channels();
        match &last_shape[..] {
            // An upper bound on classes: a hostile file could claim any number to exhaust memory.
            &[classes @ 1..=100_000, found] if found == features => Ok(ClassifierSpec {
                level,
                channels,
                classes,
                dropout: None,
            }),
            _ => Err(wrong(last, last_shape, vec![4, features])),
        }
    }

    /// Copies every parameter into the model. All names must be in the file and all shapes fit;
    /// only `num_batches_tracked` may be missing.
    pub fn apply(&self, level: Level, model: &mut Classifier) -> Result<(), WeightsError> {
        let mut known = Vec::new();
        for (name, entry) in model.state_dict_mut(level) {
            match entry {
                StateEntry::Vector(param) => self.assign(level, &name, param)?,
                StateEntry::Matrix(param) => self.assign(level, &name, param)?,
                StateEntry::Filters(param) => self.assign(level, &name, param)?,
                StateEntry::Counter(count) => *count = self.count(&name)?.unwrap_or(0),
            }
            known.push(name);
        }
        match self.tensors.keys().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(WeightsError::Unexpected {
                path: self.path.clone(),
                level,
                name: name.clone(),
                hint: self.hint(),
            }),
        }
    }

    fn assign<const D: usize>(
        &self,
        level: Level,
        name: &str,
        param: &mut Param<Tensor<D>>,
    ) -> Result<(), WeightsError> {
        let expected = param.dims().to_vec();
        let found = self.shape(level, name)?;
        if found != expected {
            let (path, name) = (self.path.clone(), name.into());
            return Err(WeightsError::Shape {
                path,
                level,
                name,
                found,
                expected,
            });
        }
        let tensor = self.parameter(name)?.expect("its shape was read");
        let values = tensor.values;
        let device = param.val().device();
        let trained = param.val().is_require_grad();
        let tensor = Tensor::from_data(TensorData::new(values, expected), &device);
        let tensor = if trained {
            tensor.require_grad()
        } else {
            tensor
        };
        *param = Param::initialized(param.id, tensor);
        Ok(())
    }

    /// A tensor of floats; `None` if the file has none of this name.
    ///
    /// # Errors
    /// A tensor that is damaged, is not of floats, or holds a value that is not finite.
    pub fn parameter(&self, name: &str) -> Result<Option<FloatTensor>, WeightsError> {
        let Some(tensor) = self.tensors.get(name) else {
            return Ok(None);
        };
        let values = self.values(name)?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite {
                path: self.path.clone(),
                name: name.into(),
            });
        }
        let shape = tensor.shape.to_vec();
        Ok(Some(FloatTensor { shape, values }))
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let read = || -> Result<Vec<f32>, String> {
            let data = bridge::to_data(&self.tensors[name]).map_err(|error| error.to_string())?;
            if !data.dtype().is_float() {
                return Err(format!(
                    "parameter \"{name}\" is of type {:?}, not float",
                    data.dtype()
                ));
            }
            data.convert_dtype(DType::F32)
                .try_into_vec()
                .map_err(|error| format!("{error:?}"))
        };
        catch_panic(read)
            .unwrap_or_else(|| Err(format!("parameter \"{name}\" is damaged")))
            .map_err(|reason| WeightsError::Unreadable {
                path: self.path.clone(),
                reason,
            })
    }

    fn count(&self, name: &str) -> Result<Option<u64>, WeightsError> {
        let Some(tensor) = self.tensors.get(name) else {
            return Ok(None);
        };
        let count = bridge::to_data(tensor).ok().and_then(|data| {
            let values: Vec<i64> = data.convert_dtype(DType::I64).try_into_vec().ok()?;
            u64::try_from(*values.first()?).ok()
        });
        count.map(Some).ok_or_else(|| WeightsError::Unreadable {
            path: self.path.clone(),
            reason: format!("\"{name}\" is not a count"),
        })
    }

    fn shape(&self, level: Level, name: &str) -> Result<Vec<usize>, WeightsError> {
        match self.tensors.get(name) {
            Some(tensor) => Ok(tensor.shape.to_vec()),
            None => Err(WeightsError::Missing {
                path: self.path.clone(),
                level,
                name: name.into(),
                hint: self.hint(),
            }),
        }
    }

    /// A hint at the level that the names of the file fit, because a wrong `--model` is the most
    /// likely mistake.
    fn hint(&self) -> String {
        let fits = |names: &[String]| names.iter().all(|name| self.tensors.contains_key(name));
        match REQUIRED.iter().find(|(_, names)| fits(names)) {
            Some((level, _)) => format!(" (its names are those of {level})"),
            None => String::new(),
        }
    }
}

/// Names of the parameters and running statistics of each level. They are those of networks, which are built once.
static REQUIRED: LazyLock<Vec<(Level, Vec<String>)>> = LazyLock::new(|| {
    let names = |level: Level| {
        let spec = ClassifierSpec {
            level,
            channels: 1,
            classes: 1,
            dropout: None,
        };
        let mut model = Classifier::new(spec, 0, &burn::tensor::Device::flex());
        let state = model.state_dict_mut(level).into_iter();
        let required = state.filter(|(_, entry)| !matches!(entry, StateEntry::Counter(_)));
        (level, required.map(|(name, _)| name).collect())
    };
    Level::ALL.into_iter().map(names).collect()
});

/// Key of this program's entry in a safetensors file's `__metadata__`.
const METADATA_KEY: &str = "mitsume";

/// The metadata a weight file was written with; `None` if it has none or is not safetensors.
pub fn read_metadata(path: &Path) -> Option<String> {
    /// The header; tensor descriptions are ignored.
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        metadata: HashMap<String, String>,
    }
    let mut file = std::fs::File::open(path).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    if length > MAX_SAFETENSORS_HEADER {
        return None;
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).ok()?;
    serde_json::from_slice::<Header>(&header)
        .ok()?
        .metadata
        .remove(METADATA_KEY)
}

/// The model as the bytes of a safetensors file; `metadata` becomes the entry [`read_metadata`]
/// returns.
pub fn to_bytes(level: Level, model: &Classifier, metadata: &str) -> Vec<u8> {
    let mut model = model.clone();
    let tensors = model.state_dict_mut(level).into_iter();
    let tensors = tensors.map(|(name, entry)| {
        let tensor = match entry {
            StateEntry::Vector(param) => float(param),
            StateEntry::Matrix(param) => float(param),
            StateEntry::Filters(param) => float(param),
            StateEntry::Counter(count) => StateTensor::Count(*count),
        };
        (name, tensor)
    });
    serialise(tensors.collect(), metadata)
}

/// Parameters or running statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatTensor {
    /// Shape.
    pub shape: Vec<usize>,
    /// Values in row-major order.
    pub values: Vec<f32>,
}

/// A tensor of a state dict.
#[derive(Clone, Debug, PartialEq)]
pub enum StateTensor {
    /// Parameters or running statistics.
    Floats(FloatTensor),
    /// `num_batches_tracked`.
    Count(u64),
}

/// A state dict as the bytes of a safetensors file, with `metadata` as in [`to_bytes`].
pub fn serialise(tensors: Vec<(String, StateTensor)>, metadata: &str) -> Vec<u8> {
    let entries = tensors.into_iter().map(|(name, tensor)| match tensor {
        StateTensor::Floats(FloatTensor { shape, values }) => {
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name, Dtype::F32, shape, bytes)
        }
        StateTensor::Count(count) => {
            let bytes = (count as i64).to_le_bytes().to_vec();
            (name, Dtype::I64, vec![], bytes)
        }
    });
    let entries: Vec<_> = entries.collect();
    let views = entries.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).expect("length fits the shape");
        (name.as_str(), view)
    });
    // One key only: safetensors writes metadata in the order of a hash map, and the same weights
    // must give the same bytes.
    let header_metadata = HashMap::from([(METADATA_KEY.to_string(), metadata.to_string())]);
    safetensors::serialize(views, Some(header_metadata)).expect("shapes and lengths are consistent")
}

fn float<const D: usize>(param: &Param<Tensor<D>>) -> StateTensor {
    let values = param.val().into_data().try_into_vec();
    StateTensor::Floats(FloatTensor {
        shape: param.dims().to_vec(),
        values: values.expect("parameters are f32"),
    })
}
