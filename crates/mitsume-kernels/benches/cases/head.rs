//! Pooled features with the CAM sums, and their backward pass.

use super::{Case, Run, values};
use crate::head::{Features, HeadPooling, MapGradient};
use crate::workspace::Workspace;

/// Forward and backward pass on a feature map of `side` and `channels`, with the CAM sums if
/// `maps`.
pub fn head(
    workspace: &Workspace,
    pooling: HeadPooling,
    images: usize,
    [side, channels]: [usize; 2],
    maps: bool,
) -> [Case; 2] {
    let pixels = images * side * side;
    let small = images * channels;
    let data = values(pixels * channels, 1);
    let linear_alpha = values(small, 2);
    let case = |pass, values: usize, run| Case {
        name: format!(
            "head {pass}{} {side}x{side} {channels}",
            if maps { " with maps" } else { "" }
        ),
        flop: 0.0,
        product_flop: 0.0,
        bytes: 4.0 * values as f64,
        run,
    };
    let shape = [images, side, side, channels];
    let forward: Run = {
        let (w, data, linear_alpha) = (workspace.clone(), data.clone(), linear_alpha.clone());
        Box::new(move || {
            features(&data, shape, pooling)
                .pool_features(&w, maps.then_some(&linear_alpha[..]))
                .expect("the lengths fit");
        })
    };
    let backward: Run = {
        let w = workspace.clone();
        let (d_pooled, pass_fraction, d_weighted_sum) =
            (values(small, 3), values(small, 4), values(pixels, 5));
        Box::new(move || {
            let map = maps.then_some(MapGradient {
                linear_alpha: &linear_alpha,
                pass_fraction: &pass_fraction,
                d_weighted_sum: &d_weighted_sum,
            });
            features(&data, shape, pooling)
                .backward(&w, &d_pooled, map)
                .expect("the lengths fit");
        })
    };
    let whole = pixels * channels;
    [
        case("forward", whole, forward),
        case("gradient", 2 * whole, backward),
    ]
}

fn features(data: &[f32], shape: [usize; 4], pooling: HeadPooling) -> Features<'_> {
    Features {
        data,
        shape,
        pooling,
    }
}
