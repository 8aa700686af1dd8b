//! 3x3 convolutions in the Winograd domain.

use super::{Case, values};
use crate::grid::Grid;
use crate::winograd::convolution::convolve;
use crate::winograd::epilogue::{InputGradient, ReluMask, StoreWithStatistics};
use crate::winograd::filter::{Direction, FilterShape, Filters};
use crate::winograd::input::Input;
use crate::winograd::weight_gradient::weight_gradient;
use crate::workspace::Workspace;

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

/// The three passes of one convolution on `images` images: forward with statistics, gradient of the
/// input through its ReLU, gradient of the filters.
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
            // F(4x4, 3x3): 36 multiplications for 16 outputs instead of 144.
            product_flop: flop / 4.0,
            bytes: 4.0 * bytes as f64,
            run,
        }
    };
    let filters = |direction| {
        Filters::new(
            workspace,
            &values(9 * ci * co, 1),
            FilterShape {
                outputs: co,
                inputs: ci,
            },
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
            convolve(&w, input, &f, &StoreWithStatistics, &mut z);
        })
    };
    let backward = {
        let (w, f) = (workspace.clone(), filters(Direction::Backward));
        let (dz, x) = (values(large, 3), values(small, 2));
        let (ones, zeros) = (vec![1.0; ci], vec![0.0; ci]);
        let mut dx = vec![0.0; small];
        Box::new(move || {
            let mask = ReluMask {
                reference: &x,
                scale: &ones,
                shift: &zeros,
                center: &zeros,
            };
            let epilogue = InputGradient {
                accumulate: false,
                mask: Some(mask),
            };
            let input = Input {
                grid,
                channels: co,
                data: &dz,
                affine: None,
            };
            convolve(&w, input, &f, &epilogue, &mut dx);
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
