//! Resize.

use burn::tensor::{Tensor, TensorData};

use super::resize_weights::{Coordinates, Interpolation, ResizedAxis, Rounding, Taps};
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::{axis, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::outer_axis_inner;
use crate::value::{Floats, Value, index_tensor};

/// Interpolates along each axis.
#[derive(Debug)]
pub(super) struct Resize {
    interpolation: Interpolation,
    coordinates: Coordinates,
    exclude_outside: bool,
    antialias: bool,
    extrapolation: f32,
    policy: AspectRatio,
    /// The axes that sizes, scales and the region are of; `None`: all.
    axes: Option<Vec<i64>>,
    /// Position of the scales among the inputs.
    scales: usize,
}

/// `keep_aspect_ratio_policy`
#[derive(Clone, Copy, Debug, PartialEq)]
enum AspectRatio {
    Stretch,
    NotLarger,
    NotSmaller,
}

impl Resize {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        // Opset 10 has no region of interest and no coordinate modes.
        let is_first = node.opset < 11;
        let attributes = &mut node.attributes;
        let coordinates = match attributes.text("coordinate_transformation_mode")?.as_str() {
            "" if is_first => Coordinates::Asymmetric,
            "" | "half_pixel" => Coordinates::HalfPixel,
            "half_pixel_symmetric" => Coordinates::HalfPixelSymmetric,
            "pytorch_half_pixel" => Coordinates::PytorchHalfPixel,
            "align_corners" => Coordinates::AlignCorners,
            "asymmetric" => Coordinates::Asymmetric,
            "tf_crop_and_resize" => Coordinates::CropAndResize,
            other => return Err(unknown("coordinate_transformation_mode", other)),
        };
        let rounding = match attributes.text("nearest_mode")?.as_str() {
            "" if is_first => Rounding::Floor,
            "" | "round_prefer_floor" => Rounding::PreferFloor,
            "round_prefer_ceil" => Rounding::PreferCeil,
            "floor" => Rounding::Floor,
            "ceil" => Rounding::Ceil,
            other => return Err(unknown("nearest_mode", other)),
        };
        let a = f64::from(attributes.float("cubic_coeff_a", -0.75));
        let interpolation = match attributes.text("mode")?.as_str() {
            "" | "nearest" => Interpolation::Nearest(rounding),
            "linear" => Interpolation::Linear,
            "cubic" => Interpolation::Cubic(a),
            other => return Err(unknown("mode", other)),
        };
        let policy = match attributes.text("keep_aspect_ratio_policy")?.as_str() {
            "" | "stretch" => AspectRatio::Stretch,
            "not_larger" => AspectRatio::NotLarger,
            "not_smaller" => AspectRatio::NotSmaller,
            other => return Err(unknown("keep_aspect_ratio_policy", other)),
        };
        Ok(Self {
            interpolation,
            coordinates,
            policy,
            exclude_outside: attributes.int("exclude_outside", 0) != 0,
            antialias: attributes.int("antialias", 0) != 0,
            extrapolation: attributes.float("extrapolation_value", 0.0),
            axes: attributes.ints("axes"),
            scales: if is_first { 1 } else { 2 },
        })
    }
}

fn unknown(name: &str, value: &str) -> OperatorError {
    OperatorError::Unsupported(format!("{name} {value} is not known"))
}

impl Operator for Resize {
    fn axis_rule(&self) -> AxisRule {
        match self.coordinates {
            Coordinates::CropAndResize => AxisRule::Unrelated,
            _ => AxisRule::Windowed,
        }
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let mut x = inputs.float(0)?;
        let resized = self.resized_axes(&mut inputs, x.shape())?;
        let mut shape = x.shape().to_vec();
        resized.iter().for_each(|(on, axis)| shape[*on] = axis.to);
        limits::elements(&shape)?;
        let mut outside = Vec::new();
        for (on, axis) in resized {
            let taps = axis.taps()?;
            if taps.iter().any(Vec::is_empty) {
                outside.push((
                    on,
                    taps.iter()
                        .map(|taps| f32::from(!taps.is_empty()))
                        .collect(),
                ));
            }
            let is_same = |(i, taps): (usize, &Taps)| taps[..] == [(i, 1.0)];
            if axis.from != axis.to || !taps.iter().enumerate().all(is_same) {
                x = interpolated(x, on, &taps)?;
            }
        }
        for (on, inside) in outside {
            x = extrapolated(x, on, inside, self.extrapolation)?;
        }
        Ok(vec![Value::Float(x)])
    }
}

impl Resize {
    /// The axes given, by number.
    fn resized_axes(
        &self,
        inputs: &mut Inputs,
        shape: &[usize],
    ) -> Result<Vec<(usize, ResizedAxis)>, OperatorError> {
        let rank = shape.len();
        let axes: Vec<usize> = match &self.axes {
            Some(axes) => axes
                .iter()
                .map(|&on| axis(on, rank))
                .collect::<Result<_, _>>()?,
            None => (0..rank).collect(),
        };
        let count = axes.len();
        let from: Vec<usize> = axes.iter().map(|&on| shape[on]).collect();
        let roi = match self.coordinates {
            Coordinates::CropAndResize => inputs.float(1)?.without_gradient().into_host()?,
            _ => [vec![0.0; count], vec![1.0; count]].concat(),
        };
        let (scales, sizes) = self.scales_and_sizes(inputs, &from)?;
        if roi.len() != 2 * count {
            return Err(OperatorError::Invalid(format!(
                "a region of {} numbers for {count} axes",
                roi.len()
            )));
        }
        let one = |i: usize| {
            if from[i] == 0 || sizes[i] == 0 || scales[i].is_nan() || scales[i] <= 0.0 {
                return Err(OperatorError::Invalid(format!(
                    "{} pixels to {} by {}",
                    from[i], sizes[i], scales[i]
                )));
            }
            let axis = ResizedAxis {
                from: from[i],
                to: sizes[i],
                scale: scales[i],
                roi: [f64::from(roi[i]), f64::from(roi[i + count])],
                coordinates: self.coordinates,
                interpolation: self.interpolation,
                exclude_outside: self.exclude_outside,
                antialias: self.antialias,
            };
            Ok((axes[i], axis))
        };
        (0..count).map(one).collect()
    }

    /// Scale and size of each axis, of length `from`, by the inputs.
    fn scales_and_sizes(
        &self,
        inputs: &mut Inputs,
        from: &[usize],
    ) -> Result<(Vec<f64>, Vec<usize>), OperatorError> {
        let scales = inputs.optional(self.scales).map(Value::float).transpose()?;
        let scales = scales.map(|scales| scales.without_gradient().into_host());
        match (inputs.ints(3)?, scales.transpose()?) {
            (Some(sizes), _) => {
                let sizes = sizes.into_iter().map(dimension).collect::<Result<_, _>>()?;
                self.scales_of(from, sizes)
            }
            (None, Some(scales)) if scales.len() == from.len() => {
                let sizes = from.iter().zip(&scales);
                let sizes = sizes.map(|(&from, &scale)| (from as f64 * f64::from(scale)).floor());
                let sizes = sizes.map(|size| size as usize).collect();
                Ok((scales.into_iter().map(f64::from).collect(), sizes))
            }
            _ => Err("sizes or scales of the axes expected".into()),
        }
    }

    /// Scales for `sizes`, which the aspect ratio may change.
    fn scales_of(
        &self,
        from: &[usize],
        sizes: Vec<usize>,
    ) -> Result<(Vec<f64>, Vec<usize>), OperatorError> {
        if sizes.len() != from.len() {
            return Err(OperatorError::Invalid(format!(
                "{} sizes for {} axes",
                sizes.len(),
                from.len()
            )));
        }
        let scales = sizes.iter().zip(from);
        let scales: Vec<f64> = scales.map(|(&to, &from)| to as f64 / from as f64).collect();
        let one = match self.policy {
            AspectRatio::Stretch => return Ok((scales, sizes)),
            AspectRatio::NotLarger => scales.into_iter().fold(f64::INFINITY, f64::min),
            AspectRatio::NotSmaller => scales.into_iter().fold(0.0, f64::max),
        };
        let sizes = from
            .iter()
            .map(|&from| (one * from as f64 + 0.5).floor() as usize);
        Ok((vec![one; from.len()], sizes.collect()))
    }
}

/// `x` with each position of an axis made of some of its own.
fn interpolated(x: Floats, on: usize, taps: &[Taps]) -> Result<Floats, OperatorError> {
    let mut shape = x.shape().to_vec();
    let [outer, from, inner] = outer_axis_inner(&shape, on);
    let to = taps.len();
    shape[on] = to;
    let x = x.into_tensor([outer, from, inner]);
    let device = x.device();
    let y = if taps.iter().all(|taps| matches!(taps[..], [] | [(_, 1.0)])) {
        let places = taps
            .iter()
            .map(|taps| taps.first().map_or(0, |(place, _)| *place));
        x.select(1, index_tensor(places, &device))
    } else {
        limits::elements(&[to, from])?;
        let mut matrix = vec![0f64; to * from];
        for (row, taps) in taps.iter().enumerate() {
            taps.iter()
                .for_each(|(place, weight)| matrix[row * from + place] += weight);
        }
        let matrix: Vec<f32> = matrix.into_iter().map(|weight| weight as f32).collect();
        let matrix = Tensor::<2>::from_data(TensorData::new(matrix, [to, from]), &device);
        if inner == 1 {
            let y = x.reshape([outer, from]).matmul(matrix.transpose());
            y.reshape([outer, to, 1])
        } else {
            matrix
                .reshape([1, to, from])
                .expand([outer, to, from])
                .matmul(x)
        }
    };
    Floats::from_tensor(y).reshaped(shape)
}

/// `x` with `value` where an axis is outside of the image; `inside` is 1 or 0 for each of its positions.
fn extrapolated(
    x: Floats,
    on: usize,
    inside: Vec<f32>,
    value: f32,
) -> Result<Floats, OperatorError> {
    let shape = x.shape().to_vec();
    let sides = outer_axis_inner(&shape, on);
    let x = x.into_tensor(sides);
    let count = inside.len();
    let inside = Tensor::<1>::from_data(TensorData::new(inside, [count]), &x.device());
    let inside = inside.reshape([1, count, 1]);
    let fill = inside.clone().neg().add_scalar(1.0).mul_scalar(value);
    Floats::from_tensor(x * inside + fill).reshaped(shape)
}
