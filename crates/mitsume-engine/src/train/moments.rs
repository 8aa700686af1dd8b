//! Checks the file of Adam's moments against the network.
//!
//! Burn's reader does not know the network: it trusts the ranks and shapes in the file, panics
//! where they contradict each other, and Adam silently starts from zero where a moment is missing.
//! So names, types, shapes and values are checked here before Burn reads the file.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Param;
use burn::tensor::DType;
use burn_store::burn_pack::{Reader, Scalar, Tensor};
use mitsume_nn::{Classifier, Level, StateEntry};

/// Adam's moments of each parameter: the moving averages of the gradient and of its square.
const MOMENTS: [&str; 2] = ["moment_1", "moment_2"];

/// Checks the file at `path` against a network that was trained for `steps` steps.
///
/// # Errors
/// The first entry that is wrong, as a message.
pub(super) fn check(
    path: &Path,
    model: &Classifier,
    level: Level,
    steps: u64,
) -> Result<(), String> {
    let trained = if steps == 0 {
        BTreeMap::new()
    } else {
        trainable_shapes(model, level)
    };
    let reader = Reader::from_file_exact(path).map_err(|error| error.to_string())?;
    check_counters(reader.scalars(), &trained, steps)?;
    let tensors = reader.into_tensors().map_err(|error| error.to_string())?;
    let expected = MOMENTS.len() * trained.len();
    if tensors.len() != expected {
        let found = tensors.len();
        return Err(format!("{found} moments, {expected} expected"));
    }
    tensors
        .into_iter()
        .try_for_each(|tensor| check_moment(tensor, &trained))
}

/// Shapes of the trainable parameters by Burn's parameter id.
fn trainable_shapes(model: &Classifier, level: Level) -> BTreeMap<u64, Vec<usize>> {
    let mut model = model.clone();
    let entries = model.state_dict_mut(level).into_iter();
    let parameter = |(_, entry): (String, StateEntry<'_>)| match entry {
        StateEntry::Vector(param) => id_and_shape(param),
        StateEntry::Matrix(param) => id_and_shape(param),
        StateEntry::Filters(param) => id_and_shape(param),
        StateEntry::Counter(_) => None,
    };
    entries.filter_map(parameter).collect()
}

/// Id and shape of a parameter, if it is trainable.
fn id_and_shape<const D: usize>(
    param: &Param<burn::tensor::Tensor<D>>,
) -> Option<(u64, Vec<usize>)> {
    let trained = param.is_require_grad();
    trained.then(|| (param.id.val(), param.dims().to_vec()))
}

/// Checks that the counters are each parameter's rank and number of steps, and nothing else.
fn check_counters(
    found: &BTreeMap<String, Scalar>,
    trained: &BTreeMap<u64, Vec<usize>>,
    steps: u64,
) -> Result<(), String> {
    let mut expected = BTreeMap::new();
    for (id, shape) in trained {
        expected.insert(format!("{id}.__rank"), shape.len() as u64);
        expected.insert(format!("{id}.momentum.time"), steps);
    }
    for (name, wanted) in &expected {
        match found.get(name).map(|value| u64::try_from(*value)) {
            Some(Ok(value)) if value == *wanted => {}
            Some(_) => return Err(format!("\"{name}\" is not {wanted}")),
            None => return Err(format!("\"{name}\" is missing")),
        }
    }
    match found.keys().find(|name| !expected.contains_key(*name)) {
        Some(name) => Err(format!("\"{name}\" has no place in this model")),
        None => Ok(()),
    }
}

/// Checks that a tensor is a moment of a trainable parameter, with its shape and with possible
/// values.
fn check_moment(tensor: Tensor, trained: &BTreeMap<u64, Vec<usize>>) -> Result<(), String> {
    let name = tensor.name.clone();
    let wrong = |what: &str| format!("\"{name}\" {what}");
    let parameter = tensor.param_id.and_then(|id| Some((id, trained.get(&id)?)));
    let Some((id, shape)) = parameter else {
        return Err(wrong("is of no parameter of this model"));
    };
    let moment = MOMENTS
        .iter()
        .find(|moment| name == format!("{id}.momentum.{moment}"))
        .ok_or(wrong("is no moment"))?;
    if tensor.dtype != DType::F32 || tensor.shape.to_vec() != *shape {
        return Err(wrong(&format!("is not 32-bit of shape {shape:?}")));
    }
    let bytes = tensor.into_bytes().map_err(|error| error.to_string())?;
    let mut values = bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().expect("four bytes")));
    let possible = |value: f32| value.is_finite() && (*moment == "moment_1" || value >= 0.0);
    if values.all(possible) {
        Ok(())
    } else {
        Err(wrong("holds values that no training leaves"))
    }
}
