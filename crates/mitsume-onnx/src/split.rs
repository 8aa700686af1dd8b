//! A graph divided at a value.

use std::collections::HashSet;

use crate::graph::{Graph, Node, ValueId};

/// The part of a graph after a value.
pub(crate) struct Split {
    /// Nodes that the logits need and that depend on the value, in order.
    pub head: Vec<Node>,
    /// What the head reads: the value, and skip connections around it, in order of their numbers.
    pub boundary: Vec<ValueId>,
}

/// Divides `graph` at `hook`; none if the logits do not depend on it.
pub(crate) fn split_at(graph: &Graph, hook: ValueId) -> Option<Split> {
    let mut downstream = Vec::new();
    let mut depends = HashSet::from([hook]);
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
    boundary.push(hook);
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

fn outputs(node: &Node) -> Vec<ValueId> {
    node.outputs.iter().flatten().copied().collect()
}
