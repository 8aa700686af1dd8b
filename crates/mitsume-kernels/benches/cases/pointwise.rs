//! Memory-bound passes between two convolutions.

use super::{Case, Run, square, values};
use crate::batch_norm::{EPSILON, Moments, NormGradientSums, Normalisation};
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

/// A pass over maps of `side` and `channels`, followed by a 2x2 max-pool if `pool`.
pub fn pointwise(
    workspace: &Workspace,
    pass: Pointwise,
    images: usize,
    [side, channels]: [usize; 2],
    pool: bool,
) -> Case {
    let layers = Layers::new(square(images, side), channels, pool);
    let (whole, out) = (layers.input_len(), layers.output_len());
    let workspace = workspace.clone();
    let (name, moved, run) = match pass {
        Pointwise::NormActivation => {
            let run = forward(workspace, layers, None);
            ("normalise, ReLU", whole + out, run)
        }
        Pointwise::Sums => ("gradient sums", whole + out, sums(workspace, layers)),
        Pointwise::InputGradient => {
            let run = input_gradient(workspace, layers);
            ("gradient in place", 2 * whole + out, run)
        }
        Pointwise::ResidualAdd => {
            let run = forward(workspace, layers, Some(values(whole, 3)));
            ("normalise, residual add, ReLU", 2 * whole + out, run)
        }
        Pointwise::ResidualAddGradient => {
            let run = residual_gradient(workspace, layers);
            ("residual add gradient", 3 * whole + out, run)
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

/// The layers after a convolution.
struct Layers {
    grid: Grid,
    norm: Normalisation,
    pool: bool,
}

impl Layers {
    fn new(grid: Grid, channels: usize, pool: bool) -> Self {
        let moments = Moments {
            mean: vec![0.1; channels],
            variance: vec![1.0; channels],
            count: grid.pixels() as f64,
        };
        let norm = Normalisation::new(
            &moments,
            &vec![1.0; channels],
            &vec![0.1; channels],
            EPSILON,
        );
        Self { grid, norm, pool }
    }

    fn channels(&self) -> usize {
        self.norm.scale.len()
    }

    fn input_len(&self) -> usize {
        self.grid.pixels() * self.channels()
    }

    fn output_len(&self) -> usize {
        self.norm_activation().output_grid().pixels() * self.channels()
    }

    fn norm_activation(&self) -> NormActivation<'_> {
        NormActivation {
            grid: self.grid,
            scale: &self.norm.scale,
            shift: &self.norm.shift,
            relu: true,
            pool: self.pool,
        }
    }
}

fn forward(workspace: Workspace, layers: Layers, residual: Option<Vec<f32>>) -> Run {
    let (z, mut y) = (
        values(layers.input_len(), 1),
        values(layers.output_len(), 2),
    );
    Box::new(move || {
        let residual = residual.as_deref();
        norm_activation(
            &workspace,
            layers.norm_activation(),
            &z,
            residual,
            &mut y,
            None,
        );
    })
}

fn sums(workspace: Workspace, layers: Layers) -> Run {
    let (z, dy) = (
        values(layers.input_len(), 1),
        values(layers.output_len(), 2),
    );
    Box::new(move || {
        let (norm, dy) = (layers.norm_activation(), gradient(&dy, false));
        norm_gradient_sums(&workspace, norm, &layers.norm.mean, &z, dy);
    })
}

fn input_gradient(workspace: Workspace, layers: Layers) -> Run {
    let channels = layers.channels();
    let sums = NormGradientSums {
        gradient: vec![1e-3; channels],
        gradient_times_centred: vec![1e-3; channels],
    };
    let mut rest = vec![0.0; channels];
    let terms = layers.norm.backward(&sums, &mut rest.clone(), &mut rest);
    let (mut z, dy) = (
        values(layers.input_len(), 1),
        values(layers.output_len(), 2),
    );
    Box::new(move || {
        let (norm, dy) = (layers.norm_activation(), gradient(&dy, true));
        input_gradient_in_place(&workspace, norm, &layers.norm.mean, &terms, &mut z, dy);
    })
}

fn residual_gradient(workspace: Workspace, layers: Layers) -> Run {
    let (z, dy) = (
        values(layers.input_len(), 1),
        values(layers.output_len(), 2),
    );
    let mut skip = workspace.take(layers.input_len());
    Box::new(move || {
        let norm = layers.norm_activation();
        residual_add_gradient(&workspace, norm, &layers.norm.mean, &z, &mut skip, &dy);
    })
}

fn gradient(dy: &[f32], masked: bool) -> OutputGradient<'_> {
    OutputGradient {
        dy,
        masked,
        squeeze_excite: None,
    }
}
