//! Clipping of the gradient's norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// `torch.nn.utils.clip_grad_norm_`'s guard against a division by 0.
const EPSILON: f64 = 1e-6;

/// Scales the gradients so that the norm of all of them together is at most `max_norm`, as
/// `torch.nn.utils.clip_grad_norm_`. The squares are summed in `f64`, in the parameters' order.
pub(super) fn clip_norm<M: Module>(
    grads: GradientsParams,
    model: &M,
    max_norm: f64,
) -> GradientsParams {
    let mut squares = SumOfSquares {
        grads: &grads,
        sum: 0.0,
    };
    model.visit(&mut squares);
    let factor = max_norm / (squares.sum.sqrt() + EPSILON);
    // Not a number stays not a number, as in PyTorch: the next loss says so.
    if factor >= 1.0 {
        return grads;
    }
    let mut scale = Scale { grads, factor };
    model.visit(&mut scale);
    scale.grads
}

struct SumOfSquares<'a> {
    grads: &'a GradientsParams,
    sum: f64,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.grads.get::<D>(param.id) {
            let values = gradient.into_data().convert::<f32>();
            let values: Vec<f32> = values.try_into_vec().expect("converted to f32 above");
            let square = |value: &f32| f64::from(*value).powi(2);
            self.sum += values.iter().map(square).sum::<f64>();
        }
    }
}

struct Scale {
    grads: GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.grads.remove::<D>(param.id) {
            let scaled = gradient.mul_scalar(self.factor);
            self.grads.register(param.id, scaled);
        }
    }
}
