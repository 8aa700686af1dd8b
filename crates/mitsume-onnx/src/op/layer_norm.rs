//! LayerNormalization.

use burn::tensor::Tensor;
use mitsume_kernels::burn_extension::{inference, training::layer_norm_train};

use super::{Inputs, NodeInfo, Operator, OperatorError, on_kernels, trains_on_kernels};
use crate::ints::axis;
use crate::layout::AxisRule;
use crate::shape::rows_from;
use crate::value::{Floats, Value};

/// Normalises over all axes from `axis` on: `(x - mean) / sqrt(variance + epsilon) * scale + bias`.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    axis: i64,
    epsilon: f32,
}

impl LayerNorm {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.only("stash_type", 1)?;
        Ok(Self {
            axis: node.attributes.int("axis", -1),
            epsilon: node.attributes.float("epsilon", 1e-5),
        })
    }
}

impl Operator for LayerNorm {
    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        let shape = (*inputs.first()?)?;
        let [_, inner] = rows_from(shape, axis(self.axis, shape.len()).ok()?);
        let mut others = inputs[1..].iter().flatten();
        // Run it to say what is wrong.
        let fits = others.all(|other| other.iter().product::<usize>() == inner);
        fits.then(|| Ok(shape.to_vec()))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Normalised { axis: self.axis }
    }

    /// With the cotangent times the scale.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let (x, scale) = (inputs.float(0)?, inputs.float(1)?);
        let shape = x.shape().to_vec();
        let [outer, inner] = rows_from(&shape, axis(self.axis, shape.len())?);
        let x = x.into_tensor([outer, inner]);
        let h = cotangent.into_tensor([outer, inner]) * scale.into_tensor([1, inner]);
        let dx = standardised_rows_vjp(x, h, self.epsilon);
        Ok(vec![Some(Floats::from_tensor(dx).reshaped(shape)?)])
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, scale) = (inputs.float(0)?, inputs.float(1)?);
        let bias = inputs.optional(2).map(Value::float).transpose()?;
        let shape = x.shape().to_vec();
        let [outer, inner] = rows_from(&shape, axis(self.axis, shape.len())?);
        let check_len = |name: &str, v: &Floats| match v.shape().iter().product::<usize>() {
            count if count == inner => Ok(()),
            count => Err(OperatorError::Invalid(format!(
                "{name} of {count} values where {inner} are expected"
            ))),
        };
        check_len("scale", &scale)?;
        bias.as_ref()
            .map_or(Ok(()), |bias| check_len("bias", bias))?;
        if on_kernels(&x) {
            let bias = bias.map_or_else(|| Ok(vec![0.0; inner]), Floats::into_host)?;
            let scale_and_shift = [scale.into_host()?, bias].into();
            let x = x.into_row_major().into_flat();
            let y = inference::layer_norm(&scale_and_shift, self.epsilon, x, [outer, inner])
                .map_err(OperatorError::from)?;
            return Ok(vec![Value::Float(Floats::new(y, shape)?)]);
        }
        if trains_on_kernels(&x) {
            let (scale, x) = (scale.into_flat(), x.into_row_major().into_flat());
            let bias = bias.map_or_else(|| scale.zeros_like(), Floats::into_flat);
            let y = layer_norm_train(x, scale, bias, self.epsilon)?;
            return Ok(vec![Value::Float(Floats::new(y, shape)?)]);
        }
        let x = x.into_tensor([outer, inner]);
        let mut y = standardised_rows(x, self.epsilon) * scale.into_tensor([1, inner]);
        if let Some(bias) = bias {
            y = y + bias.into_tensor([1, inner]);
        }
        let result = Floats::from_tensor(y).reshaped(shape)?;
        Ok(vec![Value::Float(result)])
    }
}

/// The cotangent of x for that of [`standardised_rows`], h: `(h - mean(h) - n mean(h n)) / s` with n the
/// normalised row and s its standard deviation.
pub(super) fn standardised_rows_vjp(x: Tensor<2>, h: Tensor<2>, epsilon: f32) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let deviation = variance.add_scalar(epsilon).sqrt();
    let normalised = centred / deviation.clone();
    let along = normalised.clone() * (h.clone() * normalised).mean_dim(1);
    (h.clone() - h.mean_dim(1) - along) / deviation
}

/// `(x - mean) / sqrt(variance + epsilon)` of each row.
pub(super) fn standardised_rows(x: Tensor<2>, epsilon: f32) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    centred / variance.add_scalar(epsilon).sqrt()
}
