//! ONNX's own test cases of operators ("backend tests"). For tests of this crate, not for its
//! users.
//!
//! A case is a folder with `model.onnx` and, in it or in `test_data_set_0`, inputs `input_0.pb`,
//! ... and expected outputs `output_0.pb`, ..., a TensorProto each.

use std::collections::HashMap;
use std::path::Path;

use burn::tensor::Device;
use prost::Message;

use crate::constant::Constant;
use crate::error::{Error, Result};
use crate::file::ModelFile;
use crate::graph::AnyGraph;
use crate::op;
use crate::proto::{GraphProto, TensorProto, ValueInfoProto, data_type};

/// ONNX's own tolerances (`onnx.backend.test.runner`):
/// |found - expected| <= `ATOL` + `RTOL` |expected|.
pub const RTOL: f32 = 1e-3;
/// See [`RTOL`].
pub const ATOL: f32 = 1e-7;

/// How the inputs of a case reach the operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// All are computed at run time.
    Computed,
    /// The first is computed at run time; the others are constants, like weights and shapes.
    OthersConstant,
    /// All are constants, so that the node is folded.
    Constant,
    /// As `OthersConstant`, on a device with autodiff.
    Differentiated,
}

/// All of [`Inputs`].
pub const WAYS: [Inputs; 4] = [
    Inputs::Computed,
    Inputs::OthersConstant,
    Inputs::Constant,
    Inputs::Differentiated,
];

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The outputs agree with the expected ones.
    Passed,
    /// Not supported, with the reason.
    Refused(String),
    /// Other outputs, with the first difference.
    Wrong(String),
}

/// A test case.
#[derive(Clone)]
pub struct Case {
    /// Operators of its nodes without duplicates, with the domain if that is not the standard one.
    pub operators: Vec<String>,
    /// Opset of the standard domain.
    pub opset: i64,
    /// A data type of its inputs or outputs other than float32, int64 and bool.
    pub other_type: Option<String>,
    path: std::path::PathBuf,
    inputs: Vec<(String, Constant)>,
    expected: Vec<Constant>,
}

/// Names of the operators that are supported.
pub fn operators() -> Vec<&'static str> {
    op::names().collect()
}

impl Case {
    /// Reads the case in `folder`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("model.onnx");
        let mut file = ModelFile::open(&path)?;
        let model = &mut file.model;
        let standard = |domain: &str| domain.is_empty() || domain == "ai.onnx";
        let set = model.opset_import.iter().find(|set| standard(&set.domain));
        let opset = set.map_or(0, |set| set.version);
        let graph = model.graph.take().unwrap_or_default();
        let name = |node: &crate::proto::NodeProto| match standard(&node.domain) {
            true => node.op_type.clone(),
            false => format!("{}.{}", node.domain, node.op_type),
        };
        let mut operators: Vec<String> = graph.node.iter().map(name).collect();
        operators.sort_unstable();
        operators.dedup();
        let mut case = Self {
            operators,
            opset,
            other_type: other_type(&graph),
            path,
            inputs: Vec::new(),
            expected: Vec::new(),
        };
        if case.other_type.is_none() {
            let data = folder.join("test_data_set_0");
            let data = if data.is_dir() { data } else { folder.into() };
            for (i, input) in graph.input.iter().enumerate() {
                let value = tensor(&data.join(format!("input_{i}.pb")))?;
                case.inputs.push((input.name.clone(), value));
            }
            for i in 0..graph.output.len() {
                case.expected
                    .push(tensor(&data.join(format!("output_{i}.pb")))?);
            }
        }
        Ok(case)
    }

    /// The case with its first output alone, the only one that most operators here have; `None` if
    /// it has only one output anyway.
    pub fn first_output(mut self) -> Option<Self> {
        let several = self.expected.len() > 1;
        self.expected.truncate(1);
        several.then_some(self)
    }

    /// The case with the expected outputs of another.
    #[must_use]
    pub fn expecting(mut self, other: &Self) -> Self {
        self.expected.clone_from(&other.expected);
        self
    }

    /// The case with `added` added to the first expected value.
    #[must_use]
    pub fn first_value_moved(mut self, added: f32) -> Self {
        match self.expected.first_mut() {
            Some(Constant::Float(data, _)) => data[0] += added,
            Some(Constant::Int(ints)) => ints.data[0] += added as i64,
            None => {}
        }
        self
    }

    /// Runs the case.
    pub fn run(&self, way: Inputs) -> Outcome {
        match self.outputs(way) {
            Err(error) => Outcome::Refused(error.to_string()),
            Ok(found) => match self.difference(&found) {
                None => Outcome::Passed,
                Some(difference) => Outcome::Wrong(difference),
            },
        }
    }

    fn outputs(&self, way: Inputs) -> Result<Vec<Constant>> {
        if let Some(other) = &self.other_type {
            return Err(Error::Request(format!("data type {other}")));
        }
        let mut file = ModelFile::open(&self.path)?;
        if let Some(graph) = &mut file.model.graph
            && self.expected.len() < graph.output.len()
        {
            graph.output.truncate(self.expected.len());
            for node in &mut graph.node {
                node.output.truncate(self.expected.len());
            }
        }
        let constant = |i: usize| match way {
            Inputs::Computed => false,
            Inputs::OthersConstant | Inputs::Differentiated => i > 0,
            Inputs::Constant => true,
        };
        let mut known = HashMap::new();
        let mut values = HashMap::new();
        for (i, (name, value)) in self.inputs.iter().enumerate() {
            let to = if constant(i) { &mut known } else { &mut values };
            to.insert(name.clone(), value.clone());
        }
        let is_float = |value: &Constant| matches!(value, Constant::Float(..));
        let floats = values
            .iter()
            .map(|(name, value)| (name.clone(), is_float(value)));
        let graph = AnyGraph::read(&mut file, known, &floats.collect(), &Device::flex())?;
        graph.run(&values, way == Inputs::Differentiated)
    }

    fn difference(&self, found: &[Constant]) -> Option<String> {
        if found.len() != self.expected.len() {
            return Some(format!(
                "{} outputs, expected {}",
                found.len(),
                self.expected.len()
            ));
        }
        let pairs = found.iter().zip(&self.expected);
        let mut different = pairs.enumerate().filter_map(|(i, (found, expected))| {
            difference(found, expected).map(|difference| format!("output {i}: {difference}"))
        });
        different.next()
    }
}

fn tensor(path: &Path) -> Result<Constant> {
    let bytes = std::fs::read(path).map_err(|source| Error::Io {
        path: path.into(),
        source,
    })?;
    let wrong = |reason: String| Error::File {
        path: path.into(),
        reason,
    };
    let tensor = TensorProto::decode(bytes.as_slice()).map_err(|e| wrong(e.to_string()))?;
    Constant::read(&tensor, None).map_err(|e| wrong(e.to_string()))
}

fn other_type(graph: &GraphProto) -> Option<String> {
    let element_type = |info: &ValueInfoProto| {
        let tensor = info.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        tensor.map(|tensor| tensor.elem_type)
    };
    let read = [data_type::FLOAT, data_type::INT64, data_type::BOOL];
    for info in graph.input.iter().chain(&graph.output) {
        match element_type(info) {
            None => return Some("no tensor".into()),
            Some(kind) if !read.contains(&kind) => return Some(kind.to_string()),
            Some(_) => {}
        }
    }
    None
}

fn difference(found: &Constant, expected: &Constant) -> Option<String> {
    match (found, expected) {
        (Constant::Int(found), Constant::Int(expected)) => (found != expected).then(|| {
            let (found, expected) = (cut(&found.data), cut(&expected.data));
            format!("integers {found}, expected {expected}")
        }),
        (Constant::Float(found, shape), Constant::Float(expected, expected_shape)) => {
            if shape != expected_shape {
                return Some(format!("shape {shape:?}, expected {expected_shape:?}"));
            }
            let close = |a: f32, b: f32| {
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= ATOL + RTOL * b.abs()
            };
            let far = found
                .iter()
                .zip(expected)
                .position(|(&a, &b)| !close(a, b))?;
            Some(format!(
                "{} at {far}, expected {}",
                found[far], expected[far]
            ))
        }
        (Constant::Int(_), Constant::Float(..)) => Some("integers, expected float32".into()),
        (Constant::Float(..), Constant::Int(_)) => Some("float32, expected integers".into()),
    }
}

fn cut(values: &[i64]) -> String {
    format!(
        "{:?}{}",
        &values[..values.len().min(12)],
        if values.len() > 12 { "..." } else { "" }
    )
}
