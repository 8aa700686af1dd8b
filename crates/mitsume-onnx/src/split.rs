//! A graph divided at a value.

use std::collections::HashSet;

use crate::graph::{Graph, Node, ValueId};

/// The part of a graph after some values.
pub(crate) struct Split {
    /// Nodes that the logits need and that depend on one of the values, in order.
    pub head: Vec<Node>,
    /// What the head reads: the values that it does not compute from another of them, and skip
    /// connections around them, in order of their numbers.
    pub boundary: Vec<ValueId>,
}

/// Divides `graph` at `hooks`; none if the logits depend on none of them.
pub(crate) fn split_at(graph: &Graph, hooks: &[ValueId]) -> Option<Split> {
    let mut downstream = Vec::new();
    let mut depends: HashSet<ValueId> = hooks.iter().copied().collect();
    for node in &graph.nodes {
        if node.runtime_inputs().any(|id| depends.contains(&id)) {
            depends.extend(node.outputs.iter().flatten());
            downstream.push(node.clone());
        }
    }
    if !depends.contains(&graph.output) {
        return None;
    }
    let head = ancestors(downstream, &[graph.output]);
    let mut computed: HashSet<ValueId> = head.iter().flat_map(outputs).collect();
    computed.extend(graph.trained.iter().map(|parameter| parameter.id));
    let mut boundary: Vec<ValueId> = head
        .iter()
        .flat_map(Node::runtime_inputs)
        .filter(|id| !computed.contains(id) && !graph.constants.contains_key(id))
        .collect();
    boundary.extend(hooks.iter().filter(|id| !computed.contains(id)));
    boundary.sort_unstable();
    boundary.dedup();
    Some(Split { head, boundary })
}

/// Those of `nodes` (in topological order) that `wanted` depends on.
pub(crate) fn ancestors(nodes: Vec<Node>, wanted: &[ValueId]) -> Vec<Node> {
    let mut needed: HashSet<ValueId> = wanted.iter().copied().collect();
    let mut kept = Vec::new();
    for node in nodes.into_iter().rev() {
        if outputs(&node).iter().any(|id| needed.contains(id)) {
            needed.extend(node.runtime_inputs());
            kept.push(node);
        }
    }
    kept.reverse();
    kept
}

pub(crate) fn outputs(node: &Node) -> Vec<ValueId> {
    node.outputs.iter().flatten().copied().collect()
}
