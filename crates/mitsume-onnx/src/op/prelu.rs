//! PRelu.

use burn::tensor::activation;

use super::{Binary, BinaryFunction, Inputs, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// `x` where positive, else `slope * x`, with `slope` broadcast.
#[derive(Debug)]
pub(crate) struct PRelu;

impl Operator for PRelu {
    /// Of x alone.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let (x, slope) = (inputs.float(0)?, inputs.float(1)?);
        let positive = x.map(|x| x.greater_scalar(0.0).float());
        let negative = positive.clone().map(|x| x.neg().add_scalar(1.0));
        let below = Binary(BinaryFunction::Mul).floats(negative, slope)?;
        let slope = Binary(BinaryFunction::Add).floats(positive, below)?;
        let dx = Binary(BinaryFunction::Mul).floats(cotangent, slope)?;
        Ok(vec![Some(dx)])
    }

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
