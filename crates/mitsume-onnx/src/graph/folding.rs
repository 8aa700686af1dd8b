//! Constant folding, in memory bounded by the constants that somebody still reads.

use std::collections::HashMap;

use burn::tensor::Device;

use super::ValueId;
use super::builder::Builder;
use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::error::Error;
use crate::ints::Ints;
use crate::op::{Inputs, Op, OperatorError};
use crate::proto::GraphProto;
use crate::value::{Floats, Value};

/// Bound on the values of folded constants at a time.
const MAX_FOLDED_VALUES: usize = 1 << 26;

/// Who still reads each constant, so that those of nobody are dropped.
#[derive(Default)]
pub(super) struct ConstantUses {
    /// Readers of each name.
    by_name: HashMap<String, usize>,
    /// Readers that are still to come, of a value under all of its names.
    left: HashMap<ValueId, usize>,
    /// Number of values of each folded constant that is kept.
    folded: HashMap<ValueId, usize>,
    /// Their sum.
    alive: usize,
}

impl ConstantUses {
    /// Counts the readers in `graph`, and that each of `outputs` is read.
    pub fn count<'a>(&mut self, graph: &'a GraphProto, outputs: impl IntoIterator<Item = &'a str>) {
        let inputs = graph.node.iter().flat_map(|node| &node.input);
        for name in inputs.map(String::as_str).chain(outputs) {
            *self.by_name.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// A name of a value.
    pub fn name(&mut self, name: &str, id: ValueId) {
        let readers = self.by_name.get(name).copied().unwrap_or(0);
        *self.left.entry(id).or_default() += readers;
    }
}

impl Builder<'_> {
    /// Runs a node whose inputs are constant and adds its outputs to the constants.
    pub(super) fn fold(
        &mut self,
        op: &Op,
        inputs: &[Option<ValueId>],
        outputs: &[String],
    ) -> Result<(), FoldError> {
        let value = |id: &Option<ValueId>| -> Result<Option<Value>, OperatorError> {
            let Some(id) = *id else { return Ok(None) };
            // Of an input that is not constant only the type is used.
            let stand_in = || Constant::Float(vec![0.0], vec![]);
            let constant = self.constants.get(&id).cloned().unwrap_or_else(stand_in);
            to_device(constant, &self.device).map(Some)
        };
        let values = inputs.iter().map(value).collect::<Result<_, _>>()?;
        let results = op
            .operator()
            .run(Inputs::new(values, self.device.clone()))?;
        for (name, result) in outputs.iter().zip(results) {
            if name.is_empty() {
                continue;
            }
            let count = result.count();
            if self.uses.alive.saturating_add(count) > MAX_FOLDED_VALUES {
                return Err(FoldError::Operator(
                    "values computed beforehand would take too much memory".into(),
                ));
            }
            let constant = to_host(result)?;
            let id = self.new_value(name).map_err(FoldError::Name)?;
            if self.uses.left.get(&id).is_some_and(|left| *left > 0) {
                self.uses.alive += count;
                self.uses.folded.insert(id, count);
                self.constants.insert(id, constant);
            }
        }
        Ok(())
    }

    /// One reader less of each of `values`, once for each time it is given; constants without readers are dropped.
    pub(super) fn release(&mut self, values: impl IntoIterator<Item = ValueId>) {
        for id in values {
            let Some(left) = self.uses.left.get_mut(&id) else {
                continue;
            };
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.constants.remove(&id);
                self.uses.alive -= self.uses.folded.remove(&id).unwrap_or(0);
            }
        }
    }
}

/// Why a node cannot be folded.
pub(super) enum FoldError {
    Operator(OperatorError),
    Name(Error),
}

impl From<OperatorError> for FoldError {
    fn from(reason: OperatorError) -> Self {
        Self::Operator(reason)
    }
}

/// The value of a `Constant` node.
pub(super) fn constant_value(mut attributes: Attributes) -> Result<Constant, OperatorError> {
    let constant = if let Some(tensor) = attributes.tensor("value")? {
        tensor
    } else if let Some(values) = attributes.ints("value_ints") {
        Constant::Int(Ints::vector(values))
    } else if let Some(values) = attributes.floats("value_floats") {
        let shape = vec![values.len()];
        Constant::Float(values, shape)
    } else if attributes.has("value_int") {
        let value = attributes.int("value_int", 0);
        Constant::Int(Ints::new(vec![value], vec![])?)
    } else if attributes.has("value_float") {
        Constant::Float(vec![attributes.float("value_float", 0.0)], vec![])
    } else {
        return Err(OperatorError::Invalid("no value".into()));
    };
    attributes.finish()?;
    Ok(constant)
}

/// Copies a constant to `device`.
pub(super) fn to_device(constant: Constant, device: &Device) -> Result<Value, OperatorError> {
    Ok(match constant {
        Constant::Float(data, shape) => Value::Float(Floats::from_values(data, shape, device)?),
        Constant::Int(ints) => Value::Int(ints),
    })
}

/// Copies a value to the host.
pub(super) fn to_host(value: Value) -> Result<Constant, OperatorError> {
    Ok(match value {
        Value::Int(ints) => Constant::Int(ints),
        Value::Float(floats) => {
            let shape = floats.shape().to_vec();
            let count = shape.iter().product::<usize>();
            let data = floats.into_tensor([count]).into_data().convert::<f32>();
            let data = data
                .try_into_vec()
                .map_err(|error| OperatorError::Invalid(format!("{error:?}")))?;
            Constant::Float(data, shape)
        }
    })
}
