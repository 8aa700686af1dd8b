//! What stands between two convolutions.

use super::{Case, values};
use crate::activation::{
    Activation, Incoming, activate, gradient_in_place, gradient_sums, join_gradient,
};
use crate::batch_norm::{Moments, Normalisation};
use crate::grid::Grid;
use crate::workspace::Workspace;

/// One of the passes over memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointwise {
    /// Normalise, ReLU, pool.
    Activate,
    /// The sums batch norm's backward pass needs.
    Sums,
    /// From the gradient of the result to that of the convolution's output, in its place.
    InPlace,
    /// Normalise, add the skip connection, ReLU, pool.
    Join,
    /// The way back through that, with the sums.
    JoinGradient,
}

impl Pointwise {
    /// Every pass.
    pub const ALL: [Self; 5] = [
        Self::Activate,
        Self::Sums,
        Self::InPlace,
        Self::Join,
        Self::JoinGradient,
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
    let layers = move |norm: &Normalisation, run: &mut dyn FnMut(Activation<'_>)| {
        run(Activation {
            grid,
            scale: &norm.scale,
            shift: &norm.shift,
            relu: true,
            pool,
        });
    };
    let (name, moved, run): (_, _, Box<dyn FnMut() + Send>) = match pass {
        Pointwise::Activate => {
            let mut y = dy;
            let run = move || layers(&norm, &mut |l| activate(&w, l, (&z, None), &mut y, None));
            ("normalise, ReLU", whole + out, Box::new(run))
        }
        Pointwise::Sums => {
            let run = move || {
                layers(&norm, &mut |l| {
                    gradient_sums(&w, l, &norm.mean, &z, incoming(&dy, false));
                });
            };
            ("gradient sums", whole + out, Box::new(run))
        }
        Pointwise::InPlace => {
            let sums = vec![1e-3; channels];
            let mut rest = vec![0.0; channels];
            let backward = norm.backward(&sums, &sums, &mut rest.clone(), &mut rest);
            let mut z = z;
            let run = move || {
                layers(&norm, &mut |l| {
                    gradient_in_place(&w, l, (&norm, &backward), &mut z, incoming(&dy, true));
                });
            };
            ("gradient in place", 2 * whole + out, Box::new(run))
        }
        Pointwise::Join => {
            let (skip, mut y) = (values(whole, 3), dy);
            let run = move || {
                layers(&norm, &mut |l| {
                    activate(&w, l, (&z, Some(&skip)), &mut y, None);
                });
            };
            ("normalise, add, ReLU", 2 * whole + out, Box::new(run))
        }
        Pointwise::JoinGradient => {
            let mut skip = w.take(whole);
            let run = move || {
                layers(&norm, &mut |l| {
                    join_gradient(&w, l, &norm.mean, (&z, &mut skip), &dy);
                });
            };
            ("join gradient", 3 * whole + out, Box::new(run))
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

fn incoming(dy: &[f32], gated: bool) -> Incoming<'_> {
    Incoming {
        dy,
        gated,
        excited: None,
    }
}
