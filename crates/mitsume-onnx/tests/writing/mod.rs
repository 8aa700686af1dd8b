//! Writes small ONNX models.

#![allow(dead_code, reason = "each test file writes models of its own")]

/// Just enough of protobuf to write models with.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn varint(mut self, tag: u64, value: u64) -> Self {
        self.key(tag, 0);
        self.number(value);
        self
    }

    pub fn bytes(mut self, tag: u64, bytes: &[u8]) -> Self {
        self.key(tag, 2);
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn message(self, tag: u64, message: Message) -> Self {
        self.bytes(tag, &message.0)
    }

    pub fn text(self, tag: u64, text: &str) -> Self {
        self.bytes(tag, text.as_bytes())
    }

    fn key(&mut self, tag: u64, kind: u64) {
        self.number(tag << 3 | kind);
    }

    fn number(&mut self, mut value: u64) {
        while value > 127 {
            self.0.push(value as u8 | 128);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

pub fn node(kind: &str, inputs: &[&str], output: &str) -> Message {
    let inputs = inputs
        .iter()
        .fold(Message::default(), |node, input| node.text(1, input));
    inputs
        .text(2, output)
        .text(3, &format!("the {kind}"))
        .text(4, kind)
}

pub fn tensor(name: &str, kind: u64, dims: &[u64], raw: &[u8]) -> Message {
    let dims = dims
        .iter()
        .fold(Message::default(), |tensor, dim| tensor.varint(1, *dim));
    dims.varint(2, kind).text(8, name).bytes(9, raw)
}

pub fn floats(name: &str, dims: &[u64], values: &[f32]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, 1, dims, &raw)
}

pub fn value(name: &str, dims: &[u64]) -> Message {
    value_of_type(name, 1, dims)
}

fn value_of_type(name: &str, kind: u64, dims: &[u64]) -> Message {
    let shape = dims.iter().fold(Message::default(), |shape, dim| {
        shape.message(1, Message::default().varint(1, *dim))
    });
    let tensor = Message::default().varint(1, kind).message(2, shape);
    Message::default()
        .text(1, name)
        .message(2, Message::default().message(1, tensor))
}

/// A graph of images [1, 1, 4, 4] to logits [1, 2].
pub fn graph(nodes: &[Message], initialisers: &[Message]) -> Message {
    graph_of_type(1, nodes, initialisers)
}

/// As [`graph`], of another floating type.
pub fn graph_of_type(kind: u64, nodes: &[Message], initialisers: &[Message]) -> Message {
    let graph = nodes.iter().fold(Message::default(), |graph, node| {
        graph.message(1, node.clone())
    });
    let graph = initialisers
        .iter()
        .fold(graph, |graph, tensor| graph.message(5, tensor.clone()));
    graph
        .message(11, value_of_type("image", kind, &[1, 1, 4, 4]))
        .message(12, value_of_type("logits", kind, &[1, 2]))
}

pub fn model(graph: Message, opset: u64) -> Vec<u8> {
    let set = Message::default().varint(2, opset);
    Message::default()
        .varint(1, 8)
        .message(7, graph)
        .message(8, set)
        .0
}

/// `node` with an attribute of integers.
pub fn with_ints(node: Message, name: &str, values: &[i64]) -> Message {
    let attribute = Message::default().text(1, name).varint(20, 7);
    let attribute = values.iter().fold(attribute, |attribute, value| {
        attribute.varint(8, *value as u64)
    });
    node.message(5, attribute)
}

/// `node` with an attribute of one integer.
pub fn with_int(node: Message, name: &str, value: i64) -> Message {
    let attribute = Message::default().text(1, name).varint(20, 2);
    node.message(5, attribute.varint(3, value as u64))
}

/// An initialiser of integers.
pub fn ints(name: &str, values: &[i64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, 7, &[values.len() as u64], &raw)
}
