//! MatMul or Gemm with constant weights, with fused bias, residual add and activation.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Tensor, TensorData};
use mitsume_kernels::burn_extension::{inference, workspace};
use mitsume_kernels::inference::{Activation, Convolution as Packed, Filters, Window};

use super::{Inputs, Operator, OperatorError, on_kernels, unary};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, Value};

/// `activation(x W + bias + residual)` over the last axis of input 0; the residual is input 1, if
/// given.
#[derive(Clone)]
pub(crate) struct Linear {
    /// [inputs, outputs], or [outputs, inputs] if transposed.
    weights: Floats,
    transposed: bool,
    /// [outputs]
    bias: Vec<f32>,
    activation: Activation,
    /// The weights as the kernels need them, made on first use.
    packed: OnceLock<Arc<Packed>>,
}

impl std::fmt::Debug for Linear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Linear {:?}", self.weights.shape())
    }
}

impl Operator for Linear {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let residual = inputs.optional(1).map(Value::float).transpose()?;
        let (depth, outputs) = (self.inputs(), self.bias.len());
        let mut to = x.shape().to_vec();
        match to.last_mut() {
            Some(last) if *last == depth => *last = outputs,
            _ => {
                return Err(OperatorError::Invalid(format!(
                    "an input of shape {:?} for a {depth}x{outputs} matrix",
                    x.shape()
                )));
            }
        }
        let rows = limits::elements(&to)? / outputs.max(1);
        if residual
            .as_ref()
            .is_some_and(|residual| residual.shape() != to)
        {
            return Err(OperatorError::Invalid(
                "a skip connection of another shape".into(),
            ));
        }
        let y = match on_kernels(&x) {
            true => {
                let (x, residual) = (
                    x.into_row_major().into_flat(),
                    residual.map(|residual| residual.into_row_major().into_flat()),
                );
                let (y, _) = inference::convolve(&self.packed()?, x, [1, 1, rows, depth], residual)
                    .map_err(OperatorError::from)?;
                Floats::new(y, to)?
            }
            false => self
                .run_composed(x.into_tensor([rows, depth]), residual)
                .reshaped(to)?,
        };
        Ok(vec![Value::Float(y)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Product
    }

    fn is_linear(&self) -> bool {
        self.is_plain()
    }
}

impl Linear {
    /// `weights` are [inputs, outputs], or [outputs, inputs] if `transposed`; `None` if they are
    /// not a matrix.
    pub fn new(weights: &Floats, transposed: bool) -> Option<Self> {
        let &[rows, columns] = weights.shape() else {
            return None;
        };
        Some(Self {
            weights: weights.clone(),
            transposed,
            bias: vec![0.0; if transposed { rows } else { columns }],
            activation: Activation::Identity,
            packed: OnceLock::new(),
        })
    }

    /// The same with `bias` added, one value per output or one for all; `None` if the length does
    /// not fit or an activation comes before that.
    pub fn with_bias(&self, bias: &[f32]) -> Option<Self> {
        let fits = bias.len() == self.bias.len() || bias.len() == 1;
        (fits && self.is_plain()).then(|| Self {
            bias: (self.bias.iter().zip(bias.iter().cycle()))
                .map(|(a, b)| a + b)
                .collect(),
            packed: OnceLock::new(),
            ..self.clone()
        })
    }

    /// The same with a fused activation; `None` if it has one already.
    pub fn with_activation(&self, activation: Activation) -> Option<Self> {
        self.is_plain().then(|| Self {
            activation,
            packed: OnceLock::new(),
            ..self.clone()
        })
    }

    /// Whether it has no fused activation.
    pub fn is_plain(&self) -> bool {
        self.activation == Activation::Identity
    }

    fn run_composed(&self, x: Tensor<2>, residual: Option<Floats>) -> Floats {
        let outputs = self.bias.len();
        let bias = TensorData::new(self.bias.clone(), [1, outputs]);
        let bias = Tensor::<2>::from_data(bias, &x.device().inner());
        let weights = match self.transposed {
            true => self.matrix().transpose(),
            false => self.matrix(),
        };
        let (weights, bias) = match x.device().is_autodiff() {
            true => (weights.autodiff(), bias.autodiff()),
            false => (weights, bias),
        };
        let mut y = x.matmul(weights) + bias;
        if let Some(residual) = residual {
            let sides = y.dims();
            y = y + residual.into_tensor(sides);
        }
        Floats::from_tensor(y).map(|y| unary::activate(y, self.activation))
    }

    fn inputs(&self) -> usize {
        self.weights.shape()[usize::from(self.transposed)]
    }

    /// The weights as stored.
    fn matrix(&self) -> Tensor<2> {
        let sides = [0, 1].map(|axis| self.weights.shape()[axis]);
        self.weights.clone().into_tensor(sides)
    }

    /// As a 1x1 convolution, with rows as pixels.
    fn packed(&self) -> Result<Arc<Packed>, OperatorError> {
        if let Some(packed) = self.packed.get() {
            return Ok(Arc::clone(packed));
        }
        let weights = match self.transposed {
            true => self.weights.clone(),
            false => Floats::from_tensor(self.matrix().transpose()),
        };
        let filters = Filters {
            weights: &weights.into_host()?,
            outputs: self.bias.len(),
            inputs: self.inputs(),
            groups: 1,
        };
        let pixel = Window::square(1, 1, 0);
        let packed = Packed::new(workspace(), filters, &self.bias, pixel, self.activation);
        let packed = Arc::new(packed.map_err(OperatorError::from)?);
        Ok(Arc::clone(self.packed.get_or_init(|| packed)))
    }
}
