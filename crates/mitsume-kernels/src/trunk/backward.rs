//! The backward pass: gradients of the parameters from that of the feature map.

use super::relu_gradient::relu_gradient;
use super::train::{
    FirstNorm, NormalisedConv, SavedActivations, SavedConv, SavedResidual, SavedStage,
    squeeze_excite,
};
use super::{Batch, Conv, Stage, TrunkSpec};
use crate::batch_norm::{NormGradientSums, Normalisation};
use crate::error::{Error, check_length};
use crate::first_layer::{self, Images, patch_gradient};
use crate::grid::Grid;
use crate::norm_activation::{
    NormActivation, OutputGradient, SqueezeExciteGradient, input_gradient_in_place,
    norm_gradient_sums, residual_add_gradient,
};
use crate::pointwise::{self, PixelRows};
use crate::squeeze_excite::channel_dot_products;
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::{InputGradient, ReluMask};
use crate::winograd::filter::{Direction, FilterShape, Filters};
use crate::winograd::input::Input;
use crate::winograd::weight_gradient::weight_gradient;
use crate::workspace::{Buffer, Workspace};

/// Inputs and results of a forward pass in training mode.
#[derive(Debug)]
pub struct ForwardPass<'a> {
    /// The images.
    pub batch: Batch<'a>,
    /// All parameters, in order.
    pub parameters: &'a [&'a [f32]],
    /// The feature map [images, height, width, channels].
    pub features: &'a [f32],
    /// Activations saved by the forward pass.
    pub saved: SavedActivations,
}

impl ForwardPass<'_> {
    /// Checks the lengths of the feature map and its `gradient`, and the saved activations.
    fn check(&self, spec: &TrunkSpec, grids: &[Grid], gradient: &[f32]) -> Result<(), Error> {
        let len = spec.feature_shape(grids).iter().product();
        check_length("features", len, self.features.len())?;
        check_length("gradient of the features", len, gradient.len())?;
        self.saved.check(spec, grids)
    }
}

/// Gradients of all parameters, in order and in their layouts, from the `gradient` of the feature
/// map. The gradient of the bias of a convolution before a batch norm is set to zero, which it is
/// in exact arithmetic.
///
/// # Errors
/// If a length does not fit.
pub fn backward(
    workspace: &Workspace,
    spec: &TrunkSpec,
    forward: ForwardPass,
    gradient: &[f32],
) -> Result<Vec<Vec<f32>>, Error> {
    let grids = spec.grids(forward.batch)?;
    let workspace = &workspace.with_precision(spec.precision);
    let ranges = spec.split_parameters(forward.parameters)?;
    forward.check(spec, &grids, gradient)?;
    let ForwardPass {
        batch,
        parameters,
        features,
        saved,
    } = forward;
    let mut gradients: Vec<Vec<f32>> = parameters.iter().map(|p| vec![0.0; p.len()]).collect();
    let SavedActivations {
        stages,
        mut outputs,
        ..
    } = saved;
    let mut dy = StageGradient::Given(gradient);
    for (i, (saved, range)) in stages.into_iter().zip(ranges).enumerate().rev() {
        let (p, g) = (&parameters[range.clone()], &mut gradients[range]);
        let Some(x) = outputs.pop() else {
            if let SavedStage::First(norm) = saved {
                let images = Images {
                    grid: grids[0],
                    channels: spec.channels,
                    data: batch.data,
                };
                let masked = (spec.stages.len() == 1)
                    .then(|| relu_gradient(workspace, dy.data(), features, p[1].len()).0);
                let dy = masked.as_deref().unwrap_or(dy.data());
                first_stage(workspace, images, p, norm, dy, g);
            }
            break;
        };
        let step = StageBackward {
            workspace,
            x: Input {
                grid: grids[i],
                channels: spec.input_channels(i),
                data: &x,
                affine: None,
            },
            mask_center: mask_center(spec, parameters, i - 1),
            p,
        };
        dy = match (saved, &spec.stages[i]) {
            (SavedStage::Conv(saved), Stage::Conv(conv)) => step.convolution(conv, saved, dy, g),
            (SavedStage::Residual(saved), Stage::Residual { pool, .. }) => {
                step.residual(*pool, saved, dy, g)
            }
            (_, _) => step.convolution_without_norm(features, dy, g),
        };
    }
    Ok(gradients)
}

/// The bias of the norm of `stage`, if the stage after it masks the gradient by its ReLU. The
/// backward passes of a residual add and of squeeze-excite mask by their own.
fn mask_center(spec: &TrunkSpec, parameters: &[&[f32]], stage: usize) -> Option<Vec<f32>> {
    match &spec.stages[stage] {
        Stage::Conv(Conv {
            squeeze_excite: None,
            ..
        }) => Some(norm_bias(spec, parameters, stage)),
        _ => None,
    }
}

/// Bias of the batch norm of a convolution stage, which is the mean of its output before the ReLU;
/// zero without batch norm.
fn norm_bias(spec: &TrunkSpec, parameters: &[&[f32]], stage: usize) -> Vec<f32> {
    let all = spec.parameters();
    let own =
        |p: &super::Parameter| p.stage == stage && p.kind == super::ParameterKind::NormBias(0);
    match all.iter().position(own) {
        Some(i) => parameters[i].to_vec(),
        None => vec![0.0; spec.stages[stage].channels()],
    }
}

/// The gradient of a stage's output.
enum StageGradient<'a> {
    /// Given by the caller.
    Given(&'a [f32]),
    /// From the next stage. If it has sums, it is already masked by the stage's ReLU; the sums are
    /// those of the gradient d and of d * (output - norm bias).
    Computed(Buffer, Option<NormGradientSums>),
}

impl StageGradient<'_> {
    fn data(&self) -> &[f32] {
        match self {
            Self::Given(d) => d,
            Self::Computed(d, _) => d,
        }
    }
}

/// One stage with its input and parameters.
struct StageBackward<'a> {
    workspace: &'a Workspace,
    x: Input<'a>,
    /// The bias of the norm of the stage before, if this stage masks the gradient by the ReLU that
    /// it ends in.
    mask_center: Option<Vec<f32>>,
    p: &'a [&'a [f32]],
}

impl StageBackward<'_> {
    fn convolution(
        &self,
        conv: &Conv,
        saved: SavedConv,
        dy: StageGradient,
        g: &mut [Vec<f32>],
    ) -> StageGradient<'static> {
        let workspace = self.workspace;
        let SavedConv {
            conv: NormalisedConv { mut z, norm },
            squeeze_excite: excitation,
        } = saved;
        let layers = NormActivation {
            grid: self.x.grid,
            scale: &norm.scale,
            shift: &norm.shift,
            relu: conv.relu,
            pool: conv.pool,
        };
        let mut squeeze = Vec::new();
        if let (Some(e), Some(layer)) = (&excitation, squeeze_excite(conv, self.p)) {
            let (images, channels) = (layers.grid.images, conv.channels);
            let gradient = channel_dot_products(workspace, dy.data(), &e.pooled, images, channels);
            if let [.., a, b, c, d] = g {
                squeeze = layer.backward(&e.excitation, &gradient, [a, b, c, d]);
            }
            let area = (layers.grid.height * layers.grid.width) as f32;
            squeeze.iter_mut().for_each(|s| *s /= area);
        }
        let known_sums = match &dy {
            StageGradient::Computed(_, Some(sums)) => sums_from_output(&norm, self.p, sums),
            _ => None,
        };
        let excite = (excitation.as_ref()).map(|e| SqueezeExciteGradient {
            excitation: &e.excitation.factors,
            squeeze: &squeeze,
        });
        let masked = !conv.relu || matches!(dy, StageGradient::Computed(_, Some(_)));
        let gradient = OutputGradient {
            dy: dy.data(),
            masked,
            squeeze_excite: excite,
        };
        let sums = known_sums
            .unwrap_or_else(|| norm_gradient_sums(workspace, layers, &norm.mean, &z, gradient));
        let [_, _, weight, bias, ..] = g else {
            return StageGradient::Computed(z, None);
        };
        let terms = norm.backward(&sums, weight, bias);
        input_gradient_in_place(workspace, layers, &norm.mean, &terms, &mut z, gradient);
        drop(dy);
        self.weight_and_input_gradient(&z, self.p[0], &mut g[0], None)
    }

    /// The gradients of the filters and of the input of the stage's first convolution, from that of
    /// its output, `dz`. The gradient of the input is added to `dx` if given.
    fn weight_and_input_gradient(
        &self,
        dz: &[f32],
        weights: &[f32],
        gradient: &mut [f32],
        dx: Option<Buffer>,
    ) -> StageGradient<'static> {
        let (workspace, x) = (self.workspace, self.x);
        let outputs = weights.len() / (9 * x.channels);
        let dz = Input {
            grid: x.grid,
            channels: outputs,
            data: dz,
            affine: None,
        };
        weight_gradient(workspace, x, dz, gradient);
        let filters = Filters::new(
            workspace,
            weights,
            FilterShape {
                outputs,
                inputs: x.channels,
            },
            Direction::Backward,
            None,
        );
        let accumulate = dx.is_some();
        let mut dx = dx.unwrap_or_else(|| workspace.take(x.data.len()));
        let (ones, zeros) = (vec![1.0; x.channels], vec![0.0; x.channels]);
        let mask = self.mask_center.as_ref().map(|center| ReluMask {
            reference: x.data,
            scale: &ones,
            shift: &zeros,
            center,
        });
        let masked = mask.is_some();
        let sums = convolve(
            workspace,
            dz,
            &filters,
            &InputGradient { accumulate, mask },
            &mut dx,
        );
        StageGradient::Computed(
            dx,
            masked.then(|| NormGradientSums::from_parts(&sums.data, x.channels)),
        )
    }

    /// Backward pass of relu(BN(conv(relu(BN(conv(x))))) + conv1x1(x)).
    fn residual(
        &self,
        pool: bool,
        saved: SavedResidual,
        dy: StageGradient,
        g: &mut [Vec<f32>],
    ) -> StageGradient<'static> {
        let (workspace, x) = (self.workspace, self.x);
        let SavedResidual {
            first,
            second,
            shift,
            mut skip,
        } = saved;
        let (mut z1, norm1) = (first.z, first.norm);
        let (mut z2, norm2) = (second.z, second.norm);
        let channels = shift.len();
        let sum = NormActivation {
            grid: x.grid,
            scale: &norm2.scale,
            shift: &shift,
            relu: true,
            pool,
        };
        let sums = residual_add_gradient(workspace, sum, &norm2.mean, &z2, &mut skip, dy.data());
        drop(dy);
        // From here on `skip` holds the gradient of the sum, of both of its terms.
        let [
            w1,
            _,
            weight1,
            bias1,
            w2,
            _,
            weight2,
            bias2,
            skip_weight,
            skip_bias,
        ] = g
        else {
            return StageGradient::Computed(z1, None);
        };
        for (bias, sum) in skip_bias.iter_mut().zip(&sums.gradient) {
            *bias = *sum as f32;
        }
        let affine = [weight2, bias2];
        self.norm_gradient(&norm2, &sums, affine, &skip, &mut z2);
        let (dh, sums) = self.hidden_gradient(&z1, &norm1, &z2, w2);
        self.norm_gradient(&norm1, &sums, [weight1, bias1], &dh, &mut z1);
        drop((dh, z2));

        let dx = self.skip_convolution(&skip, channels, skip_weight);
        drop(skip);
        self.weight_and_input_gradient(&z1, self.p[0], w1, Some(dx))
    }

    /// Backward pass of a residual stage's skip convolution from the gradient of its output `dy`:
    /// writes the gradient of its filters and returns that of the input.
    fn skip_convolution(&self, dy: &[f32], outputs: usize, filters_gradient: &mut [f32]) -> Buffer {
        let (workspace, x) = (self.workspace, self.x);
        let inputs = x.channels;
        let rows = |data, channels| PixelRows { data, channels };
        let (x_rows, dy_rows) = (rows(x.data, inputs), rows(dy, outputs));
        pointwise::weight_gradient(workspace, x_rows, dy_rows, filters_gradient);
        let mut dx = workspace.take(x.data.len());
        let shape = FilterShape { outputs, inputs };
        let weights = pointwise::Weights::new(workspace, self.p[8], shape, Direction::Backward);
        pointwise::multiply(workspace, dy, &weights, &mut dx);
        dx
    }

    /// Replaces `z` by its gradient, from that of the normalised values, `dn`, and their sums;
    /// writes the gradients of the norm's weight and bias.
    fn norm_gradient(
        &self,
        norm: &Normalisation,
        sums: &NormGradientSums,
        [weight, bias]: [&mut Vec<f32>; 2],
        dn: &[f32],
        z: &mut [f32],
    ) {
        let terms = norm.backward(sums, weight, bias);
        let layers = NormActivation {
            grid: self.x.grid,
            scale: &norm.scale,
            shift: &norm.shift,
            relu: false,
            pool: false,
        };
        let gradient = OutputGradient {
            dy: dn,
            masked: true,
            squeeze_excite: None,
        };
        input_gradient_in_place(self.workspace, layers, &norm.mean, &terms, z, gradient);
    }

    /// The second convolution of a residual stage, whose input is relu(norm(z)): writes the
    /// gradient of its filters and returns that of norm(z), with its sums.
    fn hidden_gradient(
        &self,
        z: &[f32],
        norm: &Normalisation,
        dz2: &[f32],
        filters_gradient: &mut [f32],
    ) -> (Buffer, NormGradientSums) {
        let (workspace, grid) = (self.workspace, self.x.grid);
        let channels = norm.scale.len();
        let input = |data, affine| Input {
            grid,
            channels,
            data,
            affine,
        };
        let hidden = input(z, Some(norm.scale_shift()));
        let dz2 = input(dz2, None);
        weight_gradient(workspace, hidden, dz2, filters_gradient);
        let shape = FilterShape {
            outputs: channels,
            inputs: channels,
        };
        let filters = Filters::new(workspace, self.p[4], shape, Direction::Backward, None);
        let mut dh = workspace.take(z.len());
        let epilogue = InputGradient {
            accumulate: false,
            mask: Some(ReluMask {
                reference: z,
                scale: &norm.scale,
                shift: &norm.shift,
                center: &norm.mean,
            }),
        };
        let sums = convolve(workspace, dz2, &filters, &epilogue, &mut dh);
        (dh, NormGradientSums::from_parts(&sums.data, channels))
    }

    /// Backward pass of a convolution with bias and ReLU only.
    fn convolution_without_norm(
        &self,
        features: &[f32],
        dy: StageGradient,
        g: &mut [Vec<f32>],
    ) -> StageGradient<'static> {
        let channels = self.p[1].len();
        let (dz, sum) = match dy {
            StageGradient::Computed(d, Some(sums)) => (d, sums.gradient),
            other => relu_gradient(self.workspace, other.data(), features, channels),
        };
        g[1].iter_mut().zip(&sum).for_each(|(b, s)| *b = *s as f32);
        self.weight_and_input_gradient(&dz, self.p[0], &mut g[0], None)
    }
}

/// The sums of dn and dn * (z - mean) from those of the output, which is
/// `scale * (z - mean) + bias` where the gradient is not zero. `None` if a weight is so small that
/// z cannot be recovered from the output.
fn sums_from_output(
    norm: &Normalisation,
    p: &[&[f32]],
    sums: &NormGradientSums,
) -> Option<NormGradientSums> {
    let fits = |(w, b): (&f32, &f32)| w.abs() > 1e-2 * b.abs() && w.abs() > 1e-20;
    if !p[2].iter().zip(p[3]).all(fits) {
        return None;
    }
    let centred = (sums.gradient_times_centred)
        .iter()
        .zip(&norm.scale)
        .map(|(t, s)| t / f64::from(*s))
        .collect();
    Some(NormGradientSums {
        gradient: sums.gradient.clone(),
        gradient_times_centred: centred,
    })
}

/// Backward pass of the first stage, from the gradient `dy` of its output, masked by its ReLU.
fn first_stage(
    workspace: &Workspace,
    images: Images,
    p: &[&[f32]],
    norm: Option<FirstNorm>,
    dy: &[f32],
    g: &mut [Vec<f32>],
) {
    let Some(FirstNorm {
        patches,
        moments,
        norm,
    }) = norm
    else {
        let weights = first_layer::Weights::new(workspace, p[0], None, p[1]);
        let gradient = patch_gradient(workspace, images, &weights, dy);
        g[0].iter_mut()
            .zip(&gradient.patch)
            .for_each(|(g, v)| *g = *v as f32);
        g[1].iter_mut()
            .zip(&gradient.sum)
            .for_each(|(g, v)| *g = *v as f32);
        return;
    };
    let weights = first_layer::Weights::new(workspace, p[0], Some(&norm.scale), &norm.shift);
    let gradient = patch_gradient(workspace, images, &weights, dy);
    let [filters, _, weight, bias, ..] = g else {
        return;
    };
    patches.backward(p[0], &moments, p[2], &gradient, [filters, weight, bias]);
}
