//! Memory-bound passes between two convolutions.

use super::{Case, values};
use crate::batch_norm::{Moments, NormGradientSums, Normalisation};
use crate::grid::Grid;
use crate::norm_activation::{
    NormActivation, OutputGradient, input_gradient_in_place, norm_activation, norm_gradient_sums,
    residual_add_gradient,
};
use crate::workspace::Workspace;

/// One of the passes over memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointwise {
    /// Normalise, ReLU, pool.
    NormActivation,
    /// The sums batch norm's backward pass needs.
    Sums,
    /// The gradient of the convolution's output from that of the result, in place.
    InputGradient,
    /// Normalise, residual add, ReLU, pool.
    ResidualAdd,
    /// Its backward pass, with the sums.
    ResidualAddGradient,
}

impl Pointwise {
    /// Every pass.
    pub const ALL: [Self; 5] = [
        Self::NormActivation,
        Self::Sums,
        Self::InputGradient,
        Self::ResidualAdd,
        Self::ResidualAddGradient,
    ];
}

/// A pass over maps of `side` and `channels`, followed by a 2x2 max-pool where `pool`.
pub fn pointwise(
    workspace: &Workspace,
    pass: Pointwise,
    images: usize,
    [side, channels]: [usize; 2],
    pool: bool,
) -> Case {
    let grid = Grid {
        images,
        height: side,
        width: side,
    };
    let whole = grid.pixels() * channels;
    let out = if pool { grid.pooled() } else { grid }.pixels() * channels;
    let moments = Moments {
        mean: vec![0.1; channels],
        variance: vec![1.0; channels],
        count: grid.pixels() as f64,
    };
    let norm = Normalisation::new(&moments, &vec![1.0; channels], &vec![0.1; channels]);
    let (w, z, dy) = (workspace.clone(), values(whole, 1), values(out, 2));
    let layers = move |norm: &Normalisation, run: &mut dyn FnMut(NormActivation<'_>)| {
        run(NormActivation {
            grid,
            scale: &norm.scale,
            shift: &norm.shift,
            relu: true,
            pool,
        });
    };
    let (name, moved, run): (_, _, Box<dyn FnMut() + Send>) = match pass {
        Pointwise::NormActivation => {
            let mut y = dy;
            let run = move || {
                layers(&norm, &mut |l| {
                    norm_activation(&w, l, &z, None, &mut y, None)
                })
            };
            ("normalise, ReLU", whole + out, Box::new(run))
        }
        Pointwise::Sums => {
            let run = move || {
                layers(&norm, &mut |l| {
                    norm_gradient_sums(&w, l, &norm.mean, &z, gradient(&dy, false));
                });
            };
            ("gradient sums", whole + out, Box::new(run))
        }
        Pointwise::InputGradient => {
            let sums = NormGradientSums {
                gradient: vec![1e-3; channels],
                gradient_times_centred: vec![1e-3; channels],
            };
            let mut rest = vec![0.0; channels];
            let terms = norm.backward(&sums, &mut rest.clone(), &mut rest);
            let mut z = z;
            let run = move || {
                layers(&norm, &mut |l| {
                    input_gradient_in_place(&w, l, &norm.mean, &terms, &mut z, gradient(&dy, true));
                });
            };
            ("gradient in place", 2 * whole + out, Box::new(run))
        }
        Pointwise::ResidualAdd => {
            let (skip, mut y) = (values(whole, 3), dy);
            let run = move || {
                layers(&norm, &mut |l| {
                    norm_activation(&w, l, &z, Some(&skip), &mut y, None);
                });
            };
            (
                "normalise, residual add, ReLU",
                2 * whole + out,
                Box::new(run),
            )
        }
        Pointwise::ResidualAddGradient => {
            let mut skip = w.take(whole);
            let run = move || {
                layers(&norm, &mut |l| {
                    residual_add_gradient(&w, l, &norm.mean, &z, &mut skip, &dy);
                });
            };
            ("residual add gradient", 3 * whole + out, Box::new(run))
        }
    };
    let pooled = if pool { ", pool" } else { "" };
    Case {
        name: format!("{name}{pooled} {side}x{side} {channels}"),
        flop: 0.0,
        product_flop: 0.0,
        bytes: 4.0 * moved as f64,
        run,
    }
}

fn gradient(dy: &[f32], masked: bool) -> OutputGradient<'_> {
    OutputGradient {
        dy,
        masked,
        squeeze_excite: None,
    }
}
