//! A linear layer of a graph that is trained: a product of matrices, fused with its bias.

use burn::tensor::Tensor;
use mitsume_kernels::burn_extension::training::convolution_train;
use mitsume_kernels::inference::Window;

use super::{Inputs, Operator, OperatorError, differentiates_on_kernels};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// Inputs: x [..., k]; weights [k, m], transposed [m, k]; and bias `[m]`, optional.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainableLinear {
    pub transposed: bool,
}

/// Position of the bias among the inputs.
pub(crate) const BIAS_INPUT: usize = 2;

impl Operator for TrainableLinear {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (x, weights) = (inputs.float(0)?, inputs.float(1)?);
        let bias = inputs.optional(BIAS_INPUT).map(Value::float).transpose()?;
        let (shape, sides) = (x.shape().to_vec(), weights.shape().to_vec());
        let [m, k] = match sides[..] {
            [m, k] if self.transposed => [m, k],
            [k, m] => [m, k],
            _ => [0; 2],
        };
        let [before @ .., last] = &shape[..] else {
            return Err("an axis of features expected".into());
        };
        let fits = bias.as_ref().is_none_or(|bias| bias.shape() == [m]);
        if *last != k || !fits {
            return Err(OperatorError::Invalid(format!(
                "shapes {shape:?} and {sides:?} do not go together"
            )));
        }
        let out = [before, &[m]].concat();
        limits::elements(&out)?;
        let rows = before.iter().product();
        let weights = weights.into_tensor([sides[0], sides[1]]);
        let weights = match self.transposed {
            true => weights,
            false => weights.transpose(),
        };
        let bias = bias.map(|bias| bias.into_tensor([m]));
        let x = x.into_row_major().into_flat();
        let y = linear(x, weights, bias, rows)?;
        Ok(vec![Value::Float(Floats::new(y, out)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Product
    }

    fn is_linear(&self) -> bool {
        true
    }
}

/// Rows `x` [rows, k] times the transposed `weights` [m, k], plus `bias` `[m]`; flat. Where it is
/// differentiated on the CPU, as a convolution of one pixel: the same sums, and gradients by the
/// kernels.
pub(super) fn linear(
    x: Tensor<1>,
    weights: Tensor<2>,
    bias: Option<Tensor<1>>,
    rows: usize,
) -> Result<Tensor<1>, OperatorError> {
    let [m, k] = weights.dims();
    if differentiates_on_kernels(&x.device()) {
        let weights = weights.reshape([m, k, 1, 1]);
        let pixels = [1, 1, rows, k];
        let (y, _) = convolution_train(x, weights, bias, pixels, Window::square(1, 1, 0), 1)?;
        return Ok(y);
    }
    let y = x.reshape([rows, k]).matmul(weights.transpose());
    let y = match bias {
        Some(bias) => y + bias.reshape([1, m]),
        None => y,
    };
    Ok(y.reshape([rows * m]))
}
