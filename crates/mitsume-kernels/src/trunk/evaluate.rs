//! The forward pass in evaluation mode: running statistics, batch norm folded into the weights.

use super::skip_convolution::skip_convolution;
use super::train::{norm_activation_excite, squeeze_excite};
use super::{Batch, Conv, Stage, TrunkSpec};
use crate::activation::Activation;
use crate::batch_norm::FoldedNorm;
use crate::epilogue::Epilogue;
use crate::error::{Error, check_length};
use crate::first_layer::{self, Images};
use crate::norm_activation::NormActivation;
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::Store;
use crate::winograd::filter::{Direction, FilterShape, Filters};
use crate::winograd::input::Input;
use crate::workspace::{Buffer, Workspace};

/// Runs the trunk in evaluation mode: feature map and its shape [images, height, width, channels].
/// `running` holds mean and variance of every batch norm, in order.
///
/// # Errors
/// If the trunk is not supported, or the lengths of images, parameters or statistics do not fit it.
pub fn forward_eval(
    workspace: &Workspace,
    spec: &TrunkSpec,
    batch: Batch,
    parameters: &[&[f32]],
    running: &[(&[f32], &[f32])],
) -> Result<(Buffer, [usize; 4]), Error> {
    let grids = spec.grids(batch)?;
    let workspace = &workspace.with_precision(spec.precision);
    let ranges = spec.split_parameters(parameters)?;
    check_running_statistics(spec, running)?;
    let mut running = running.iter();
    let mut x: Option<Buffer> = None;
    for (i, (stage, range)) in spec.stages.iter().zip(ranges).enumerate() {
        let p = &parameters[range];
        let mut out = workspace.take(grids[i + 1].pixels() * stage.channels());
        let input = Input {
            grid: grids[i],
            channels: spec.input_channels(i),
            data: x.as_deref().unwrap_or(batch.data),
            affine: None,
        };
        match stage {
            Stage::Conv(conv) => {
                let folded = fold(p, conv.norm, &mut running);
                match i {
                    0 => first_stage(workspace, input, p, &folded, &mut out),
                    _ => convolution(workspace, input, conv, p, &folded, &mut out),
                }
            }
            Stage::Residual { pool, .. } => {
                let folded = [
                    fold(&p[..4], true, &mut running),
                    fold(&p[4..8], true, &mut running),
                ];
                residual(workspace, input, *pool, p, folded, &mut out);
            }
        }
        x = Some(out);
    }
    let Some(features) = x else {
        return Err(Error::Unsupported {
            stage: 0,
            reason: "a trunk needs at least one stage",
        });
    };
    Ok((features, spec.feature_shape(&grids)))
}

fn check_running_statistics(spec: &TrunkSpec, running: &[(&[f32], &[f32])]) -> Result<(), Error> {
    let norms = spec.norms();
    if norms.len() != running.len() {
        return Err(Error::Count {
            what: "running statistics",
            expected: norms.len(),
            found: running.len(),
        });
    }
    for (i, (channels, (mean, variance))) in norms.iter().zip(running).enumerate() {
        check_length(&format!("running mean {i}"), *channels, mean.len())?;
        check_length(&format!("running variance {i}"), *channels, variance.len())?;
    }
    Ok(())
}

/// `p` starts with the convolution's weight and bias and, if normalised, the norm's.
fn fold<'a>(
    p: &[&[f32]],
    norm: bool,
    running: &mut impl Iterator<Item = &'a (&'a [f32], &'a [f32])>,
) -> FoldedNorm {
    match norm.then(|| running.next()).flatten() {
        Some((mean, variance)) => FoldedNorm::new(p[1], [p[2], p[3], mean, variance]),
        _ => FoldedNorm {
            scale: vec![1.0; p[1].len()],
            shift: p[1].to_vec(),
        },
    }
}

fn first_stage(
    workspace: &Workspace,
    x: Input,
    p: &[&[f32]],
    folded: &FoldedNorm,
    out: &mut [f32],
) {
    let weights = first_layer::Weights::new(workspace, p[0], Some(&folded.scale), &folded.shift);
    first_layer::forward(workspace, Images::from(x), &weights, out);
}

fn convolution(
    workspace: &Workspace,
    x: Input,
    conv: &Conv,
    p: &[&[f32]],
    folded: &FoldedNorm,
    out: &mut [f32],
) {
    let shape = FilterShape {
        outputs: conv.channels,
        inputs: x.channels,
    };
    let filters = Filters::new(
        workspace,
        p[0],
        shape,
        Direction::Forward,
        Some(&folded.scale),
    );
    let Some(layer) = squeeze_excite(conv, p) else {
        let store = Store {
            epilogue: Epilogue {
                bias: &folded.shift,
                residual: None,
                activation: Activation::relu_if(conv.relu),
            },
            pool: conv.pool,
        };
        convolve(workspace, x, &filters, &store, out);
        return;
    };
    let zeros = vec![0.0; conv.channels];
    let mut z = workspace.take(x.grid.pixels() * conv.channels);
    let store = Store {
        epilogue: Epilogue {
            bias: &zeros,
            residual: None,
            activation: Activation::Identity,
        },
        pool: false,
    };
    convolve(workspace, x, &filters, &store, &mut z);
    let ones = vec![1.0; conv.channels];
    let layers = NormActivation {
        grid: x.grid,
        scale: &ones,
        shift: &folded.shift,
        relu: true,
        pool: conv.pool,
    };
    let mut pooled = workspace.take(out.len());
    norm_activation_excite(workspace, layers, &z, layer, &mut pooled, out);
}

fn residual(
    workspace: &Workspace,
    x: Input,
    pool: bool,
    p: &[&[f32]],
    [first, second]: [FoldedNorm; 2],
    out: &mut [f32],
) {
    let channels = p[1].len();
    let pixels = x.grid.pixels();
    let mut hidden = workspace.take(pixels * channels);
    let scale = Some(first.scale.as_slice());
    let filters = Filters::new(
        workspace,
        p[0],
        FilterShape {
            outputs: channels,
            inputs: x.channels,
        },
        Direction::Forward,
        scale,
    );
    let store = Store {
        epilogue: Epilogue {
            bias: &first.shift,
            residual: None,
            activation: Activation::Relu,
        },
        pool: false,
    };
    convolve(workspace, x, &filters, &store, &mut hidden);
    let skip = skip_convolution(workspace, x, p[8], channels);
    let bias: Vec<f32> = second.shift.iter().zip(p[9]).map(|(s, b)| s + b).collect();
    let scale = Some(second.scale.as_slice());
    let filters = Filters::new(
        workspace,
        p[4],
        FilterShape {
            outputs: channels,
            inputs: channels,
        },
        Direction::Forward,
        scale,
    );
    let hidden = Input {
        grid: x.grid,
        channels,
        data: &hidden,
        affine: None,
    };
    let store = Store {
        epilogue: Epilogue {
            bias: &bias,
            residual: Some(&skip),
            activation: Activation::Relu,
        },
        pool,
    };
    convolve(workspace, hidden, &filters, &store, out);
}
