//! Resize, as far as classifiers have it: nearest, by whole factors.

use super::{Inputs, Operator, Reading};
use crate::limits;
use crate::value::{Floats, Value};

/// Each pixel as a block of pixels.
#[derive(Debug)]
pub(crate) struct Resize;

impl Resize {
    pub fn parse(node: &mut Reading) -> Result<Self, String> {
        let attributes = &mut node.attributes;
        let mode = attributes.text("mode")?;
        if mode != "nearest" && !mode.is_empty() {
            return Err(format!("mode {mode} is not supported, only nearest"));
        }
        for name in [
            "coordinate_transformation_mode",
            "nearest_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
        ] {
            // By whole factors all of them give the same.
            attributes.ignore(name);
        }
        attributes.only("antialias", 0)?;
        Ok(Self)
    }
}

impl Operator for Resize {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, String> {
        let x = inputs.float(0)?;
        let [n, c, h, w] = x.image()?;
        let factors = match (inputs.optional(2), inputs.ints(3)?) {
            (_, Some(sizes)) => sizes
                .iter()
                .zip(x.shape())
                .map(|(&to, &from)| to as f32 / from as f32)
                .collect(),
            (Some(Value::Float(scales)), None) => {
                let count = scales.shape().iter().product::<usize>();
                let scales = scales.view([count]).into_data().convert::<f32>();
                scales.try_into_vec().map_err(|e| format!("{e:?}"))?
            }
            _ => return Err("neither sizes nor scales".into()),
        };
        let whole = |factor: f32| {
            let is_whole = (1.0..=64.0).contains(&factor) && factor.fract() == 0.0;
            is_whole.then_some(factor as usize)
        };
        let [1.0, 1.0, down, along] = factors[..] else {
            return Err(format!("factors {factors:?}"));
        };
        let (Some(down), Some(along)) = (whole(down), whole(along)) else {
            return Err(format!(
                "by {down} and {along}: only whole factors are supported"
            ));
        };
        let shape = vec![n, c, h * down, w * along];
        limits::elements(&shape)?;
        let y = x
            .view([n * c * h, 1, w, 1])
            .repeat_dim(3, along)
            .repeat_dim(1, down);
        Ok(vec![Value::Float(Floats::from_tensor(y).reshaped(shape)?)])
    }
}
