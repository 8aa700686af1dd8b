//! Which initialisers of a graph are its parameters.

use std::collections::HashSet;

use super::ValueId;
use super::builder::Builder;
use crate::error::Result;
use crate::proto::GraphProto;

/// A parameter or running statistic of a graph that is read to be trained.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// The initialiser's name: in a training export that of the state dict.
    pub name: String,
    pub id: ValueId,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Inputs that are weights, by operator.
const WEIGHT_INPUTS: [(&str, &[usize]); 7] = [
    ("Conv", &[1, 2]),
    ("Gemm", &[1, 2]),
    ("MatMul", &[0, 1]),
    ("BatchNormalization", &[1, 2, 3, 4]),
    ("LayerNormalization", &[1, 2]),
    ("InstanceNormalization", &[1, 2]),
    ("PRelu", &[1]),
];

/// Names of values that some operator takes as weights.
pub(super) fn weight_names(graph: &GraphProto) -> HashSet<&str> {
    let mut names = HashSet::new();
    for node in &graph.node {
        let entry = WEIGHT_INPUTS.iter().find(|(op, _)| *op == node.op_type);
        let places = entry.map_or(&[][..], |(_, places)| places);
        names.extend(
            places
                .iter()
                .filter_map(|&i| node.input.get(i))
                .map(String::as_str),
        );
    }
    names
}

/// Whether an initialiser of floats is a parameter: it is taken as weights, or it is an array with a
/// name of the user's. Exporters give constants names of their own.
pub(super) fn is_parameter(name: &str, shape: &[usize], weights: &HashSet<&str>) -> bool {
    weights.contains(name) || (!shape.is_empty() && has_state_dict_name(name))
}

/// Whether a name is one of the model's state dict, rather than made by an exporter.
pub(crate) fn has_state_dict_name(name: &str) -> bool {
    let made = [
        "onnx::", "val_", "_val_", "/", "Constant", "_inlfunc", "const_",
    ];
    !name.is_empty() && !made.iter().any(|prefix| name.starts_with(prefix))
}

impl Builder<'_> {
    /// Makes value `id` a parameter.
    pub(super) fn add_parameter(
        &mut self,
        name: &str,
        id: ValueId,
        shape: Vec<usize>,
        values: Vec<f32>,
    ) {
        self.floats.insert(id);
        self.trained.push(Parameter {
            name: name.to_owned(),
            id,
            shape,
            values,
        });
    }

    /// If value `id` is a parameter: another one with the same values. PyTorch's exporter stores
    /// parameters that are equal once and passes them on through Identity nodes.
    pub(super) fn copy_parameter(&mut self, id: ValueId, name: &str) -> Result<bool> {
        let Some(parameter) = self.trained.iter().find(|parameter| parameter.id == id) else {
            return Ok(false);
        };
        let (shape, values) = (parameter.shape.clone(), parameter.values.clone());
        let id = self.new_value(name)?;
        self.add_parameter(name, id, shape, values);
        Ok(true)
    }
}
