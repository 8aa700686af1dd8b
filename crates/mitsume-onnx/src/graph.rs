//! A model as a graph of operators, in the order they are computed.

mod any;
mod folding;
mod topological_order;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use burn::tensor::Device;

use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::error::{Error, Result};
use crate::file::ModelFile;
use crate::limits;
use crate::module_path::module_path;
use crate::op::{self, NodeInfo, Op, OperatorError, OutputType, ParseError};
use crate::proto::{GraphProto, NodeProto, ValueInfoProto, data_type};
use crate::value::Value;
pub(crate) use any::AnyGraph;
use folding::{FoldError, constant, to_device};

/// A value of the graph, by number.
pub(crate) type ValueId = usize;

/// An operator in the graph.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its name; its first output's where it has none.
    pub name: String,
    /// The operator's name.
    pub kind: String,
    /// The module of the original program it comes from, as `layer4.1.conv2`, where the file says.
    pub module: Option<String>,
    pub op: Op,
    pub inputs: Vec<Option<ValueId>>,
    pub outputs: Vec<Option<ValueId>>,
}

/// The image input.
#[derive(Clone, Debug)]
pub(crate) struct ImageInput {
    pub id: ValueId,
    /// [N, C, H, W], as far as the file fixes them.
    pub sides: [Option<usize>; 4],
}

/// The graph.
#[derive(Clone)]
pub(crate) struct Graph {
    /// In an order in which they can be computed; none without use.
    pub nodes: Vec<Node>,
    /// Values known beforehand that nodes use.
    pub constants: HashMap<ValueId, Value>,
    /// Every name of a value, including those of values folded into another.
    pub names: HashMap<String, ValueId>,
    pub input: ImageInput,
    /// The logits.
    pub output: ValueId,
    /// Whether the file ends in a softmax, which was left off.
    pub had_softmax: bool,
    /// Numbers the model has learned.
    pub parameters: usize,
}

/// Opsets whose operators are read.
pub(crate) const OPSETS: std::ops::RangeInclusive<i64> = 9..=23;
impl Graph {
    /// Constants go to `device`, which has no autodiff.
    pub fn read(file: &mut ModelFile, device: &Device) -> Result<Self> {
        let opset = opset(file)?;
        let graph = file.model.graph.take();
        let graph = graph.ok_or_else(|| file.wrong("there is no graph in it"))?;
        if graph.node.len() > limits::NODES {
            let found = graph.node.len();
            return Err(file.wrong(format!("{found} nodes: at most {}", limits::NODES)));
        }
        if !graph.sparse_initializer.is_empty() {
            return Err(file.wrong("sparse initialisers are not supported"));
        }
        let mut builder = Builder::new(file, opset);
        builder.initialisers(&graph)?;
        let input = builder.image_input(&graph)?;
        let output = builder.output_name(&graph)?;
        let order = topological_order::topological_order(file, &builder.names, &graph, &output)?;
        let mut nodes: Vec<Option<NodeProto>> = graph.node.into_iter().map(Some).collect();
        for index in order {
            let node = nodes[index].take().expect("each node comes once");
            builder.node(node)?;
        }
        builder.finish((input, &output), device)
    }
}

fn opset(file: &ModelFile) -> Result<i64> {
    let model = &file.model;
    if let Some(function) = model.functions.first() {
        return Err(file.wrong(format!(
            "it defines operators of its own ({}), which are not supported",
            function.name
        )));
    }
    let standard = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    let mut sets = model.opset_import.iter();
    let set = sets.find(|set| standard(&set.domain));
    let version = set.map_or(0, |set| set.version);
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    Err(file.wrong(format!(
        "opset {version}: {} to {} are read; export with opset_version=17",
        OPSETS.start(),
        OPSETS.end()
    )))
}

struct Builder<'a> {
    file: &'a ModelFile,
    opset: i64,
    names: HashMap<String, ValueId>,
    constants: HashMap<ValueId, Constant>,
    nodes: Vec<Node>,
    next: ValueId,
    /// Values that are not known, but are float32: the image and what is made of it.
    floats: HashSet<ValueId>,
    parameters: usize,
    folded: usize,
    /// Operators that are not known, each with its first node.
    unknown: BTreeMap<String, String>,
    device: Device,
}

impl<'a> Builder<'a> {
    fn new(file: &'a ModelFile, opset: i64) -> Self {
        Self {
            file,
            opset,
            names: HashMap::new(),
            constants: HashMap::new(),
            nodes: Vec::new(),
            next: 0,
            floats: HashSet::new(),
            parameters: 0,
            folded: 0,
            unknown: BTreeMap::new(),
            device: Device::flex(),
        }
    }

    /// A number for the value of a name that is new.
    fn name(&mut self, name: &str) -> Result<ValueId> {
        let id = self.next;
        if self.names.insert(name.to_owned(), id).is_some() {
            return Err(self.file.wrong(format!("two values are named \"{name}\"")));
        }
        self.next += 1;
        Ok(id)
    }

    fn initialisers(&mut self, graph: &GraphProto) -> Result<()> {
        for tensor in &graph.initializer {
            let constant = self.file.constant(tensor)?;
            if let Constant::Float(data, _) = &constant {
                self.parameters += data.len();
            }
            let id = self.name(&tensor.name)?;
            self.constants.insert(id, constant);
        }
        Ok(())
    }

    fn image_input(&mut self, graph: &GraphProto) -> Result<ImageInput> {
        let is_initialiser = |input: &&ValueInfoProto| !self.names.contains_key(&input.name);
        let inputs: Vec<_> = graph.input.iter().filter(is_initialiser).collect();
        let [input] = inputs[..] else {
            let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
            return Err(self.file.wrong(format!(
                "{} inputs ({}): one image input expected",
                names.len(),
                names.join(", ")
            )));
        };
        let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let element = tensor.map_or(0, |t| t.elem_type);
        let shape = tensor.and_then(|t| t.shape.as_ref());
        let sides: Vec<i64> =
            shape.map_or(Vec::new(), |s| s.dim.iter().map(|d| d.dim_value).collect());
        let about = |reason: String| {
            self.file
                .wrong(format!("input \"{}\": {reason}", input.name))
        };
        if element != data_type::FLOAT {
            return Err(about(format!(
                "data type {element}: float32 images expected"
            )));
        }
        let sides: [i64; 4] = sides
            .try_into()
            .map_err(|sides| about(format!("shape {sides:?}: images [N, C, H, W] expected")))?;
        let mut known = [None; 4];
        for (known, side) in known.iter_mut().zip(sides) {
            *known = match side {
                ..=0 => None,
                1..=16_384 => Some(side as usize),
                _ => return Err(about(format!("a side of {side}"))),
            };
        }
        let id = self.name(&input.name)?;
        self.floats.insert(id);
        Ok(ImageInput { id, sides: known })
    }

    /// The output that holds logits: the first of two axes, or the first.
    fn output_name(&self, graph: &GraphProto) -> Result<String> {
        let rank = |output: &ValueInfoProto| {
            let tensor = output.r#type.as_ref()?.tensor_type.as_ref()?;
            Some(tensor.shape.as_ref()?.dim.len())
        };
        let mut outputs = graph.output.iter();
        let logits = outputs.clone().find(|output| rank(output) == Some(2));
        let output = logits.or_else(|| outputs.next());
        let output = output.ok_or_else(|| self.file.wrong("it has no output"))?;
        Ok(output.name.clone())
    }

    /// Takes in a node all of whose inputs are known by name.
    fn node(&mut self, mut proto: NodeProto) -> Result<()> {
        let first = proto.output.first().cloned().unwrap_or_default();
        let name = if proto.name.is_empty() {
            first
        } else {
            std::mem::take(&mut proto.name)
        };
        let standard = proto.domain.is_empty() || proto.domain == "ai.onnx";
        let kind = match standard {
            true => proto.op_type.clone(),
            false => format!("{}.{}", proto.domain, proto.op_type),
        };
        let wrong = |reason: OperatorError| Error::Operator {
            node: name.clone(),
            operator: kind.clone(),
            reason,
        };
        let module = module_path(&name, &proto.metadata_props);
        let attributes = Attributes::new(std::mem::take(&mut proto.attribute));
        if kind == "Constant" {
            let constant = constant(attributes).map_err(wrong)?;
            let id = self.name(proto.output.first().map_or("", String::as_str))?;
            self.constants.insert(id, constant);
            return Ok(());
        }
        let id_of = |name: &String| (!name.is_empty()).then(|| self.names[name]);
        let inputs: Vec<Option<ValueId>> = proto.input.iter().map(id_of).collect();
        let known = |id: &Option<ValueId>| id.and_then(|id| self.constants.get(&id));
        let reading = NodeInfo {
            kind: &kind,
            opset: self.opset,
            outputs: proto.output.iter().filter(|name| !name.is_empty()).count(),
            attributes,
            constants: inputs.iter().map(known).collect(),
            given: inputs.iter().map(Option::is_some).collect(),
        };
        let parsed = if standard {
            op::parse(reading)
        } else {
            Err(ParseError::Unknown)
        };
        let op = match parsed {
            Ok(op) => op,
            // Other errors may be consequences of an unknown operator, which is reported first.
            Err(ParseError::Wrong(_)) if !self.unknown.is_empty() => return Err(self.unknown()),
            Err(ParseError::Wrong(reason)) => return Err(wrong(reason)),
            Err(ParseError::Unknown) => {
                self.unknown
                    .entry(kind.clone())
                    .or_insert_with(|| name.clone());
                Op::Identity // Stands in until all unknown operators are found.
            }
        };
        if matches!(op, Op::Identity) {
            return self.alias(&proto.output, inputs.first().copied().flatten());
        }
        let is_known = |id: &ValueId| {
            // CastLike uses only the type of its second input.
            let type_only = op.operator().type_only_inputs().iter();
            let mut type_only = type_only.map(|&i| inputs.get(i).copied().flatten());
            self.constants.contains_key(id)
                || (self.floats.contains(id) && type_only.any(|only| only == Some(*id)))
        };
        if self.unknown.is_empty() && inputs.iter().flatten().all(is_known) {
            return self.fold(&op, &inputs, &proto.output).map_err(|e| match e {
                FoldError::Wrong(reason) => wrong(reason),
                FoldError::Name(error) => error,
            });
        }
        let mut outputs = Vec::new();
        for name in &proto.output {
            outputs.push(match name.is_empty() {
                true => None,
                false => Some(self.name(name)?),
            });
        }
        let is_float = |id: &ValueId| match self.constants.get(id) {
            Some(constant) => matches!(constant, Constant::Float(..)),
            None => self.floats.contains(id),
        };
        let outputs_float = match op.operator().output_type() {
            OutputType::Float => true,
            OutputType::Int => false,
            OutputType::FloatIfAnyInput => inputs.iter().flatten().any(is_float),
            OutputType::AsInput(i) => inputs
                .get(i)
                .copied()
                .flatten()
                .is_some_and(|id| is_float(&id)),
        };
        if outputs_float {
            self.floats.extend(outputs.iter().flatten());
        }
        self.nodes.push(Node {
            name,
            kind,
            module,
            op,
            inputs,
            outputs,
        });
        Ok(())
    }

    /// Aliases of a value that an operator passes through unchanged.
    fn alias(&mut self, names: &[String], value: Option<ValueId>) -> Result<()> {
        for name in names.iter().filter(|name| !name.is_empty()) {
            let id = self.name(name)?;
            self.names.insert(name.clone(), value.unwrap_or(id));
        }
        Ok(())
    }

    /// Names all operators that are not known.
    fn unknown(&self) -> Error {
        let all = self.unknown.iter();
        let all: Vec<String> = all
            .map(|(kind, node)| format!("{kind} (node {node})"))
            .collect();
        let all = all.join(", ");
        self.file
            .wrong(format!("operators that are not supported: {all}"))
    }

    fn finish(mut self, (input, output): (ImageInput, &str), device: &Device) -> Result<Graph> {
        if !self.unknown.is_empty() {
            return Err(self.unknown());
        }
        let mut output = *self.names.get(output).ok_or_else(|| {
            self.file
                .wrong(format!("its output \"{output}\" is computed by no node"))
        })?;
        let last = self
            .nodes
            .iter()
            .position(|n| n.outputs.first() == Some(&Some(output)));
        let mut had_softmax = false;
        if let Some(last) = last
            && matches!(self.nodes[last].op, Op::Softmax(_))
            && let Some(Some(logits)) = self.nodes[last].inputs.first()
        {
            output = *logits;
            had_softmax = true;
            self.nodes.remove(last);
        }
        if self.constants.contains_key(&output) || output == input.id {
            return Err(self.file.wrong("its output does not depend on the image"));
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
                    to_device(constant, device).map_err(|e| self.file.wrong(e.to_string()))?;
                constants.insert(id, value);
            }
        }
        Ok(Graph {
            constants,
            nodes: self.nodes,
            names: self.names,
            input,
            output,
            had_softmax,
            parameters: self.parameters,
        })
    }
}

impl Node {
    /// Values it is computed from at run time: weights that were read into the operator are none.
    pub fn runtime_inputs(&self) -> impl Iterator<Item = ValueId> + '_ {
        let read = self.op.operator().parsed_inputs();
        let inputs = self.inputs.iter().enumerate();
        inputs.filter_map(move |(i, id)| id.filter(|_| !read.contains(&i)))
    }
}
