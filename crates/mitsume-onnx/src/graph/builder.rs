//! Reads the nodes of a file, one by one, into a graph.

use std::collections::{BTreeSet, HashMap, HashSet};

use burn::tensor::Device;

use super::folding::{ConstantUses, FoldError, constant_value, to_device};
use super::output_nodes::output_nodes;
use super::parameters::{self, Parameter};
use super::refusals::Refusals;
use super::{Graph, ImageInput, Node, ReadFor, ValueId, is_standard};
use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::error::{Error, Result};
use crate::file::ModelFile;
use crate::module_path::module_path;
use crate::op::{self, NodeInfo, Op, OperatorError, OutputType, ParseError, TrainedNode};
use crate::proto::{GraphProto, NodeProto, StringStringEntryProto};

/// A node of the file whose operator is known.
struct ReadNode {
    name: String,
    op_type: String,
    op: Op,
    inputs: Vec<Option<ValueId>>,
    /// Names; empty where an output is left out.
    outputs: Vec<String>,
    metadata: Vec<StringStringEntryProto>,
}

pub(super) struct Builder<'a> {
    pub(super) file: &'a ModelFile,
    pub(super) opset: i64,
    pub(super) names: HashMap<String, ValueId>,
    pub(super) constants: HashMap<ValueId, Constant>,
    pub(super) nodes: Vec<Node>,
    pub(super) next: ValueId,
    /// Values computed from the image that are float32.
    pub(super) floats: HashSet<ValueId>,
    pub(super) parameters: usize,
    pub(super) read_for: ReadFor,
    pub(super) trained: Vec<Parameter>,
    /// Who still reads the constants.
    pub(super) uses: ConstantUses,
    pub(super) refusals: Refusals,
    pub(super) device: Device,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a ModelFile, opset: i64, read_for: ReadFor) -> Self {
        Self {
            file,
            opset,
            names: HashMap::new(),
            constants: HashMap::new(),
            nodes: Vec::new(),
            next: 0,
            floats: HashSet::new(),
            parameters: 0,
            read_for,
            trained: Vec::new(),
            uses: ConstantUses::default(),
            refusals: Refusals::default(),
            device: Device::flex(),
        }
    }

    /// The id of a new value; an error if the name is taken.
    pub(super) fn new_value(&mut self, name: &str) -> Result<ValueId> {
        let id = self.next;
        if self.names.insert(name.to_owned(), id).is_some() {
            return Err(self.file.error(format!("two values are named \"{name}\"")));
        }
        self.uses.name(name, id);
        self.next += 1;
        Ok(id)
    }

    pub(super) fn add_initialisers(&mut self, graph: &GraphProto) -> Result<()> {
        let weights = parameters::weight_names(graph);
        for tensor in &graph.initializer {
            let constant = self.file.constant(tensor)?;
            if let Constant::Float(data, _) = &constant {
                self.parameters += data.len();
            }
            let id = self.new_value(&tensor.name)?;
            match constant {
                Constant::Float(values, shape)
                    if self.read_for == ReadFor::Training
                        && parameters::is_parameter(&tensor.name, &shape, &weights) =>
                {
                    self.add_parameter(&tensor.name, id, shape, values);
                }
                constant => {
                    self.constants.insert(id, constant);
                }
            }
        }
        Ok(())
    }

    /// Adds a node whose inputs all have been added. Depending on the operator it becomes a
    /// constant, an alias of its input, a folded constant or a node of the graph.
    pub(super) fn add_node(&mut self, mut proto: NodeProto) -> Result<()> {
        let name = match proto.name.is_empty() {
            true => proto.output.first().cloned().unwrap_or_default(),
            false => std::mem::take(&mut proto.name),
        };
        let is_standard = is_standard(&proto.domain);
        let op_type = match is_standard {
            true => proto.op_type.clone(),
            false => format!("{}.{}", proto.domain, proto.op_type),
        };
        let operator_error = |reason: OperatorError| Error::Operator {
            node: name.clone(),
            operator: op_type.clone(),
            reason,
        };
        let attributes = Attributes::new(std::mem::take(&mut proto.attribute));
        if op_type == "Constant" {
            let constant = constant_value(attributes).map_err(operator_error)?;
            let id = self.new_value(proto.output.first().map_or("", String::as_str))?;
            self.constants.insert(id, constant);
            return Ok(());
        }
        let id = |name: &String| (!name.is_empty()).then(|| self.names[name]);
        let inputs: Vec<Option<ValueId>> = proto.input.iter().map(id).collect();
        let parsed = match is_standard {
            true => self.parse(&op_type, attributes, &inputs, &proto.output),
            false => Err(ParseError::Unknown),
        };
        let op = match parsed {
            Ok(op) => op,
            Err(refusal) => {
                let reason = match refusal {
                    ParseError::Invalid(reason) => Some(reason),
                    ParseError::Unknown => None,
                };
                // It may be the consequence of another, whose output would have been constant.
                let consequence = self.refusals.affect(inputs.get(1..).unwrap_or_default());
                if !consequence || reason.is_none() {
                    self.refusals.add(&op_type, &name, reason);
                }
                return self.add_unreliable(&proto.output);
            }
        };
        if self.refusals.affect(&inputs) {
            return self.add_unreliable(&proto.output);
        }
        let node = ReadNode {
            name,
            op_type,
            op,
            inputs,
            outputs: proto.output,
            metadata: proto.metadata_props,
        };
        self.add_read_node(node)
    }

    /// As [`Self::add_node`], of a node whose operator is known.
    fn add_read_node(&mut self, node: ReadNode) -> Result<()> {
        let inputs = &node.inputs;
        let first = inputs.first().copied().flatten();
        if matches!(node.op, Op::Identity) {
            if let ([output], Some(input)) = (&node.outputs[..], first)
                && parameters::has_state_dict_name(output)
                && self.copy_parameter(input, output)?
            {
                return Ok(());
            }
            self.alias(&node.outputs, first)?;
            self.release(inputs.iter().flatten().copied());
            return Ok(());
        }
        if !self.can_fold(&node.op, inputs) {
            return self.push_node(node);
        }
        match self.fold(&node.op, inputs, &node.outputs) {
            Ok(()) => {
                self.release(inputs.iter().flatten().copied());
                Ok(())
            }
            Err(FoldError::Name(error)) => Err(error),
            Err(FoldError::Operator(reason)) => {
                self.refusals.add(&node.op_type, &node.name, Some(reason));
                self.add_unreliable(&node.outputs)
            }
        }
    }

    /// Makes it a node of the graph.
    fn push_node(&mut self, node: ReadNode) -> Result<()> {
        let ReadNode { op, inputs, .. } = node;
        let mut outputs = Vec::new();
        for name in &node.outputs {
            outputs.push(match name.is_empty() {
                true => None,
                false => Some(self.new_value(name)?),
            });
        }
        if op.operator().running_momentum().is_some() {
            // Its output, and the batch's mean and variance.
            for name in ["batch mean", "batch variance"]
                .iter()
                .skip(outputs.len().max(1) - 1)
            {
                outputs.push(Some(
                    self.new_value(&format!("{name} of {}", node.outputs[0]))?,
                ));
            }
        }
        for (i, id) in outputs.iter().enumerate() {
            if self.output_is_float(&op, &inputs, i) {
                self.floats.extend(*id);
            }
        }
        let parsed = op.operator().parsed_inputs().iter();
        let parsed: Vec<ValueId> = parsed.filter_map(|&i| *inputs.get(i)?).collect();
        self.nodes.push(Node {
            module: module_path(&node.name, &node.metadata),
            name: node.name,
            op_type: node.op_type,
            op,
            inputs,
            outputs,
        });
        self.release(parsed);
        Ok(())
    }

    fn parse(
        &self,
        op_type: &str,
        attributes: Attributes,
        inputs: &[Option<ValueId>],
        outputs: &[String],
    ) -> Result<Op, ParseError> {
        let constant = |id: &Option<ValueId>| id.and_then(|id| self.constants.get(&id));
        op::parse(NodeInfo {
            op_type,
            opset: self.opset,
            outputs: outputs.iter().filter(|name| !name.is_empty()).count(),
            attributes,
            constants: inputs.iter().map(constant).collect(),
            given: inputs.iter().map(Option::is_some).collect(),
            training: (self.read_for == ReadFor::Training).then(|| TrainedNode {
                number: self.nodes.len(),
                shapes: inputs
                    .iter()
                    .map(|id| self.parameter_shape((*id)?))
                    .collect(),
            }),
        })
    }

    pub(super) fn parameter_shape(&self, id: ValueId) -> Option<&[usize]> {
        let parameter = self.trained.iter().find(|parameter| parameter.id == id)?;
        Some(&parameter.shape)
    }

    /// Whether all inputs are constant, or float32 values of which only the type is used.
    fn can_fold(&self, op: &Op, inputs: &[Option<ValueId>]) -> bool {
        let is_known = |id: &ValueId| {
            let type_only = op.operator().type_only_inputs().iter();
            let mut type_only = type_only.map(|&i| inputs.get(i).copied().flatten());
            self.constants.contains_key(id)
                || (self.floats.contains(id) && type_only.any(|only| only == Some(*id)))
        };
        !op.operator().is_random() && inputs.iter().flatten().all(is_known)
    }

    /// Whether output `i` is float32.
    fn output_is_float(&self, op: &Op, inputs: &[Option<ValueId>], i: usize) -> bool {
        let is_float = |id: &ValueId| match self.constants.get(id) {
            Some(constant) => matches!(constant, Constant::Float(..)),
            None => self.floats.contains(id),
        };
        let given_is_float = |i: usize| {
            let id = inputs.get(i).copied().flatten();
            id.is_some_and(|id| is_float(&id))
        };
        match op.operator().output_type() {
            OutputType::Float => true,
            OutputType::Int => false,
            OutputType::FloatIfAnyInput => inputs.iter().flatten().any(is_float),
            OutputType::FirstInputThenInts if i > 0 => false,
            OutputType::FirstInputThenInts => given_is_float(0),
            OutputType::AsInput(i) => given_is_float(i),
        }
    }

    /// Another name of a value that an operator passes through unchanged. Further outputs (the mask of
    /// dropout) are computed by nothing: a node that reads them is refused.
    fn alias(&mut self, names: &[String], value: Option<ValueId>) -> Result<()> {
        for (output, name) in names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
        {
            let id = self.new_value(name)?;
            if let (0, Some(value)) = (output, value) {
                self.names.insert(name.clone(), value);
                self.uses.name(name, value);
            } else if output > 0 {
                self.names.insert(name.clone(), id);
            }
        }
        Ok(())
    }

    /// Values of a node that is refused, or depends on one.
    fn add_unreliable(&mut self, names: &[String]) -> Result<()> {
        for name in names.iter().filter(|name| !name.is_empty()) {
            let id = self.new_value(name)?;
            self.refusals.mark([id]);
        }
        Ok(())
    }

    pub(super) fn finish(
        mut self,
        input: ImageInput,
        output: &str,
        device: &Device,
    ) -> Result<Graph> {
        if let Some(error) = self.refusals.error(self.file) {
            return Err(error);
        }
        let mut output = *self.names.get(output).ok_or_else(|| {
            self.file
                .error(format!("its output \"{output}\" is computed by no node"))
        })?;
        let end = output_nodes(&self.nodes, output);
        let activation = end.as_ref().map(|end| end.activation);
        if let Some(mut end) = end {
            output = end.logits;
            // From the last position down, so that the others stay where they are.
            end.nodes.sort_unstable();
            for position in end.nodes.into_iter().rev() {
                self.nodes.remove(position);
            }
        }
        if self.constants.contains_key(&output) || output == input.id {
            return Err(self.file.error("its output does not depend on the image"));
        }
        let used: BTreeSet<ValueId> = self
            .nodes
            .iter()
            .flat_map(|node| node.runtime_inputs().collect::<Vec<_>>())
            .collect();
        let mut constants = HashMap::new();
        for (id, constant) in self.constants {
            if used.contains(&id) {
                let value =
                    to_device(constant, device).map_err(|e| self.file.error(e.to_string()))?;
                constants.insert(id, value);
            }
        }
        Ok(Graph {
            constants,
            nodes: self.nodes,
            names: self.names,
            input,
            output,
            activation,
            parameters: self.parameters,
            trained: self.trained,
        })
    }
}
