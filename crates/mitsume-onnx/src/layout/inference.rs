//! Infers axes through the graph: forwards from the image and, where that is ambiguous, backwards
//! from readers, to a fixed point.

use std::collections::HashMap;

use super::AxesByValue;
use super::axes::{Axes, Axis, Role, role};
use super::axis_rules::NodeAxes;
use super::evidence::Evidence;
use crate::fuse::Shapes;
use crate::graph::{Graph, Node, ValueId};
use crate::value::Value;

/// Bound on the rounds: each uses what the one before it has inferred.
const MAX_ROUNDS: usize = 32;

/// The axes of every value that is computed from the image.
///
/// - `shapes`: of all values, for one image or a fixed batch.
/// - `ints`: values of short integer tensors.
pub(crate) fn infer_axes(
    graph: &Graph,
    shapes: &Shapes,
    ints: &HashMap<ValueId, Vec<i64>>,
) -> AxesByValue {
    let inference = AxisInference {
        graph,
        shapes,
        ints,
    };
    let forward = inference.forward(&HashMap::new());
    let mut learned = HashMap::new();
    let mut axes = forward.clone();
    for _ in 0..MAX_ROUNDS {
        let conflicts = conflicts(&learned);
        if !inference.backward(&forward, &axes, &mut learned) {
            return axes;
        }
        if self::conflicts(&learned) > conflicts {
            // What followed from either of two contradicting readers is discarded too.
            for evidence in learned.values_mut().flatten() {
                if *evidence != Learned::Conflict {
                    *evidence = Learned::Nothing;
                }
            }
        }
        axes = inference.forward(&learned);
    }
    // No fixed point: only what follows from the image is used.
    forward
}

/// Number of axes on which readers contradict each other.
fn conflicts(learned: &HashMap<ValueId, Vec<Learned>>) -> usize {
    let all = learned.values().flatten();
    all.filter(|evidence| **evidence == Learned::Conflict)
        .count()
}

/// What follows from the readers for one axis.
#[derive(Clone, Debug, PartialEq)]
enum Learned {
    Nothing,
    Axis(Axis),
    /// Readers contradict each other.
    Conflict,
}

struct AxisInference<'a> {
    graph: &'a Graph,
    shapes: &'a Shapes,
    ints: &'a HashMap<ValueId, Vec<i64>>,
}

impl AxisInference<'_> {
    fn forward(&self, learned: &HashMap<ValueId, Vec<Learned>>) -> AxesByValue {
        let input = self.graph.input.id;
        let mut axes = AxesByValue::new();
        if let Some(Ok(shape)) = self
            .shapes
            .get(&input)
            .map(|shape| shape.as_slice().try_into())
        {
            axes.insert(input, Axes::image(shape));
        }
        for node in &self.graph.nodes {
            let results = node
                .op
                .operator()
                .axis_rule()
                .forward(&self.node_axes(node, &axes));
            for (id, mut result) in node.outputs.iter().zip(results) {
                let Some(id) = id else { continue };
                let evidence = learned.get(id).map_or(&[][..], Vec::as_slice);
                // If readers contradict each other on an axis, none of them is used.
                let evidence = match evidence.contains(&Learned::Conflict) {
                    true => &[],
                    false => evidence,
                };
                for (on, evidence) in evidence.iter().enumerate() {
                    if let Learned::Axis(axis) = evidence {
                        result.0[on] = axis.clone();
                    }
                }
                axes.insert(*id, result);
            }
        }
        axes
    }

    /// Adds evidence from readers to `learned`, for axes that forward inference leaves open.
    /// Returns whether anything is new.
    fn backward(
        &self,
        forward: &AxesByValue,
        axes: &AxesByValue,
        learned: &mut HashMap<ValueId, Vec<Learned>>,
    ) -> bool {
        let mut changed = false;
        for node in self.graph.nodes.iter().rev() {
            let Some(output) = node.outputs.first().copied().flatten() else {
                continue;
            };
            let node_axes = self.node_axes(node, axes);
            for (i, id) in node.inputs.iter().enumerate() {
                let Some((id, forward)) = id.and_then(|id| Some((id, forward.get(&id)?))) else {
                    continue;
                };
                let open: Vec<bool> = forward.roles().into_iter().map(is_open).collect();
                let Some(shape) = self.shapes.get(&id).filter(|_| open.contains(&true)) else {
                    continue;
                };
                let evidence =
                    node.op
                        .operator()
                        .axis_rule()
                        .backward(&node_axes, i, forward, &axes[&output]);
                let known = learned
                    .entry(id)
                    .or_insert_with(|| vec![Learned::Nothing; shape.len()]);
                for on in (0..shape.len()).filter(|&on| open[on]) {
                    changed |= learn(&mut known[on], &evidence, on);
                }
            }
        }
        changed
    }

    fn node_axes<'b>(&'b self, node: &'b Node, axes: &'b AxesByValue) -> NodeAxes<'b> {
        let known_axes = |id: &Option<ValueId>| id.and_then(|id| axes.get(&id));
        let shape = |id: &Option<ValueId>| {
            let id = (*id)?;
            let constant = || self.graph.constants.get(&id).map(Value::shape);
            self.shapes.get(&id).map(Vec::as_slice).or_else(constant)
        };
        let ints = |id: &Option<ValueId>| {
            let id = (*id)?;
            match self.graph.constants.get(&id) {
                Some(Value::Int(ints)) => Some(ints.data.as_slice()),
                _ => self.ints.get(&id).map(Vec::as_slice),
            }
        };
        // Values that do not depend on the image have no axes.
        let constant = |id: &Option<ValueId>| id.is_some_and(|id| !axes.contains_key(&id));
        NodeAxes {
            inputs: node.inputs.iter().map(known_axes).collect(),
            shapes: node.inputs.iter().map(shape).collect(),
            constant: node.inputs.iter().map(constant).collect(),
            ints: node.inputs.iter().map(ints).collect(),
            outputs: node.outputs.iter().map(shape).collect(),
        }
    }
}

/// Whether readers can give more information about an axis.
fn is_open(role: Role) -> bool {
    matches!(role, Role::Unknown | Role::Displaced)
}

fn learn(known: &mut Learned, evidence: &Evidence, on: usize) -> bool {
    let Some(axis) = &evidence[on] else {
        return false;
    };
    let now = match known {
        Learned::Nothing => Learned::Axis(axis.clone()),
        Learned::Axis(before) if role(before) != role(axis) => Learned::Conflict,
        Learned::Axis(_) | Learned::Conflict => return false,
    };
    *known = now;
    true
}
