//! Vector-Jacobian products through a plan, in reverse mode.

use std::collections::{HashMap, HashSet};

use super::{ExecutionPlan, Pass, Values};
use crate::error::Result;
use crate::graph::{Node, ValueId};
use crate::op::{Inputs, OperatorError};
use crate::value::{Floats, Value};

/// Cotangents of the values reached so far.
struct Cotangents<'a> {
    /// Values whose cotangents are asked for.
    wanted: &'a [ValueId],
    /// Of values whose node has not been passed yet.
    pending: HashMap<ValueId, Floats>,
    /// Of wanted values whose node has been passed.
    found: HashMap<ValueId, Floats>,
}

impl Cotangents<'_> {
    /// Takes those of a node's outputs; `None` if none was reached.
    fn take(&mut self, node: &Node) -> Option<Vec<Option<Floats>>> {
        let mut reached = Vec::with_capacity(node.outputs.len());
        for id in &node.outputs {
            let cotangent = id.and_then(|id| self.pending.remove(&id));
            if let (Some(id), Some(cotangent)) = (id, &cotangent)
                && self.wanted.contains(id)
            {
                self.found.insert(*id, cotangent.clone());
            }
            reached.push(cotangent);
        }
        reached.iter().any(Option::is_some).then_some(reached)
    }

    /// Adds to that of a value.
    fn add(&mut self, id: ValueId, cotangent: Floats) -> Result<(), OperatorError> {
        let sum = match self.pending.remove(&id) {
            Some(other) => sum(other, cotangent)?,
            None => cotangent,
        };
        self.pending.insert(id, sum);
        Ok(())
    }

    fn finish(mut self) -> HashMap<ValueId, Floats> {
        self.pending.retain(|id, _| self.wanted.contains(id));
        self.found.extend(self.pending);
        self.found
    }
}

impl ExecutionPlan {
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
        let device = self.device_of(pass);
        let depends = self.dependents(inputs);
        let mut cotangents = Cotangents {
            wanted: inputs,
            pending: HashMap::from([(output, cotangent)]),
            found: HashMap::new(),
        };
        for node in self.nodes.iter().rev() {
            let Some(reached) = cotangents.take(node) else {
                continue;
            };
            let error = |reason| node.operator_error(reason);
            let mut inputs = Inputs::new(self.recorded_inputs(node, values, pass), device.clone());
            inputs.training = pass.training;
            let results = node.op.operator().vjp_of_outputs(inputs, reached);
            for (id, result) in node.inputs.iter().zip(results.map_err(error)?) {
                let (Some(id), Some(result)) = (id, result) else {
                    continue;
                };
                // Shapes depend on the input as well, but have no derivative.
                let is_float = matches!(values.get(id), Some(Value::Float(_)));
                if is_float && depends.contains(id) {
                    cotangents.add(*id, result).map_err(error)?;
                }
            }
        }
        Ok(cotangents.finish())
    }

    /// `inputs` and the values that depend on them.
    fn dependents(&self, inputs: &[ValueId]) -> HashSet<ValueId> {
        let mut depends: HashSet<ValueId> = inputs.iter().copied().collect();
        for node in &self.nodes {
            if node.runtime_inputs().any(|id| depends.contains(&id)) {
                depends.extend(node.outputs.iter().flatten());
            }
        }
        depends
    }

    /// A node's inputs in a pass that recorded all values.
    fn recorded_inputs(&self, node: &Node, values: &Values, pass: Pass) -> Vec<Option<Value>> {
        let needed: HashSet<ValueId> = node.runtime_inputs().collect();
        let value = |id: &Option<ValueId>| {
            let id = id.filter(|id| needed.contains(id))?;
            self.constant(id, pass).or_else(|| values.get(&id).cloned())
        };
        node.inputs.iter().map(value).collect()
    }
}

/// The sum of two cotangents of one value.
fn sum(a: Floats, b: Floats) -> Result<Floats, OperatorError> {
    let shape = a.shape().to_vec();
    let (a, b) = (a.into_row_major(), b.into_row_major());
    Floats::new(a.into_flat() + b.into_flat(), shape)
}
