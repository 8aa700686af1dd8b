//! Which layers can be hooked, and how they are named.

use std::collections::HashSet;

use crate::classifier::Classifier;
use crate::error::{Error, Result};
use crate::graph::{Id, Node};
use crate::op::Op;

/// A layer that can be hooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// What to call it by: its node's name.
    pub name: String,
    /// The module of the original program it is the output of, where the file says.
    pub module: Option<String>,
    /// The operator.
    pub operator: String,
    /// Shape of its output for one image, without the batch: [C, h, w], or tokens [T, C].
    pub shape: Vec<usize>,
    /// Whether it is taken where none is named.
    pub default: bool,
}

/// A layer, as it was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub id: Id,
    pub name: String,
}

/// Where a map's pixels are in a hooked value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// [N, C, h, w]
    Map,
    /// [N, h, w, C]
    ChannelsLast,
    /// [N, T, C]: the last rows * columns of T.
    Tokens([usize; 2]),
}

impl Places {
    /// For a value of `shape`, with the grid of tokens asked for.
    pub fn of(shape: &[usize], tokens: Option<[usize; 2]>) -> Result<Self, String> {
        match (shape, tokens) {
            (&[_, _, h, w], None) if h * w > 1 => Ok(Self::Map),
            (&[_, h, w, _], Some([rows, columns])) if [h, w] == [rows, columns] => {
                Ok(Self::ChannelsLast)
            }
            (&[_, tokens, _], Some([rows, columns])) => match rows.checked_mul(columns) {
                Some(places) if places > 1 && places <= tokens => Ok(Self::Tokens([rows, columns])),
                _ => Err(format!(
                    "a grid of {rows}x{columns} does not fit {tokens} tokens"
                )),
            },
            (&[_, tokens, _], None) => {
                let side = tokens.isqrt();
                Err(format!(
                    "it is tokens, not a map: say how they lie, as --token-grid {side}x{side}"
                ))
            }
            (_, Some(_)) => Err("it holds no tokens of that grid".into()),
            _ => Err("it has no map of several pixels".into()),
        }
    }
}

/// Values on the way from the image to the logits.
fn on_the_way(of: &Classifier) -> HashSet<Id> {
    let mut reached = HashSet::from([of.graph.input.id]);
    for node in &of.graph.nodes {
        if node.needs().any(|id| reached.contains(&id)) {
            reached.extend(node.outputs.iter().flatten());
        }
    }
    reached
}

/// The node's output, if it is a map or tokens on the way to the logits.
fn hookable(of: &Classifier, reached: &HashSet<Id>, node: &Node) -> Option<Id> {
    let id = (*node.outputs.first()?)?;
    let shape = of.shapes.get(&id)?;
    let fits = match shape[..] {
        [_, channels, h, w] => h * w > 1 && channels > 1,
        [_, tokens, channels] => tokens > 1 && channels > 1,
        _ => false,
    };
    (fits && reached.contains(&id)).then_some(id)
}

/// All of them, in order.
pub(crate) fn candidates(of: &Classifier) -> Vec<Layer> {
    let reached = on_the_way(of);
    let default = default(of, &reached);
    let layer = |node: &Node| {
        let id = hookable(of, &reached, node)?;
        Some(Layer {
            name: node.name.clone(),
            module: node.module.clone(),
            operator: node.kind.clone(),
            shape: of.shapes[&id][1..].to_vec(),
            default: default == Some(id),
        })
    };
    of.graph.nodes.iter().filter_map(layer).collect()
}

/// The last value with a map. Where attention comes after it all tokens are no map any more: then what is pooled over
/// rows and columns at the end, or, with a class token, the input of the last attention, after which
/// only that token matters.
fn default(of: &Classifier, reached: &HashSet<Id>) -> Option<Id> {
    let nodes = &of.graph.nodes;
    let rank = |id: Id| of.shapes.get(&id).map_or(0, Vec::len);
    let first_input = |node: &Node| node.inputs.first().copied().flatten();
    let attention = nodes.iter().rposition(|node| {
        matches!(node.op, Op::Softmax(_)) && first_input(node).is_some_and(|id| rank(id) > 2)
    });
    let Some(attention) = attention else {
        let mut maps = nodes.iter().rev();
        return maps.find_map(|node| hookable(of, reached, node).filter(|&id| rank(id) == 4));
    };
    let pooled = nodes[attention..].iter().rev().find_map(|node| {
        let pools = ["GlobalAveragePool", "ReduceMean"].contains(&node.kind.as_str());
        let input = first_input(node).filter(|&id| pools && rank(id) == 4)?;
        let maker = nodes
            .iter()
            .find(|node| node.outputs.contains(&Some(input)))?;
        hookable(of, reached, maker)
    });
    let mut before = nodes[..attention].iter().rev();
    pooled.or_else(|| {
        let norm = before.find(|node| node.kind == "LayerNormalization")?;
        hookable(of, reached, norm)
    })
}

/// The layer of a name; the default one for none.
pub(crate) fn find(of: &Classifier, name: Option<&str>, tokens: bool) -> Result<Found> {
    let reached = on_the_way(of);
    let nodes = &of.graph.nodes;
    let named = |id: Id| {
        let node = nodes.iter().find(|node| node.outputs.contains(&Some(id)));
        let name = node.map_or_else(String::new, |node| node.name.clone());
        Found { id, name }
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
        of_module.find_map(|node| hookable(of, &reached, node))
    };
    match by_value.or_else(by_node).or_else(by_module) {
        Some(id) if of.shapes.contains_key(&id) && reached.contains(&id) => Ok(named(id)),
        Some(_) => Err(Error::Request(format!(
            "layer \"{name}\" is not on the way from the image to the logits"
        ))),
        None => Err(unknown(of, name, tokens)),
    }
}

fn unknown(of: &Classifier, name: &str, tokens: bool) -> Error {
    let layers = candidates(of);
    let fits = |layer: &&Layer| tokens || layer.shape.len() == 3;
    let mut names: Vec<&str> = Vec::new();
    for layer in layers.iter().filter(fits) {
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
