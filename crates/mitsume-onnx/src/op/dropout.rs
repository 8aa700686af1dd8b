//! Dropout: the identity in evaluation, a random mask in a training pass.

use burn::tensor::{Device, Tensor, TensorData};
use mitsume_random::RandomStream;

use super::{Inputs, NodeInfo, Op, Operator, OperatorError, TrainingPass, other};
use crate::constant::Constant;
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// In a graph that is read to be trained an operator, else the identity. An error in training mode
/// elsewhere.
pub(super) fn parse(node: &mut NodeInfo) -> Result<Op, OperatorError> {
    let ratio = node.attributes.float("ratio", 0.5);
    node.attributes.ignore("seed");
    let in_training = match node.constant(2) {
        Some(Constant::Int(ints)) => ints.data != [0],
        Some(Constant::Float(..)) => {
            return Err(OperatorError::Invalid(
                "a training_mode that is no truth value".into(),
            ));
        }
        None => node.is_given(2),
    };
    // The mask is read by nobody in a graph that is trained, though exporters name it.
    node.outputs = node
        .outputs
        .min(if node.training.is_some() { 1 } else { 2 });
    match (node.training.as_ref().map(|node| node.number), in_training) {
        // Before opset 12 the mode is not in the file: dropout is on in training.
        (Some(number), true) => Dropout::parse(node, ratio, number),
        (Some(number), false) if node.opset < 12 => Dropout::parse(node, ratio, number),
        (None, true) => Err(OperatorError::Unsupported(
            "training_mode is not supported: export in evaluation mode".into(),
        )),
        (_, false) => Ok(Op::Identity),
    }
}

/// Inverted dropout: 0 with probability `ratio`, else `x / (1 - ratio)`.
#[derive(Debug)]
struct Dropout {
    ratio: f64,
    /// Number of the node in the graph: each draws its own mask.
    number: usize,
}

impl Dropout {
    fn parse(node: &NodeInfo, attribute: f32, number: usize) -> Result<Op, OperatorError> {
        let ratio = match node.is_given(1) {
            true => node.constant_scalar(1),
            false => Some(attribute),
        };
        match ratio.map(f64::from) {
            Some(0.0) => Ok(Op::Identity),
            Some(ratio) if (0.0..1.0).contains(&ratio) => other(Self { ratio, number }),
            _ => Err(OperatorError::Invalid(
                "a ratio that is no number of 0 or more and below 1".into(),
            )),
        }
    }

    fn masked(&self, x: Floats, pass: TrainingPass, device: &Device) -> Floats {
        let count = x.shape().iter().product();
        let mask = self.mask([pass.seed, pass.step], count);
        let mask = Tensor::<1>::from_data(TensorData::new(mask, [count]), device);
        x.into_row_major().map(|x| x * mask)
    }

    /// A function of seed, step and node alone: a resumed run draws what it would have drawn.
    fn mask(&self, key: [u64; 2], count: usize) -> Vec<f32> {
        let mut random =
            RandomStream::new("mitsume dropout v1", &[key[0], key[1], self.number as u64]);
        let kept = (1.0 / (1.0 - self.ratio)) as f32;
        let threshold = (self.ratio * 2f64.powi(32)) as u64;
        let value = |bits: u32| match u64::from(bits) < threshold {
            true => 0.0,
            false => kept,
        };
        (0..count).map(|_| value(random.bits())).collect()
    }
}

impl Operator for Dropout {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let Some(pass) = inputs.training else {
            return Ok(vec![x]);
        };
        let y = self.masked(x.float()?, pass, &inputs.device);
        Ok(vec![Value::Float(y)])
    }

    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        Ok(vec![Some(match inputs.training {
            Some(pass) => self.masked(cotangent, pass, &inputs.device),
            None => cotangent,
        })])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Kept
    }

    fn is_linear(&self) -> bool {
        true
    }
}
