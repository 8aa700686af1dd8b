//! GatherND.

use super::gather::index_from_front;
use super::selection::vjp_of_selection;
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::ints::{Ints, dimension};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value, index_tensor};

/// Selects parts of a tensor by their positions along its first axes: indices [B..., I..., d] of data
/// [B..., d axes, P...] give [B..., I..., P...].
#[derive(Debug)]
pub(super) struct GatherNd {
    batch_axes: usize,
}

impl GatherNd {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        Ok(Self {
            batch_axes: dimension(node.attributes.int("batch_dims", 0))?,
        })
    }
}

impl Operator for GatherNd {
    fn vjp(&self, inputs: Inputs, cotangent: Floats) -> Result<Vec<Option<Floats>>, OperatorError> {
        vjp_of_selection(self, inputs, cotangent)
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.take(0)?;
        let indices = inputs.take(1)?.int()?;
        let shape = x.shape().to_vec();
        let batch = self.batch_axes;
        let depth = *indices.shape.last().ok_or("indices of no axes")?;
        let fits = batch < indices.shape.len()
            && batch + depth <= shape.len()
            && indices.shape[..batch] == shape[..batch];
        if !fits || depth == 0 {
            return Err(OperatorError::Invalid(format!(
                "indices of shape {:?}, {batch} of the axes batches, for data of shape {shape:?}",
                indices.shape
            )));
        }
        let batches: usize = shape[..batch].iter().product();
        let part: usize = shape[batch + depth..].iter().product();
        let own: usize = shape[batch..batch + depth].iter().product();
        let out = [
            &indices.shape[..indices.shape.len() - 1],
            &shape[batch + depth..],
        ]
        .concat();
        let count = limits::elements(&out)?;
        let per_batch = (indices.data.len() / depth).checked_div(batches);
        let per_batch = per_batch.unwrap_or(0).max(1);
        let mut starts = Vec::with_capacity(indices.data.len() / depth);
        for (i, index) in indices.data.chunks_exact(depth).enumerate() {
            let mut at = 0;
            for (&index, &side) in index.iter().zip(&shape[batch..]) {
                at = at * side + index_from_front(index, side)?;
            }
            starts.push(i / per_batch * own + at);
        }
        let value = match x {
            Value::Int(x) => {
                let mut data = Vec::with_capacity(count);
                for start in starts {
                    data.extend_from_slice(&x.data[start * part..][..part]);
                }
                Value::Int(Ints::new(data, out)?)
            }
            Value::Float(x) => {
                let x = x.into_tensor([batches * own, part]);
                let starts = index_tensor(starts, &x.device());
                Value::Float(Floats::from_tensor(x.select(0, starts)).reshaped(out)?)
            }
        };
        Ok(vec![value])
    }
}
