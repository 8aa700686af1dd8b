//! BatchNormalization in evaluation: scale and shift per channel.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use mitsume_kernels::burn_extension::inference;
use mitsume_kernels::inference::Activation;

use super::{Inputs, NodeInfo, Operator, OperatorError, on_kernels, unary};
use crate::constant::Constant;
use crate::layout::AxisRule;
use crate::value::{Floats, MemoryOrder, Value};

/// `activation(x * scale + shift)` per channel.
#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    /// Scale and shift, [channels] each.
    scale_and_shift: Arc<[Vec<f32>; 2]>,
    activation: Activation,
}

impl Operator for BatchNorm {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let channels = self.scale_and_shift[0].len();
        self.checked(&shape)?;
        let result = if on_kernels(&x) && shape.len() == 4 {
            let sides = [shape[0], shape[2], shape[3], shape[1]];
            let x = x.into_channels_last().into_flat();
            let data = inference::affine(&self.scale_and_shift, self.activation, x, sides)
                .map_err(OperatorError::from)?;
            Floats::with_order(data, shape, MemoryOrder::ChannelsLast)?
        } else {
            let device = x.device();
            let inner = shape[2..].iter().product();
            let per_channel = |values: &Vec<f32>| -> Tensor<3> {
                Tensor::from_data(TensorData::new(values.clone(), [1, channels, 1]), &device)
            };
            let y = x.into_tensor([shape[0], channels, inner])
                * per_channel(&self.scale_and_shift[0])
                + per_channel(&self.scale_and_shift[1]);
            Floats::from_tensor(y)
                .map(|y| unary::activate(y, self.activation))
                .reshaped(shape)?
        };
        Ok(vec![Value::Float(result)])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        let shape = (*inputs.first()?)?;
        Some(self.checked(shape).map(<[usize]>::to_vec))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::PerChannel
    }

    fn parsed_inputs(&self) -> &'static [usize] {
        &[1, 2, 3, 4]
    }
}

impl BatchNorm {
    /// The shape of an input, if it has the right number of channels.
    fn checked<'a>(&self, shape: &'a [usize]) -> Result<&'a [usize], OperatorError> {
        let channels = self.scale_and_shift[0].len();
        match shape.get(1) == Some(&channels) {
            true => Ok(shape),
            false => Err(OperatorError::Invalid(format!(
                "input of shape {shape:?} for {channels} channels"
            ))),
        }
    }

    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        node.attributes.ignore("momentum");
        node.attributes.only("training_mode", 0)?;
        node.attributes.only("spatial", 1)?;
        let epsilon = f64::from(node.attributes.float("epsilon", 1e-5));
        let known = |i: usize| match node.constant(i) {
            Some(Constant::Float(data, _)) => Ok(data),
            _ => Err(OperatorError::Unsupported(
                "statistics that are computed are not supported".into(),
            )),
        };
        let [gamma, beta, mean, variance] = [known(1)?, known(2)?, known(3)?, known(4)?];
        if [beta, mean, variance]
            .iter()
            .any(|v| v.len() != gamma.len())
        {
            return Err(OperatorError::Invalid(
                "scale, bias, mean and variance are of different lengths".into(),
            ));
        }
        let scale = |(g, v): (&f32, &f32)| f64::from(*g) / (f64::from(*v) + epsilon).sqrt();
        let scale: Vec<f64> = gamma.iter().zip(variance).map(scale).collect();
        let shift = beta.iter().zip(mean).zip(&scale);
        let shift = shift.map(|((b, m), s)| (f64::from(*b) - f64::from(*m) * s) as f32);
        let shift = shift.collect();
        let scale = scale.into_iter().map(|s| s as f32).collect();
        Ok(Self {
            scale_and_shift: Arc::new([scale, shift]),
            activation: Activation::Identity,
        })
    }

    /// Scale and shift, if no activation is fused.
    pub fn scale_and_shift(&self) -> Option<(&[f32], &[f32])> {
        let plain = self.activation == Activation::Identity;
        plain.then(|| {
            (
                self.scale_and_shift[0].as_slice(),
                self.scale_and_shift[1].as_slice(),
            )
        })
    }

    /// The same with a fused activation; `None` if it has one already.
    pub fn with_activation(&self, activation: Activation) -> Option<Self> {
        let plain = self.activation == Activation::Identity;
        plain.then(|| Self {
            scale_and_shift: Arc::clone(&self.scale_and_shift),
            activation,
        })
    }
}
