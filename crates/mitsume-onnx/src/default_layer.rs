//! Which layer is hooked where none is named.

use std::collections::HashSet;

use crate::classifier::Classifier;
use crate::graph::{Node, ValueId};
use crate::layers::{self, LayoutRequest, feature_maps, mean_over};
use crate::layout::{AxisRule, FeatureLayout, Role};
use crate::op::Op;

/// Why a layer is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultReason {
    /// The logits are made of its mean over all pixels.
    Pooled,
    /// It is the last one with a map of several pixels.
    LastMap,
    /// The last attention reads it, after which only a class token matters.
    InputOfLastAttention,
    /// It is the last one with rows and columns before the last attention, which pools them.
    LastMapBeforeAttention,
}

impl DefaultReason {
    /// `pooled`, `last-map`, `input-of-last-attention` or `last-map-before-attention`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pooled => "pooled",
            Self::LastMap => "last-map",
            Self::InputOfLastAttention => "input-of-last-attention",
            Self::LastMapBeforeAttention => "last-map-before-attention",
        }
    }
}

/// The layer hooked by default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DefaultLayer {
    pub id: ValueId,
    pub reason: DefaultReason,
}

/// The last value with a spatial extent from which the logits are pooled.
///
/// Without attention that is the last map, or tokens, that is not a reshaped or permuted form of another value. In a
/// Vision Transformer the last tokens are no map: without a class token it is the value that is averaged over all pixels
/// at the end; with one, the normalised input of the last attention, after which only the class token matters. Where
/// nothing is normalised before the last attention, as in CLIP's residual networks, it is the last map before it.
pub(crate) fn default_layer(
    model: &Classifier,
    reached: &HashSet<ValueId>,
) -> Option<DefaultLayer> {
    let search = Search { model, reached };
    let nodes = &model.graph.nodes;
    let first_input = |node: &Node| node.inputs.first().copied().flatten();
    let rank = |id: ValueId| model.shapes.get(&id).map_or(0, Vec::len);
    let attention = nodes.iter().rposition(|node| {
        let is_softmax = matches!(node.op, Op::Softmax(_));
        let of_heads = || first_input(node).is_some_and(|id| rank(id) > 2);
        node.op_type == "Attention" || (is_softmax && of_heads())
    });
    let Some(attention) = attention else {
        let id = search.last_map(nodes, |_| true);
        let id = id.or_else(|| {
            nodes
                .iter()
                .rev()
                .find_map(|node| Some(search.hookable(node)?.0))
        })?;
        let reason = match search.pooled(nodes) == Some(id) {
            true => DefaultReason::Pooled,
            false => DefaultReason::LastMap,
        };
        return Some(DefaultLayer { id, reason });
    };
    if let Some(id) = search.pooled(&nodes[attention..]) {
        return Some(DefaultLayer {
            id: search.named_source(id),
            reason: DefaultReason::Pooled,
        });
    }
    let before = &nodes[..attention];
    let normalised = before
        .iter()
        .rev()
        .find(|node| matches!(node.op.operator().axis_rule(), AxisRule::Normalised { .. }));
    if let Some((id, _)) = normalised.and_then(|node| search.hookable(node)) {
        return Some(DefaultLayer {
            id,
            reason: DefaultReason::InputOfLastAttention,
        });
    }
    Some(DefaultLayer {
        id: search.last_map(before, |layout| !layout.is_tokens())?,
        reason: DefaultReason::LastMapBeforeAttention,
    })
}

struct Search<'a> {
    model: &'a Classifier,
    reached: &'a HashSet<ValueId>,
}

impl Search<'_> {
    fn hookable(&self, node: &Node) -> Option<(ValueId, Option<FeatureLayout>)> {
        layers::hookable(self.model, self.reached, node)
    }

    /// The last output of `nodes` that is a map of a layout wanted and no other form of another value.
    fn last_map(&self, nodes: &[Node], wanted: impl Fn(FeatureLayout) -> bool) -> Option<ValueId> {
        let computed = nodes.iter().rev().filter(|node| !is_view(node));
        let map = |node: &Node| {
            let (id, layout) = self.hookable(node)?;
            layout.filter(|layout| wanted(*layout)).map(|_| id)
        };
        computed.into_iter().find_map(map)
    }

    /// The last value that one of `nodes` averages over all of its pixels.
    fn pooled(&self, nodes: &[Node]) -> Option<ValueId> {
        nodes.iter().rev().find_map(|node| {
            let (input, over) = mean_over(self.model, node)?;
            let (id, layout) = self.hookable(self.producer(input)?)?;
            let layout = layout.filter(|layout| over == layout.pixel_axes())?;
            // A mean over the first axis may be one over anything, such as the logits of two branches.
            let role = self.model.axes[&id].role(over[0]);
            let is_other = layout == FeatureLayout::TokensFirst && role == Role::Unknown;
            (!is_other).then_some(id)
        })
    }

    fn producer(&self, id: ValueId) -> Option<&Node> {
        let mut nodes = self.model.graph.nodes.iter();
        nodes.find(|node| node.outputs.contains(&Some(id)))
    }

    /// The value of which `id` is another form or, without its class tokens, a part, if its own node is of no module:
    /// the map is the same, and it has a name.
    fn named_source(&self, id: ValueId) -> ValueId {
        let map = |id: ValueId| feature_maps(self.model, id, LayoutRequest::default()).ok();
        let source = || {
            let node = self.producer(id)?;
            let is_part = node.op.operator().axis_rule() == AxisRule::Sliced;
            let input = node.inputs.first().copied().flatten()?;
            let same = map(input)?.shape == map(id)?.shape;
            let is_anonymous = node.module.is_none() && (is_part || is_view(node));
            (is_anonymous && same).then_some(input)
        };
        source().map_or(id, |input| self.named_source(input))
    }
}

/// Whether a node's output is its input in another shape or order.
fn is_view(node: &Node) -> bool {
    matches!(
        node.op.operator().axis_rule(),
        AxisRule::Reshaped | AxisRule::Permuted { .. }
    )
}
