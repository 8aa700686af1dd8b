//! A model as a graph of operators, in topological order.

mod any;
mod builder;
mod folding;
mod functions;
mod inputs_and_outputs;
mod output_nodes;
mod parameters;
mod refusals;
mod topological_order;

use std::collections::HashMap;

use burn::tensor::Device;

use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::error::{Error, Result};
use crate::file::ModelFile;
use crate::limits;
use crate::op::{Op, OperatorError};
use crate::proto::{AttributeProto, NodeProto};
use crate::value::Value;
pub(crate) use any::AnyGraph;
use builder::Builder;
use folding::constant_value;
pub(crate) use parameters::Parameter;

/// A value of the graph, by number.
pub(crate) type ValueId = usize;

/// An operator in the graph.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its name, or that of its first output if it has none.
    pub name: String,
    /// Operator name, with the domain if that is not the standard one.
    pub op_type: String,
    /// The PyTorch module it comes from (`layer4.1.conv2`), if the file has module names.
    pub module: Option<String>,
    pub op: Op,
    pub inputs: Vec<Option<ValueId>>,
    pub outputs: Vec<Option<ValueId>>,
}

/// The image input.
#[derive(Clone, Debug)]
pub(crate) struct ImageInput {
    pub id: ValueId,
    /// [N, C, H, W]; `None` where the file leaves a dimension open.
    pub shape: [Option<usize>; 4],
}

/// The graph of a classifier.
#[derive(Clone)]
pub(crate) struct Graph {
    /// In topological order; only those that the output depends on.
    pub nodes: Vec<Node>,
    /// Constants that nodes use.
    pub constants: HashMap<ValueId, Value>,
    /// All names of values, including aliases.
    pub names: HashMap<String, ValueId>,
    pub input: ImageInput,
    /// The logits.
    pub output: ValueId,
    /// What the file ends in after the logits, which was removed.
    pub activation: Option<OutputActivation>,
    /// Number of values in float initialisers.
    pub parameters: usize,
    /// Parameters, if the graph was read to be trained; else they are constants.
    pub trained: Vec<Parameter>,
}

/// What makes probabilities of a classifier's logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputActivation {
    /// A softmax over the classes, which exclude each other.
    Softmax,
    /// A sigmoid of each output by itself.
    Sigmoid,
}

/// What a graph is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadFor {
    /// Parameters are constants, folded into operators; dropout is left out.
    Evaluation,
    /// Parameters are values that are given at run time.
    Training,
}

/// Supported opsets.
pub(crate) const OPSETS: std::ops::RangeInclusive<i64> = 9..=23;

impl Graph {
    /// The graph of a classifier. Constants go to `device`, which has no autodiff.
    pub fn read(file: &mut ModelFile, device: &Device, read_for: ReadFor) -> Result<Self> {
        let opset = opset(file)?;
        let graph = file.model.graph.take();
        let graph = graph.ok_or_else(|| file.error("there is no graph in it"))?;
        let graph = functions::inlined(file, graph)?;
        if graph.node.len() > limits::MAX_NODES {
            let found = graph.node.len();
            return Err(file.error(format!("{found} nodes: at most {}", limits::MAX_NODES)));
        }
        if !graph.sparse_initializer.is_empty() {
            return Err(file.error("sparse initialisers are not supported"));
        }
        let mut builder = Builder::new(file, opset, read_for);
        let output = builder.output_name(&graph)?;
        builder.uses.count(&graph, [output.as_str()]);
        builder.add_initialisers(&graph)?;
        let input = builder.image_input(&graph)?;
        let order = topological_order::topological_order(file, &builder.names, &graph, &output)?;
        let mut nodes: Vec<Option<NodeProto>> = graph.node.into_iter().map(Some).collect();
        for index in order {
            let node = nodes[index].take().expect("each node comes once");
            builder.add_node(node)?;
        }
        builder.finish(input, &output, device)
    }
}

/// The value of a Constant node with these attributes, if it is one that is read.
pub(crate) fn constant_of(attributes: Vec<AttributeProto>) -> Option<Constant> {
    constant_value(Attributes::new(attributes)).ok()
}

/// Whether operators of a domain are ONNX's own.
fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

/// The version of the standard operator set.
fn opset(file: &ModelFile) -> Result<i64> {
    let model = &file.model;
    let mut sets = model.opset_import.iter();
    let set = sets.find(|set| is_standard(&set.domain));
    let version = set.map_or(0, |set| set.version);
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    Err(file.error(format!(
        "opset {version}: {} to {} are read; export with opset_version=17",
        OPSETS.start(),
        OPSETS.end()
    )))
}

impl Node {
    /// Values it reads at run time: all inputs but those parsed with the attributes, such as
    /// weights.
    pub fn runtime_inputs(&self) -> impl Iterator<Item = ValueId> + '_ {
        let parsed = self.op.operator().parsed_inputs();
        let inputs = self.inputs.iter().enumerate();
        inputs.filter_map(move |(i, id)| id.filter(|_| !parsed.contains(&i)))
    }

    /// The error of its operator.
    pub fn operator_error(&self, reason: OperatorError) -> Error {
        Error::Operator {
            node: self.name.clone(),
            operator: self.op_type.clone(),
            reason,
        }
    }
}
