//! Functions that a model defines: each call is replaced by the function's nodes.

use std::collections::HashMap;

use super::is_standard;
use crate::error::Result;
use crate::file::ModelFile;
use crate::limits;
use crate::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto};

/// Most calls within calls.
const MAX_DEPTH: usize = 16;

/// `graph` without calls of functions; those are taken out of the file.
pub(super) fn inlined(file: &mut ModelFile, mut graph: GraphProto) -> Result<GraphProto> {
    let functions = std::mem::take(&mut file.model.functions);
    if functions.is_empty() {
        return Ok(graph);
    }
    let mut sets = file.model.opset_import.iter();
    let opset = sets
        .find(|set| is_standard(&set.domain))
        .map(|set| set.version);
    let mut by_name = HashMap::new();
    for function in &functions {
        let mut own = function
            .opset_import
            .iter()
            .filter(|set| is_standard(&set.domain));
        if let Some(other) = own.find(|set| Some(set.version) != opset) {
            return Err(file.error(format!(
                "its function {} is of opset {}, another than the model's",
                function.name, other.version
            )));
        }
        if !function.overload.is_empty() {
            return Err(file.error(format!(
                "its function {} is overloaded, which is not supported",
                function.name
            )));
        }
        by_name.insert((function.domain.as_str(), function.name.as_str()), function);
    }
    let mut inliner = Inliner {
        functions: by_name,
        nodes: Vec::new(),
        calls: 0,
    };
    for node in std::mem::take(&mut graph.node) {
        inliner.add(node, 0).map_err(|reason| file.error(reason))?;
    }
    graph.node = inliner.nodes;
    Ok(graph)
}

struct Inliner<'a> {
    functions: HashMap<(&'a str, &'a str), &'a FunctionProto>,
    nodes: Vec<NodeProto>,
    /// Calls so far: those of functions without nodes count, too.
    calls: usize,
}

impl Inliner<'_> {
    fn add(&mut self, node: NodeProto, depth: usize) -> Result<(), String> {
        let key = (node.domain.as_str(), node.op_type.as_str());
        let Some(&function) = self.functions.get(&key) else {
            if self.nodes.len() >= limits::MAX_NODES {
                return Err(format!("more than {} nodes", limits::MAX_NODES));
            }
            self.nodes.push(node);
            return Ok(());
        };
        self.calls += 1;
        self.check_call(&node, function, depth)?;
        let call = match (node.name.is_empty(), node.output.first()) {
            (true, Some(output)) => output.clone(),
            _ => node.name.clone(),
        };
        // An input that is not given is empty; an output that nobody reads gets a name within the call.
        let mut names: HashMap<&str, &str> = HashMap::new();
        for (i, formal) in function.input.iter().enumerate() {
            names.insert(formal, node.input.get(i).map_or("", String::as_str));
        }
        for (formal, actual) in function.output.iter().zip(&node.output) {
            if !actual.is_empty() {
                names.insert(formal, actual);
            }
        }
        let renamed = |name: &String| match names.get(name.as_str()) {
            _ if name.is_empty() => String::new(),
            Some(actual) => (*actual).to_owned(),
            None => format!("{call}/{name}"),
        };
        for inner in &function.node {
            let mut inner = inner.clone();
            inner.input = inner.input.iter().map(renamed).collect();
            inner.output = inner.output.iter().map(renamed).collect();
            if !inner.name.is_empty() {
                inner.name = format!("{call}/{}", inner.name);
            }
            if inner.metadata_props.is_empty() {
                inner.metadata_props.clone_from(&node.metadata_props);
            }
            inner.attribute = attributes(inner.attribute, &node, function);
            self.add(inner, depth + 1)?;
        }
        Ok(())
    }

    /// An error if there are too many calls, or more inputs or outputs than the function has.
    fn check_call(
        &self,
        call: &NodeProto,
        function: &FunctionProto,
        depth: usize,
    ) -> Result<(), String> {
        if self.calls > limits::MAX_NODES {
            return Err(format!(
                "more than {} calls of functions",
                limits::MAX_NODES
            ));
        }
        if depth == MAX_DEPTH {
            return Err(format!(
                "its function {} calls functions more than {MAX_DEPTH} deep",
                function.name
            ));
        }
        if call.input.len() > function.input.len() || call.output.len() > function.output.len() {
            return Err(format!(
                "node \"{}\" has more inputs or outputs than its function {}",
                call.name, function.name
            ));
        }
        Ok(())
    }
}

/// Attributes of a function's node, with those that refer to the call's replaced; one that neither the call
/// nor a default gives is left out.
fn attributes(
    own: Vec<AttributeProto>,
    call: &NodeProto,
    function: &FunctionProto,
) -> Vec<AttributeProto> {
    let resolved = |attribute: AttributeProto| {
        if attribute.ref_attr_name.is_empty() {
            return Some(attribute);
        }
        let mut given = call.attribute.iter().chain(&function.attribute_proto);
        let value = given.find(|given| given.name == attribute.ref_attr_name)?;
        Some(AttributeProto {
            name: attribute.name,
            ..value.clone()
        })
    };
    own.into_iter().filter_map(resolved).collect()
}
