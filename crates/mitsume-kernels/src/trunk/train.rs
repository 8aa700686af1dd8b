//! The forward pass in training mode: batch statistics, and the activations saved for the backward
//! pass.

use super::skip_convolution::skip_convolution;
use super::{Batch, Conv, Stage, TrunkSpec};
use crate::activation::Activation;
use crate::batch_norm::{BatchStatistics, EPSILON, Moments, Normalisation};
use crate::epilogue::Epilogue;
use crate::error::Error;
use crate::first_layer::{self, Images, PatchMoments, patch_moments};
use crate::grid::Grid;
use crate::norm_activation::{NormActivation, norm_activation};
use crate::squeeze_excite::{Excitation, Linear, SqueezeExcite, scale_channels};
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::{Store, StoreWithStatistics};
use crate::winograd::filter::{Direction, FilterShape, Filters};
use crate::winograd::input::Input;
use crate::workspace::{Buffer, Workspace};

/// Result of [`forward_train`].
pub struct TrainOutput {
    /// The feature map [images, height, width, channels].
    pub features: Buffer,
    /// Its shape.
    pub shape: [usize; 4],
    /// Statistics of every batch norm, in order.
    pub statistics: Vec<BatchStatistics>,
    /// For [`super::backward`].
    pub saved: SavedActivations,
}

/// Activations and statistics that the backward pass needs besides images, parameters and feature
/// map. Its buffers return to the workspace when it is dropped.
#[derive(Debug)]
pub struct SavedActivations {
    pub(super) grids: Vec<Grid>,
    pub(super) stages: Vec<SavedStage>,
    /// Output of every stage but the last.
    pub(super) outputs: Vec<Buffer>,
}

impl SavedActivations {
    /// An error unless they are of `spec` and of images of this size.
    pub(super) fn check(&self, spec: &TrunkSpec, grids: &[Grid]) -> Result<(), Error> {
        if self.grids == grids && self.stages.len() == spec.stages.len() {
            return Ok(());
        }
        Err(Error::Count {
            what: "saved stages",
            expected: spec.stages.len(),
            found: self.stages.len(),
        })
    }
}

#[derive(Debug)]
pub(super) enum SavedStage {
    First(Option<FirstNorm>),
    Plain,
    Conv(SavedConv),
    Residual(SavedResidual),
}

#[derive(Debug)]
pub(super) struct FirstNorm {
    pub patches: PatchMoments,
    pub moments: Moments,
    pub norm: Normalisation,
}

/// A convolution's output `z`, and the batch norm after it.
#[derive(Debug)]
pub(super) struct NormalisedConv {
    pub z: Buffer,
    pub norm: Normalisation,
}

#[derive(Debug)]
pub(super) struct SavedConv {
    pub conv: NormalisedConv,
    pub squeeze_excite: Option<SavedExcitation>,
}

#[derive(Debug)]
pub(super) struct SavedExcitation {
    pub excitation: Excitation,
    /// The input of the squeeze-excite, after pooling.
    pub pooled: Buffer,
}

#[derive(Debug)]
pub(super) struct SavedResidual {
    pub first: NormalisedConv,
    pub second: NormalisedConv,
    /// Shift of the second norm plus the bias of the skip convolution.
    pub shift: Vec<f32>,
    pub skip: Buffer,
}

/// Runs the trunk on a batch in training mode, with the batch's own statistics in batch norm.
///
/// # Errors
/// If the trunk is not supported, or the lengths of images or parameters do not fit it.
pub fn forward_train(
    workspace: &Workspace,
    spec: &TrunkSpec,
    batch: Batch,
    parameters: &[&[f32]],
) -> Result<TrainOutput, Error> {
    let grids = spec.grids(batch)?;
    let workspace = &workspace.with_precision(spec.precision);
    let ranges = spec.split_parameters(parameters)?;
    let mut stages = Vec::new();
    let mut outputs: Vec<Buffer> = Vec::new();
    let mut statistics = Vec::new();
    for (i, (stage, range)) in spec.stages.iter().zip(ranges).enumerate() {
        let p = &parameters[range];
        let mut out = workspace.take(grids[i + 1].pixels() * stage.channels());
        let x = Input {
            grid: grids[i],
            channels: spec.input_channels(i),
            data: outputs.last().map_or(batch.data, |x| x),
            affine: None,
        };
        let saved = match stage {
            Stage::Conv(conv) if i == 0 => SavedStage::First(first_stage(
                workspace,
                x,
                conv,
                p,
                &mut statistics,
                &mut out,
            )),
            Stage::Conv(conv) => convolution(workspace, x, conv, p, &mut statistics, &mut out),
            Stage::Residual { pool, .. } => {
                SavedStage::Residual(residual(workspace, x, *pool, p, &mut statistics, &mut out))
            }
        };
        stages.push(saved);
        outputs.push(out);
    }
    let Some(features) = outputs.pop() else {
        return Err(Error::Unsupported {
            stage: 0,
            reason: "a trunk needs at least one stage",
        });
    };
    let shape = spec.feature_shape(&grids);
    Ok(TrainOutput {
        features,
        shape,
        statistics,
        saved: SavedActivations {
            grids,
            stages,
            outputs,
        },
    })
}

fn first_stage(
    workspace: &Workspace,
    x: Input,
    conv: &Conv,
    p: &[&[f32]],
    statistics: &mut Vec<BatchStatistics>,
    out: &mut [f32],
) -> Option<FirstNorm> {
    let images = Images::from(x);
    if !conv.norm {
        let weights = first_layer::Weights::new(workspace, p[0], None, p[1]);
        first_layer::forward(workspace, images, &weights, out);
        return None;
    }
    let patches = patch_moments(workspace, images);
    let moments = patches.output(p[0]);
    statistics.push(moments.statistics(p[1]));
    let norm = Normalisation::new(&moments, p[2], p[3], EPSILON);
    let weights = first_layer::Weights::new(workspace, p[0], Some(&norm.scale), &norm.shift);
    first_layer::forward(workspace, images, &weights, out);
    Some(FirstNorm {
        patches,
        moments,
        norm,
    })
}

/// The convolution without its bias (batch norm's mean subtraction cancels it), and the batch norm.
fn convolution_and_norm(
    workspace: &Workspace,
    x: Input,
    p: &[&[f32]],
    statistics: &mut Vec<BatchStatistics>,
) -> NormalisedConv {
    let channels = p[1].len();
    let filters = Filters::new(
        workspace,
        p[0],
        FilterShape {
            outputs: channels,
            inputs: x.channels,
        },
        Direction::Forward,
        None,
    );
    let mut z = workspace.take(x.grid.pixels() * channels);
    let sums = convolve(workspace, x, &filters, &StoreWithStatistics, &mut z);
    let moments = Moments::from_tile_sums(&sums, channels);
    statistics.push(moments.statistics(p[1]));
    let norm = Normalisation::new(&moments, p[2], p[3], EPSILON);
    NormalisedConv { z, norm }
}

fn convolution(
    workspace: &Workspace,
    x: Input,
    conv: &Conv,
    p: &[&[f32]],
    statistics: &mut Vec<BatchStatistics>,
    out: &mut [f32],
) -> SavedStage {
    if !conv.norm {
        let shape = FilterShape {
            outputs: conv.channels,
            inputs: x.channels,
        };
        let filters = Filters::new(workspace, p[0], shape, Direction::Forward, None);
        let store = Store {
            epilogue: Epilogue {
                bias: p[1],
                residual: None,
                activation: Activation::relu_if(conv.relu),
            },
            pool: conv.pool,
        };
        convolve(workspace, x, &filters, &store, out);
        return SavedStage::Plain;
    }
    let normalised = convolution_and_norm(workspace, x, p, statistics);
    let NormalisedConv { z, norm } = &normalised;
    let layers = NormActivation {
        grid: x.grid,
        scale: &norm.scale,
        shift: &norm.shift,
        relu: conv.relu,
        pool: conv.pool,
    };
    let Some(layer) = squeeze_excite(conv, p) else {
        norm_activation(workspace, layers, z, None, out, None);
        return SavedStage::Conv(SavedConv {
            conv: normalised,
            squeeze_excite: None,
        });
    };
    let mut pooled = workspace.take(out.len());
    let excitation = norm_activation_excite(workspace, layers, z, layer, &mut pooled, out);
    SavedStage::Conv(SavedConv {
        conv: normalised,
        squeeze_excite: Some(SavedExcitation { excitation, pooled }),
    })
}

/// [`norm_activation`] followed by squeeze-excite: `pooled` is its input, `out` its output.
pub(super) fn norm_activation_excite(
    workspace: &Workspace,
    layers: NormActivation,
    z: &[f32],
    layer: SqueezeExcite,
    pooled: &mut [f32],
    out: &mut [f32],
) -> Excitation {
    let Grid {
        images,
        height,
        width,
    } = layers.grid;
    let mut totals = vec![0.0; images * layers.scale.len()];
    norm_activation(workspace, layers, z, None, pooled, Some(&mut totals));
    let area = (height * width) as f32;
    totals.iter_mut().for_each(|t| *t /= area);
    let excitation = layer.forward(totals);
    scale_channels(pooled, &excitation.factors, images, out);
    excitation
}

/// The parameters of a stage's squeeze-excite, which are its last four.
pub(super) fn squeeze_excite<'a>(conv: &Conv, p: &[&'a [f32]]) -> Option<SqueezeExcite<'a>> {
    conv.squeeze_excite?;
    let &[.., first, first_bias, second, second_bias] = p else {
        return None;
    };
    let linear = |weights, bias| Linear { weights, bias };
    Some(SqueezeExcite {
        first: linear(first, first_bias),
        second: linear(second, second_bias),
    })
}

fn residual(
    workspace: &Workspace,
    x: Input,
    pool: bool,
    p: &[&[f32]],
    statistics: &mut Vec<BatchStatistics>,
    out: &mut [f32],
) -> SavedResidual {
    let channels = p[1].len();
    let first = convolution_and_norm(workspace, x, &p[..4], statistics);
    let hidden = Input {
        grid: x.grid,
        channels,
        data: &first.z,
        affine: Some(first.norm.scale_shift()),
    };
    let second = convolution_and_norm(workspace, hidden, &p[4..8], statistics);
    let skip = skip_convolution(workspace, x, p[8], channels);
    let shift: Vec<f32> = (second.norm.shift.iter().zip(p[9]))
        .map(|(s, b)| s + b)
        .collect();
    let layers = NormActivation {
        grid: x.grid,
        scale: &second.norm.scale,
        shift: &shift,
        relu: true,
        pool,
    };
    norm_activation(workspace, layers, &second.z, Some(&skip), out, None);
    SavedResidual {
        first,
        second,
        shift,
        skip,
    }
}
