//! Single kernels at the sizes the levels use them, for benchmarks.

use crate::activation::{
    Activation, Incoming, activate, gradient_in_place, gradient_sums, join_gradient,
};
use crate::batch_norm::{Moments, Normalisation};
use crate::first_layer::{self, Images, patch_gradient, patch_moments};
use crate::grid::Grid;
use crate::pointwise;
use crate::winograd::convolution::convolve;
use crate::winograd::filter::{Direction, Filters};
use crate::winograd::input::Input;
use crate::winograd::outcome::{Carried, Gate, WithStatistics};
use crate::winograd::weight_gradient::weight_gradient;
use crate::workspace::Workspace;

/// One kernel with its data.
pub struct Case {
    /// What it does and at which size.
    pub name: String,
    /// Multiplications and additions of the direct computation; 0 where memory is what counts.
    pub flop: f64,
    /// Bytes it must read and write at least.
    pub bytes: f64,
    /// Runs it once.
    pub run: Box<dyn FnMut() + Send>,
}

fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 37 + seed * 101) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}

/// A 3x3 convolution of the levels: side of the map, input and output channels.
pub const CONVOLUTIONS: [[usize; 3]; 10] = [
    [112, 16, 32],
    [112, 32, 64],
    [56, 64, 128],
    [28, 128, 256],
    [112, 64, 64],
    [56, 128, 128],
    [28, 256, 256],
    [112, 128, 128],
    [56, 256, 256],
    [28, 512, 512],
];

/// The three passes of one convolution on `images` images: forward with statistics, gradient of the input through its ReLU,
/// gradient of the filters.
pub fn convolution(workspace: &Workspace, images: usize, [side, ci, co]: [usize; 3]) -> [Case; 3] {
    let grid = Grid {
        images,
        height: side,
        width: side,
    };
    let (small, large) = (grid.pixels() * ci, grid.pixels() * co);
    let flop = 18.0 * (grid.pixels() * ci * co) as f64;
    let case = |pass, bytes: usize, run| {
        let name = format!("{pass} {side}x{side} {ci} to {co}");
        Case {
            name,
            flop,
            bytes: 4.0 * bytes as f64,
            run,
        }
    };
    let filters = |direction| {
        Filters::new(
            workspace,
            &values(9 * ci * co, 1),
            (co, ci),
            direction,
            None,
        )
    };
    let forward = {
        let (w, f, x) = (
            workspace.clone(),
            filters(Direction::Forward),
            values(small, 2),
        );
        let mut z = vec![0.0; large];
        Box::new(move || {
            let input = Input {
                grid,
                channels: ci,
                data: &x,
                affine: None,
            };
            convolve(&w, input, &f, &WithStatistics, &mut z);
        })
    };
    let backward = {
        let (w, f) = (workspace.clone(), filters(Direction::Backward));
        let (dz, x) = (values(large, 3), values(small, 2));
        let (ones, zeros) = (vec![1.0; ci], vec![0.0; ci]);
        let mut dx = vec![0.0; small];
        Box::new(move || {
            let gate = Gate {
                reference: &x,
                scale: &ones,
                shift: &zeros,
                center: &zeros,
            };
            let outcome = Carried {
                accumulate: false,
                gate: Some(gate),
            };
            let input = Input {
                grid,
                channels: co,
                data: &dz,
                affine: None,
            };
            convolve(&w, input, &f, &outcome, &mut dx);
        })
    };
    let gradient = {
        let (w, dz, x) = (workspace.clone(), values(large, 3), values(small, 2));
        let mut out = vec![0.0; 9 * ci * co];
        Box::new(move || {
            let input = Input {
                grid,
                channels: ci,
                data: &x,
                affine: None,
            };
            let dz = Input {
                grid,
                channels: co,
                data: &dz,
                affine: None,
            };
            weight_gradient(&w, input, dz, &mut out);
        })
    };
    [
        case("forward", small + large, forward),
        case("input gradient", 2 * small + large, backward),
        case("filter gradient", small + large, gradient),
    ]
}

/// The first layer's passes at 224x224 and `outputs` channels.
pub fn first_layer(workspace: &Workspace, images: usize, outputs: usize) -> [Case; 3] {
    let grid = Grid {
        images,
        height: 224,
        width: 224,
    };
    let pooled = grid.pooled().pixels() * outputs;
    let flop = 18.0 * (grid.pixels() * outputs) as f64;
    let x = values(grid.pixels(), 1);
    let weights = || {
        first_layer::Weights::new(
            workspace,
            &values(9 * outputs, 2),
            None,
            &values(outputs, 3),
        )
    };
    let bytes = 4.0 * (grid.pixels() + pooled) as f64;
    let moments = {
        let (w, x) = (workspace.clone(), x.clone());
        Box::new(move || {
            patch_moments(
                &w,
                Images {
                    grid,
                    channels: 1,
                    data: &x,
                },
            );
        })
    };
    let forward = {
        let (w, x, k) = (workspace.clone(), x.clone(), weights());
        let mut out = vec![0.0; pooled];
        Box::new(move || {
            first_layer::forward(
                &w,
                Images {
                    grid,
                    channels: 1,
                    data: &x,
                },
                &k,
                &mut out,
            );
        })
    };
    let gradient = {
        let (w, k, dy) = (workspace.clone(), weights(), values(pooled, 4));
        Box::new(move || {
            patch_gradient(
                &w,
                Images {
                    grid,
                    channels: 1,
                    data: &x,
                },
                &k,
                &dy,
            );
        })
    };
    [
        Case {
            name: "patch moments 224x224".into(),
            flop: 0.0,
            bytes: 4.0 * grid.pixels() as f64,
            run: moments,
        },
        Case {
            name: format!("first layer forward {outputs}"),
            flop,
            bytes,
            run: forward,
        },
        Case {
            name: format!("first layer gradient {outputs}"),
            flop: 2.0 * flop,
            bytes,
            run: gradient,
        },
    ]
}

/// The pointwise passes over a map of `side` and `channels`, pooled.
pub fn pointwise(workspace: &Workspace, images: usize, side: usize, channels: usize) -> Vec<Case> {
    let grid = Grid {
        images,
        height: side,
        width: side,
    };
    let (whole, pooled) = (grid.pixels() * channels, grid.pooled().pixels() * channels);
    let moments = Moments {
        mean: vec![0.1; channels],
        variance: vec![1.0; channels],
        count: grid.pixels() as f64,
    };
    let norm = Normalisation::new(&moments, &vec![1.0; channels], &vec![0.1; channels]);
    let case = |pass, values: usize, run| Case {
        name: format!("{pass} {side}x{side} {channels}"),
        flop: 0.0,
        bytes: 4.0 * values as f64,
        run,
    };
    fn layers(grid: Grid, norm: &Normalisation) -> Activation<'_> {
        Activation {
            grid,
            scale: &norm.scale,
            shift: &norm.shift,
            relu: true,
            pool: true,
        }
    }
    let forward: Box<dyn FnMut() + Send> = {
        let (w, norm, z) = (workspace.clone(), norm.clone(), values(whole, 1));
        let mut out = vec![0.0; pooled];
        Box::new(move || activate(&w, layers(grid, &norm), (&z, None), &mut out, None))
    };
    let sums: Box<dyn FnMut() + Send> = {
        let (w, norm, z, dy) = (
            workspace.clone(),
            norm.clone(),
            values(whole, 1),
            values(pooled, 2),
        );
        Box::new(move || {
            let from = Incoming {
                dy: &dy,
                gated: false,
                excited: None,
            };
            gradient_sums(&w, layers(grid, &norm), &norm.mean, &z, from);
        })
    };
    let gradient: Box<dyn FnMut() + Send> = {
        let (w, norm, dy) = (workspace.clone(), norm.clone(), values(pooled, 2));
        let mut z = values(whole, 1);
        let sums = vec![1e-3; channels];
        let mut rest = vec![0.0; channels];
        let backward = norm.backward(&sums, &sums, &mut rest.clone(), &mut rest);
        Box::new(move || {
            let from = Incoming {
                dy: &dy,
                gated: true,
                excited: None,
            };
            gradient_in_place(&w, layers(grid, &norm), (&norm, &backward), &mut z, from);
        })
    };
    let join: Box<dyn FnMut() + Send> = {
        let (w, norm, z, dy) = (workspace.clone(), norm, values(whole, 1), values(pooled, 2));
        let mut skip = w.take(whole);
        Box::new(move || {
            join_gradient(&w, layers(grid, &norm), &norm.mean, (&z, &mut skip), &dy);
        })
    };
    vec![
        case("normalise, ReLU, pool", whole + pooled, forward),
        case("gradient sums", whole + pooled, sums),
        case("gradient in place", 2 * whole + pooled, gradient),
        case("join gradient", 3 * whole + pooled, join),
    ]
}

/// A 1x1 convolution forward and the gradient of its weights.
pub fn skip(workspace: &Workspace, images: usize, [side, ci, co]: [usize; 3]) -> [Case; 2] {
    let pixels = images * side * side;
    let flop = 2.0 * (pixels * ci * co) as f64;
    let bytes = 4.0 * (pixels * (ci + co)) as f64;
    let forward = {
        let (w, x) = (workspace.clone(), values(pixels * ci, 1));
        let k = pointwise::Weights::new(&w, &values(ci * co, 2), (co, ci), Direction::Forward);
        let mut y = vec![0.0; pixels * co];
        Box::new(move || pointwise::multiply(&w, &x, &k, &mut y))
    };
    let gradient = {
        let (w, x, dy) = (
            workspace.clone(),
            values(pixels * ci, 1),
            values(pixels * co, 2),
        );
        let mut out = vec![0.0; ci * co];
        Box::new(move || pointwise::weight_gradient(&w, (&x, ci), (&dy, co), &mut out))
    };
    [
        Case {
            name: format!("1x1 forward {side}x{side} {ci} to {co}"),
            flop,
            bytes,
            run: forward,
        },
        Case {
            name: format!("1x1 weight gradient {side}x{side} {ci} to {co}"),
            flop,
            bytes,
            run: gradient,
        },
    ]
}
