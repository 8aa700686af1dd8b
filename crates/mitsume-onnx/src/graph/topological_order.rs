//! The order in which nodes are computed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::ValueId;
use crate::error::Result;
use crate::file::ModelFile;
use crate::proto::GraphProto;

/// Nodes the output depends on, in an order in which they can be computed: of those that can be next,
/// the first in the file. `known` are the input and the initialisers.
pub(super) fn topological_order(
    file: &ModelFile,
    known: &HashMap<String, ValueId>,
    graph: &GraphProto,
    output: &str,
) -> Result<Vec<usize>> {
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if known.contains_key(name) || maker.insert(name, index).is_some() {
                return Err(file.wrong(format!("two values are named \"{name}\"")));
            }
        }
    }
    let inputs = |index: usize| {
        let names = graph.node[index]
            .input
            .iter()
            .filter(|name| !name.is_empty());
        names.filter(|name| !known.contains_key(*name))
    };
    let missing = |name: &str| {
        file.wrong(format!(
            "\"{name}\" is used, but is neither an input, an initialiser nor any node's output"
        ))
    };
    let mut needed = BTreeSet::new();
    let mut open: Vec<usize> = match maker.get(output) {
        Some(&index) => vec![index],
        None if known.contains_key(output) => Vec::new(),
        None => return Err(missing(output)),
    };
    let mut uses: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut waiting: HashMap<usize, usize> = HashMap::new();
    while let Some(index) = open.pop() {
        if !needed.insert(index) {
            continue;
        }
        let mut from = BTreeSet::new();
        for name in inputs(index) {
            let before = *maker.get(name.as_str()).ok_or_else(|| missing(name))?;
            from.insert(before);
        }
        waiting.insert(index, from.len());
        for before in from {
            uses.entry(before).or_default().push(index);
            open.push(before);
        }
    }
    let ready = needed.iter().filter(|index| waiting[index] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(|&index| Reverse(index)).collect();
    let mut order = Vec::with_capacity(needed.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &after in uses.get(&index).into_iter().flatten() {
            let left = waiting.get_mut(&after).expect("it was counted");
            *left -= 1;
            if *left == 0 {
                ready.push(Reverse(after));
            }
        }
    }
    if order.len() < needed.len() {
        let stuck = needed.iter().find(|index| waiting[index] > 0);
        let name = stuck.map_or("", |&index| &graph.node[index].name);
        return Err(file.wrong(format!("node \"{name}\" depends on its own output")));
    }
    Ok(order)
}
