//! Which layers can be hooked, and how they are named.

use std::collections::HashSet;

use crate::classifier::Classifier;
use crate::default_layer::{DefaultReason, default_layer};
use crate::error::{Error, Result};
use crate::feature_maps::FeatureMaps;
use crate::graph::{Node, ValueId};
use crate::layout::{FeatureLayout, InferredLayout, Role};
use crate::value::Value;

/// A layer that can be hooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its node's name.
    pub name: String,
    /// The PyTorch module whose output it is (`layer4`), if the file has module names.
    pub module: Option<String>,
    /// Its ONNX operator.
    pub operator: String,
    /// Shape of its output without the batch axis: [C, h, w], [h, w, C], or tokens [T, C] or [C,
    /// T].
    pub shape: Vec<usize>,
    /// How its output is laid out; none if that cannot be inferred, so that it must be given.
    pub layout: Option<FeatureLayout>,
    /// Rows and columns of its tokens, if they can be inferred.
    pub grid: Option<[usize; 2]>,
    /// Whether it is the one hooked by default.
    pub default: bool,
    /// Why, if it is.
    pub reason: Option<DefaultReason>,
}

/// The layout the user gives for a hooked layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayoutRequest {
    /// Its layout: needed where it cannot be inferred.
    pub layout: Option<FeatureLayout>,
    /// Rows and columns of tokens. The map is the last rows * columns tokens; those before it are
    /// class or register tokens.
    pub grid: Option<[usize; 2]>,
}

/// A layer that the user named, or the default one.
#[derive(Clone, Debug)]
pub(crate) struct FoundLayer {
    pub id: ValueId,
    pub name: String,
}

/// Where the feature maps of value `id` are: inferred from the graph, or as requested.
pub(crate) fn feature_maps(
    model: &Classifier,
    id: ValueId,
    requested: LayoutRequest,
) -> Result<FeatureMaps, String> {
    let shape = &model.shapes[&id];
    let layout = layout(model, id, requested.layout)?;
    let channels = shape[layout.channel_axis()];
    let (prefix_tokens, [rows, columns]) = match *layout.pixel_axes() {
        [rows, columns] => (0, [shape[rows], shape[columns]]),
        _ => token_grid(model, id, layout, requested.grid)?,
    };
    if let Some([r, c]) = requested.grid.filter(|grid| *grid != [rows, columns]) {
        return Err(format!(
            "--token-grid {r}x{c} contradicts the model: its map is {rows}x{columns}"
        ));
    }
    if rows * columns < 2 {
        return Err("it has no map of several pixels".into());
    }
    Ok(FeatureMaps {
        layout,
        prefix_tokens,
        shape: [channels, rows, columns],
    })
}

fn layout(
    model: &Classifier,
    id: ValueId,
    requested: Option<FeatureLayout>,
) -> Result<FeatureLayout, String> {
    let named = |layouts: &[FeatureLayout]| {
        let names = layouts
            .iter()
            .map(|layout| format!("--layout {layout} for {}", layout.axes()));
        names.collect::<Vec<_>>().join(", ")
    };
    match (inferred_layout(model, id), requested) {
        (InferredLayout::Layout(layout), None) => Ok(layout),
        (InferredLayout::Layout(layout), Some(requested)) if layout == requested => Ok(layout),
        (InferredLayout::Layout(layout), Some(requested)) => Err(format!(
            "--layout {requested} contradicts the model: it is {layout}, {}",
            layout.axes()
        )),
        (
            InferredLayout::Ambiguous(layouts) | InferredLayout::Displaced(layouts),
            Some(requested),
        ) if layouts.contains(&requested) => Ok(requested),
        (
            InferredLayout::Ambiguous(layouts) | InferredLayout::Displaced(layouts),
            Some(requested),
        ) => Err(format!(
            "--layout {requested} contradicts the model, which allows {}",
            named(&layouts)
        )),
        (InferredLayout::Ambiguous(layouts), None) => Err(format!(
            "the model does not tell which of its axes are channels and which are pixels: say it, \
             as {}",
            named(&layouts)
        )),
        (InferredLayout::Displaced(layouts), None) => Err(format!(
            "its pixels do not lie as in the image, but shifted, cropped or mixed: choose another \
             layer, or take them as they lie, with {}",
            named(&layouts)
        )),
        (InferredLayout::NoMap, _) => Err(
            "it has no map of several pixels: its axes are not those of images, channels and \
             pixels"
                .into(),
        ),
    }
}

/// Number of tokens before those of the map, and its rows and columns.
fn token_grid(
    model: &Classifier,
    id: ValueId,
    layout: FeatureLayout,
    requested: Option<[usize; 2]>,
) -> Result<(usize, [usize; 2]), String> {
    let axis = layout.pixel_axes()[0];
    let tokens = model.shapes[&id][axis];
    match (model.axes[&id].role(axis), requested) {
        (
            Role::Grid {
                prefix_tokens,
                grid,
            },
            _,
        ) => Ok((prefix_tokens, grid)),
        (_, Some([rows, columns])) => match rows.checked_mul(columns) {
            Some(pixels) if pixels > 1 && pixels <= tokens => {
                Ok((tokens - pixels, [rows, columns]))
            }
            _ => Err(format!(
                "a grid of {rows}x{columns} does not fit {tokens} tokens"
            )),
        },
        (_, None) => {
            let side = tokens.isqrt();
            Err(format!(
                "it is tokens, not a map: say how they lie, as --token-grid {side}x{side}"
            ))
        }
    }
}

/// The layout of value `id` as far as it can be inferred from the graph.
fn inferred_layout(model: &Classifier, id: ValueId) -> InferredLayout {
    let batch = model.batch().unwrap_or(1);
    let axes = model.axes.get(&id);
    axes.map_or(InferredLayout::NoMap, |axes| {
        axes.layout(&model.shapes[&id], batch)
    })
}

/// Values that depend on the image.
fn image_dependents(model: &Classifier) -> HashSet<ValueId> {
    let mut reached = HashSet::from([model.graph.input.id]);
    for node in &model.graph.nodes {
        if node.runtime_inputs().any(|id| reached.contains(&id)) {
            reached.extend(node.outputs.iter().flatten());
        }
    }
    reached
}

/// The node's output and its layout (if that can be inferred), if it depends on the image and may
/// be a map or tokens.
pub(crate) fn hookable(
    model: &Classifier,
    reached: &HashSet<ValueId>,
    node: &Node,
) -> Option<(ValueId, Option<FeatureLayout>)> {
    let id = (*node.outputs.first()?)?;
    let shape = model.shapes.get(&id).filter(|_| reached.contains(&id))?;
    let several = |layout: FeatureLayout| {
        let pixels = layout.pixel_axes().iter().map(|&axis| shape[axis]);
        pixels.product::<usize>() > 1 && shape[layout.channel_axis()] > 1
    };
    match inferred_layout(model, id) {
        InferredLayout::Layout(layout) => several(layout).then_some((id, Some(layout))),
        InferredLayout::Ambiguous(layouts) => {
            layouts.into_iter().any(several).then_some((id, None))
        }
        InferredLayout::Displaced(_) | InferredLayout::NoMap => None,
    }
}

/// All layers that can be hooked, in order.
pub(crate) fn hookable_layers(model: &Classifier) -> Vec<Layer> {
    let reached = image_dependents(model);
    let default = default_layer(model, &reached);
    let layer = |node: &Node| {
        let (id, layout) = hookable(model, &reached, node)?;
        let images = layout.map_or(0, FeatureLayout::batch_axis);
        let mut shape = model.shapes[&id].clone();
        shape.remove(images);
        let grid = layout.and_then(
            |layout| match model.axes[&id].role(layout.pixel_axes()[0]) {
                Role::Grid { grid, .. } => Some(grid),
                _ => None,
            },
        );
        Some(Layer {
            name: node.name.clone(),
            module: node.module.clone(),
            operator: node.op_type.clone(),
            shape,
            layout,
            grid,
            default: default.is_some_and(|default| default.id == id),
            reason: default
                .filter(|default| default.id == id)
                .map(|default| default.reason),
        })
    };
    model.graph.nodes.iter().filter_map(layer).collect()
}

/// The value and the axes that `node` averages over, if it is a mean.
pub(crate) fn mean_over(model: &Classifier, node: &Node) -> Option<(ValueId, Vec<usize>)> {
    let id = (*node.inputs.first()?)?;
    let rank = model.shapes.get(&id)?.len();
    let given = node.inputs.get(1).copied().flatten();
    let given = match given.and_then(|id| model.graph.constants.get(&id)) {
        Some(Value::Int(ints)) => Some(ints.data.as_slice()),
        _ => None,
    };
    let over = node.op.operator().mean_over(rank, given)?;
    Some((id, over))
}

/// The layer with this name; the default one for `None`.
pub(crate) fn find(model: &Classifier, name: Option<&str>) -> Result<FoundLayer> {
    let reached = image_dependents(model);
    let nodes = &model.graph.nodes;
    let named = |id: ValueId| {
        let node = nodes.iter().find(|node| node.outputs.contains(&Some(id)));
        let name = node.map_or_else(String::new, |node| node.name.clone());
        FoundLayer { id, name }
    };
    let Some(name) = name else {
        let default = default_layer(model, &reached).ok_or_else(|| {
            Error::Request(format!(
                "{}: no layer has a map of several pixels",
                model.path().display()
            ))
        })?;
        return Ok(named(default.id));
    };
    let is_of_module = |node: &&Node| {
        let module = node.module.as_deref();
        module.is_some_and(|module| {
            let rest = module.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let output = |node: &Node| node.outputs.first().copied().flatten();
    let by_value = model.graph.names.get(name).copied();
    let by_node = || nodes.iter().find(|n| n.name == name).and_then(output);
    // A module's output is its last hookable value.
    let by_module = || {
        let mut of_module = nodes.iter().rev().filter(is_of_module);
        let last = of_module.find_map(|node| hookable(model, &reached, node));
        last.map(|(id, _)| id)
    };
    match by_value.or_else(by_node).or_else(by_module) {
        Some(id) if model.shapes.contains_key(&id) && reached.contains(&id) => Ok(named(id)),
        Some(_) => Err(Error::Request(format!(
            "layer \"{name}\" is not on the way from the image to the logits"
        ))),
        None => Err(unknown_layer(model, name)),
    }
}

fn unknown_layer(model: &Classifier, name: &str) -> Error {
    let layers = hookable_layers(model);
    let mut names: Vec<&str> = Vec::new();
    for layer in &layers {
        names.extend(layer.module.as_deref());
        names.push(&layer.name);
    }
    names.dedup();
    let mut near: Vec<(f64, &str)> = names
        .iter()
        .map(|known| {
            (
                strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase()),
                *known,
            )
        })
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.dedup_by(|a, b| a.1 == b.1);
    let near: Vec<&str> = near.iter().take(5).map(|(_, name)| *name).collect();
    Error::Request(format!(
        "{}: no layer \"{name}\"; the nearest are {} (`mitsume layers` lists all)",
        model.path().display(),
        near.join(", ")
    ))
}

/// A shape as text, without the batch axis.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().skip(1).map(usize::to_string).collect();
    sides.join("x")
}
