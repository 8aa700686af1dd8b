//! The table of supported operators.

use mitsume_kernels::inference::Activation;

// Each operator has a file of its own beside this one.
use super::*;
use one_dimensional::is_one_dimensional;
use three_dimensional::is_three_dimensional;

type Parse = fn(&mut NodeInfo) -> Result<Op, OperatorError>;

/// Parsers of the supported operators by ONNX name. `Constant` nodes are read like initialisers.
const TABLE: &[(&str, Parse)] = &[
    // Convolution, pooling, normalisation, products
    ("Conv", |node| {
        let is_computed = node.constant(1).is_none();
        if node.training.is_some() || (is_computed && !is_one_dimensional(node)) {
            return other(trainable_convolution::TrainableConvolution::parse(node)?);
        }
        if is_three_dimensional(node) {
            return other(three_dimensional::ThreeDimensional::parse(node)?);
        }
        in_two_dimensions(node, |node| {
            Ok(Op::Convolution(Convolution::parse(node)?.into()))
        })
    }),
    ("ConvTranspose", |node| {
        other(conv_transpose::ConvTranspose::parse(node)?)
    }),
    ("MaxPool", |node| {
        in_two_dimensions(node, |node| other(pool::Pool::parse(node)?))
    }),
    ("AveragePool", |node| {
        in_two_dimensions(node, |node| other(pool::Pool::parse(node)?))
    }),
    ("GlobalAveragePool", |node| {
        other(pool::GlobalPool::parse(node))
    }),
    ("GlobalMaxPool", |node| other(pool::GlobalPool::parse(node))),
    ("BatchNormalization", |node| {
        if node.training.is_some() {
            let norm = TrainableBatchNorm::parse(node)?;
            return Ok(Op::TrainableBatchNorm(norm.into()));
        }
        if node.attributes.is_set("training_mode") {
            return other(batch_statistics::BatchStatistics::parse(node)?);
        }
        Ok(Op::BatchNorm(BatchNorm::parse(node)?.into()))
    }),
    ("LayerNormalization", |node| {
        other(layer_norm::LayerNorm::parse(node)?)
    }),
    ("InstanceNormalization", |node| {
        other(group_norm::GroupNorm::parse(node)?)
    }),
    ("GroupNormalization", |node| {
        other(group_norm::GroupNorm::parse(node)?)
    }),
    ("RMSNormalization", |node| {
        other(rms_norm::RmsNorm::parse(node)?)
    }),
    ("LpNormalization", |node| {
        other(rms_norm::LpNorm::parse(node)?)
    }),
    ("MatMul", |_| Ok(Op::MatMul(MatMul))),
    ("Einsum", |node| other(einsum::Einsum::parse(node)?)),
    ("Attention", |node| {
        other(attention::Attention::parse(node)?)
    }),
    ("Gemm", |node| Ok(Op::Gemm(Gemm::parse(node)))),
    // Activations
    ("Relu", |_| {
        Ok(Op::Unary(Unary::Activation(Activation::Relu)))
    }),
    ("Clip", |node| Ok(Op::Unary(Unary::clip(node)?))),
    ("HardSwish", |_| {
        Ok(Op::Unary(Unary::Activation(Activation::HardSwish)))
    }),
    ("HardSigmoid", |node| {
        Ok(Op::Unary(Unary::hard_sigmoid(node)))
    }),
    ("Sigmoid", |_| Ok(Op::Unary(Unary::Sigmoid))),
    ("Tanh", |_| Ok(Op::Unary(Unary::Tanh))),
    ("LeakyRelu", |node| Ok(Op::Unary(Unary::leaky_relu(node)))),
    ("PRelu", |_| other(prelu::PRelu)),
    ("Elu", |node| Ok(Op::Unary(Unary::elu(node)))),
    ("Gelu", |node| Ok(Op::Unary(Unary::gelu(node)?))),
    ("Softplus", |_| Ok(Op::Unary(Unary::Softplus))),
    ("Softsign", |_| Ok(Op::Unary(Unary::Softsign))),
    ("Mish", |_| Ok(Op::Unary(Unary::Mish))),
    ("Selu", |node| Ok(Op::Unary(Unary::selu(node)))),
    ("Celu", |node| Ok(Op::Unary(Unary::celu(node)))),
    ("ThresholdedRelu", |node| {
        Ok(Op::Unary(Unary::thresholded_relu(node)))
    }),
    ("Softmax", |node| Ok(Op::Softmax(Softmax::parse(node)?))),
    ("LogSoftmax", |node| {
        other(softmax::LogSoftmax(Softmax::parse(node)?))
    }),
    // Element-wise, one input
    ("Abs", |_| Ok(Op::Unary(Unary::Abs))),
    ("Neg", |_| Ok(Op::Unary(Unary::Neg))),
    ("Exp", |_| Ok(Op::Unary(Unary::Exp))),
    ("Log", |_| Ok(Op::Unary(Unary::Log))),
    ("Sqrt", |_| Ok(Op::Unary(Unary::Sqrt))),
    ("Reciprocal", |_| Ok(Op::Unary(Unary::Reciprocal))),
    ("Erf", |_| Ok(Op::Unary(Unary::Erf))),
    ("Floor", |_| Ok(Op::Unary(Unary::Floor))),
    ("Ceil", |_| Ok(Op::Unary(Unary::Ceil))),
    ("Round", |_| Ok(Op::Unary(Unary::Round))),
    ("Sign", |_| Ok(Op::Unary(Unary::Sign))),
    ("Sin", |_| Ok(Op::Unary(Unary::Sin))),
    ("Cos", |_| Ok(Op::Unary(Unary::Cos))),
    ("IsNaN", |node| other(is_nan::IsNotFinite::parse(node))),
    ("IsInf", |node| other(is_nan::IsNotFinite::parse(node))),
    ("Cast", |node| other(cast::Cast::parse(node)?)),
    ("CastLike", |node| other(cast::CastLike::parse(node)?)),
    ("Not", |_| other(not::Not)),
    ("Where", |_| other(select::Where)),
    // Element-wise, two inputs
    ("Add", |_| Ok(Op::Binary(Binary(BinaryFunction::Add)))),
    ("Sum", |node| variadic::parse(BinaryFunction::Add, node)),
    ("Sub", |_| Ok(Op::Binary(Binary(BinaryFunction::Sub)))),
    ("Mul", |_| Ok(Op::Binary(Binary(BinaryFunction::Mul)))),
    ("Div", |_| Ok(Op::Binary(Binary(BinaryFunction::Div)))),
    ("Pow", |_| Ok(Op::Binary(Binary(BinaryFunction::Pow)))),
    ("Min", |node| variadic::parse(BinaryFunction::Min, node)),
    ("Max", |node| variadic::parse(BinaryFunction::Max, node)),
    ("Mod", |node| {
        node.attributes.only("fmod", 0)?;
        Ok(Op::Binary(Binary(BinaryFunction::Mod)))
    }),
    ("Equal", |_| Ok(Op::Binary(Binary(BinaryFunction::Equal)))),
    ("Greater", |_| {
        Ok(Op::Binary(Binary(BinaryFunction::Greater)))
    }),
    ("Less", |_| Ok(Op::Binary(Binary(BinaryFunction::Less)))),
    ("GreaterOrEqual", |_| {
        Ok(Op::Binary(Binary(BinaryFunction::GreaterOrEqual)))
    }),
    ("LessOrEqual", |_| {
        Ok(Op::Binary(Binary(BinaryFunction::LessOrEqual)))
    }),
    ("And", |_| Ok(Op::Binary(Binary(BinaryFunction::And)))),
    ("Or", |_| Ok(Op::Binary(Binary(BinaryFunction::Or)))),
    // Reductions
    ("ReduceMean", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceSum", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceMax", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceMin", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceProd", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceL1", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceL2", |node| other(reduce::Reduce::parse(node)?)),
    ("ReduceSumSquare", |node| {
        other(reduce::Reduce::parse(node)?)
    }),
    ("ReduceLogSum", |node| other(reduce::Reduce::parse(node)?)),
    ("ArgMax", |node| other(ranking::ArgMax::parse(node))),
    ("ArgMin", |node| other(ranking::ArgMax::parse(node))),
    ("TopK", |node| other(ranking::TopK::parse(node))),
    ("CumSum", |node| {
        other(cumulative_sum::CumulativeSum::parse(node))
    }),
    // Shapes
    ("Reshape", |node| other(reshape::Reshape::parse(node))),
    ("Flatten", |node| other(reshape::Flatten::parse(node))),
    ("Squeeze", |node| other(reshape::Squeeze::parse(node))),
    ("Unsqueeze", |node| other(reshape::Unsqueeze::parse(node))),
    ("Shape", |node| other(reshape::Shape::parse(node))),
    ("Transpose", |node| {
        Ok(Op::Transpose(transpose::Transpose::parse(node).into()))
    }),
    ("DepthToSpace", |node| {
        other(transpose::DepthToSpace::parse(node)?)
    }),
    ("Expand", |_| other(expand::Expand)),
    ("Tile", |_| other(expand::Tile)),
    ("ConstantOfShape", |node| {
        other(expand::ConstantOfShape::parse(node)?)
    }),
    ("Range", |_| other(expand::Range)),
    // Concatenation, slices, gathers, resize
    ("Concat", |node| Ok(Op::Concat(Concat::parse(node)))),
    ("Split", |node| other(slice::Split::parse(node))),
    ("Slice", |_| other(slice::Slice)),
    ("Pad", |node| other(pad::Pad::parse(node)?)),
    ("Gather", |node| other(gather::Gather::parse(node))),
    ("GatherND", |node| other(gather_nd::GatherNd::parse(node)?)),
    ("OneHot", |node| other(one_hot::OneHot::parse(node))),
    ("Col2Im", |node| other(col2im::Col2Im::parse(node))),
    ("ScatterND", |node| other(gather::ScatterNd::parse(node)?)),
    ("Resize", |node| other(resize::Resize::parse(node)?)),
    // Identities
    ("Identity", |_| Ok(Op::Identity)),
    ("Dropout", dropout::parse),
    // Random numbers of stochastic depth
    ("RandomUniformLike", |node| {
        other(random::Random::parse(node)?)
    }),
    ("Bernoulli", |node| other(random::Random::parse(node)?)),
];

/// Names of the operators that are supported.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE
        .iter()
        .map(|(op_type, _)| *op_type)
        .chain(["Constant"])
}

pub(super) fn other(op: impl Operator + 'static) -> Result<Op, OperatorError> {
    Ok(Op::Other(std::sync::Arc::new(op)))
}

/// What `parse` makes of a node of images; of one dimension less, the same applied to them.
fn in_two_dimensions(node: &mut NodeInfo, parse: Parse) -> Result<Op, OperatorError> {
    if is_one_dimensional(node) {
        return other(one_dimensional::OneDimensional::parse(node, parse)?);
    }
    parse(node)
}

/// Parses a node; not a `Constant` node.
pub(crate) fn parse(mut node: NodeInfo) -> Result<Op, ParseError> {
    let entry = TABLE.iter().find(|(op_type, _)| *op_type == node.op_type);
    let (_, parse) = entry.ok_or(ParseError::Unknown)?;
    let op = parse(&mut node)?;
    if node.outputs > 1 && !op.operator().has_several_outputs() {
        let reason = "only the first output is supported";
        return Err(OperatorError::Unsupported(reason.into()).into());
    }
    node.attributes.finish()?;
    Ok(op)
}
