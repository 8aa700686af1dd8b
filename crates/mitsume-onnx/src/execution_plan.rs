//! An execution plan: nodes in order, with the lifetime of every value.

mod vjp;

use std::collections::{HashMap, HashSet};

use burn::tensor::Device;

use crate::error::Result;
use crate::graph::{Node, ValueId};
use crate::limits;
use crate::op::{Inputs, OperatorError, TrainingPass};
use crate::value::Value;

/// Values by id.
pub(crate) type Values = HashMap<ValueId, Value>;

/// Nodes in order, and the values that are dead after each.
pub(crate) struct ExecutionPlan {
    nodes: Vec<Node>,
    /// Values that no node after this one reads, by node.
    dead_after: Vec<Vec<ValueId>>,
    constants: Values,
    wanted: Vec<ValueId>,
    device: Device,
}

/// How a plan is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// Whether on a device with autodiff.
    pub autodiff: bool,
    /// The training pass; none in evaluation.
    pub training: Option<TrainingPass>,
    /// Whether all values are returned, for [`ExecutionPlan::vjp`], rather than the wanted ones.
    pub records: bool,
}

impl ExecutionPlan {
    /// A plan to compute `wanted` by `nodes` on `device`, which has no autodiff.
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
        let mut dead_after = vec![Vec::new(); nodes.len()];
        for (id, index) in last {
            if !wanted_set.contains(&id) && !used.contains_key(&id) {
                dead_after[index].push(id);
            }
        }
        Self {
            nodes,
            dead_after,
            constants: used,
            wanted,
            device: device.clone(),
        }
    }

    /// Runs the nodes on `values` and returns the wanted values. With `autodiff` it runs on a device
    /// with autodiff, where constants have no gradient.
    pub fn run(&self, values: Values, autodiff: bool) -> Result<Values> {
        let pass = Pass {
            autodiff,
            training: None,
            records: false,
        };
        self.run_pass(values, pass)
    }

    /// As [`Self::run`], for evaluation or training.
    pub fn run_pass(&self, mut values: Values, pass: Pass) -> Result<Values> {
        let device = self.device_of(pass);
        let mut live: usize = values.values().map(Value::kept_values).sum();
        for (node, dead_after) in self.nodes.iter().zip(&self.dead_after) {
            let dies: &[ValueId] = if pass.records { &[] } else { dead_after };
            let error = |reason| node.operator_error(reason);
            let inputs = self.inputs(node, &mut values, dies, pass);
            let mut inputs = Inputs::new(inputs.map_err(error)?, device.clone());
            inputs.training = pass.training;
            let outputs = node.op.operator().run(inputs).map_err(error)?;
            dies.iter().for_each(|id| {
                values.remove(id);
            });
            for (id, output) in node.outputs.iter().zip(outputs) {
                if let Some(id) = id {
                    values.insert(*id, output);
                }
            }
            live = live.max(values.values().map(Value::kept_values).sum());
            if live > limits::MAX_LIVE_ELEMENTS {
                return Err(error("the model needs too much memory at once".into()));
            }
        }
        if !pass.records {
            values.retain(|id, _| self.wanted.contains(id));
        }
        Ok(values)
    }

    /// The device of tensors that operators create.
    fn device_of(&self, pass: Pass) -> Device {
        match pass.autodiff {
            true => self.device.clone().autodiff(),
            false => self.device.clone(),
        }
    }

    /// The inputs of a node. Of values that it uses last, `dies`, it takes the only copy, so that the
    /// operator can overwrite it in place.
    fn inputs(
        &self,
        node: &Node,
        values: &mut Values,
        dies: &[ValueId],
        pass: Pass,
    ) -> Result<Vec<Option<Value>>, OperatorError> {
        let needed: HashSet<ValueId> = node.runtime_inputs().collect();
        let uses = |id: ValueId| {
            node.inputs
                .iter()
                .filter(|other| **other == Some(id))
                .count()
        };
        let input = |id: &Option<ValueId>| {
            let Some(id) = id.filter(|id| needed.contains(id)) else {
                return Ok(None);
            };
            if let Some(constant) = self.constant(id, pass) {
                return Ok(Some(constant));
            }
            let found = match dies.contains(&id) && uses(id) == 1 {
                true => values.remove(&id),
                false => values.get(&id).cloned(),
            };
            found
                .map(Some)
                .ok_or_else(|| "an input was not computed".into())
        };
        node.inputs.iter().map(input).collect()
    }

    /// A constant, on the device of the pass.
    fn constant(&self, id: ValueId, pass: Pass) -> Option<Value> {
        Some(match self.constants.get(&id)?.clone() {
            Value::Float(floats) if pass.autodiff => Value::Float(floats.into_autodiff()),
            value => value,
        })
    }
}
