//! Attributes of a node. Each is taken once; any that remain are refused.

use std::collections::BTreeMap;

use crate::constant::Constant;
use crate::op::OperatorError;
use crate::proto::AttributeProto;

/// Attributes that have not been taken yet.
#[derive(Default)]
pub(crate) struct Attributes(BTreeMap<String, AttributeProto>);

impl Attributes {
    pub fn new(attributes: Vec<AttributeProto>) -> Self {
        Self(
            attributes
                .into_iter()
                .map(|attribute| (attribute.name.clone(), attribute))
                .collect(),
        )
    }

    /// Whether the attribute is present.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether an integer is present and not 0.
    pub fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|a| a.i != 0)
    }

    /// Number of integers; `None` if the attribute is missing.
    pub fn length(&self, name: &str) -> Option<usize> {
        self.0.get(name).map(|a| a.ints.len())
    }

    /// Sets integers.
    pub fn put(&mut self, name: &str, ints: Vec<i64>) {
        let attribute = AttributeProto {
            name: name.to_owned(),
            ints,
            ..AttributeProto::default()
        };
        self.0.insert(name.to_owned(), attribute);
    }

    /// An integer.
    pub fn int(&mut self, name: &str, default: i64) -> i64 {
        self.0.remove(name).map_or(default, |a| a.i)
    }

    /// A float.
    pub fn float(&mut self, name: &str, default: f32) -> f32 {
        self.0.remove(name).map_or(default, |a| a.f)
    }

    /// Integers; `None` if the attribute is missing.
    pub fn ints(&mut self, name: &str) -> Option<Vec<i64>> {
        self.0.remove(name).map(|a| a.ints)
    }

    /// Floats; `None` if the attribute is missing.
    pub fn floats(&mut self, name: &str) -> Option<Vec<f32>> {
        self.0.remove(name).map(|a| a.floats)
    }

    /// A string; empty if the attribute is missing.
    pub fn text(&mut self, name: &str) -> Result<String, OperatorError> {
        let bytes = self.0.remove(name).map(|a| a.s).unwrap_or_default();
        String::from_utf8(bytes.into())
            .map_err(|_| OperatorError::Invalid(format!("attribute {name} is no text")))
    }

    /// A tensor; `None` if the attribute is missing.
    pub fn tensor(&mut self, name: &str) -> Result<Option<Constant>, OperatorError> {
        let tensor = self.0.remove(name).and_then(|a| a.t);
        tensor.map(|t| Constant::read(&t, None)).transpose()
    }

    /// Refuses the attribute unless it has the one value supported (or is missing).
    pub fn only(&mut self, name: &str, value: i64) -> Result<(), OperatorError> {
        match self.int(name, value) {
            found if found == value => Ok(()),
            found => Err(OperatorError::Unsupported(format!(
                "{name} = {found} is not supported, only {value}"
            ))),
        }
    }

    /// Ignores an attribute that does not affect the result.
    pub fn ignore(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// An error if attributes remain.
    pub fn finish(self) -> Result<(), OperatorError> {
        match self.0.into_keys().next() {
            Some(name) => Err(OperatorError::Unsupported(format!(
                "attribute {name} is not supported"
            ))),
            None => Ok(()),
        }
    }
}
