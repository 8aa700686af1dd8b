//! PRelu.

use burn::tensor::activation;

use super::{Binary, BinaryFunction, Inputs, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::Value;

/// `x` where positive, else `slope * x`, with `slope` broadcast.
#[derive(Debug)]
pub(crate) struct PRelu;

impl Operator for PRelu {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, slope) = (inputs.float(0)?, inputs.float(1)?);
        let positive = x.clone().map(activation::relu);
        let negative = x.map(|x| activation::relu(x.neg()).neg());
        let scaled = Binary(BinaryFunction::Mul).floats(negative, slope)?;
        let result = Binary(BinaryFunction::Add).floats(positive, scaled)?;
        Ok(vec![Value::Float(result)])
    }
}
