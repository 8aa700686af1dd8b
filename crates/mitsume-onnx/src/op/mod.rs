//! Operators. Each file holds what belongs together; [`parse`] is the table of all that is known.

mod arithmetic;
mod convolution;
mod gather;
mod layer_norm;
mod linear;
mod matmul;
mod normalise;
mod pool;
mod prelu;
mod reduce;
mod reshape;
mod resize;
mod select;
mod separable;
mod slice;
mod softmax;
mod spread;
mod transpose;
mod unary;
mod window;

use std::fmt::Debug;

use burn::tensor::Device;

use crate::attributes::Attributes;
use crate::constant::Constant;
use crate::layout::AxisFlow;
use crate::value::{Floats, Value};

pub(crate) use arithmetic::{Arithmetic, Binary};
pub(crate) use convolution::Convolution;
pub(crate) use linear::Linear;
pub(crate) use matmul::{Gemm, MatMul};
pub(crate) use normalise::BatchNorm;
pub(crate) use separable::Separable;
pub(crate) use softmax::Softmax;
pub(crate) use unary::Unary;

/// An operator with its attributes read, and no state: the same inputs give the same outputs.
pub(crate) trait Operator: Debug + Send + Sync {
    /// The outputs for `inputs`.
    fn run(&self, inputs: Inputs) -> Result<Vec<Value>, String>;

    /// How the axes of its inputs become those of its outputs.
    fn axis_flow(&self) -> AxisFlow;
}

/// A node's inputs at run time; optional ones may be missing.
pub(crate) struct Inputs {
    values: Vec<Option<Value>>,
    /// Where to compute.
    pub device: Device,
}

impl Inputs {
    pub fn new(values: Vec<Option<Value>>, device: Device) -> Self {
        Self { values, device }
    }

    /// Input `i`, if it is given.
    pub fn optional(&mut self, i: usize) -> Option<Value> {
        self.values.get_mut(i).and_then(Option::take)
    }

    /// Input `i`.
    pub fn take(&mut self, i: usize) -> Result<Value, String> {
        self.optional(i)
            .ok_or_else(|| format!("input {i} is missing"))
    }

    /// Input `i`, which must be float32.
    pub fn float(&mut self, i: usize) -> Result<Floats, String> {
        self.take(i)?.float().map_err(|e| format!("input {i}: {e}"))
    }

    /// Input `i`, which must be integers, if it is given.
    pub fn ints(&mut self, i: usize) -> Result<Option<Vec<i64>>, String> {
        let ints = self.optional(i).map(Value::int).transpose();
        let ints = ints.map_err(|e| format!("input {i}: {e}"))?;
        Ok(ints.map(|ints| ints.data))
    }

    /// All inputs, none of which may be missing.
    pub fn all(self) -> Result<Vec<Value>, String> {
        let values: Option<Vec<Value>> = self.values.into_iter().collect();
        values.ok_or_else(|| "an input is missing".into())
    }
}

/// An operator, known or not worth telling apart when a graph is made faster.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A convolution and what was drawn into it.
    Convolution(std::sync::Arc<Convolution>),
    /// A depthwise convolution and its neighbours.
    Separable(std::sync::Arc<Separable>),
    /// A batch norm in evaluation.
    BatchNorm(std::sync::Arc<BatchNorm>),
    /// A product of two tensors.
    MatMul(MatMul),
    /// A product of two matrices, plus a third.
    Gemm(Gemm),
    /// Either, of a known matrix, and what was drawn into it.
    Linear(std::sync::Arc<Linear>),
    /// Of each value by itself.
    Unary(Unary),
    /// Of two tensors, value by value.
    Binary(Binary),
    /// Softmax: at a graph's end it stands between the logits and their probabilities.
    Softmax(Softmax),
    /// Its input as it is.
    Identity,
    /// Any other.
    Other(std::sync::Arc<dyn Operator>),
}

impl Op {
    pub fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, String> {
        match self {
            Self::Convolution(op) => op.run(inputs),
            Self::Separable(op) => op.run(inputs),
            Self::BatchNorm(op) => op.run(inputs),
            Self::MatMul(op) => op.run(inputs),
            Self::Gemm(op) => op.run(inputs),
            Self::Linear(op) => op.run(inputs),
            Self::Unary(op) => op.run(inputs),
            Self::Binary(op) => op.run(inputs),
            Self::Softmax(op) => op.run(inputs),
            Self::Identity => Ok(vec![inputs.take(0)?]),
            Self::Other(op) => op.run(inputs),
        }
    }

    /// How the axes of its inputs become those of its outputs.
    pub fn axis_flow(&self) -> AxisFlow {
        match self {
            Self::Convolution(_) | Self::Separable(_) => AxisFlow::Windowed,
            Self::BatchNorm(_) => AxisFlow::PerChannel,
            Self::MatMul(_) | Self::Linear(_) => AxisFlow::Product,
            Self::Gemm(gemm) => AxisFlow::MatrixProduct {
                transposed: gemm.transposed,
            },
            Self::Unary(_) | Self::Binary(_) | Self::Softmax(_) | Self::Identity => {
                AxisFlow::Pointwise
            }
            Self::Other(op) => op.axis_flow(),
        }
    }
}

/// Whether the kernels can work on `x`: on the CPU, where nothing is differentiated.
fn on_kernels(x: &Floats) -> bool {
    let device = x.device();
    !device.is_autodiff() && mitsume_kernels::burn_extension::supports(&device)
}

/// A node as it is read.
pub(crate) struct Reading<'a> {
    /// Operator name.
    pub kind: &'a str,
    /// Opset of the standard domain.
    pub opset: i64,
    /// Number of outputs that have a name.
    pub outputs: usize,
    pub attributes: Attributes,
    /// Inputs that are known already; none for those that are computed, or left out.
    pub constants: Vec<Option<&'a Constant>>,
    /// Inputs that are not left out.
    pub given: Vec<bool>,
}

impl Reading<'_> {
    /// Input `i`, which must be known before the model runs.
    fn constant(&self, i: usize) -> Option<&Constant> {
        self.constants.get(i).copied().flatten()
    }

    /// Whether input `i` is not left out.
    fn is_given(&self, i: usize) -> bool {
        self.given.get(i).copied().unwrap_or(false)
    }

    /// The one number that input `i` is, if it is known.
    fn constant_scalar(&self, i: usize) -> Option<f32> {
        match self.constant(i)? {
            Constant::Float(data, _) => (data.len() == 1).then(|| data[0]),
            Constant::Int(ints) => (ints.data.len() == 1).then(|| ints.data[0] as f32),
        }
    }
}

/// Why a node cannot be read.
pub(crate) enum Unreadable {
    /// There is no such operator here.
    Unknown,
    /// Something of it is not supported or wrong.
    Wrong(String),
}

impl From<String> for Unreadable {
    fn from(reason: String) -> Self {
        Self::Wrong(reason)
    }
}

/// The operator of a node. `Constant` nodes are none: they are read where initialisers are.
pub(crate) fn parse(mut node: Reading) -> Result<Op, Unreadable> {
    let op = match node.kind {
        "Conv" => Op::Convolution(Convolution::parse(&mut node)?.into()),
        "BatchNormalization" => Op::BatchNorm(BatchNorm::parse(&mut node)?.into()),
        "Softmax" => Op::Softmax(Softmax::parse(&mut node)?),
        "MatMul" => Op::MatMul(MatMul),
        "Gemm" => Op::Gemm(Gemm::parse(&mut node)),
        "Identity" => Op::Identity,
        "Dropout" => {
            // In evaluation it does nothing.
            for name in ["ratio", "seed"] {
                node.attributes.ignore(name);
            }
            Op::Identity
        }
        kind => match (Unary::parse(kind, &mut node)?, Arithmetic::named(kind)) {
            (Some(unary), _) => Op::Unary(unary),
            (None, Some(arithmetic)) => {
                node.attributes.only("fmod", 0)?;
                Op::Binary(Binary(arithmetic))
            }
            (None, None) => Op::Other(other(&mut node)?),
        },
    };
    let several = matches!(node.kind, "Split");
    if node.outputs > 1 && !several && !matches!(op, Op::Identity) {
        return Err(Unreadable::Wrong(
            "only the first output is supported".into(),
        ));
    }
    node.attributes.finish()?;
    Ok(op)
}

fn other(node: &mut Reading) -> Result<std::sync::Arc<dyn Operator>, Unreadable> {
    use std::sync::Arc;
    Ok(match node.kind {
        "MaxPool" | "AveragePool" => Arc::new(pool::Pool::parse(node)?),
        "GlobalAveragePool" | "GlobalMaxPool" => Arc::new(pool::GlobalPool::parse(node)),
        "LayerNormalization" => Arc::new(layer_norm::LayerNorm::parse(node)?),
        "LogSoftmax" => Arc::new(softmax::LogSoftmax(Softmax::parse(node)?)),
        "PRelu" => Arc::new(prelu::PRelu),
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceProd" => {
            Arc::new(reduce::Reduce::parse(node)?)
        }
        "Reshape" => Arc::new(reshape::Reshape::parse(node)),
        "Flatten" => Arc::new(reshape::Flatten::parse(node)),
        "Squeeze" => Arc::new(reshape::Squeeze::parse(node)),
        "Unsqueeze" => Arc::new(reshape::Unsqueeze::parse(node)),
        "Shape" => Arc::new(reshape::Shape::parse(node)),
        "Transpose" => Arc::new(transpose::Transpose::parse(node)),
        "DepthToSpace" => Arc::new(transpose::DepthToSpace::parse(node)?),
        "Concat" => Arc::new(slice::Concat::parse(node)),
        "Split" => Arc::new(slice::Split::parse(node)),
        "Slice" => Arc::new(slice::Slice),
        "Pad" => Arc::new(slice::Pad::parse(node)?),
        "Gather" => Arc::new(gather::Gather::parse(node)),
        "ScatterND" => Arc::new(gather::ScatterNd::parse(node)?),
        "Expand" => Arc::new(spread::Expand),
        "Tile" => Arc::new(spread::Tile),
        "ConstantOfShape" => Arc::new(spread::ConstantOfShape::parse(node)?),
        "Range" => Arc::new(spread::Range),
        "Cast" => Arc::new(select::Cast::parse(node)?),
        "CastLike" => Arc::new(select::CastLike::parse(node)?),
        "Where" => Arc::new(select::Where),
        "Not" => Arc::new(select::Not),
        "Resize" => Arc::new(resize::Resize::parse(node)?),
        _ => return Err(Unreadable::Unknown),
    })
}
