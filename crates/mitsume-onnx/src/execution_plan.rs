//! An execution plan: nodes in order, with the lifetime of every value.

use std::collections::{HashMap, HashSet};

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::graph::{Node, ValueId};
use crate::limits;
use crate::op::Inputs;
use crate::op::OperatorError;
use crate::value::Value;

/// Values at hand while a graph runs.
pub(crate) type Values = HashMap<ValueId, Value>;

/// Nodes in order, and the values dead after each.
pub(crate) struct ExecutionPlan {
    nodes: Vec<Node>,
    /// Values to let go of after each node.
    done: Vec<Vec<ValueId>>,
    constants: Values,
    wanted: Vec<ValueId>,
    device: Device,
}

impl ExecutionPlan {
    /// `nodes` that compute `wanted`, with the graph's constants, on `device`, which has no autodiff.
    pub fn new(
        nodes: Vec<Node>,
        wanted: Vec<ValueId>,
        constants: &Values,
        device: &Device,
    ) -> Self {
        let mut used = Values::new();
        let mut last: HashMap<ValueId, usize> = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            for id in node.runtime_inputs() {
                last.insert(id, index);
                if let Some(constant) = constants.get(&id) {
                    used.insert(id, constant.clone());
                }
            }
        }
        let wanted_set: HashSet<ValueId> = wanted.iter().copied().collect();
        let mut done = vec![Vec::new(); nodes.len()];
        for (id, index) in last {
            if !wanted_set.contains(&id) && !used.contains_key(&id) {
                done[index].push(id);
            }
        }
        Self {
            nodes,
            done,
            constants: used,
            wanted,
            device: device.clone(),
        }
    }

    /// Runs the nodes on `values`, of which those not wanted later are used up, and returns the wanted ones. With
    /// `tracked` on a device with autodiff, where constants are constant.
    pub fn run(&self, mut values: Values, tracked: bool) -> Result<Values> {
        // Where an operator makes a tensor of its own.
        let device = match tracked {
            true => self.device.clone().autodiff(),
            false => self.device.clone(),
        };
        let mut live: usize = values.values().map(Value::count).sum();
        for (node, done) in self.nodes.iter().zip(&self.done) {
            let about = |reason: OperatorError| Error::Operator {
                node: node.name.clone(),
                operator: node.kind.clone(),
                reason,
            };
            let needed: HashSet<ValueId> = node.runtime_inputs().collect();
            let mut inputs = Vec::with_capacity(node.inputs.len());
            for id in &node.inputs {
                let id = id.filter(|id| needed.contains(id));
                inputs.push(match id {
                    None => None,
                    Some(id) => {
                        let uses = node
                            .inputs
                            .iter()
                            .filter(|other| **other == Some(id))
                            .count();
                        let value = self.value(id, &mut values, (done, uses), tracked);
                        Some(value.map_err(about)?)
                    }
                });
            }
            let outputs = node
                .op
                .operator()
                .run(Inputs::new(inputs, device.clone()))
                .map_err(about)?;
            for id in done {
                values.remove(id);
            }
            for (id, output) in node.outputs.iter().zip(outputs) {
                if let Some(id) = id {
                    values.insert(*id, output);
                }
            }
            live = live.max(values.values().map(Value::count).sum());
            if live > limits::LIVE_ELEMENTS {
                return Err(about("the model needs too much memory at once".into()));
            }
        }
        values.retain(|id, _| self.wanted.contains(id));
        Ok(values)
    }

    fn value(
        &self,
        id: ValueId,
        values: &mut Values,
        (done, uses): (&[ValueId], usize),
        tracked: bool,
    ) -> Result<Value, OperatorError> {
        if let Some(constant) = self.constants.get(&id) {
            return Ok(match constant.clone() {
                Value::Float(floats) if tracked => Value::Float(floats.into_autodiff()),
                value => value,
            });
        }
        // The last to use a value gets the only copy of it, so that it may be changed in place.
        let last = done.contains(&id) && uses == 1;
        let found = if last {
            values.remove(&id)
        } else {
            values.get(&id).cloned()
        };
        found.ok_or_else(|| "an input was not computed".into())
    }
}
