//! ONNX operators, one file per group; [`table`] is the table of supported operators.

mod attention;
mod batch_norm;
mod batch_statistics;
mod binary;
mod cast;
mod col2im;
mod conv_transpose;
mod convolution;
mod cumulative_sum;
mod dropout;
mod einsum;
mod error;
mod expand;
mod gather;
mod gather_nd;
mod group_norm;
mod identity;
mod is_nan;
mod layer_norm;
mod linear;
mod matmul;
mod not;
mod one_dimensional;
mod one_hot;
mod pad;
mod pool;
mod prelu;
mod random;
mod ranking;
mod reduce;
mod reshape;
mod resize;
mod resize_weights;
mod rms_norm;
mod scaled_dot_product;
mod select;
mod selection;
mod separable;
mod slice;
mod softmax;
mod table;
mod three_dimensional;
mod trainable_batch_norm;
mod trainable_convolution;
mod trainable_linear;
mod transpose;
mod unary;
mod variadic;
mod window;

use std::fmt::Debug;

use burn::tensor::Device;

use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

pub(crate) use batch_norm::BatchNorm;
pub(crate) use binary::{Binary, BinaryFunction};
pub(crate) use convolution::Convolution;
pub use error::OperatorError;
pub(crate) use linear::Linear;
pub(crate) use matmul::{Gemm, MatMul};
pub(crate) use scaled_dot_product::ScaledDotProduct;
pub(crate) use separable::Separable;
pub(crate) use slice::Concat;
pub(crate) use softmax::Softmax;
use table::other;
pub(crate) use table::{names, parse};
pub(crate) use trainable_batch_norm::{RESIDUAL_INPUT, TrainableBatchNorm};
pub(crate) use trainable_linear::TrainableLinear;
pub(crate) use transpose::Transpose;
pub(crate) use unary::Unary;

/// An operator with its attributes, without state: the same inputs give the same outputs.
pub(crate) trait Operator: Debug + Send + Sync {
    /// The outputs for `inputs`.
    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, OperatorError>;

    /// The vector-Jacobian product: the cotangents of its inputs, in order, for a cotangent of its first
    /// output. It is made of differentiable operations, so that a loss of gradients can be
    /// differentiated without second-order autodiff. Inputs that have no cotangent may be left out.
    ///
    /// # Errors
    /// An operator without one.
    fn vjp(
        &self,
        _inputs: Inputs,
        _cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        Err(OperatorError::Unsupported(
            "a gradient through its gradient is not supported".into(),
        ))
    }

    /// As [`Self::vjp`], for cotangents of several outputs, at least one of which is given.
    ///
    /// # Errors
    /// An operator without one.
    fn vjp_of_outputs(
        &self,
        inputs: Inputs,
        mut cotangents: Vec<Option<Floats>>,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        match cotangents.remove(0) {
            Some(first) if cotangents.iter().all(Option::is_none) => self.vjp(inputs, first),
            _ => Err(OperatorError::Unsupported(
                "a gradient through the gradient of a later output is not supported".into(),
            )),
        }
    }

    /// How it moves axes.
    fn axis_rule(&self) -> AxisRule;

    /// The type of its outputs.
    fn output_type(&self) -> OutputType {
        OutputType::FloatIfAnyInput
    }

    /// The shape of its one output for float32 inputs of these shapes; inputs that are not read are `None`. `None` where
    /// it has to be run to know that.
    fn output_shape(
        &self,
        _inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        None
    }

    /// Constant inputs that were parsed with the attributes (weights, bounds) and are not read at
    /// run time.
    fn parsed_inputs(&self) -> &'static [usize] {
        &[]
    }

    /// Inputs of which only the type is used.
    fn type_only_inputs(&self) -> &'static [usize] {
        &[]
    }

    /// Whether more than its first output is supported.
    fn has_several_outputs(&self) -> bool {
        false
    }

    /// If it is a batch norm that is trained: the momentum of its running statistics, inputs 3 and 4. In
    /// training its outputs 1 and 2 are the batch's mean and unbiased variance.
    fn running_momentum(&self) -> Option<f64> {
        None
    }

    /// Whether it draws random numbers: it is not computed beforehand.
    fn is_random(&self) -> bool {
        false
    }

    /// Whether it is linear or affine in each of its inputs: such operators after a global average pool
    /// are a linear layer.
    fn is_linear(&self) -> bool {
        false
    }

    /// Where its weights are.
    fn weights(&self) -> Weights {
        Weights::None
    }

    /// The operator with its weights changed, if they are [`Weights::Own`].
    fn with_weights(&self, _change: &mut dyn FnMut(&mut [f32])) -> Option<Op> {
        None
    }

    /// If it is a mean: the axes of its first input, of `rank` axes, that it averages over. `given`
    /// is its second input.
    fn mean_over(&self, _rank: usize, _given: Option<&[i64]>) -> Option<Vec<usize>> {
        None
    }
}

/// [`Operator::output_shape`] of operators whose output has the first input's shape.
pub(crate) fn shape_of_first(
    inputs: &[Option<&[usize]>],
) -> Option<Result<Vec<usize>, OperatorError>> {
    Some(Ok((*inputs.first()?)?.to_vec()))
}

/// Type of an operator's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputType {
    /// float32
    Float,
    /// Integers or truth values.
    Int,
    /// float32 if any input is.
    FloatIfAnyInput,
    /// The type of one input.
    AsInput(usize),
    /// The first has the first input's type, the others are integers.
    FirstInputThenInts,
}

/// Where an operator's weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weights {
    /// It has none.
    None,
    /// In the operator.
    Own,
    /// The first of these inputs that is a constant.
    Inputs(&'static [usize]),
}

/// A training pass, on which the masks of dropout depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrainingPass {
    /// Seed of the run.
    pub seed: u64,
    /// Step of the run.
    pub step: u64,
}

/// Inputs of a node at run time; optional ones may be missing.
pub(crate) struct Inputs {
    values: Vec<Option<Value>>,
    /// Where to compute.
    pub device: Device,
    /// The training pass: batch statistics, and dropout. None in evaluation.
    pub training: Option<TrainingPass>,
}

impl Inputs {
    /// Inputs of a node in evaluation.
    pub fn new(values: Vec<Option<Value>>, device: Device) -> Self {
        Self {
            values,
            device,
            training: None,
        }
    }

    /// Puts a value in place of input `i`.
    pub fn put(&mut self, i: usize, value: Value) {
        self.values[i] = Some(value);
    }

    /// Input `i`, if it is given.
    pub fn optional(&mut self, i: usize) -> Option<Value> {
        self.values.get_mut(i).and_then(Option::take)
    }

    /// Input `i`.
    pub fn take(&mut self, i: usize) -> Result<Value, OperatorError> {
        self.optional(i).ok_or(OperatorError::MissingInput(i))
    }

    /// Input `i`, which must be float32.
    pub fn float(&mut self, i: usize) -> Result<Floats, OperatorError> {
        self.take(i)?.float().map_err(|e| e.at_input(i))
    }

    /// Input `i`, which must be integers, if it is given.
    pub fn ints(&mut self, i: usize) -> Result<Option<Vec<i64>>, OperatorError> {
        let ints = self.optional(i).map(Value::int).transpose();
        let ints = ints.map_err(|e| e.at_input(i))?;
        Ok(ints.map(|ints| ints.data))
    }

    /// All inputs, none of which may be missing.
    pub fn all(self) -> Result<Vec<Value>, OperatorError> {
        let values: Option<Vec<Value>> = self.values.into_iter().collect();
        values.ok_or(OperatorError::MissingInputs)
    }
}

/// An operator; the variants other than `Other` are those that fusion matches on.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A convolution, with fused batch norm, residual add and activation.
    Convolution(std::sync::Arc<Convolution>),
    /// A depthwise convolution fused with the convolutions before and after it.
    Separable(std::sync::Arc<Separable>),
    /// A batch norm in evaluation.
    BatchNorm(std::sync::Arc<BatchNorm>),
    /// A batch norm in training, with fused residual add and activation.
    TrainableBatchNorm(std::sync::Arc<TrainableBatchNorm>),
    /// A linear layer in training, with a fused bias.
    TrainableLinear(TrainableLinear),
    /// A product of two tensors.
    MatMul(MatMul),
    /// A product of two matrices, plus a third.
    Gemm(Gemm),
    /// MatMul or Gemm with constant weights, with fused bias, residual add and activation.
    Linear(std::sync::Arc<Linear>),
    /// An element-wise function of one tensor.
    Unary(Unary),
    /// An element-wise function of two tensors.
    Binary(Binary),
    /// Softmax; at the end of a graph it is removed, so that the output is logits.
    Softmax(Softmax),
    /// Tensors one after the other along an axis.
    Concat(Concat),
    /// A permutation of axes.
    Transpose(std::sync::Arc<Transpose>),
    /// The identity.
    Identity,
    /// Any other.
    Other(std::sync::Arc<dyn Operator>),
}

impl Op {
    /// The operator of any variant.
    pub fn operator(&self) -> &dyn Operator {
        match self {
            Self::Convolution(op) => op.as_ref(),
            Self::Separable(op) => op.as_ref(),
            Self::BatchNorm(op) => op.as_ref(),
            Self::TrainableBatchNorm(op) => op.as_ref(),
            Self::TrainableLinear(op) => op,
            Self::MatMul(op) => op,
            Self::Gemm(op) => op,
            Self::Linear(op) => op.as_ref(),
            Self::Unary(op) => op,
            Self::Binary(op) => op,
            Self::Softmax(op) => op,
            Self::Concat(op) => op,
            Self::Transpose(op) => op.as_ref(),
            Self::Identity => &identity::Identity,
            Self::Other(op) => op.as_ref(),
        }
    }
}

/// Whether the kernels can compute on `x`: it is on the CPU, without autodiff.
fn on_kernels(x: &Floats) -> bool {
    let device = x.device();
    !device.is_autodiff() && mitsume_kernels::burn_extension::supports(&device)
}

/// Whether the kernels can compute on `x` and its gradient: it is on the CPU, with or without
/// autodiff.
fn trains_on_kernels(x: &Floats) -> bool {
    mitsume_kernels::burn_extension::supports(&x.device().inner())
}

/// Whether the kernels can compute gradients on `device`: it is the CPU with autodiff.
fn differentiates_on_kernels(device: &Device) -> bool {
    device.is_autodiff() && mitsume_kernels::burn_extension::supports(&device.clone().inner())
}

/// A node to be parsed.
pub(crate) struct NodeInfo<'a> {
    /// Operator name.
    pub op_type: &'a str,
    /// Opset of the standard domain.
    pub opset: i64,
    /// Number of outputs that have a name.
    pub outputs: usize,
    pub attributes: Attributes,
    /// Constant inputs; `None` for computed or omitted ones.
    pub constants: Vec<Option<&'a Constant>>,
    /// Inputs that are not omitted.
    pub given: Vec<bool>,
    /// If the graph is read to be trained: parameters are values of the graph, batch norm has batch
    /// statistics, and dropout is not left out.
    pub training: Option<TrainedNode<'a>>,
}

/// A node of a graph that is read to be trained.
pub(crate) struct TrainedNode<'a> {
    /// Number of nodes before it.
    pub number: usize,
    /// Shapes of inputs that are parameters.
    pub shapes: Vec<Option<&'a [usize]>>,
}

impl NodeInfo<'_> {
    /// What `parse` makes of the node with `weights` in place of its second input.
    fn parse_with_weights<T>(
        &mut self,
        weights: &Constant,
        parse: impl FnOnce(&mut NodeInfo) -> Result<T, OperatorError>,
    ) -> Result<T, OperatorError> {
        let mut constants = self.constants.clone();
        if let Some(constant) = constants.get_mut(1) {
            *constant = Some(weights);
        }
        let mut changed = NodeInfo {
            op_type: self.op_type,
            opset: self.opset,
            outputs: self.outputs,
            attributes: std::mem::take(&mut self.attributes),
            constants,
            given: self.given.clone(),
            training: None,
        };
        let parsed = parse(&mut changed);
        self.attributes = changed.attributes;
        parsed
    }

    /// Input `i`, if it is constant.
    fn constant(&self, i: usize) -> Option<&Constant> {
        self.constants.get(i).copied().flatten()
    }

    /// Whether input `i` is not omitted.
    fn is_given(&self, i: usize) -> bool {
        self.given.get(i).copied().unwrap_or(false)
    }

    /// Input `i`, if it is a constant with one value.
    fn constant_scalar(&self, i: usize) -> Option<f32> {
        match self.constant(i)? {
            Constant::Float(data, _) => (data.len() == 1).then(|| data[0]),
            Constant::Int(ints) => (ints.data.len() == 1).then(|| ints.data[0] as f32),
        }
    }
}

/// Why a node cannot be parsed.
pub(crate) enum ParseError {
    /// The operator is not supported.
    Unknown,
    /// An attribute or input is invalid or not supported.
    Invalid(OperatorError),
}

impl From<OperatorError> for ParseError {
    fn from(reason: OperatorError) -> Self {
        Self::Invalid(reason)
    }
}
