//! Which layers can be hooked, and how they are named.

use std::collections::HashSet;

use crate::classifier::Classifier;
use crate::error::{Error, Result};
use crate::feature_maps::FeatureMaps;
use crate::graph::{Node, ValueId};
use crate::layout::{AxisRule, FeatureLayout, InferredLayout, Role};
use crate::op::Op;
use crate::value::Value;

/// A layer that can be hooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What to call it by: its node's name.
    pub name: String,
    /// The module of the original program it is the output of, where the file says.
    pub module: Option<String>,
    /// The operator.
    pub operator: String,
    /// Shape of its output for one image, without the axis of images: [C, h, w], [h, w, C], or tokens [T, C] or [C, T].
    pub shape: Vec<usize>,
    /// How its output is laid out; none where the model does not tell, so that it must be said.
    pub layout: Option<FeatureLayout>,
    /// Rows and columns of its tokens, where the model tells.
    pub grid: Option<[usize; 2]>,
    /// Whether it is taken where none is named.
    pub default: bool,
}

/// The layout the user gives for a hooked layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayoutRequest {
    /// Its layout: needed where the model does not tell.
    pub layout: Option<FeatureLayout>,
    /// Rows and columns of tokens; those in front of the last rows * columns (a class token) are no part of the map.
    pub grid: Option<[usize; 2]>,
}

/// A layer, as it was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundLayer {
    pub id: ValueId,
    pub name: String,
}

/// Where the feature maps of value `id` are, by what the model tells and what is said.
pub(crate) fn feature_maps(
    of: &Classifier,
    id: ValueId,
    said: LayoutRequest,
) -> Result<FeatureMaps, String> {
    let shape = &of.shapes[&id];
    let layout = layout(of, id, said.layout)?;
    let channels = shape[layout.channel_axis()];
    let (before, [rows, columns]) = match *layout.pixel_axes() {
        [rows, columns] => (0, [shape[rows], shape[columns]]),
        _ => of_tokens(of, id, (layout, said.grid))?,
    };
    if let Some([r, c]) = said.grid.filter(|grid| *grid != [rows, columns]) {
        return Err(format!(
            "--token-grid {r}x{c} contradicts the model: its map is {rows}x{columns}"
        ));
    }
    if rows * columns < 2 {
        return Err("it has no map of several pixels".into());
    }
    Ok(FeatureMaps {
        layout,
        before,
        map: [channels, rows, columns],
    })
}

fn layout(
    of: &Classifier,
    id: ValueId,
    said: Option<FeatureLayout>,
) -> Result<FeatureLayout, String> {
    let named = |layouts: &[FeatureLayout]| {
        let names = layouts
            .iter()
            .map(|layout| format!("--layout {layout} for {}", layout.axes()));
        names.collect::<Vec<_>>().join(", ")
    };
    match (inferred_layout(of, id), said) {
        (InferredLayout::Layout(layout), None) => Ok(layout),
        (InferredLayout::Layout(layout), Some(said)) if layout == said => Ok(layout),
        (InferredLayout::Layout(layout), Some(said)) => Err(format!(
            "--layout {said} contradicts the model: it is {layout}, {}",
            layout.axes()
        )),
        (InferredLayout::Ambiguous(layouts) | InferredLayout::Displaced(layouts), Some(said)) if layouts.contains(&said) => {
            Ok(said)
        }
        (InferredLayout::Ambiguous(layouts) | InferredLayout::Displaced(layouts), Some(said)) => Err(format!(
            "--layout {said} contradicts the model, which allows {}",
            named(&layouts)
        )),
        (InferredLayout::Ambiguous(layouts), None) => Err(format!(
            "the model does not tell which of its axes are channels and which are pixels: say it, as {}",
            named(&layouts)
        )),
        (InferredLayout::Displaced(layouts), None) => Err(format!(
            "its pixels do not lie as in the image, but shifted, cropped or mixed: choose another layer, or take \
             them as they lie, with {}",
            named(&layouts)
        )),
        (InferredLayout::NoMap, _) => Err(
            "it has no map of several pixels: its axes are not those of images, channels and pixels".into(),
        ),
    }
}

/// Tokens before the map, and its rows and columns.
fn of_tokens(
    of: &Classifier,
    id: ValueId,
    (layout, said): (FeatureLayout, Option<[usize; 2]>),
) -> Result<(usize, [usize; 2]), String> {
    let axis = layout.pixel_axes()[0];
    let tokens = of.shapes[&id][axis];
    match (of.axes[&id].role(axis), said) {
        (
            Role::Grid {
                grid: [rows, columns],
                ..
            },
            None,
        ) => Err(format!(
            "it is tokens, not a map: say how they lie, as --token-grid {rows}x{columns}"
        )),
        (Role::Grid { before, grid }, Some(_)) => Ok((before, grid)),
        (_, Some([rows, columns])) => match rows.checked_mul(columns) {
            Some(places) if places > 1 && places <= tokens => {
                Ok((tokens - places, [rows, columns]))
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

/// What the model tells of the layout of value `id`.
fn inferred_layout(of: &Classifier, id: ValueId) -> InferredLayout {
    let batch = of.batch().unwrap_or(1);
    let axes = of.axes.get(&id);
    axes.map_or(InferredLayout::NoMap, |axes| {
        axes.layout(&of.shapes[&id], batch)
    })
}

/// Values between image and logits.
fn values_to_logits(of: &Classifier) -> HashSet<ValueId> {
    let mut reached = HashSet::from([of.graph.input.id]);
    for node in &of.graph.nodes {
        if node.runtime_inputs().any(|id| reached.contains(&id)) {
            reached.extend(node.outputs.iter().flatten());
        }
    }
    reached
}

/// The node's output and its layout, if it is a map or tokens on the way to the logits, as far as the model tells.
fn hookable(
    of: &Classifier,
    reached: &HashSet<ValueId>,
    node: &Node,
) -> Option<(ValueId, Option<FeatureLayout>)> {
    let id = (*node.outputs.first()?)?;
    let shape = of.shapes.get(&id).filter(|_| reached.contains(&id))?;
    let several = |layout: FeatureLayout| {
        let pixels = layout.pixel_axes().iter().map(|&axis| shape[axis]);
        pixels.product::<usize>() > 1 && shape[layout.channel_axis()] > 1
    };
    match inferred_layout(of, id) {
        InferredLayout::Layout(layout) => several(layout).then_some((id, Some(layout))),
        InferredLayout::Ambiguous(layouts) => {
            layouts.into_iter().any(several).then_some((id, None))
        }
        InferredLayout::Displaced(_) | InferredLayout::NoMap => None,
    }
}

/// All of them, in order.
pub(crate) fn hookable_layers(of: &Classifier) -> Vec<Layer> {
    let reached = values_to_logits(of);
    let default = default(of, &reached);
    let layer = |node: &Node| {
        let (id, layout) = hookable(of, &reached, node)?;
        let images = layout.map_or(0, FeatureLayout::batch_axis);
        let mut shape = of.shapes[&id].clone();
        shape.remove(images);
        let grid = layout.and_then(|layout| match of.axes[&id].role(layout.pixel_axes()[0]) {
            Role::Grid { grid, .. } => Some(grid),
            _ => None,
        });
        Some(Layer {
            name: node.name.clone(),
            module: node.module.clone(),
            operator: node.kind.clone(),
            shape,
            layout,
            grid,
            default: default == Some(id),
        })
    };
    of.graph.nodes.iter().filter_map(layer).collect()
}

/// What a mean is over, if `node` is one: a value and its axes.
pub(crate) fn global_mean_of(of: &Classifier, node: &Node) -> Option<(ValueId, Vec<usize>)> {
    let id = (*node.inputs.first()?)?;
    let rank = of.shapes.get(&id)?.len();
    let given = node.inputs.get(1).copied().flatten();
    let given = match given.and_then(|id| of.graph.constants.get(&id)) {
        Some(Value::Int(ints)) => Some(ints.data.as_slice()),
        _ => None,
    };
    let over = node.op.operator().mean_over(rank, given)?;
    Some((id, over))
}

/// The last value with a map, or tokens, that is not another by another shape. Where attention comes after it all
/// tokens are no map any more: then what is pooled over all pixels at the end, or, with a class token, the
/// input of the last attention, after which only that token matters.
fn default(of: &Classifier, reached: &HashSet<ValueId>) -> Option<ValueId> {
    let nodes = &of.graph.nodes;
    let first_input = |node: &Node| node.inputs.first().copied().flatten();
    let rank = |id: ValueId| of.shapes.get(&id).map_or(0, Vec::len);
    let attention = nodes.iter().rposition(|node| {
        matches!(node.op, Op::Softmax(_)) && first_input(node).is_some_and(|id| rank(id) > 2)
    });
    let hookable = |node: &Node| hookable(of, reached, node);
    let Some(attention) = attention else {
        let view = |node: &Node| {
            matches!(
                node.op.operator().axis_rule(),
                AxisRule::Reshaped | AxisRule::Permuted { .. }
            )
        };
        let of_known = |node: &Node| hookable(node).filter(|(_, layout)| layout.is_some());
        let mut made = nodes.iter().rev().filter(|node| !view(node));
        let known = made.find_map(of_known);
        let last = || nodes.iter().rev().find_map(hookable);
        return known.or_else(last).map(|(id, _)| id);
    };
    let pooled = nodes[attention..].iter().rev().find_map(|node| {
        let (input, over) = global_mean_of(of, node)?;
        let makes = |node: &&Node| node.outputs.contains(&Some(input));
        let (id, layout) = hookable(nodes.iter().find(makes)?)?;
        let all = layout.is_some_and(|layout| over == layout.pixel_axes());
        all.then_some(id)
    });
    let mut before = nodes[..attention].iter().rev();
    pooled.or_else(|| {
        let norm = before
            .find(|node| matches!(node.op.operator().axis_rule(), AxisRule::Normalised { .. }))?;
        hookable(norm).map(|(id, _)| id)
    })
}

/// The layer of a name; the default one for none.
pub(crate) fn find(of: &Classifier, name: Option<&str>) -> Result<FoundLayer> {
    let reached = values_to_logits(of);
    let nodes = &of.graph.nodes;
    let named = |id: ValueId| {
        let node = nodes.iter().find(|node| node.outputs.contains(&Some(id)));
        let name = node.map_or_else(String::new, |node| node.name.clone());
        FoundLayer { id, name }
    };
    let Some(name) = name else {
        let default = default(of, &reached).ok_or_else(|| {
            Error::Request(format!(
                "{}: no layer has a map of several pixels",
                of.path().display()
            ))
        })?;
        return Ok(named(default));
    };
    let of_module = |node: &&Node| {
        let module = node.module.as_deref();
        module.is_some_and(|module| {
            let rest = module.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let output = |node: &Node| node.outputs.first().copied().flatten();
    let by_value = of.graph.names.get(name).copied();
    let by_node = || nodes.iter().find(|n| n.name == name).and_then(output);
    // A module's output is what its last node makes that anything outside reads.
    let by_module = || {
        let mut of_module = nodes.iter().rev().filter(of_module);
        let last = of_module.find_map(|node| hookable(of, &reached, node));
        last.map(|(id, _)| id)
    };
    match by_value.or_else(by_node).or_else(by_module) {
        Some(id) if of.shapes.contains_key(&id) && reached.contains(&id) => Ok(named(id)),
        Some(_) => Err(Error::Request(format!(
            "layer \"{name}\" is not on the way from the image to the logits"
        ))),
        None => Err(unknown(of, name)),
    }
}

fn unknown(of: &Classifier, name: &str) -> Error {
    let layers = hookable_layers(of);
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
        of.path().display(),
        near.join(", ")
    ))
}

/// A shape as text, without the batch.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().skip(1).map(usize::to_string).collect();
    sides.join("x")
}
