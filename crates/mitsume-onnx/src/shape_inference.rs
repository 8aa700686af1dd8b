//! Shapes of all values of a graph, for one image or a fixed batch.

use std::collections::{HashMap, HashSet};

use burn::tensor::{Device, Tensor};

use crate::error::{Error, Result};
use crate::execution_plan::{ExecutionPlan, Values};
use crate::fuse::Shapes;
use crate::graph::{Graph, Node, ValueId};
use crate::limits;
use crate::value::{Floats, Value};

/// Most values of an integer tensor that is kept: of axes, sizes and positions.
const MAX_INTS: usize = 1024;

/// A value of which the shape is known. There are few of them, so boxing would save nothing.
#[allow(clippy::large_enum_variant)]
enum Known {
    /// float32 numbers that need not be known.
    Shape(Vec<usize>),
    Value(Value),
}

impl Known {
    fn shape(&self) -> &[usize] {
        match self {
            Self::Shape(shape) => shape,
            Self::Value(value) => value.shape(),
        }
    }
}

/// Infers shapes node by node. Of the image only the shape is known, and of what is computed from it: convolutions,
/// products and element-wise operators tell theirs; others are run on zeros. What does not depend on the image, such
/// as sizes, is computed.
pub(crate) struct ShapeInference<'a> {
    graph: &'a Graph,
    device: &'a Device,
    known: HashMap<ValueId, Known>,
    shapes: Shapes,
    ints: HashMap<ValueId, Vec<i64>>,
    /// Integers that depend on the image's pixels, such as the position of the largest: theirs are those of zeros.
    of_pixels: HashSet<ValueId>,
}

/// Shapes of all values, and the values of short integer tensors.
pub(crate) type InferredShapes = (Shapes, HashMap<ValueId, Vec<i64>>);

impl<'a> ShapeInference<'a> {
    /// For images of shape `image`, [N, C, H, W].
    pub fn new(graph: &'a Graph, image: [usize; 4], device: &'a Device) -> Self {
        let input = graph.input.id;
        Self {
            graph,
            device,
            known: HashMap::from([(input, Known::Shape(image.to_vec()))]),
            shapes: HashMap::from([(input, image.to_vec())]),
            ints: HashMap::new(),
            of_pixels: HashSet::new(),
        }
    }

    /// Infers all.
    ///
    /// # Errors
    /// What an operator refuses.
    pub fn run(mut self) -> Result<InferredShapes> {
        let mut last_use: HashMap<ValueId, usize> = HashMap::new();
        for (index, node) in self.graph.nodes.iter().enumerate() {
            for id in node.runtime_inputs() {
                last_use.insert(id, index);
            }
        }
        for (index, node) in self.graph.nodes.iter().enumerate() {
            match self.told(node)? {
                Some(shape) => self.keep(node.outputs[0], Known::Shape(shape)),
                None => {
                    let depends = self.depends_on_image(node);
                    let mut inputs = node.runtime_inputs();
                    let of_pixels = depends || inputs.any(|id| self.of_pixels.contains(&id));
                    if of_pixels && node.op_type != "Shape" {
                        self.of_pixels.extend(node.outputs.iter().flatten());
                    }
                    for (id, value) in self.computed(node)? {
                        let known = match value {
                            Value::Float(floats) if depends => {
                                Known::Shape(floats.shape().to_vec())
                            }
                            value => Known::Value(value),
                        };
                        self.keep(Some(id), known);
                    }
                }
            }
            for id in node.runtime_inputs() {
                if last_use[&id] == index {
                    self.known.remove(&id);
                }
            }
        }
        Ok((self.shapes, self.ints))
    }

    /// Whether the node reads a value of which only the shape is known.
    fn depends_on_image(&self, node: &Node) -> bool {
        let mut inputs = node.runtime_inputs();
        inputs.any(|id| matches!(self.known.get(&id), Some(Known::Shape(_))))
    }

    fn keep(&mut self, id: Option<ValueId>, known: Known) {
        let Some(id) = id else { return };
        self.shapes.insert(id, known.shape().to_vec());
        if let Known::Value(Value::Int(known)) = &known
            && known.data.len() <= MAX_INTS
            && !self.of_pixels.contains(&id)
        {
            self.ints.insert(id, known.data.clone());
        }
        self.known.insert(id, known);
    }

    /// The shape of the node's output, if it depends on the image, all that it reads is float32, and it can tell.
    fn told(&self, node: &Node) -> Result<Option<Vec<usize>>> {
        if !self.depends_on_image(node) {
            return Ok(None);
        }
        let mut inputs: Vec<Option<&[usize]>> = vec![None; node.inputs.len()];
        let parsed = node.op.operator().parsed_inputs();
        let mut elements = 0usize;
        for (i, id) in node.inputs.iter().enumerate() {
            let Some(id) = id.filter(|_| !parsed.contains(&i)) else {
                continue;
            };
            let shape = match (self.known.get(&id), self.graph.constants.get(&id)) {
                (Some(Known::Value(Value::Int(_))), _) | (None, None | Some(Value::Int(_))) => {
                    return Ok(None);
                }
                (Some(known), _) => known.shape(),
                (None, Some(Value::Float(floats))) => floats.shape(),
            };
            elements = elements.saturating_add(shape.iter().product());
            inputs[i] = Some(shape);
        }
        let error = |reason| node.operator_error(reason);
        let Some(shape) = node.op.operator().output_shape(&inputs) else {
            return Ok(None);
        };
        let shape = shape.map_err(error)?;
        let own = limits::elements(&shape).map_err(error)?;
        if elements.saturating_add(own) > limits::MAX_LIVE_ELEMENTS {
            return Err(error("the model needs too much memory at once".into()));
        }
        Ok(Some(shape))
    }

    /// The node's outputs, of zeros where an input is not known.
    fn computed(&self, node: &Node) -> Result<Values> {
        let mut inputs = Values::new();
        for id in node.runtime_inputs() {
            let value = match self.known.get(&id) {
                None => continue,
                Some(Known::Value(value)) => value.clone(),
                Some(Known::Shape(shape)) => {
                    let zeros = Tensor::<1>::zeros([shape.iter().product::<usize>()], self.device);
                    let zeros = Floats::new(zeros, shape.clone());
                    Value::Float(zeros.map_err(|reason| Error::Request(reason.to_string()))?)
                }
            };
            inputs.insert(id, value);
        }
        let wanted: Vec<ValueId> = node.outputs.iter().flatten().copied().collect();
        let constants = &self.graph.constants;
        ExecutionPlan::new(vec![node.clone()], wanted, constants, self.device).run(inputs, false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use burn::tensor::{Device, Tensor};

    use crate::classifier::{Classifier, InputImages};
    use crate::execution_plan::{Pass, Values};
    use crate::value::{Floats, Value};

    #[test]
    fn shapes_are_those_of_the_values_that_are_computed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "onnx") {
                continue;
            }
            let device = Device::flex();
            let model = Classifier::open(&path, InputImages::default(), &device).unwrap();
            let [c, h, w] = model.image();
            let image = Value::Float(Floats::from_tensor(Tensor::<4>::ones(
                [1, c, h, w],
                &device,
            )));
            let plan = model.unfused_plan(model.graph.nodes.clone(), Vec::new());
            let pass = Pass {
                autodiff: false,
                training: None,
                records: true,
            };
            let values = plan
                .run_pass(Values::from([(model.graph.input.id, image)]), pass)
                .unwrap();
            for (id, value) in &values {
                assert_eq!(model.shapes[id], value.shape(), "{}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 500, "{seen} values");
    }
}
