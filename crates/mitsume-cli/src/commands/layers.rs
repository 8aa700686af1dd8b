//! `mitsume layers`

use mitsume_engine::{DefaultReason, InputImages, Layer, Module, layer_record, layers, modules};
use mitsume_locale::{Language, text};

use super::output;
use crate::args::LayersArgs;
use crate::console::Console;
use crate::failure::Result;

/// Modules that are listed without `--all`.
const LIKELY: usize = 10;

/// Runs the command.
pub fn run(args: LayersArgs, console: Console) -> Result {
    let images = InputImages {
        channels: args.channels.map(usize::from),
        size: args.image_size.map(|side| [side as usize; 2]),
    };
    let layers = layers(&args.model, images)?;
    if args.json {
        let layers: Vec<_> = layers.iter().map(layer_record).collect();
        return output::json(&serde_json::json!({ "layers": layers }));
    }
    let language = console.language;
    let mut lines = vec![match args.all {
        true => every_layer(&layers, language),
        false => likely_modules(&layers, language),
    }];
    lines.push(text!(language, "command-layer-default"));
    if layers.iter().any(|layer| layer.layout.is_none()) {
        lines.push(text!(language, "command-layer-layout"));
    }
    lines.extend(
        modules(&layers)
            .first()
            .and_then(|first| reason(first, language)),
    );
    output::text(&lines.join("\n"))
}

/// A table of all layers, in order.
fn every_layer(layers: &[Layer], language: Language) -> String {
    let mut rows = vec![vec![
        text!(language, "command-layer"),
        text!(language, "command-module"),
        text!(language, "command-operator"),
        text!(language, "command-shape"),
        text!(language, "command-layout"),
        String::new(),
    ]];
    for layer in layers {
        rows.push(vec![
            layer.name.clone(),
            layer.module.clone().unwrap_or_default(),
            layer.operator.clone(),
            shape(layer),
            layout(layer),
            mark(layer).into(),
        ]);
    }
    output::table(&rows)
}

/// A table of the modules that are likely to be wanted.
fn likely_modules(layers: &[Layer], language: Language) -> String {
    let modules = modules(layers);
    let mut rows = vec![vec![
        text!(language, "command-module"),
        text!(language, "command-shape"),
        text!(language, "command-layout"),
        String::new(),
        text!(language, "command-layer"),
    ]];
    for module in modules.iter().take(LIKELY) {
        let layer = module.layer;
        rows.push(vec![
            module.name.to_owned(),
            shape(layer),
            layout(layer),
            mark(layer).into(),
            layer.name.clone(),
        ]);
    }
    let table = output::table(&rows);
    let (count, shown) = (layers.len(), modules.len().min(LIKELY));
    if shown == count {
        return table;
    }
    let more = text!(
        language,
        "command-layer-more",
        modules = shown,
        layers = count
    );
    format!("{table}\n{more}")
}

/// Why the module is the default, if it is.
fn reason(module: &Module, language: Language) -> Option<String> {
    let name = module.name;
    Some(match module.layer.reason? {
        DefaultReason::Pooled => text!(language, "command-layer-pooled", layer = name),
        DefaultReason::LastMap => text!(language, "command-layer-last", layer = name),
        DefaultReason::InputOfLastAttention => {
            text!(language, "command-layer-attention", layer = name)
        }
        DefaultReason::LastMapBeforeAttention => {
            text!(language, "command-layer-before-attention", layer = name)
        }
    })
}

fn shape(layer: &Layer) -> String {
    let sides: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
    sides.join("x")
}

fn mark(layer: &Layer) -> &'static str {
    if layer.default { "*" } else { "" }
}

/// The layout as `nhwc`, `tokens 14x14`, or `?` if it cannot be inferred.
fn layout(layer: &Layer) -> String {
    match (layer.layout, layer.grid) {
        (Some(layout), Some([rows, columns])) => format!("{layout} {rows}x{columns}"),
        (Some(layout), None) => layout.to_string(),
        (None, _) => "?".into(),
    }
}
