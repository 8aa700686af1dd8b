//! The backward pass: from the gradient of the feature map to those of the parameters.

use super::train::{FirstNorm, Saved, SavedConv, SavedResidual, SavedStage, gates};
use super::{Batch, Conv, Stage, TrunkSpec, length};
use crate::activation::{
    Activation, Excited, Incoming, gradient_in_place, gradient_sums, join_gradient,
};
use crate::batch_norm::{Normalisation, add_up};
use crate::error::Error;
use crate::first_layer::{self, Images, patch_gradient};
use crate::pointwise;
use crate::squeeze_excite::products;
use crate::winograd::convolution::convolve;
use crate::winograd::filter::{Direction, Filters};
use crate::winograd::input::Input;
use crate::winograd::outcome::{Carried, Gate};
use crate::winograd::weight_gradient::weight_gradient;
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Gradients of all parameters, in order and in their layouts, from the `gradient` of the feature map.
///
/// `batch` and `parameters` must be those of the forward pass that gave `saved` and `features`. The gradient of
/// the bias of a convolution before a batch norm is exactly zero, as it is in exact arithmetic.
///
/// # Errors
/// If a length does not fit.
pub fn backward(
    workspace: &Workspace,
    spec: &TrunkSpec,
    (batch, parameters): (Batch, &[&[f32]]),
    (saved, features): (Saved, &[f32]),
    gradient: &[f32],
) -> Result<Vec<Vec<f32>>, Error> {
    let grids = spec.grids(batch)?;
    let ranges = spec.split_parameters(parameters)?;
    let len = grids[grids.len() - 1].pixels() * spec.feature_channels();
    length("features".into(), len, features.len())?;
    length("gradient of the features".into(), len, gradient.len())?;
    if saved.grids != grids || saved.stages.len() != spec.stages.len() {
        let expected = spec.stages.len();
        return Err(Error::Count {
            what: "saved stages",
            expected,
            found: saved.stages.len(),
        });
    }
    let mut gradients: Vec<Vec<f32>> = parameters.iter().map(|p| vec![0.0; p.len()]).collect();
    let Saved {
        stages,
        mut outputs,
        ..
    } = saved;
    let mut incoming = Source::last(gradient);
    for (i, (saved, range)) in stages.into_iter().zip(ranges).enumerate().rev() {
        let (p, g) = (&parameters[range.clone()], &mut gradients[range]);
        let x = outputs.pop();
        let Some(x) = x else {
            let SavedStage::First(norm) = saved else {
                break;
            };
            let images = Images {
                grid: grids[0],
                channels: spec.channels,
                data: batch.data,
            };
            let own = if spec.stages.len() == 1 {
                Some(features)
            } else {
                None
            };
            first(workspace, images, (p, norm), (incoming, own), g);
            break;
        };
        let step = Step {
            workspace,
            x: Input {
                grid: grids[i],
                channels: spec.stages[i - 1].channels(),
                data: &x,
                affine: None,
            },
            // A residual join and squeeze-excite look for themselves where their ReLU was open.
            gate: match &spec.stages[i - 1] {
                Stage::Conv(Conv {
                    squeeze_excite: None,
                    ..
                }) => Some(center(spec, parameters, i - 1)),
                _ => None,
            },
            p,
        };
        incoming = match (saved, &spec.stages[i]) {
            (SavedStage::Conv(saved), Stage::Conv(conv)) => {
                step.convolution(conv, saved, incoming, g)
            }
            (SavedStage::Residual(saved), Stage::Residual { pool, .. }) => {
                step.residual(*pool, saved, incoming, g)
            }
            (_, _) => step.plain(features, incoming, g),
        };
    }
    Ok(gradients)
}

/// Bias of the norm of a convolution stage: the value its activation has at the batch's mean; zero without norm.
fn center(spec: &TrunkSpec, parameters: &[&[f32]], stage: usize) -> Vec<f32> {
    let all = spec.parameters();
    let own =
        |p: &super::Parameter| p.stage == stage && p.kind == super::ParameterKind::NormBias(0);
    match all.iter().position(own) {
        Some(i) => parameters[i].to_vec(),
        None => vec![0.0; spec.stages[stage].channels()],
    }
}

/// The gradient of a stage's output.
enum Source<'a> {
    /// As the caller gave it.
    Outside(&'a [f32]),
    /// From the next stage; with its sums if it is already zero where the ReLU was closed: of d, and of
    /// d * (output - norm bias).
    Next(Buffer, Option<(Vec<f64>, Vec<f64>)>),
}

impl<'a> Source<'a> {
    fn last(gradient: &'a [f32]) -> Self {
        Self::Outside(gradient)
    }

    fn data(&self) -> &[f32] {
        match self {
            Self::Outside(d) => d,
            Self::Next(d, _) => d,
        }
    }
}

/// One stage with its input and parameters.
struct Step<'a> {
    workspace: &'a Workspace,
    x: Input<'a>,
    /// If the stage before ends in ReLU, its norm's bias.
    gate: Option<Vec<f32>>,
    p: &'a [&'a [f32]],
}

impl Step<'_> {
    fn convolution(
        &self,
        conv: &Conv,
        saved: SavedConv,
        incoming: Source,
        g: &mut [Vec<f32>],
    ) -> Source<'static> {
        let workspace = self.workspace;
        let SavedConv {
            mut z,
            norm,
            excited,
        } = saved;
        let layers = Activation {
            grid: self.x.grid,
            scale: &norm.scale,
            shift: &norm.shift,
            relu: conv.relu,
            pool: conv.pool,
        };
        let mut squeeze = Vec::new();
        if let (Some(e), Some(gates)) = (&excited, gates(conv, self.p)) {
            let shape = (layers.grid.images, conv.channels);
            let gradient = products(workspace, incoming.data(), &e.pooled, shape);
            if let [.., a, b, c, d] = g {
                squeeze = gates.backward(&e.excitation, &gradient, [a, b, c, d]);
            }
            let area = (layers.grid.height * layers.grid.width) as f32;
            squeeze.iter_mut().for_each(|s| *s /= area);
        }
        let known = match &incoming {
            Source::Next(_, Some(sums)) => from_output(&norm, self.p, sums),
            _ => None,
        };
        let excited = (excited.as_ref()).map(|e| Excited {
            excite: &e.excitation.excite,
            squeeze: &squeeze,
        });
        let gated = !conv.relu || matches!(incoming, Source::Next(_, Some(_)));
        let from = Incoming {
            dy: incoming.data(),
            gated,
            excited,
        };
        let (sum, product) =
            known.unwrap_or_else(|| gradient_sums(workspace, layers, &norm.mean, &z, from));
        let [_, _, weight, bias, ..] = g else {
            return Source::Next(z, None);
        };
        let backward = norm.backward(&sum, &product, weight, bias);
        gradient_in_place(workspace, layers, (&norm, &backward), &mut z, from);
        drop(incoming);
        self.through(&z, (self.p[0], &mut g[0]), None)
    }

    /// Filters' gradient and that of the input, from `dz`; `dx` holds what the gradient of the input is added to.
    fn through(
        &self,
        dz: &[f32],
        (weights, gradient): (&[f32], &mut [f32]),
        dx: Option<Buffer>,
    ) -> Source<'static> {
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
            (outputs, x.channels),
            Direction::Backward,
            None,
        );
        let accumulate = dx.is_some();
        let mut dx = dx.unwrap_or_else(|| workspace.take(x.data.len()));
        let (ones, zeros) = (vec![1.0; x.channels], vec![0.0; x.channels]);
        let gate = self.gate.as_ref().map(|center| Gate {
            reference: x.data,
            scale: &ones,
            shift: &zeros,
            center,
        });
        let gated = gate.is_some();
        let sums = convolve(
            workspace,
            dz,
            &filters,
            &Carried { accumulate, gate },
            &mut dx,
        );
        Source::Next(dx, gated.then(|| add_up(&sums.data, x.channels)))
    }

    fn residual(
        &self,
        pool: bool,
        saved: SavedResidual,
        incoming: Source,
        g: &mut [Vec<f32>],
    ) -> Source<'static> {
        let (workspace, x, p) = (self.workspace, self.x, self.p);
        let SavedResidual {
            first: (mut z1, norm1),
            second: (mut z2, norm2),
            shift,
            mut skip,
        } = saved;
        let channels = shift.len();
        let joined = Activation {
            grid: x.grid,
            scale: &norm2.scale,
            shift: &shift,
            relu: true,
            pool,
        };
        let (sum, product) = join_gradient(
            workspace,
            joined,
            &norm2.mean,
            (&z2, &mut skip),
            incoming.data(),
        );
        drop(incoming);
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
            return Source::Next(z1, None);
        };
        skip_bias
            .iter_mut()
            .zip(&sum)
            .for_each(|(b, s)| *b = *s as f32);
        let backward = norm2.backward(&sum, &product, weight2, bias2);
        let plain = Activation {
            relu: false,
            pool: false,
            ..joined
        };
        let from = Incoming {
            dy: &skip,
            gated: true,
            excited: None,
        };
        gradient_in_place(workspace, plain, (&norm2, &backward), &mut z2, from);

        let affine = Some((norm1.scale.as_slice(), norm1.shift.as_slice()));
        let hidden = Input {
            grid: x.grid,
            channels,
            data: &z1,
            affine,
        };
        let dz2 = Input {
            grid: x.grid,
            channels,
            data: &z2,
            affine: None,
        };
        weight_gradient(workspace, hidden, dz2, w2);
        let filters = Filters::new(
            workspace,
            p[4],
            (channels, channels),
            Direction::Backward,
            None,
        );
        let mut dh = workspace.take(z1.len());
        let gate = Gate {
            reference: &z1,
            scale: &norm1.scale,
            shift: &norm1.shift,
            center: &norm1.mean,
        };
        let carried = Carried {
            accumulate: false,
            gate: Some(gate),
        };
        let sums = convolve(workspace, dz2, &filters, &carried, &mut dh);
        let (sum, product) = add_up(&sums.data, channels);
        let backward = norm1.backward(&sum, &product, weight1, bias1);
        let first = Activation {
            scale: &norm1.scale,
            shift: &norm1.shift,
            ..plain
        };
        let from = Incoming {
            dy: &dh,
            gated: true,
            excited: None,
        };
        gradient_in_place(workspace, first, (&norm1, &backward), &mut z1, from);
        drop((dh, z2));

        pointwise::weight_gradient(
            workspace,
            (x.data, x.channels),
            (&skip, channels),
            skip_weight,
        );
        let mut dx = workspace.take(x.data.len());
        let shape = (channels, x.channels);
        let weights = pointwise::Weights::new(workspace, p[8], shape, Direction::Backward);
        pointwise::multiply(workspace, &skip, &weights, &mut dx);
        drop(skip);
        self.through(&z1, (p[0], w1), Some(dx))
    }

    /// A convolution with bias and ReLU only.
    fn plain(&self, features: &[f32], incoming: Source, g: &mut [Vec<f32>]) -> Source<'static> {
        let channels = self.p[1].len();
        let (dz, sum) = match incoming {
            Source::Next(d, Some((sum, _))) => (d, sum),
            other => gated(self.workspace, other.data(), features, channels),
        };
        g[1].iter_mut().zip(&sum).for_each(|(b, s)| *b = *s as f32);
        self.through(&dz, (self.p[0], &mut g[0]), None)
    }
}

/// The sums of dn and dn * (z - mean) from those of the output, which is `scale * (z - mean) + bias` where
/// the gradient is not zero. `None` where a weight is so small that the output has forgotten z.
fn from_output(
    norm: &Normalisation,
    p: &[&[f32]],
    (sum, product): &(Vec<f64>, Vec<f64>),
) -> Option<(Vec<f64>, Vec<f64>)> {
    let fits = |(w, b): (&f32, &f32)| w.abs() > 1e-2 * b.abs() && w.abs() > 1e-20;
    if !p[2].iter().zip(p[3]).all(fits) {
        return None;
    }
    let centred = product
        .iter()
        .zip(&norm.scale)
        .map(|(t, s)| t / f64::from(*s))
        .collect();
    Some((sum.clone(), centred))
}

/// `d` where `output` is positive, and its sums per channel.
fn gated(workspace: &Workspace, d: &[f32], output: &[f32], channels: usize) -> (Buffer, Vec<f64>) {
    const PIXELS: usize = 512;
    let mut out = workspace.take(d.len());
    let parts: Vec<Vec<f32>> = (out.par_chunks_mut(PIXELS * channels))
        .zip(
            d.par_chunks(PIXELS * channels)
                .zip(output.par_chunks(PIXELS * channels)),
        )
        .map(|(out, (d, y))| {
            let mut sums = vec![0.0; channels];
            let pixels = d.chunks_exact(channels).zip(y.chunks_exact(channels));
            for (out, (d, y)) in out.chunks_exact_mut(channels).zip(pixels) {
                let both = d.iter().zip(y).zip(sums.iter_mut());
                for (out, ((d, y), sum)) in out.iter_mut().zip(both) {
                    *out = if *y > 0.0 { *d } else { 0.0 };
                    *sum += *out;
                }
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; channels];
    for part in parts {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(t, s)| *t += f64::from(s));
    }
    (out, total)
}

/// The first stage. `features` is its output if it is also the last.
fn first(
    workspace: &Workspace,
    images: Images,
    (p, norm): (&[&[f32]], Option<FirstNorm>),
    (incoming, features): (Source, Option<&[f32]>),
    g: &mut [Vec<f32>],
) {
    let channels = p[1].len();
    let owned;
    let dy = match features {
        Some(y) => {
            owned = gated(workspace, incoming.data(), y, channels).0;
            &*owned
        }
        None => incoming.data(),
    };
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
    patches.backward(p[0], (&moments, p[2]), &gradient, [filters, weight, bias]);
}
