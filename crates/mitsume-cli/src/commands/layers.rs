//! `mitsume layers`

use mitsume_engine::{InputImages, Layer, layers};
use mitsume_locale::text;

use super::output;
use crate::args::LayersArgs;
use crate::console::Console;
use crate::failure::Result;

/// Runs the command.
pub fn run(args: LayersArgs, console: Console) -> Result {
    let images = InputImages {
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
    let language = console.language;
    let mut rows = vec![vec![
        text!(language, "command-layer"),
        text!(language, "command-module"),
        text!(language, "command-operator"),
        text!(language, "command-shape"),
        text!(language, "command-layout"),
        String::new(),
    ]];
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
        "{}\n{}\n{}",
        output::table(&rows),
        text!(language, "command-layer-default"),
        text!(language, "command-layer-layout")
    ))
}

/// The layout as `nhwc`, `tokens 14x14`, or `?` if it cannot be inferred.
fn layout(layer: &Layer) -> String {
    match (layer.layout, layer.grid) {
        (Some(layout), Some([rows, columns])) => format!("{layout} {rows}x{columns}"),
        (Some(layout), None) => layout.to_string(),
        (None, _) => "?".into(),
    }
}
