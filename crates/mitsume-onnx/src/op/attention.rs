//! Attention.

use burn::tensor::activation;

use super::binary::{Binary, BinaryFunction};
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// `softmax(q k^T scale + mask) v` of heads [N, heads, tokens, features], with as many heads of keys and values as of
/// queries. Inputs: q, k, v, and a mask, optional: added, or truth values of what is attended to.
#[derive(Debug)]
pub(super) struct Attention {
    scale: Option<f32>,
    causal: bool,
}

impl Attention {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let attributes = &mut node.attributes;
        // All is computed in float32; the fourth output is refused.
        attributes.ignore("softmax_precision");
        attributes.ignore("qk_matmul_output_mode");
        if attributes.float("softcap", 0.0) != 0.0 {
            // Versions of ONNX have it before and after the mask.
            return Err(OperatorError::Unsupported(
                "softcap is not supported".into(),
            ));
        }
        let scale = attributes
            .has("scale")
            .then(|| attributes.float("scale", 1.0));
        let causal = attributes.int("is_causal", 0) != 0;
        if node.is_given(4) || node.is_given(5) || (causal && node.is_given(3)) {
            return Err(OperatorError::Unsupported(
                "keys and values of before, and a mask beside is_causal, are not supported".into(),
            ));
        }
        Ok(Self { scale, causal })
    }
}

impl Operator for Attention {
    fn axis_rule(&self) -> AxisRule {
        AxisRule::Attention
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let device = inputs.device.clone();
        let (q, k, v) = (inputs.float(0)?, inputs.float(1)?, inputs.float(2)?);
        let shapes = [&q, &k, &v].map(|x| x.shape().to_vec());
        let wrong = || {
            // Of three axes, versions of ONNX split the features in different ways.
            OperatorError::Unsupported(format!(
                "queries, keys and values of shapes {shapes:?}: four axes and the same heads expected"
            ))
        };
        let [[n, heads, queries, d], k_shape, v_shape] =
            [q.image_shape(), k.image_shape(), v.image_shape()]
                .map(|shape| shape.unwrap_or([0; 4]));
        let keys = k_shape[2];
        if n == 0 || k_shape != [n, heads, keys, d] || v_shape[..3] != k_shape[..3] {
            return Err(wrong());
        }
        limits::elements(&[n, heads, queries, keys])?;
        let scale = self.scale.unwrap_or_else(|| 1.0 / (d as f32).sqrt());
        let k = k.into_tensor(k_shape).swap_dims(2, 3);
        let scores = q
            .into_tensor([n, heads, queries, d])
            .matmul(k)
            .mul_scalar(scale);
        let mut scores = Floats::from_tensor(scores);
        if self.causal {
            let allowed = (0..queries * keys).map(|i| i % keys <= i / keys);
            let mask = additive(allowed.collect(), vec![queries, keys], &device)?;
            scores = Binary(BinaryFunction::Add).floats(scores, mask)?;
        }
        if let Some(mask) = inputs.optional(3) {
            let mask = match mask {
                Value::Float(mask) => mask,
                Value::Int(mask) => {
                    let allowed = mask.data.iter().map(|&allowed| allowed != 0);
                    additive(allowed.collect(), mask.shape, &device)?
                }
            };
            scores = Binary(BinaryFunction::Add).floats(scores, mask)?;
        }
        if scores.shape() != [n, heads, queries, keys] {
            return Err("a mask larger than the scores".into());
        }
        let weights = activation::softmax(scores.into_tensor([n, heads, queries, keys]), 3);
        let y = weights.matmul(v.into_tensor(v_shape));
        Ok(vec![Value::Float(Floats::from_tensor(y))])
    }
}

/// 0 where a key is allowed, else minus infinity.
fn additive(
    allowed: Vec<bool>,
    shape: Vec<usize>,
    device: &burn::tensor::Device,
) -> Result<Floats, OperatorError> {
    let values = allowed.into_iter();
    let values = values.map(|allowed| if allowed { 0.0 } else { f32::NEG_INFINITY });
    Floats::from_values(values.collect(), shape, device)
}
