//! Every pass of a training step of a level's trunk.

use mitsume_levels::{HeadSpec, Level};

use super::{Case, Pointwise, convolution, first_layer, head, pointwise, skip};
use crate::head::HeadPooling;
use crate::trunk::{Conv, Stage, TrunkSpec};
use crate::workspace::Workspace;

/// Side of the images.
const SIDE: usize = 224;

/// The passes of a training step of a level on `images` images of 224x224, forward and
/// backward, to be run and timed one by one: (case, times it is run in a step).
///
/// Cases are made one at a time, because their data would not fit in memory together.
pub fn level(
    workspace: &Workspace,
    level: Level,
    images: usize,
    mut each: impl FnMut(Case, usize),
) {
    let spec = TrunkSpec::level(level, 1);
    let pass = |pass, shape, pool| pointwise(workspace, pass, images, shape, pool);
    let (mut side, mut inputs) = (SIDE, 1);
    for (index, stage) in spec.stages.iter().enumerate() {
        let outputs = stage.channels();
        match *stage {
            Stage::Conv(conv) if index == 0 => {
                let [moments, forward, gradient] = first_layer(workspace, images, outputs);
                if conv.norm {
                    each(moments, 1);
                }
                each(forward, 1);
                each(gradient, 1);
            }
            Stage::Conv(Conv {
                norm, pool, relu, ..
            }) => {
                for case in convolution(workspace, images, [side, inputs, outputs]) {
                    each(case, 1);
                }
                let shape = [side, outputs];
                if norm {
                    // The last stage of level 2 ends in the norm: its pass has no ReLU, which costs
                    // the same.
                    each(pass(Pointwise::NormActivation, shape, pool), 1);
                    // Between two convolutions the sums come with the next one's input gradient.
                    let next = spec.stages.get(index + 1);
                    if next.is_none() || !relu || has_squeeze_excite(stage) {
                        each(pass(Pointwise::Sums, shape, pool), 1);
                    }
                    each(pass(Pointwise::InputGradient, shape, pool), 1);
                }
            }
            Stage::Residual { pool, .. } => {
                for case in convolution(workspace, images, [side, inputs, outputs]) {
                    each(case, 1);
                }
                for case in convolution(workspace, images, [side, outputs, outputs]) {
                    each(case, 1);
                }
                let [forward, gradient] = skip(workspace, images, [side, inputs, outputs]);
                // Forward, and the gradient of its input.
                each(forward, 2);
                each(gradient, 1);
                let shape = [side, outputs];
                each(pass(Pointwise::ResidualAdd, shape, pool), 1);
                each(pass(Pointwise::ResidualAddGradient, shape, pool), 1);
                each(pass(Pointwise::InputGradient, shape, false), 2);
            }
        }
        inputs = outputs;
        if has_pool(stage) {
            side /= 2;
        }
    }
    let HeadSpec { relu, pool, .. } = level.head();
    let pooling = HeadPooling::new(relu, pool).expect("no level has both");
    for case in head(workspace, pooling, images, [side, inputs], false) {
        each(case, 1);
    }
}

fn has_pool(stage: &Stage) -> bool {
    match stage {
        Stage::Conv(conv) => conv.pool,
        Stage::Residual { pool, .. } => *pool,
    }
}

fn has_squeeze_excite(stage: &Stage) -> bool {
    matches!(stage, Stage::Conv(conv) if conv.squeeze_excite.is_some())
}
