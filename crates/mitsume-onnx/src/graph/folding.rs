//! Constant folding.

use burn::tensor::Device;

use super::{Builder, ValueId};
use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::error::Error;
use crate::ints::Ints;
use crate::op::OperatorError;
use crate::op::{Inputs, Op};
use crate::value::{Floats, Value};

/// Bound on the values of all folded constants.
const MAX_FOLDED_VALUES: usize = 1 << 26;

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
            self.folded = self.folded.saturating_add(result.count());
            if self.folded > MAX_FOLDED_VALUES {
                return Err(FoldError::Operator(
                    "values computed beforehand would take too much memory".into(),
                ));
            }
            let constant = to_host(result)?;
            if !name.is_empty() {
                let id = self.new_value(name).map_err(FoldError::Name)?;
                self.constants.insert(id, constant);
            }
        }
        Ok(())
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
