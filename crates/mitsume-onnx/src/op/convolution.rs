//! Conv with fused batch norm, residual add and activation.

use std::sync::{Arc, OnceLock};

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData, module};
use mitsume_kernels::burn_extension::{inference, workspace};
use mitsume_kernels::inference::{Activation, Algorithm, Convolution as Packed, Filters};

use super::window::PaddedWindow;
use super::{Inputs, NodeInfo, Op, Operator, OperatorError, Weights, on_kernels, unary};
use crate::constant::Constant;
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, MemoryOrder, Value, image_shape};

/// A two-dimensional convolution with constant weights, with a fused residual add and activation.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// [outputs, inputs / groups, rows, columns]
    weights: Arc<[f32]>,
    shape: [usize; 4],
    groups: usize,
    bias: Vec<f32>,
    window: PaddedWindow,
    activation: Activation,
    prepared: PreparedWeights,
}

/// Prepared weights, made on first use: packed for the kernels, or as tensors.
#[derive(Default)]
struct PreparedWeights {
    packed: OnceLock<Arc<Packed>>,
    tensors: OnceLock<(Tensor<4>, Tensor<1>)>,
}

impl std::fmt::Debug for PreparedWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PreparedWeights")
    }
}

impl Operator for Convolution {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        // Inputs 1 and 2 (weights, bias) are constants; a residual is input 3.
        let residual = inputs.optional(3).map(Value::float).transpose()?;
        let [n, channels, h, w] = x.image_shape()?;
        let to = self.output_size([n, channels, h, w])?.to_vec();
        if residual
            .as_ref()
            .is_some_and(|residual| residual.shape() != to)
        {
            return Err(OperatorError::Invalid(
                "a skip connection of another shape".into(),
            ));
        }
        let result = if on_kernels(&x) {
            self.run_packed(x, [n, h, w, channels], residual, to)?
        } else {
            self.run_composed(x.into_tensor([n, channels, h, w]), residual)?
        };
        Ok(vec![Value::Float(result)])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        let image = image_shape((*inputs.first()?)?);
        Some(image.and_then(|image| Ok(self.output_size(image)?.to_vec())))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }

    fn parsed_inputs(&self) -> &'static [usize] {
        &[1, 2]
    }

    fn weights(&self) -> Weights {
        Weights::Own
    }

    fn with_weights(&self, change: &mut dyn FnMut(&mut [f32])) -> Option<Op> {
        let mut weights = self.weights.to_vec();
        change(&mut weights);
        let changed = Self {
            activation: self.activation,
            ..self.with_weights_and_bias(weights.into(), self.bias.clone())
        };
        Some(Op::Convolution(changed.into()))
    }
}

impl Convolution {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let Some(Constant::Float(weights, shape)) = node.constant(1) else {
            return Err(OperatorError::Unsupported(
                "weights that are computed are not supported".into(),
            ));
        };
        let shape: [usize; 4] = shape.clone().try_into().map_err(|_| {
            OperatorError::Unsupported(format!(
                "weights of shape {shape:?}: only images (four axes) are supported"
            ))
        })?;
        let weights: Arc<[f32]> = weights.as_slice().into();
        let [outputs, inputs, rows, columns] = shape;
        let bias = match node.constant(2) {
            Some(Constant::Float(bias, _)) if bias.len() == outputs => bias.clone(),
            None if !node.is_given(2) => vec![0.0; outputs],
            _ => {
                return Err(OperatorError::Invalid(format!(
                    "a bias of {outputs} known numbers expected"
                )));
            }
        };
        let groups = usize::try_from(node.attributes.int("group", 1)).unwrap_or(0);
        if groups == 0 || outputs == 0 || inputs == 0 || !outputs.is_multiple_of(groups) {
            return Err(OperatorError::Invalid(format!(
                "{groups} groups of {outputs} outputs"
            )));
        }
        let window = PaddedWindow::parse(node, Some([rows, columns]))?;
        Ok(Self {
            weights,
            shape,
            groups,
            bias,
            window,
            activation: Activation::Identity,
            prepared: PreparedWeights::default(),
        })
    }

    /// The same with a fused activation; `None` if it has one already.
    pub fn with_activation(&self, activation: Activation) -> Option<Self> {
        (self.activation == Activation::Identity).then(|| Self {
            activation,
            ..self.with_weights_and_bias(Arc::clone(&self.weights), self.bias.clone())
        })
    }

    /// Whether it has no fused activation.
    pub fn is_plain(&self) -> bool {
        self.activation == Activation::Identity
    }

    /// The same with `output * scale + shift`, [outputs] each, folded into weights and bias; `None`
    /// if an activation comes before that.
    pub fn scaled(&self, scale: &[f32], shift: &[f32]) -> Option<Self> {
        if self.activation != Activation::Identity || scale.len() != self.shape[0] {
            return None;
        }
        let filter_len = self.weights.len() / self.shape[0];
        let scaled = self.weights.chunks_exact(filter_len).zip(scale);
        let weights = scaled.flat_map(|(filter, scale)| filter.iter().map(move |w| w * scale));
        let terms = self.bias.iter().zip(scale).zip(shift);
        let bias = terms.map(|((bias, scale), shift)| bias * scale + shift);
        Some(self.with_weights_and_bias(weights.collect(), bias.collect()))
    }

    fn with_weights_and_bias(&self, weights: Arc<[f32]>, bias: Vec<f32>) -> Self {
        Self {
            weights,
            bias,
            shape: self.shape,
            groups: self.groups,
            window: self.window,
            activation: self.activation,
            prepared: PreparedWeights::default(),
        }
    }

    /// Its weights as the kernels need them, for images of `size`.
    pub fn packed(&self, size: [usize; 2]) -> Result<Arc<Packed>, OperatorError> {
        let window = self.window.for_size(size);
        if let Some(packed) = self.prepared.packed.get()
            && packed.window() == window
        {
            return Ok(Arc::clone(packed));
        }
        let packed = Packed::new(
            workspace(),
            self.filters(),
            &self.bias,
            window,
            self.activation,
        );
        let packed = Arc::new(packed.map_err(OperatorError::from)?);
        // If the padding depends on the size, only the first is kept.
        let _ = self.prepared.packed.set(Arc::clone(&packed));
        Ok(packed)
    }

    fn filters(&self) -> Filters<'_> {
        Filters {
            weights: &self.weights,
            outputs: self.shape[0],
            inputs: self.shape[1] * self.groups,
            groups: self.groups,
        }
    }

    /// The algorithm that the kernels use for images of `size`.
    pub fn algorithm(&self, size: [usize; 2]) -> Algorithm {
        Algorithm::choose(&self.filters(), &self.window.for_size(size))
    }

    /// Shape of the output for an input of shape [N, C, H, W].
    pub fn output_size(
        &self,
        [n, channels, h, w]: [usize; 4],
    ) -> Result<[usize; 4], OperatorError> {
        let expected = self.shape[1] * self.groups;
        if channels != expected {
            return Err(OperatorError::Invalid(format!(
                "{channels} input channels, its weights are for {expected}"
            )));
        }
        let [rows, columns] = self.window.output_size([h, w], false)?;
        let to = [n, self.shape[0], rows, columns];
        limits::elements(&to)?;
        Ok(to)
    }

    fn run_packed(
        &self,
        x: Floats,
        shape: [usize; 4],
        residual: Option<Floats>,
        to: Vec<usize>,
    ) -> Result<Floats, OperatorError> {
        let packed = self.packed([shape[1], shape[2]])?;
        let residual = residual.map(|residual| residual.into_channels_last().into_flat());
        let (data, _) =
            inference::convolve(&packed, x.into_channels_last().into_flat(), shape, residual)
                .map_err(OperatorError::from)?;
        Floats::with_order(data, to, MemoryOrder::ChannelsLast)
    }

    fn run_composed(
        &self,
        x: Tensor<4>,
        residual: Option<Floats>,
    ) -> Result<Floats, OperatorError> {
        let device = x.device();
        let (weights, bias) = self.prepared.tensors.get_or_init(|| self.tensors(&device));
        let (weights, bias) = match device.is_autodiff() {
            true => (weights.clone().autodiff(), bias.clone().autodiff()),
            false => (weights.clone(), bias.clone()),
        };
        let [_, _, h, w] = x.dims();
        let window = self.window.for_size([h, w]);
        let padding = [0, 1].map(|axis| (window.pad_before[axis], window.pad_after[axis]));
        let options =
            ConvOptions::new_with_padding(window.stride, padding, window.dilation, self.groups);
        let mut y = module::conv2d(x, weights, Some(bias), options);
        if let Some(residual) = residual {
            let sides = y.dims();
            y = y + residual.into_tensor(sides);
        }
        Ok(Floats::from_tensor(y).map(|y| unary::activate(y, self.activation)))
    }

    /// Weights and bias on `device`, without autodiff.
    fn tensors(&self, device: &Device) -> (Tensor<4>, Tensor<1>) {
        let device = device.clone().inner();
        let weights = TensorData::new(self.weights.to_vec(), self.shape);
        let bias = TensorData::new(self.bias.clone(), [self.bias.len()]);
        (
            Tensor::from_data(weights, &device),
            Tensor::from_data(bias, &device),
        )
    }
}
