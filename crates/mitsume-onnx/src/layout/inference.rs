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

/// Most rounds: each finds what the one before it made known.
const ROUNDS: usize = 32;

/// The axes of every value that is computed from the image.
///
/// - `shapes`: of all values, for one image or as many as the file insists on.
/// - `ints`: integers that were computed for it.
pub(crate) fn infer_axes(
    graph: &Graph,
    shapes: &Shapes,
    ints: &HashMap<ValueId, Vec<i64>>,
) -> AxesByValue {
    let following = AxisInference {
        graph,
        shapes,
        ints,
    };
    let made = following.forward(&HashMap::new());
    let mut read = HashMap::new();
    let mut axes = made.clone();
    for _ in 0..ROUNDS {
        let conflicts = conflicts(&read);
        if !following.backward(&made, &axes, &mut read) {
            return axes;
        }
        if self::conflicts(&read) > conflicts {
            // What followed from either of two that contradict each other is not known either.
            for told in read.values_mut().flatten() {
                if *told != Learned::Conflict {
                    *told = Learned::Nothing;
                }
            }
        }
        axes = following.forward(&read);
    }
    // No fixed point: only what follows from the image is used.
    made
}

/// Number of axes of which readers tell different things.
fn conflicts(read: &HashMap<ValueId, Vec<Learned>>) -> usize {
    let all = read.values().flatten();
    all.filter(|told| **told == Learned::Conflict).count()
}

/// What readers tell of one axis.
#[derive(Clone, Debug, PartialEq)]
enum Learned {
    Nothing,
    This(Axis),
    /// One tells this, another that.
    Conflict,
}

struct AxisInference<'a> {
    graph: &'a Graph,
    shapes: &'a Shapes,
    ints: &'a HashMap<ValueId, Vec<i64>>,
}

impl AxisInference<'_> {
    fn forward(&self, read: &HashMap<ValueId, Vec<Learned>>) -> AxesByValue {
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
                .forward(&self.passage(node, &axes));
            for (id, mut result) in node.outputs.iter().zip(results) {
                let Some(id) = id else { continue };
                let told = read.get(id).map_or(&[][..], Vec::as_slice);
                // If readers contradict each other on an axis, none of them is used.
                let told = match told.contains(&Learned::Conflict) {
                    true => &[],
                    false => told,
                };
                for (on, told) in told.iter().enumerate() {
                    if let Learned::This(axis) = told {
                        result.0[on] = axis.clone();
                    }
                }
                axes.insert(*id, result);
            }
        }
        axes
    }

    /// Adds to `read` what readers tell of axes that are open as they are `made`; whether that is anything new.
    fn backward(
        &self,
        made: &AxesByValue,
        axes: &AxesByValue,
        read: &mut HashMap<ValueId, Vec<Learned>>,
    ) -> bool {
        let mut news = false;
        for node in self.graph.nodes.iter().rev() {
            let Some(output) = node.outputs.first().copied().flatten() else {
                continue;
            };
            let passage = self.passage(node, axes);
            for (i, id) in node.inputs.iter().enumerate() {
                let Some((id, made)) = id.and_then(|id| Some((id, made.get(&id)?))) else {
                    continue;
                };
                let open: Vec<bool> = made.roles().into_iter().map(is_open).collect();
                let Some(shape) = self.shapes.get(&id).filter(|_| open.contains(&true)) else {
                    continue;
                };
                let told =
                    node.op
                        .operator()
                        .axis_rule()
                        .backward(&passage, i, made, &axes[&output]);
                let known = read
                    .entry(id)
                    .or_insert_with(|| vec![Learned::Nothing; shape.len()]);
                for on in (0..shape.len()).filter(|&on| open[on]) {
                    news |= learn(&mut known[on], &told, on);
                }
            }
        }
        news
    }

    fn passage<'b>(&'b self, node: &'b Node, axes: &'b AxesByValue) -> NodeAxes<'b> {
        let of = |id: &Option<ValueId>| id.and_then(|id| axes.get(&id));
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
        // What does not depend on the image has no axes here.
        let constant = |id: &Option<ValueId>| id.is_some_and(|id| !axes.contains_key(&id));
        NodeAxes {
            inputs: node.inputs.iter().map(of).collect(),
            shapes: node.inputs.iter().map(shape).collect(),
            constant: node.inputs.iter().map(constant).collect(),
            ints: node.inputs.iter().map(ints).collect(),
            outputs: node.outputs.iter().map(shape).collect(),
        }
    }
}

/// Whether what reads an axis can tell more of it.
fn is_open(role: Role) -> bool {
    matches!(role, Role::Unknown | Role::Displaced)
}

fn learn(known: &mut Learned, told: &Evidence, on: usize) -> bool {
    let Some(axis) = &told[on] else { return false };
    let now = match known {
        Learned::Nothing => Learned::This(axis.clone()),
        Learned::This(before) if role(before) != role(axis) => Learned::Conflict,
        Learned::This(_) | Learned::Conflict => return false,
    };
    *known = now;
    true
}
