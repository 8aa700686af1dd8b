//! An execution plan: nodes in order, with the lifetime of every value.

use std::collections::{HashMap, HashSet};

use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::graph::{Node, ValueId};
use crate::limits;
use crate::op::Inputs;
use crate::op::{OperatorError, TrainingPass};
use crate::value::{Floats, Value};

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
        let Pass {
            autodiff,
            training,
            records,
        } = pass;
        // For tensors that operators create.
        let device = match autodiff {
            true => self.device.clone().autodiff(),
            false => self.device.clone(),
        };
        let mut live: usize = values.values().map(Value::count).sum();
        for (node, dead_after) in self.nodes.iter().zip(&self.dead_after) {
            let operator_error = |reason: OperatorError| Error::Operator {
                node: node.name.clone(),
                operator: node.op_type.clone(),
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
                        let is_last_use = !records && uses == 1 && dead_after.contains(&id);
                        let value = self.input(id, &mut values, is_last_use, autodiff);
                        Some(value.map_err(operator_error)?)
                    }
                });
            }
            let mut inputs = Inputs::new(inputs, device.clone());
            inputs.training = training;
            let outputs = node.op.operator().run(inputs).map_err(operator_error)?;
            if !records {
                dead_after.iter().for_each(|id| {
                    values.remove(id);
                });
            }
            for (id, output) in node.outputs.iter().zip(outputs) {
                if let Some(id) = id {
                    values.insert(*id, output);
                }
            }
            live = live.max(values.values().map(Value::count).sum());
            if live > limits::MAX_LIVE_ELEMENTS {
                return Err(operator_error(
                    "the model needs too much memory at once".into(),
                ));
            }
        }
        if !records {
            values.retain(|id, _| self.wanted.contains(id));
        }
        Ok(values)
    }

    /// The vector-Jacobian products of value `output` with respect to the values `inputs`, node by node
    /// from the last to the first, as differentiable operations. Inputs that `output` does not depend on
    /// have none.
    ///
    /// - `values`: of a pass that recorded all values.
    /// - `cotangent`: of `output`, of its shape.
    ///
    /// # Errors
    /// An operator between them that has no vector-Jacobian product.
    pub fn vjp(
        &self,
        values: &Values,
        pass: Pass,
        inputs: &[ValueId],
        (output, cotangent): (ValueId, Floats),
    ) -> Result<HashMap<ValueId, Floats>> {
        let device = match pass.autodiff {
            true => self.device.clone().autodiff(),
            false => self.device.clone(),
        };
        let wanted = inputs;
        let mut depends: HashSet<ValueId> = wanted.iter().copied().collect();
        for node in &self.nodes {
            if node.runtime_inputs().any(|id| depends.contains(&id)) {
                depends.extend(node.outputs.iter().flatten());
            }
        }
        let mut cotangents = HashMap::from([(output, cotangent)]);
        let mut found = HashMap::new();
        for node in self.nodes.iter().rev() {
            let operator_error = |reason: OperatorError| Error::Operator {
                node: node.name.clone(),
                operator: node.op_type.clone(),
                reason,
            };
            let outputs = node.outputs.iter();
            let reached = outputs.map(|id| {
                let cotangent = cotangents.remove(id.as_ref()?)?;
                if let Some(id) = id.filter(|id| wanted.contains(id)) {
                    found.insert(id, cotangent.clone());
                }
                Some(cotangent)
            });
            let reached: Vec<Option<Floats>> = reached.collect();
            if reached.iter().all(Option::is_none) {
                continue;
            }
            let needed: HashSet<ValueId> = node.runtime_inputs().collect();
            let value = |id: &Option<ValueId>| {
                let id = id.filter(|id| needed.contains(id))?;
                match (self.constants.get(&id), pass.autodiff) {
                    (Some(Value::Float(floats)), true) => {
                        Some(Value::Float(floats.clone().into_autodiff()))
                    }
                    (Some(constant), _) => Some(constant.clone()),
                    (None, _) => values.get(&id).cloned(),
                }
            };
            let mut inputs = Inputs::new(node.inputs.iter().map(value).collect(), device.clone());
            inputs.training = pass.training;
            let operator = node.op.operator();
            let results = operator.vjp_of_outputs(inputs, reached);
            let results = results.map_err(operator_error)?;
            for (id, result) in node.inputs.iter().zip(results) {
                let (Some(id), Some(result)) = (id, result) else {
                    continue;
                };
                // Shapes depend on the input as well, but have no derivative.
                let is_float = matches!(values.get(id), Some(Value::Float(_)));
                if is_float && depends.contains(id) {
                    let sum = match cotangents.remove(id) {
                        Some(other) => added(other, result).map_err(operator_error)?,
                        None => result,
                    };
                    cotangents.insert(*id, sum);
                }
            }
        }
        cotangents.retain(|id, _| wanted.contains(id));
        found.extend(cotangents);
        Ok(found)
    }

    fn input(
        &self,
        id: ValueId,
        values: &mut Values,
        is_last_use: bool,
        autodiff: bool,
    ) -> Result<Value, OperatorError> {
        if let Some(constant) = self.constants.get(&id) {
            return Ok(match constant.clone() {
                Value::Float(floats) if autodiff => Value::Float(floats.into_autodiff()),
                value => value,
            });
        }
        // The last use takes the only copy, so that the operator can overwrite it in place.
        let found = if is_last_use {
            values.remove(&id)
        } else {
            values.get(&id).cloned()
        };
        found.ok_or_else(|| "an input was not computed".into())
    }
}

/// The sum of two cotangents of one value.
fn added(a: Floats, b: Floats) -> Result<Floats, OperatorError> {
    let shape = a.shape().to_vec();
    let (a, b) = (a.into_row_major(), b.into_row_major());
    Floats::new(a.into_flat() + b.into_flat(), shape)
}
