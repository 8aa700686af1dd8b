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
    let (mut side, mut inputs) = (SIDE, 1);
    for (index, stage) in spec.stages.iter().enumerate() {
        let shape = [side, inputs, stage.channels()];
        match *stage {
            Stage::Conv(conv) if index == 0 => {
                let [moments, forward, gradient] = first_layer(workspace, images, stage.channels());
                if conv.norm {
                    each(moments, 1);
                }
                each(forward, 1);
                each(gradient, 1);
            }
            Stage::Conv(conv) => {
                let next = spec.stages.get(index + 1);
                // Between two convolutions the sums come with the next one's input gradient.
                let sums = next.is_none() || !conv.relu || has_squeeze_excite(stage);
                conv_stage(workspace, images, shape, (&conv, sums), &mut each);
            }
            Stage::Residual { pool, .. } => {
                residual_stage(workspace, images, shape, pool, &mut each);
            }
        }
        inputs = stage.channels();
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

/// A convolution after the first layer, with its norm if it has one. `sums`: whether the sums of
/// the norm's gradient are a pass of their own.
fn conv_stage(
    workspace: &Workspace,
    images: usize,
    [side, inputs, outputs]: [usize; 3],
    (conv, sums): (&Conv, bool),
    each: &mut impl FnMut(Case, usize),
) {
    for case in convolution(workspace, images, [side, inputs, outputs]) {
        each(case, 1);
    }
    if conv.norm {
        let pass = |pass| pointwise(workspace, pass, images, [side, outputs], conv.pool);
        // The last stage of level 2 ends in the norm: its pass has no ReLU, which costs the same.
        each(pass(Pointwise::NormActivation), 1);
        if sums {
            each(pass(Pointwise::Sums), 1);
        }
        each(pass(Pointwise::InputGradient), 1);
    }
}

fn residual_stage(
    workspace: &Workspace,
    images: usize,
    [side, inputs, outputs]: [usize; 3],
    pool: bool,
    each: &mut impl FnMut(Case, usize),
) {
    for inputs in [inputs, outputs] {
        for case in convolution(workspace, images, [side, inputs, outputs]) {
            each(case, 1);
        }
    }
    let [forward, gradient] = skip(workspace, images, [side, inputs, outputs]);
    // Forward, and the gradient of its input.
    each(forward, 2);
    each(gradient, 1);
    let pass = |pass, pool| pointwise(workspace, pass, images, [side, outputs], pool);
    each(pass(Pointwise::ResidualAdd, pool), 1);
    each(pass(Pointwise::ResidualAddGradient, pool), 1);
    each(pass(Pointwise::InputGradient, false), 2);
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
