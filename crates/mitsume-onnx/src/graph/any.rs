//! Graphs with any inputs and outputs, as in ONNX's operator tests.

use std::collections::{HashMap, HashSet};

use burn::tensor::Device;

use super::builder::Builder;
use super::folding::{to_device, to_host};
use super::functions::inlined;
use super::{Node, ReadFor, ValueId, opset};
use crate::constant::Constant;
use crate::error::{Error, Result};
use crate::execution_plan::{ExecutionPlan, Values};
use crate::file::ModelFile;
use crate::op::OperatorError;
use crate::proto::ValueInfoProto;
use crate::value::Value;

/// A graph whose inputs need not be images, nor its outputs logits.
pub(crate) struct AnyGraph {
    plan: ExecutionPlan,
    /// Inputs that are not constant.
    inputs: HashMap<String, ValueId>,
    outputs: Vec<ValueId>,
    /// Constants that nodes or outputs use.
    constants: Values,
    device: Device,
}

impl AnyGraph {
    /// - `known`: values of constant inputs.
    /// - `floats`: whether each other input is float32.
    pub fn read(
        file: &mut ModelFile,
        known: HashMap<String, Constant>,
        floats: &HashMap<String, bool>,
        device: &Device,
    ) -> Result<Self> {
        let opset = opset(file)?;
        let graph = file.model.graph.take();
        let graph = graph.ok_or_else(|| file.error("there is no graph in it"))?;
        let graph = inlined(file, graph)?;
        let mut builder = Builder::new(file, opset, ReadFor::Evaluation);
        let outputs = graph.output.iter().map(|output| output.name.as_str());
        builder.uses.count(&graph, outputs);
        builder.add_initialisers(&graph)?;
        let inputs = add_inputs(&mut builder, &graph.input, known, floats)?;
        for node in graph.node {
            let missing = node
                .input
                .iter()
                .find(|name| !name.is_empty() && !builder.names.contains_key(*name));
            if let Some(name) = missing {
                return Err(file.error(format!("\"{name}\" is used before it is computed")));
            }
            builder.add_node(node)?;
        }
        if let Some(error) = builder.refusals.error(file) {
            return Err(error);
        }
        let output = |name: &String| builder.names.get(name).copied();
        let outputs = graph
            .output
            .iter()
            .map(|output_info| output(&output_info.name));
        let outputs: Option<Vec<ValueId>> = outputs.collect();
        let outputs = outputs.ok_or_else(|| file.error("an output is computed by no node"))?;
        let mut used: HashSet<ValueId> = outputs.iter().copied().collect();
        used.extend(builder.nodes.iter().flat_map(Node::runtime_inputs));
        let constants = builder.constants.into_iter();
        let constants = constants.filter(|(id, _)| used.contains(id));
        let constants = constants.map(|(id, constant)| {
            let value = to_device(constant, device);
            Ok((id, value.map_err(|error| file.error(error.to_string()))?))
        });
        let constants = constants.collect::<Result<Values>>()?;
        Ok(Self {
            plan: ExecutionPlan::new(builder.nodes, outputs.clone(), &constants, device),
            inputs,
            outputs,
            constants,
            device: device.clone(),
        })
    }

    /// The outputs in order; `autodiff` computes them on a device with autodiff.
    pub fn run(&self, values: &HashMap<String, Constant>, autodiff: bool) -> Result<Vec<Constant>> {
        let wrong = |reason: OperatorError| Error::Request(reason.to_string());
        let mut given = Values::new();
        for (name, id) in &self.inputs {
            let value = values.get(name);
            let value =
                value.ok_or_else(|| Error::Request(format!("no value for input {name}")))?;
            let value = to_device(value.clone(), &self.device).map_err(wrong)?;
            given.insert(
                *id,
                match value {
                    Value::Float(floats) if autodiff => Value::Float(floats.into_autodiff()),
                    value => value,
                },
            );
        }
        let results = self.plan.run(given, autodiff)?;
        let result = |id: &ValueId| {
            let value = results.get(id).or_else(|| self.constants.get(id));
            let value = value.ok_or_else(|| Error::Request("an output was not computed".into()))?;
            let value = match value.clone() {
                Value::Float(floats) if floats.device().is_autodiff() => {
                    Value::Float(floats.map(|x| x.inner()))
                }
                value => value,
            };
            to_host(value).map_err(wrong)
        };
        self.outputs.iter().map(result).collect()
    }
}

/// Adds the inputs that are no initialisers, those of `known` as constants, and returns the others.
fn add_inputs(
    builder: &mut Builder,
    inputs: &[ValueInfoProto],
    mut known: HashMap<String, Constant>,
    floats: &HashMap<String, bool>,
) -> Result<HashMap<String, ValueId>> {
    let mut added = HashMap::new();
    for input in inputs {
        if builder.names.contains_key(&input.name) {
            continue;
        }
        let id = builder.new_value(&input.name)?;
        if let Some(constant) = known.remove(&input.name) {
            builder.constants.insert(id, constant);
        } else {
            if floats.get(&input.name) == Some(&true) {
                builder.floats.insert(id);
            }
            added.insert(input.name.clone(), id);
        }
    }
    Ok(added)
}
