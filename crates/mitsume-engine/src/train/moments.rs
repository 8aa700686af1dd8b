//! Checks the file of the optimiser's state against the network.
//!
//! Burn's reader does not know the network: it trusts the ranks and shapes in the file, panics where
//! they contradict each other, and the optimiser silently starts from zero where a moment is missing.
//! So names, types, shapes and values are checked here before Burn reads the file.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor};
use burn_store::burn_pack;
use burn_store::burn_pack::{Reader, Scalar};
use mitsume_artifacts::{Optimizer, OptimizerConfig};

/// What an optimiser keeps of each parameter.
struct Layout {
    /// Tensors of the parameter's shape.
    moments: &'static [Moment],
    /// Whether it counts its steps.
    counts_steps: bool,
}

/// A moving average over the steps.
struct Moment {
    name: &'static str,
    /// Whether it is of squares, which are not negative.
    of_squares: bool,
}

impl Layout {
    fn new(config: &OptimizerConfig) -> Self {
        const ADAM: [Moment; 2] = [
            Moment {
                name: "momentum.moment_1",
                of_squares: false,
            },
            Moment {
                name: "momentum.moment_2",
                of_squares: true,
            },
        ];
        const MOMENTUM: [Moment; 1] = [Moment {
            name: "momentum.velocity",
            of_squares: false,
        }];
        let (moments, counts_steps): (&[Moment], bool) = match config.kind {
            Optimizer::Adam | Optimizer::AdamW => (&ADAM, true),
            Optimizer::Sgd if config.momentum != 0.0 => (&MOMENTUM, false),
            Optimizer::Sgd => (&[], false),
        };
        Layout {
            moments,
            counts_steps,
        }
    }
}

/// Checks the file at `path` against a network that was trained for `steps` steps of this optimiser.
///
/// # Errors
/// The first entry that is wrong, as a message.
pub(super) fn check<M: Module>(
    path: &Path,
    model: &M,
    config: &OptimizerConfig,
    steps: u64,
) -> Result<(), String> {
    let layout = Layout::new(config);
    let trained = if steps == 0 {
        BTreeMap::new()
    } else {
        trainable_shapes(model)
    };
    let reader = Reader::from_file_exact(path).map_err(|error| error.to_string())?;
    let steps = layout.counts_steps.then_some(steps);
    check_counters(reader.scalars(), &trained, steps)?;
    let tensors = reader.into_tensors().map_err(|error| error.to_string())?;
    let expected = layout.moments.len() * trained.len();
    if tensors.len() != expected {
        let found = tensors.len();
        return Err(format!("{found} moments, {expected} expected"));
    }
    tensors
        .into_iter()
        .try_for_each(|tensor| check_moment(tensor, &layout, &trained))
}

/// Shapes of the trainable parameters by Burn's parameter id.
fn trainable_shapes<M: Module>(model: &M) -> BTreeMap<u64, Vec<usize>> {
    struct Trained(BTreeMap<u64, Vec<usize>>);
    impl ModuleVisitor for Trained {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                self.0.insert(param.id.val(), param.dims().to_vec());
            }
        }
    }
    let mut trained = Trained(BTreeMap::new());
    model.visit(&mut trained);
    trained.0
}

/// Checks that the counters are each parameter's rank and, where it is counted, number of steps, and
/// nothing else.
fn check_counters(
    found: &BTreeMap<String, Scalar>,
    trained: &BTreeMap<u64, Vec<usize>>,
    steps: Option<u64>,
) -> Result<(), String> {
    let mut expected = BTreeMap::new();
    for (id, shape) in trained {
        expected.insert(format!("{id}.__rank"), shape.len() as u64);
        if let Some(steps) = steps {
            expected.insert(format!("{id}.momentum.time"), steps);
        }
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
fn check_moment(
    tensor: burn_pack::Tensor,
    layout: &Layout,
    trained: &BTreeMap<u64, Vec<usize>>,
) -> Result<(), String> {
    let name = tensor.name.clone();
    let wrong = |what: &str| format!("\"{name}\" {what}");
    let parameter = tensor.param_id.and_then(|id| Some((id, trained.get(&id)?)));
    let Some((id, shape)) = parameter else {
        return Err(wrong("is of no parameter of this model"));
    };
    let moment = layout
        .moments
        .iter()
        .find(|moment| name == format!("{id}.{}", moment.name))
        .ok_or(wrong("is no moment"))?;
    if tensor.dtype != DType::F32 || tensor.shape.to_vec() != *shape {
        return Err(wrong(&format!("is not 32-bit of shape {shape:?}")));
    }
    let bytes = tensor.into_bytes().map_err(|error| error.to_string())?;
    let mut values = bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().expect("four bytes")));
    let possible = |value: f32| value.is_finite() && (!moment.of_squares || value >= 0.0);
    if values.all(possible) {
        Ok(())
    } else {
        Err(wrong("holds values that no training leaves"))
    }
}
