//! The head's visits to the feature map: means and raw maps, and the way back.

use super::{Case, values};
use crate::head::{Features, MapGradient, Pooling};
use crate::workspace::Workspace;

/// Both visits to a feature map of `side` and `channels`, with the maps of the CAM loss where `maps`.
pub fn head(
    workspace: &Workspace,
    pooling: Pooling,
    images: usize,
    [side, channels]: [usize; 2],
    maps: bool,
) -> [Case; 2] {
    let pixels = images * side * side;
    let small = images * channels;
    let data = values(pixels * channels, 1);
    let base = values(small, 2);
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
    let forward: Box<dyn FnMut() + Send> = {
        let (w, data, base) = (workspace.clone(), data.clone(), base.clone());
        Box::new(move || {
            let features = Features {
                data: &data,
                shape,
                pooling,
            };
            features
                .summarise(&w, maps.then_some(&base[..]))
                .expect("the lengths fit");
        })
    };
    let backward: Box<dyn FnMut() + Send> = {
        let w = workspace.clone();
        let (d_means, open, d_raw) = (values(small, 3), values(small, 4), values(pixels, 5));
        Box::new(move || {
            let features = Features {
                data: &data,
                shape,
                pooling,
            };
            let map = maps.then_some(MapGradient {
                base: &base,
                open: &open,
                d_raw: &d_raw,
            });
            features
                .backward(&w, &d_means, map)
                .expect("the lengths fit");
        })
    };
    let whole = pixels * channels;
    [
        case("forward", whole, forward),
        case("gradient", 2 * whole, backward),
    ]
}
