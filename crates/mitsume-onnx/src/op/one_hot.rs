//! OneHot.

use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::ints::{Ints, axis, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// A new axis of `depth` positions, "on" at the index and "off" elsewhere; an index out of range is "off"
/// everywhere. Inputs: indices, depth, and the values [off, on].
#[derive(Debug)]
pub(super) struct OneHot {
    axis: i64,
}

impl OneHot {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            axis: node.attributes.int("axis", -1),
        }
    }
}

/// A number as an integer; floats are cut towards zero.
fn integers(value: Value) -> Result<Ints, OperatorError> {
    match value {
        Value::Int(ints) => Ok(ints),
        Value::Float(floats) => {
            let shape = floats.shape().to_vec();
            let values = floats.without_gradient().into_host()?;
            Ints::new(values.into_iter().map(|v| v as i64).collect(), shape)
        }
    }
}

impl Operator for OneHot {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn output_type(&self) -> OutputType {
        OutputType::AsInput(2)
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let device = inputs.device.clone();
        let indices = integers(inputs.take(0)?)?;
        let depth = dimension(integers(inputs.take(1)?)?.scalar()?)?;
        let values = inputs.take(2)?;
        let on = axis(self.axis, indices.shape.len() + 1)?;
        let mut shape = indices.shape.clone();
        shape.insert(on, depth);
        let count = limits::elements(&shape)?;
        let inner: usize = indices.shape[on..].iter().product();
        let mut hot = vec![false; count];
        for (i, &index) in indices.data.iter().enumerate() {
            let from_front = if index < 0 {
                index.saturating_add(depth as i64)
            } else {
                index
            };
            if let Some(at) = usize::try_from(from_front).ok().filter(|&at| at < depth) {
                hot[(i / inner * depth + at) * inner + i % inner] = true;
            }
        }
        let pair = || OperatorError::Invalid("two values expected, off and on".into());
        Ok(vec![match values {
            Value::Int(values) => {
                let [off, on] = values.data[..].try_into().map_err(|_| pair())?;
                let data = hot.into_iter().map(|hot| if hot { on } else { off });
                Value::Int(Ints::new(data.collect(), shape)?)
            }
            Value::Float(values) => {
                let values = values.without_gradient().into_host()?;
                let [off, on] = values[..].try_into().map_err(|_| pair())?;
                let data = hot.into_iter().map(|hot| if hot { on } else { off });
                Value::Float(Floats::from_values(data.collect(), shape, &device)?)
            }
        }])
    }
}
