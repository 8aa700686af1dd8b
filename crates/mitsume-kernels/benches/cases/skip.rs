//! The 1x1 skip convolution of a residual block.

use super::{Case, values};
use crate::pointwise;
use crate::winograd::filter::{Direction, FilterShape};
use crate::workspace::Workspace;

/// A 1x1 convolution forward, which the gradient of its input is too, and the gradient of its
/// weights.
pub fn skip(workspace: &Workspace, images: usize, [side, ci, co]: [usize; 3]) -> [Case; 2] {
    let pixels = images * side * side;
    let flop = 2.0 * (pixels * ci * co) as f64;
    let bytes = 4.0 * (pixels * (ci + co)) as f64;
    let forward = {
        let (w, x) = (workspace.clone(), values(pixels * ci, 1));
        let k = pointwise::Weights::new(
            &w,
            &values(ci * co, 2),
            FilterShape {
                outputs: co,
                inputs: ci,
            },
            Direction::Forward,
        );
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
        Box::new(move || {
            let x = pointwise::PixelRows {
                data: &x,
                channels: ci,
            };
            let dy = pointwise::PixelRows {
                data: &dy,
                channels: co,
            };
            pointwise::weight_gradient(&w, x, dy, &mut out);
        })
    };
    [
        Case {
            name: format!("1x1 forward {side}x{side} {ci} to {co}"),
            flop,
            product_flop: flop,
            bytes,
            run: forward,
        },
        Case {
            name: format!("1x1 weight gradient {side}x{side} {ci} to {co}"),
            flop,
            product_flop: flop,
            bytes,
            run: gradient,
        },
    ]
}
