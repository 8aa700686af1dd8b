//! The gradients of a group of parameters.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Takes those of the parameters `group` out of `grads`.
pub(super) fn take_gradients<M: Module>(
    grads: &mut GradientsParams,
    model: &M,
    group: &[ParamId],
) -> GradientsParams {
    let mut visitor = Take {
        grads,
        group,
        taken: GradientsParams::new(),
    };
    model.visit(&mut visitor);
    visitor.taken
}

struct Take<'a> {
    grads: &'a mut GradientsParams,
    group: &'a [ParamId],
    taken: GradientsParams,
}

impl ModuleVisitor for Take<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.group.contains(&param.id)
            && let Some(gradient) = self.grads.remove::<D>(param.id)
        {
            self.taken.register(param.id, gradient);
        }
    }
}
