//! `mitsume layers`

use mitsume_lab::{Images, layers};
use mitsume_locale::text;

use super::output;
use crate::args::LayersArgs;
use crate::console::Console;
use crate::failure::Result;

/// Runs the command.
pub fn run(args: LayersArgs, console: Console) -> Result {
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
            mark.into(),
        ]);
    }
    output::text(&format!(
        "{}\n{}",
        output::table(&rows),
        text!(language, "command-layer-default")
    ))
}
