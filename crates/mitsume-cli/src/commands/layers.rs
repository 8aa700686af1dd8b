//! `mitsume layers`

use mitsume_lab::{Images, Layer, layers};

use super::output;
use crate::args::LayersArgs;
use crate::failure::Result;

/// Runs the command.
pub fn run(args: LayersArgs) -> Result {
    let images = Images {
        channels: args.channels.map(usize::from),
        size: args.image_size.map(|side| [side as usize; 2]),
    };
    let layers = layers(&args.model, images)?;
    if args.json {
        let layers: Vec<_> = layers
            .iter()
            .map(|layer| {
                serde_json::json!({
                    "name": layer.name,
                    "module": layer.module,
                    "operator": layer.operator,
                    "shape": layer.shape,
                    "layout": layer.layout.map(|layout| layout.name()),
                    "token_grid": layer.grid,
                    "default": layer.default,
                })
            })
            .collect();
        return output::json(&serde_json::json!({ "layers": layers }));
    }
    let mut rows = vec![
        ["layer", "module", "operator", "shape", "layout", ""]
            .map(String::from)
            .to_vec(),
    ];
    for layer in &layers {
        let sides: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
        let mark = if layer.default { "*" } else { "" };
        rows.push(vec![
            layer.name.clone(),
            layer.module.clone().unwrap_or_default(),
            layer.operator.clone(),
            sides.join("x"),
            layout(layer),
            mark.into(),
        ]);
    }
    output::text(&format!(
        "{}\n* taken where --target-layer names none; a name may be a layer's or a module's\n\
         ? the model does not tell its layout: --layout says it",
        output::table(&rows)
    ))
}

/// As `nhwc`, `tokens 14x14`, or `?` where the model does not tell.
fn layout(layer: &Layer) -> String {
    match (layer.layout, layer.grid) {
        (Some(layout), Some([rows, columns])) => format!("{layout} {rows}x{columns}"),
        (Some(layout), None) => layout.to_string(),
        (None, _) => "?".into(),
    }
}
