//! A model file with other parameters, in the form that is used for evaluation.
//!
//! The file is copied message by message, and only what changes is decoded: nothing that this crate
//! does not know is lost.

use std::collections::{HashMap, HashSet};

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};

use super::stochastic_depth::LeftOut;
use crate::constant::Constant;
use crate::error::Result;
use crate::file::ModelFile;
use crate::proto::{NodeProto, TensorProto, ValueInfoProto, data_type};

/// Shape and values of a parameter.
pub(super) type NewValues<'a> = HashMap<&'a str, (&'a [usize], Vec<f32>)>;

const GRAPH: u32 = 7;
const NODE: u32 = 1;
const INITIALISER: u32 = 5;
const OUTPUT: u32 = 12;
const VALUE_INFO: u32 = 13;

/// The bytes of `file` with parameters `values` by name, batch norm and dropout in evaluation mode, and
/// all data in the file itself.
///
/// - `classes`: number of classes, where it is another than the file's.
pub(super) fn evaluation_form(
    file: &ModelFile,
    values: &NewValues,
    classes: Option<usize>,
) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(file.data.len());
    for_each_field(file.data.clone(), |tag, field| {
        if tag == GRAPH {
            let graph = rewrite_graph(file, field.content, values, classes)?;
            put_message(&mut out, GRAPH, &graph);
        } else {
            out.put_slice(&field.whole);
        }
        Ok(())
    })?;
    Ok(out)
}

/// The bytes of `file` without the values of the initialisers of these names.
pub(super) fn without_values(file: &ModelFile, names: &HashSet<&str>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for_each_field(file.data.clone(), |tag, field| {
        if tag != GRAPH {
            out.put_slice(&field.whole);
            return Ok(());
        }
        let mut graph = Vec::new();
        for_each_field(field.content, |tag, field| {
            let mut tensor = match tag {
                INITIALISER => TensorProto::decode(field.content)
                    .map_err(|error| file.error(error.to_string()))?,
                _ => {
                    graph.put_slice(&field.whole);
                    return Ok(());
                }
            };
            if names.contains(tensor.name.as_str()) {
                tensor = TensorProto {
                    dims: tensor.dims,
                    data_type: tensor.data_type,
                    name: tensor.name,
                    ..TensorProto::default()
                };
            }
            put_message(&mut graph, INITIALISER, &tensor.encode_to_vec());
            Ok(())
        })?;
        put_message(&mut out, GRAPH, &graph);
        Ok(())
    })?;
    Ok(out)
}

fn rewrite_graph(
    file: &ModelFile,
    graph: Bytes,
    values: &NewValues,
    classes: Option<usize>,
) -> Result<Vec<u8>> {
    let damaged = |error: prost::DecodeError| file.error(error.to_string());
    let mut out = Vec::with_capacity(graph.len());
    let mut left: NewValues = values.clone();
    let stochastic_depth = stochastic_depth(file, graph.clone())?;
    for_each_field(graph, |tag, field| {
        match tag {
            INITIALISER => {
                let mut tensor = TensorProto::decode(field.content).map_err(damaged)?;
                if let Some((shape, values)) = left.remove(tensor.name.as_str()) {
                    tensor = float_tensor(&tensor.name, shape, &values);
                } else if tensor.data_location == 1 {
                    tensor.raw_data = file.external_data(&tensor)?;
                    tensor.external_data.clear();
                    tensor.data_location = 0;
                }
                put_message(&mut out, INITIALISER, &tensor.encode_to_vec());
            }
            NODE => {
                let node = NodeProto::decode(field.content).map_err(damaged)?;
                if stochastic_depth.leaves_out(&node) {
                    return Ok(());
                }
                if let Some(one) = stochastic_depth.one(&node) {
                    put_message(&mut out, NODE, &one.encode_to_vec());
                    return Ok(());
                }
                match rewrite_node(node, values) {
                    Rewritten::Same => out.put_slice(&field.whole),
                    Rewritten::Changed(node) => put_message(&mut out, NODE, &node.encode_to_vec()),
                    Rewritten::Removed => {}
                }
            }
            OUTPUT => {
                let mut output = ValueInfoProto::decode(field.content).map_err(damaged)?;
                match classes.and_then(|classes| set_last_axis(&mut output, classes)) {
                    Some(()) => put_message(&mut out, OUTPUT, &output.encode_to_vec()),
                    None => out.put_slice(&field.whole),
                }
            }
            // Optional, and no longer right where sizes changed.
            VALUE_INFO => {}
            _ => out.put_slice(&field.whole),
        }
        Ok(())
    })?;
    // Parameters that the file passed on through Identity nodes.
    let mut left: Vec<_> = left.into_iter().collect();
    left.sort_by_key(|(name, _)| *name);
    for (name, (shape, values)) in left {
        let tensor = float_tensor(name, shape, &values);
        put_message(&mut out, INITIALISER, &tensor.encode_to_vec());
    }
    Ok(out)
}

/// What is stochastic depth in a graph.
fn stochastic_depth(file: &ModelFile, graph: Bytes) -> Result<LeftOut> {
    let damaged = |error: prost::DecodeError| file.error(error.to_string());
    let (mut nodes, mut outputs, mut scalars) = (Vec::new(), HashSet::new(), HashMap::new());
    for_each_field(graph, |tag, field| {
        match tag {
            NODE => nodes.push(NodeProto::decode(field.content).map_err(damaged)?),
            OUTPUT => {
                let output = ValueInfoProto::decode(field.content).map_err(damaged)?;
                outputs.insert(output.name);
            }
            INITIALISER => {
                let tensor = TensorProto::decode(field.content).map_err(damaged)?;
                let is_scalar = tensor.dims.iter().all(|&side| side == 1);
                if let (true, Ok(Constant::Float(values, _))) =
                    (is_scalar, Constant::read(&tensor, None))
                {
                    scalars.insert(tensor.name, values[0]);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(LeftOut::find(&nodes, &scalars, &outputs))
}

enum Rewritten {
    Same,
    Changed(NodeProto),
    Removed,
}

fn rewrite_node(mut node: NodeProto, values: &NewValues) -> Rewritten {
    match node.op_type.as_str() {
        "BatchNormalization" => {
            node.attribute.retain(|a| a.name != "training_mode");
            node.output.truncate(1);
        }
        // Without its third input it does nothing.
        "Dropout" => {
            node.input.truncate(2);
            node.output.truncate(1);
        }
        "Identity"
            if node
                .output
                .iter()
                .any(|name| values.contains_key(name.as_str())) =>
        {
            return Rewritten::Removed;
        }
        _ => return Rewritten::Same,
    }
    Rewritten::Changed(node)
}

fn float_tensor(name: &str, shape: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|&side| side as i64).collect(),
        data_type: data_type::FLOAT,
        name: name.to_owned(),
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn set_last_axis(output: &mut ValueInfoProto, side: usize) -> Option<()> {
    let tensor = output.r#type.as_mut()?.tensor_type.as_mut()?;
    let last = tensor.shape.as_mut()?.dim.last_mut()?;
    last.dim_value = side as i64;
    Some(())
}

/// A field of a message.
struct Field {
    /// With its key.
    whole: Bytes,
    /// Of a field with a length: what is inside.
    content: Bytes,
}

/// Calls `each` with every field of a message that was decoded before.
fn for_each_field(mut data: Bytes, mut each: impl FnMut(u32, Field) -> Result<()>) -> Result<()> {
    const DECODED: &str = "the message was decoded before";
    while data.has_remaining() {
        let start = data.clone();
        let (tag, kind) = decode_key(&mut data).expect(DECODED);
        let mut content = Bytes::new();
        if kind == WireType::LengthDelimited {
            let length = decode_varint(&mut data).expect(DECODED) as usize;
            content = data.split_to(length);
        } else {
            skip_field(kind, tag, &mut data, DecodeContext::default()).expect(DECODED);
        }
        let whole = start.slice(..start.len() - data.len());
        each(tag, Field { whole, content })?;
    }
    Ok(())
}

fn put_message(out: &mut Vec<u8>, tag: u32, content: &[u8]) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.put_slice(content);
}
