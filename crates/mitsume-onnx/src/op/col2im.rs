//! Col2Im.

use burn::tensor::{IndexingUpdateOp, Tensor};

use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::dimension;
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value, index_tensor};

/// Adds up the blocks that a sliding window would cut from an image: [N, C * rows * columns of a block,
/// blocks] to [N, C, h, w]. Inputs: the blocks, the size of the image and that of a block.
#[derive(Debug)]
pub(super) struct Col2Im {
    strides: Option<Vec<i64>>,
    dilations: Option<Vec<i64>>,
    pads: Option<Vec<i64>>,
}

impl Col2Im {
    pub fn parse(node: &mut NodeInfo) -> Self {
        let attributes = &mut node.attributes;
        Self {
            strides: attributes.ints("strides"),
            dilations: attributes.ints("dilations"),
            pads: attributes.ints("pads"),
        }
    }
}

/// Two values: of rows and columns.
fn pair(values: Option<Vec<i64>>, default: i64) -> Result<[usize; 2], OperatorError> {
    let values = values.unwrap_or_else(|| vec![default; 2]);
    let [a, b] = values[..].try_into().map_err(|_| {
        OperatorError::Unsupported(format!("{values:?}: only images of two axes are supported"))
    })?;
    Ok([dimension(a)?, dimension(b)?])
}

impl Operator for Col2Im {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let size = pair(inputs.ints(1)?, 0)?;
        let block = pair(inputs.ints(2)?, 0)?;
        let stride = pair(self.strides.clone(), 1)?;
        let dilation = pair(self.dilations.clone(), 1)?;
        let pads = self.pads.clone().unwrap_or_else(|| vec![0; 4]);
        let pads: Vec<usize> = pads.into_iter().map(dimension).collect::<Result<_, _>>()?;
        let pads: [usize; 4] = pads.try_into().map_err(|_| "four pads expected")?;
        let shape = x.shape().to_vec();
        let [n, features, blocks] = shape[..] else {
            return Err(OperatorError::Invalid(format!(
                "blocks of shape {shape:?}: three axes expected"
            )));
        };
        let numbers = [size, block, stride, dilation].concat();
        if numbers.iter().any(|&v| v == 0 || v > 1 << 16) || pads.iter().any(|&pad| pad > 1 << 16) {
            return Err(OperatorError::Invalid(format!(
                "an image of {size:?}, blocks of {block:?}, strides {stride:?}, dilations {dilation:?}, \
                 pads {pads:?}"
            )));
        }
        let along = [0, 1].map(|axis| {
            let extent = (block[axis] - 1) * dilation[axis] + 1;
            let padded = size[axis] + pads[axis] + pads[axis + 2];
            padded
                .checked_sub(extent)
                .map_or(0, |rest| rest / stride[axis] + 1)
        });
        let taps = block[0] * block[1];
        if blocks != along[0] * along[1] || !features.is_multiple_of(taps) {
            return Err(OperatorError::Invalid(format!(
                "blocks of shape {shape:?} where {along:?} of {taps} values are expected"
            )));
        }
        let channels = features / taps;
        let out = vec![n, channels, size[0], size[1]];
        limits::elements(&out)?;
        // Where each value of a channel goes; those in the padding go nowhere.
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for place in 0..taps * blocks {
            let (tap, at) = (place / blocks, place % blocks);
            let [row, column] = [
                at / along[1] * stride[0] + tap / block[1] * dilation[0],
                at % along[1] * stride[1] + tap % block[1] * dilation[1],
            ];
            let (row, column) = (row.wrapping_sub(pads[0]), column.wrapping_sub(pads[1]));
            if row < size[0] && column < size[1] {
                from.push(place);
                to.push(row * size[1] + column);
            }
        }
        let x = x.into_tensor([n * channels, taps * blocks]);
        let device = x.device();
        let zeros = Tensor::<2>::zeros([n * channels, size[0] * size[1]], &device);
        let values = x.select(1, index_tensor(from, &device));
        let y = zeros.select_assign(1, index_tensor(to, &device), values, IndexingUpdateOp::Add);
        Ok(vec![Value::Float(Floats::from_tensor(y).reshaped(out)?)])
    }
}
