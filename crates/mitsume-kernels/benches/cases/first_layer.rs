//! The first layer, whose output is never stored.

use super::{Case, Run, square, values};
use crate::first_layer::{self, Images, Weights, patch_gradient, patch_moments};
use crate::grid::Grid;
use crate::workspace::Workspace;

/// The first layer's passes at 224x224 and `outputs` channels.
pub fn first_layer(workspace: &Workspace, images: usize, outputs: usize) -> [Case; 3] {
    let grid = square(images, 224);
    let pooled = grid.pooled().pixels() * outputs;
    let flop = 18.0 * (grid.pixels() * outputs) as f64;
    let case = |name, flop, values: usize, run| Case {
        name,
        flop,
        product_flop: flop,
        bytes: 4.0 * values as f64,
        run,
    };
    let workspace = || workspace.clone();
    [
        case(
            "patch moments 224x224".into(),
            0.0,
            grid.pixels(),
            moments(workspace(), grid),
        ),
        case(
            format!("first layer forward {outputs}"),
            flop,
            grid.pixels() + pooled,
            forward(workspace(), grid, outputs),
        ),
        case(
            format!("first layer gradient {outputs}"),
            2.0 * flop,
            grid.pixels() + pooled,
            gradient(workspace(), grid, outputs),
        ),
    ]
}

/// Grey images.
fn images(grid: Grid, data: &[f32]) -> Images<'_> {
    Images {
        grid,
        channels: 1,
        data,
    }
}

fn weights(workspace: &Workspace, outputs: usize) -> Weights {
    let (filters, shift) = (values(9 * outputs, 2), values(outputs, 3));
    Weights::new(workspace, &filters, None, &shift)
}

fn moments(workspace: Workspace, grid: Grid) -> Run {
    let x = values(grid.pixels(), 1);
    Box::new(move || {
        patch_moments(&workspace, images(grid, &x));
    })
}

fn forward(workspace: Workspace, grid: Grid, outputs: usize) -> Run {
    let (x, weights) = (values(grid.pixels(), 1), weights(&workspace, outputs));
    let mut out = vec![0.0; grid.pooled().pixels() * outputs];
    Box::new(move || first_layer::forward(&workspace, images(grid, &x), &weights, &mut out))
}

fn gradient(workspace: Workspace, grid: Grid, outputs: usize) -> Run {
    let (x, weights) = (values(grid.pixels(), 1), weights(&workspace, outputs));
    let dy = values(grid.pooled().pixels() * outputs, 4);
    Box::new(move || {
        patch_gradient(&workspace, images(grid, &x), &weights, &dy);
    })
}
