//! The last linear layer, and a new one for another number of classes.

use mitsume_random::RandomStream;

use crate::graph::{Graph, Node, ValueId};
use crate::op::{BinaryFunction, Op};

/// A last linear layer to be trained from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewHead {
    /// Number of classes.
    pub classes: usize,
    /// Seed of its weights.
    pub seed: u64,
}

/// The last linear layer of a graph.
struct LastLinear {
    /// Number of the parameter that is its weights.
    weights: usize,
    /// Axis of the weights that is the classes.
    class_axis: usize,
    /// Number of the parameter that is its bias.
    bias: Option<usize>,
}

/// Puts new values in place of the last linear layer's, drawn as PyTorch draws those of `nn.Linear`:
/// uniform in +-1/sqrt(inputs).
pub(super) fn replace_head(graph: &mut Graph, head: &NewHead) -> Result<(), String> {
    let last = last_linear(graph).ok_or(
        "its last layer is not linear with weights of its own, so it cannot be given a new one",
    )?;
    let mut random = RandomStream::new("mitsume new head v1", &[head.seed]);
    let weights = &mut graph.trained[last.weights];
    let inputs = weights.shape[1 - last.class_axis];
    let bound = 1.0 / (inputs as f64).sqrt();
    let mut draw = |count: usize| -> Vec<f32> {
        (0..count)
            .map(|_| random.uniform(-bound, bound) as f32)
            .collect()
    };
    weights.shape[last.class_axis] = head.classes;
    weights.values = draw(inputs * head.classes);
    if let Some(bias) = last.bias {
        let bias = &mut graph.trained[bias];
        bias.shape = vec![head.classes];
        bias.values = draw(head.classes);
    }
    Ok(())
}

/// Numbers of the parameters of the last linear layer, if the graph ends in one with weights of its own.
pub(super) fn head_parameters(graph: &Graph) -> Option<Vec<usize>> {
    let last = last_linear(graph)?;
    Some(std::iter::once(last.weights).chain(last.bias).collect())
}

fn last_linear(graph: &Graph) -> Option<LastLinear> {
    let last = producer(graph, graph.output)?;
    match &last.op {
        Op::Gemm(gemm) => {
            let (weights, transposed) = weights(graph, input(last, 1)?)?;
            let bias = last.inputs.get(2).copied().flatten();
            Some(LastLinear {
                weights,
                class_axis: usize::from(gemm.transposed[1] == transposed),
                bias: match bias {
                    Some(bias) => Some(parameter(graph, bias)?),
                    None => None,
                },
            })
        }
        Op::MatMul(_) => {
            let (weights, transposed) = weights(graph, input(last, 1)?)?;
            Some(LastLinear {
                weights,
                class_axis: usize::from(!transposed),
                bias: None,
            })
        }
        Op::Binary(binary) if binary.0 == BinaryFunction::Add => {
            let [a, b] = [input(last, 0)?, input(last, 1)?];
            let (bias, product) = match parameter(graph, a) {
                Some(bias) => (bias, b),
                None => (parameter(graph, b)?, a),
            };
            let product = producer(graph, product)?;
            if !matches!(product.op, Op::MatMul(_)) {
                return None;
            }
            let (weights, transposed) = weights(graph, input(product, 1)?)?;
            Some(LastLinear {
                weights,
                class_axis: usize::from(!transposed),
                bias: Some(bias),
            })
        }
        _ => None,
    }
}

/// The parameter that a matrix is, and whether it is transposed.
fn weights(graph: &Graph, matrix: ValueId) -> Option<(usize, bool)> {
    let found = match parameter(graph, matrix) {
        Some(number) => (number, false),
        None => {
            let node = producer(graph, matrix).filter(|node| node.op_type == "Transpose")?;
            (parameter(graph, input(node, 0)?)?, true)
        }
    };
    (graph.trained[found.0].shape.len() == 2).then_some(found)
}

fn parameter(graph: &Graph, id: ValueId) -> Option<usize> {
    graph
        .trained
        .iter()
        .position(|parameter| parameter.id == id)
}

fn producer(graph: &Graph, id: ValueId) -> Option<&Node> {
    let mut nodes = graph.nodes.iter();
    nodes.find(|node| node.outputs.contains(&Some(id)))
}

fn input(node: &Node, i: usize) -> Option<ValueId> {
    node.inputs.get(i).copied().flatten()
}
