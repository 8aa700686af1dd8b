//! The image that goes in and the logits that come out.

use super::builder::Builder;
use super::{ImageInput, ReadFor};
use crate::error::Result;
use crate::proto::{GraphProto, ValueInfoProto, data_type};

impl Builder<'_> {
    /// The one input that is no initialiser.
    pub(super) fn image_input(&mut self, graph: &GraphProto) -> Result<ImageInput> {
        let is_not_initialiser = |input: &&ValueInfoProto| !self.names.contains_key(&input.name);
        let inputs: Vec<_> = graph.input.iter().filter(is_not_initialiser).collect();
        let [input] = inputs[..] else {
            let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
            return Err(self.file.error(format!(
                "{} inputs ({}): one image input expected",
                names.len(),
                names.join(", ")
            )));
        };
        let tensor = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
        let element = tensor.map_or(0, |t| t.elem_type);
        let shape = tensor.and_then(|t| t.shape.as_ref());
        let sides: Vec<i64> =
            shape.map_or(Vec::new(), |s| s.dim.iter().map(|d| d.dim_value).collect());
        let input_error = |reason: String| {
            self.file
                .error(format!("input \"{}\": {reason}", input.name))
        };
        // Floating types are computed as float32.
        let known = match self.read_for {
            ReadFor::Evaluation => &data_type::FLOATS[..],
            ReadFor::Training => &[data_type::FLOAT],
        };
        if !known.contains(&element) {
            return Err(input_error(format!(
                "data type {element}: float32 images expected"
            )));
        }
        let sides: [i64; 4] = sides.try_into().map_err(|sides| {
            input_error(format!("shape {sides:?}: images [N, C, H, W] expected"))
        })?;
        let mut known = [None; 4];
        for (known, side) in known.iter_mut().zip(sides) {
            *known = match side {
                ..=0 => None,
                1..=16_384 => Some(side as usize),
                _ => return Err(input_error(format!("a side of {side}"))),
            };
        }
        let id = self.new_value(&input.name)?;
        self.floats.insert(id);
        Ok(ImageInput { id, shape: known })
    }

    /// The output that holds logits: the first with two axes, or else the first.
    pub(super) fn output_name(&self, graph: &GraphProto) -> Result<String> {
        let rank = |output: &ValueInfoProto| {
            let tensor = output.r#type.as_ref()?.tensor_type.as_ref()?;
            Some(tensor.shape.as_ref()?.dim.len())
        };
        let mut outputs = graph.output.iter();
        let logits = outputs.clone().find(|output| rank(output) == Some(2));
        let output = logits.or_else(|| outputs.next());
        let output = output.ok_or_else(|| self.file.error("it has no output"))?;
        Ok(output.name.clone())
    }
}
