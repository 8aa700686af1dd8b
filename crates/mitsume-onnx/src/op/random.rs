//! RandomUniformLike and Bernoulli in a graph that is trained: exporters write stochastic depth with
//! them.

use mitsume_random::RandomStream;

use super::{Inputs, NodeInfo, Operator, OperatorError, OutputType};
use crate::layout::AxisRule;
use crate::limits;
use crate::proto::data_type;
use crate::value::{Floats, Value};

/// Random numbers of the shape of the input: a function of seed, step and node alone, so that a resumed
/// run draws what it would have drawn.
#[derive(Debug)]
pub(super) struct Random {
    distribution: Distribution,
    /// Number of the node in the graph: each draws its own.
    number: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Distribution {
    /// Uniform in [low, high).
    Uniform { low: f32, high: f32 },
    /// 1 with the probability that is the input's value, else 0.
    Bernoulli,
}

impl Random {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let attributes = &mut node.attributes;
        attributes.ignore("seed");
        let kind = attributes.int("dtype", data_type::FLOAT.into()) as i32;
        if !data_type::FLOATS.contains(&kind) {
            return Err(OperatorError::Unsupported(format!(
                "random numbers of data type {kind} are not supported"
            )));
        }
        let distribution = match node.op_type {
            "Bernoulli" => Distribution::Bernoulli,
            _ => Distribution::Uniform {
                low: attributes.float("low", 0.0),
                high: attributes.float("high", 1.0),
            },
        };
        if let Distribution::Uniform { low, high } = distribution
            && !(low.is_finite() && high.is_finite() && low < high)
        {
            return Err(OperatorError::Invalid(format!("bounds {low} and {high}")));
        }
        let number = node.training.as_ref().map(|node| node.number);
        let number = number.ok_or_else(|| {
            OperatorError::Unsupported(
                "random numbers are not supported in evaluation, but of stochastic depth: export in \
                 evaluation mode"
                    .into(),
            )
        })?;
        Ok(Self {
            distribution,
            number,
        })
    }
}

impl Operator for Random {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let pass = inputs.training.ok_or("random numbers in evaluation")?;
        let x = inputs.take(0)?;
        let shape = x.shape().to_vec();
        let count = limits::elements(&shape)?;
        let key = [pass.seed, pass.step, self.number as u64];
        let mut random = RandomStream::new("mitsume random numbers v1", &key);
        let values = match self.distribution {
            Distribution::Uniform { low, high } => {
                let draw = |_| low + (high - low) * random.unit_f32();
                (0..count).map(draw).collect()
            }
            Distribution::Bernoulli => {
                let probabilities = x.float()?.without_gradient().into_host()?;
                let draw = |p| f32::from(random.unit_f32() < p);
                probabilities.into_iter().map(draw).collect()
            }
        };
        let drawn = Floats::from_values(values, shape, &inputs.device)?;
        Ok(vec![Value::Float(drawn)])
    }

    /// Of the input only the shape is used, or it is a probability: random numbers have no gradient.
    fn vjp(&self, _: Inputs, _: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        Ok(vec![None])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn output_type(&self) -> OutputType {
        OutputType::Float
    }

    fn is_random(&self) -> bool {
        true
    }
}
