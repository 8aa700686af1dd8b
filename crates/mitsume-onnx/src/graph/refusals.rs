//! What a file has that is not supported, all of it.

use std::collections::{BTreeMap, HashSet};

use super::ValueId;
use crate::error::Error;
use crate::file::ModelFile;
use crate::op::OperatorError;

/// Most kinds of refusals that are listed.
const MAX_LISTED: usize = 20;

/// Nodes that cannot be read, and the values that depend on them.
#[derive(Default)]
pub(super) struct Refusals {
    /// By operator and reason; no reason: the operator is not supported at all.
    kinds: BTreeMap<(String, Option<String>), Refused>,
    /// Values of refused nodes, and those computed from them.
    unreliable: HashSet<ValueId>,
}

/// Nodes that are refused for one reason.
struct Refused {
    first: String,
    /// The reason of the first.
    reason: Option<OperatorError>,
    count: usize,
}

impl Refusals {
    /// Adds a node; no reason: its operator is not supported.
    pub fn add(&mut self, operator: &str, node: &str, reason: Option<OperatorError>) {
        let key = (
            operator.to_owned(),
            reason.as_ref().map(ToString::to_string),
        );
        let first = || Refused {
            first: node.to_owned(),
            reason,
            count: 0,
        };
        self.kinds.entry(key).or_insert_with(first).count += 1;
    }

    /// Marks values as depending on a refused node.
    pub fn mark(&mut self, values: impl IntoIterator<Item = ValueId>) {
        self.unreliable.extend(values);
    }

    /// Whether any of `inputs` depends on a refused node.
    pub fn affect(&self, inputs: &[Option<ValueId>]) -> bool {
        inputs
            .iter()
            .flatten()
            .any(|id| self.unreliable.contains(id))
    }

    /// An error that lists all of them; `None` if there are none.
    pub fn error(&mut self, file: &ModelFile) -> Option<Error> {
        if self.is_one_reason()
            && let Some(((operator, _), refused)) = self.kinds.pop_first()
        {
            return Some(Error::Operator {
                node: refused.first,
                operator,
                reason: refused.reason?,
            });
        }
        let unknown = self.listed(|reason| reason.is_none());
        let others = self.listed(|reason| reason.is_some());
        let text = match (unknown.is_empty(), others.is_empty()) {
            (true, true) => return None,
            (false, true) => format!("operators that are not supported: {unknown}"),
            (true, false) => format!("nodes that are not supported: {others}"),
            (false, false) => {
                format!("operators that are not supported: {unknown}; and nodes: {others}")
            }
        };
        Some(file.error(text))
    }

    fn is_one_reason(&self) -> bool {
        self.kinds.len() == 1 && self.kinds.keys().all(|(_, reason)| reason.is_some())
    }

    fn listed(&self, wanted: impl Fn(&Option<String>) -> bool) -> String {
        let kinds = self.kinds.iter().filter(|((_, reason), _)| wanted(reason));
        let total = kinds.clone().count();
        let mut texts: Vec<String> = kinds.take(MAX_LISTED).map(text).collect();
        if total > MAX_LISTED {
            texts.push(format!("and {} more kinds", total - MAX_LISTED));
        }
        texts.join(", ")
    }
}

fn text(((operator, reason), refused): (&(String, Option<String>), &Refused)) -> String {
    let more = match refused.count {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let reason = reason
        .as_ref()
        .map_or(String::new(), |reason| format!(": {reason}"));
    format!("{operator} (node {}{more}){reason}", refused.first)
}
