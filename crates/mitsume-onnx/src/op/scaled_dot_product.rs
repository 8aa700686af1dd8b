//! Attention that a file expresses by products and a softmax, as one operator.

use burn::tensor::Device;
use mitsume_kernels::attention::Attention;
use mitsume_kernels::burn_extension::training::attention_train;

use super::transpose::with_last_axes_swapped;
use super::{Inputs, MatMul, Operator, OperatorError, Softmax, trains_on_kernels};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// `softmax(scale q k) v` of q [.., queries, features], k [.., features, keys] or, if not
/// `keys_transposed`, [.., keys, features], and v [.., keys, value features]; the axes before the
/// last two are broadcast.
#[derive(Debug)]
pub(crate) struct ScaledDotProduct {
    pub scale: f32,
    pub keys_transposed: bool,
}

impl Operator for ScaledDotProduct {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let device = inputs.device.clone();
        let (q, k, v) = (inputs.float(0)?, inputs.float(1)?, inputs.float(2)?);
        let sizes = self.sizes([q.shape(), k.shape(), v.shape()]);
        let Some(attention) = sizes.filter(|_| trains_on_kernels(&q)) else {
            return self.run_composed([q, k, v], &device);
        };
        let mut to = q.shape().to_vec();
        to.pop();
        to.push(attention.value_features);
        limits::elements(&to)?;
        let [q, k, v] = [q, k, v].map(|x| x.into_row_major().into_flat());
        let y = attention_train(attention, q, k, v)?;
        Ok(vec![Value::Float(Floats::new(y, to)?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Attention
    }
}

impl ScaledDotProduct {
    /// The sizes for queries, keys and values of these shapes; `None` if axes are broadcast or do
    /// not fit.
    fn sizes(&self, shapes: [&[usize]; 3]) -> Option<Attention> {
        let [
            [axes @ .., queries, features],
            [k_axes @ .., k_rows, k_columns],
            [v_axes @ .., v_keys, value_features],
        ] = shapes
        else {
            return None;
        };
        let (keys, k_features) = match self.keys_transposed {
            true => (k_columns, k_rows),
            false => (k_rows, k_columns),
        };
        let fits = k_features == features && v_keys == keys && axes == k_axes && axes == v_axes;
        fits.then(|| Attention {
            heads: axes.iter().product(),
            queries: *queries,
            keys: *keys,
            features: *features,
            value_features: *value_features,
            keys_transposed: self.keys_transposed,
            scale: self.scale,
        })
    }

    /// The operators it stands for, one by one.
    fn run_composed(
        &self,
        [q, k, v]: [Floats; 3],
        device: &Device,
    ) -> Result<Vec<Value>, OperatorError> {
        let run = |op: &dyn Operator, values: Vec<Floats>| {
            let values = values.into_iter().map(|x| Some(Value::Float(x))).collect();
            op.run(Inputs::new(values, device.clone()))?
                .remove(0)
                .float()
        };
        let k = match self.keys_transposed {
            true => k,
            false => with_last_axes_swapped(k)?,
        };
        let q = q.map(|q| q.mul_scalar(self.scale));
        let logits = run(&MatMul, vec![q, k])?;
        let weights = run(&Softmax::LAST_AXIS, vec![logits])?;
        Ok(vec![Value::Float(run(&MatMul, vec![weights, v])?)])
    }
}
