//! Stochastic depth (Huang et al. 2016) as exporters write it, left out of a graph in evaluation.
//!
//! In training a branch is multiplied by `(random < p) / p`, where the random numbers are uniform in
//! [0, 1), or by Bernoulli's numbers of probability p over p: 1 on average. In evaluation the quotient
//! is 1.

use std::collections::{HashMap, HashSet};

use crate::constant::Constant;
use crate::graph::constant_of;
use crate::proto::{AttributeProto, NodeProto, TensorProto, data_type};

/// How the nodes of a graph are changed.
#[derive(Default)]
pub(super) struct LeftOut {
    /// First outputs of the quotients, which become 1.
    quotients: HashSet<String>,
    /// First outputs of nodes that only the quotients read.
    unread: HashSet<String>,
}

impl LeftOut {
    /// - `nodes`, `scalars`: of the graph, and those of its initialisers that have one value.
    /// - `outputs`: of the graph.
    pub fn find(
        nodes: &[NodeProto],
        scalars: &HashMap<String, f32>,
        outputs: &HashSet<String>,
    ) -> Self {
        let graph = GraphView::new(nodes, scalars);
        let is_random =
            |node: &&NodeProto| matches!(&*node.op_type, "RandomUniformLike" | "Bernoulli");
        let quotients = nodes.iter().filter(is_random);
        let quotients = quotients.filter_map(|node| graph.quotient(node));
        let quotients = quotients.filter_map(|node| node.output.first().cloned());
        let quotients: HashSet<String> = quotients.collect();
        if quotients.is_empty() {
            return Self::default();
        }
        let before = graph.read(outputs, &HashSet::new());
        let after = graph.read(outputs, &quotients);
        let unread = before.difference(&after).map(|&name| name.to_owned());
        Self {
            unread: unread.collect(),
            quotients,
        }
    }

    /// Whether `node` is left out.
    pub fn leaves_out(&self, node: &NodeProto) -> bool {
        let first = node.output.first();
        first.is_some_and(|name| self.unread.contains(name))
    }

    /// The constant 1 that takes the place of `node`, if it is a quotient.
    pub fn one(&self, node: &NodeProto) -> Option<NodeProto> {
        let first = node.output.first()?;
        self.quotients.contains(first).then(|| NodeProto {
            op_type: "Constant".into(),
            input: Vec::new(),
            domain: String::new(),
            attribute: vec![AttributeProto {
                name: "value".into(),
                t: Some(TensorProto {
                    data_type: data_type::FLOAT,
                    raw_data: 1f32.to_le_bytes().to_vec().into(),
                    ..TensorProto::default()
                }),
                // TENSOR
                kind: 4,
                ..AttributeProto::default()
            }],
            ..node.clone()
        })
    }
}

struct GraphView<'a> {
    nodes: &'a [NodeProto],
    scalars: &'a HashMap<String, f32>,
    producers: HashMap<&'a str, &'a NodeProto>,
}

impl<'a> GraphView<'a> {
    fn new(nodes: &'a [NodeProto], scalars: &'a HashMap<String, f32>) -> Self {
        let outputs = |node: &'a NodeProto| node.output.iter().map(move |name| (&**name, node));
        Self {
            nodes,
            scalars,
            producers: nodes.iter().flat_map(outputs).collect(),
        }
    }

    /// The quotient of the mask that `random` draws, if that is what it is for.
    fn quotient(&self, random: &'a NodeProto) -> Option<&'a NodeProto> {
        let (mask, probability) = match &*random.op_type {
            "Bernoulli" => (random, self.filled(random.input.first()?)?),
            _ => {
                let bound = |name: &str, default: f32| {
                    let mut attributes = random.attribute.iter();
                    attributes.find(|a| a.name == name).map_or(default, |a| a.f)
                };
                if bound("low", 0.0) != 0.0 || bound("high", 1.0) != 1.0 {
                    return None;
                }
                let less = self.reader(random).filter(|node| node.op_type == "Less")?;
                let [drawn, probability] = &less.input[..] else {
                    return None;
                };
                if *drawn != random.output[0] {
                    return None;
                }
                (less, self.scalar(probability)?)
            }
        };
        let mut reader = self.reader(mask)?;
        if matches!(&*reader.op_type, "Cast" | "CastLike") {
            reader = self.reader(reader)?;
        }
        let [_, divisor] = &reader.input[..] else {
            return None;
        };
        // The quotient of the numbers that were compared with and divided by, which single precision
        // may have rounded.
        let divisor = self.scalar(divisor)?;
        let is_one_on_average = (divisor - probability).abs() <= 1e-6 * probability;
        (reader.op_type == "Div" && is_one_on_average).then_some(reader)
    }

    /// The one node that reads the values of `node`, rather than their type.
    fn reader(&self, node: &NodeProto) -> Option<&'a NodeProto> {
        let output = node.output.first()?;
        let reads = |reader: &&NodeProto| {
            let typed = reader.op_type == "CastLike";
            let mut inputs = reader.input.iter().enumerate();
            inputs.any(|(i, name)| name == output && !(typed && i == 1))
        };
        let mut readers = self.nodes.iter().filter(reads);
        let first = readers.next()?;
        let is_alone = readers.next().is_none() && first.input.first() == Some(output);
        is_alone.then_some(first)
    }

    /// A constant of one value.
    fn scalar(&self, name: &str) -> Option<f32> {
        if let Some(value) = self.scalars.get(name) {
            return Some(*value);
        }
        let node = self.producers.get(name)?;
        match &*node.op_type {
            "Cast" | "CastLike" | "Identity" => self.scalar(node.input.first()?),
            "Constant" => match constant_of(node.attribute.clone())? {
                Constant::Float(values, _) if values.len() == 1 => Some(values[0]),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value that a constant, or one repeated, has everywhere.
    fn filled(&self, name: &str) -> Option<f32> {
        match self.producers.get(name) {
            Some(node) if node.op_type == "Expand" => self.scalar(node.input.first()?),
            Some(node) if node.op_type == "ConstantOfShape" => {
                let value = node.attribute.iter().find(|a| a.name == "value")?;
                match Constant::read(value.t.as_ref()?, None).ok()? {
                    Constant::Float(values, _) => values.first().copied(),
                    Constant::Int(_) => None,
                }
            }
            _ => self.scalar(name),
        }
    }

    /// First outputs of the nodes that `outputs` depend on, if those of `constants` depend on nothing.
    fn read(&self, outputs: &'a HashSet<String>, constants: &HashSet<String>) -> HashSet<&'a str> {
        let mut found = HashSet::new();
        let mut left: Vec<&str> = outputs.iter().map(String::as_str).collect();
        while let Some(name) = left.pop() {
            let Some(node) = self.producers.get(name) else {
                continue;
            };
            let first = node.output[0].as_str();
            if found.insert(first) && !constants.contains(first) {
                left.extend(node.input.iter().map(String::as_str));
            }
        }
        found
    }
}
