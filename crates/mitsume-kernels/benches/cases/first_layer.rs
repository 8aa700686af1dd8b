//! The first layer, whose output is never stored.

use super::{Case, values};
use crate::first_layer::{self, Images, patch_gradient, patch_moments};
use crate::grid::Grid;
use crate::workspace::Workspace;

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
            product_flop: 0.0,
            bytes: 4.0 * grid.pixels() as f64,
            run: moments,
        },
        Case {
            name: format!("first layer forward {outputs}"),
            flop,
            product_flop: flop,
            bytes,
            run: forward,
        },
        Case {
            name: format!("first layer gradient {outputs}"),
            flop: 2.0 * flop,
            product_flop: 2.0 * flop,
            bytes,
            run: gradient,
        },
    ]
}
