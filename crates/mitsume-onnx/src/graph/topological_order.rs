//! The order in which nodes are computed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use super::ValueId;
use crate::error::Result;
use crate::file::ModelFile;
use crate::proto::GraphProto;

/// The nodes that the output depends on, in topological order: of those whose inputs are available,
/// the first in the file comes first. `known` are the input and the initialisers.
pub(super) fn topological_order(
    file: &ModelFile,
    known: &HashMap<String, ValueId>,
    graph: &GraphProto,
    output: &str,
) -> Result<Vec<usize>> {
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if known.contains_key(name) || producers.insert(name, index).is_some() {
                return Err(file.error(format!("two values are named \"{name}\"")));
            }
        }
    }
    let missing = |name: &str| {
        file.error(format!(
            "\"{name}\" is used, but is neither an input, an initialiser nor any node's output"
        ))
    };
    let mut stack: Vec<usize> = match producers.get(output) {
        Some(&index) => vec![index],
        None if known.contains_key(output) => Vec::new(),
        None => return Err(missing(output)),
    };
    let mut dependencies = Dependencies::default();
    while let Some(index) = stack.pop() {
        if dependencies.unmet.contains_key(&index) {
            continue;
        }
        let mut inputs = BTreeSet::new();
        for name in &graph.node[index].input {
            if !name.is_empty() && !known.contains_key(name) {
                inputs.insert(*producers.get(name.as_str()).ok_or_else(|| missing(name))?);
            }
        }
        dependencies.unmet.insert(index, inputs.len());
        for producer in inputs {
            dependencies
                .readers
                .entry(producer)
                .or_default()
                .push(index);
            stack.push(producer);
        }
    }
    dependencies.sorted().map_err(|index| {
        let name = &graph.node[index].name;
        file.error(format!("node \"{name}\" depends on its own output"))
    })
}

/// Which nodes wait for which, by index.
#[derive(Default)]
struct Dependencies {
    /// Number of nodes that each node still waits for.
    unmet: BTreeMap<usize, usize>,
    /// Nodes that read an output of each node.
    readers: HashMap<usize, Vec<usize>>,
}

impl Dependencies {
    /// Kahn's algorithm; a node on a cycle, or behind one, as error.
    fn sorted(mut self) -> Result<Vec<usize>, usize> {
        let ready = self.unmet.iter().filter(|(_, unmet)| **unmet == 0);
        let mut ready: BinaryHeap<Reverse<usize>> =
            ready.map(|(&index, _)| Reverse(index)).collect();
        let mut order = Vec::with_capacity(self.unmet.len());
        while let Some(Reverse(index)) = ready.pop() {
            order.push(index);
            for &reader in self.readers.get(&index).into_iter().flatten() {
                let unmet = self.unmet.get_mut(&reader).expect("it was counted");
                *unmet -= 1;
                if *unmet == 0 {
                    ready.push(Reverse(reader));
                }
            }
        }
        match self.unmet.into_iter().find(|(_, unmet)| *unmet > 0) {
            Some((index, _)) => Err(index),
            None => Ok(order),
        }
    }
}
