//! Resize: nearest neighbour by whole factors, which is what classifiers use.

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// Repeats each pixel as a block of pixels.
#[derive(Debug)]
pub(crate) struct Resize {
    /// Position of the scales among the inputs.
    scales: usize,
}

impl Resize {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        // Opset 10 has no region of interest and no coordinate modes.
        let scales = if node.opset < 11 { 1 } else { 2 };
        let attributes = &mut node.attributes;
        let mode = attributes.text("mode")?;
        if mode != "nearest" && !mode.is_empty() {
            return Err(OperatorError::Unsupported(format!(
                "mode {mode} is not supported, only nearest"
            )));
        }
        let coordinates = attributes.text("coordinate_transformation_mode")?;
        let rounding = attributes.text("nearest_mode")?;
        if scales == 2 && !is_pixel_repetition(&coordinates, &rounding) {
            return Err(OperatorError::Unsupported(format!(
                "coordinate_transformation_mode {coordinates} with nearest_mode {rounding} is not supported"
            )));
        }
        for name in [
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "keep_aspect_ratio_policy",
        ] {
            // Used by other modes, or with sizes that are not whole multiples.
            attributes.ignore(name);
        }
        attributes.only("antialias", 0)?;
        Ok(Self { scales })
    }
}

/// Whether every whole factor repeats each pixel as a block; empty strings are the defaults.
fn is_pixel_repetition(coordinates: &str, rounding: &str) -> bool {
    match coordinates {
        // No position is half way between two pixels, so the rounding of ties does not matter.
        "" | "half_pixel" | "half_pixel_symmetric" => {
            matches!(rounding, "" | "round_prefer_floor" | "round_prefer_ceil")
        }
        "asymmetric" => rounding == "floor",
        _ => false,
    }
}

impl Operator for Resize {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let [n, c, h, w] = x.image_shape()?;
        let factors = match (inputs.optional(self.scales), inputs.ints(3)?) {
            (_, Some(sizes)) => sizes
                .iter()
                .zip(x.shape())
                .map(|(&to, &from)| to as f32 / from as f32)
                .collect(),
            (Some(Value::Float(scales)), None) => {
                let count = scales.shape().iter().product::<usize>();
                let scales = scales.into_tensor([count]).into_data().convert::<f32>();
                scales
                    .try_into_vec()
                    .map_err(|e| OperatorError::Invalid(format!("{e:?}")))?
            }
            _ => return Err(OperatorError::Invalid("neither sizes nor scales".into())),
        };
        let whole = |factor: f32| {
            let is_whole = (1.0..=64.0).contains(&factor) && factor.fract() == 0.0;
            is_whole.then_some(factor as usize)
        };
        let [1.0, 1.0, down, along] = factors[..] else {
            return Err(OperatorError::Invalid(format!("factors {factors:?}")));
        };
        let (Some(down), Some(along)) = (whole(down), whole(along)) else {
            return Err(OperatorError::Invalid(format!(
                "by {down} and {along}: only whole factors are supported"
            )));
        };
        let shape = vec![n, c, h * down, w * along];
        limits::elements(&shape)?;
        let y = x
            .into_tensor([n * c * h, 1, w, 1])
            .repeat_dim(3, along)
            .repeat_dim(1, down);
        Ok(vec![Value::Float(Floats::from_tensor(y).reshaped(shape)?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The input pixel, by the definition of the operator.
    fn pixel(coordinates: &str, rounding: &str, at: usize, factor: usize) -> usize {
        let (at, factor) = (at as f64, factor as f64);
        let place: f64 = match coordinates {
            "asymmetric" => at / factor,
            "align_corners" => at * 4.0 / (5.0 * factor - 1.0),
            _ => (at + 0.5) / factor - 0.5,
        };
        let place = match rounding {
            "floor" => place.floor(),
            "ceil" => place.ceil(),
            "round_prefer_ceil" => (place + 0.5).floor(),
            _ => (place - 0.5).ceil(),
        };
        place.clamp(0.0, 4.0) as usize
    }

    #[test]
    fn only_whole_factor_nearest_resizes_are_pixel_repetitions() {
        for coordinates in ["half_pixel", "asymmetric", "align_corners"] {
            for rounding in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] {
                let is_one = (1..=64).all(|factor| {
                    (0..5 * factor)
                        .all(|at| pixel(coordinates, rounding, at, factor) == at / factor)
                });
                assert_eq!(
                    is_pixel_repetition(coordinates, rounding),
                    is_one,
                    "{coordinates} {rounding}"
                );
            }
        }
    }
}
