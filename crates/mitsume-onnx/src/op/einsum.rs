//! Einsum of two tensors.

use super::transpose::permuted;
use super::{Inputs, NodeInfo, Operator, OperatorError};
use crate::layout::AxisRule;
use crate::value::{Floats, Value};

/// A sum of products over named axes, such as `bhid,bhjd->bhij`; no ellipsis, and no axis twice in one
/// tensor.
#[derive(Debug)]
pub(super) struct Einsum {
    inputs: [Vec<char>; 2],
    output: Vec<char>,
}

impl Einsum {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let equation = node.attributes.text("equation")?;
        let plain: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let unsupported = || {
            OperatorError::Unsupported(format!(
                "equation \"{equation}\": two tensors and named axes expected, each once in a tensor"
            ))
        };
        let (inputs, output) = plain.split_once("->").ok_or_else(unsupported)?;
        let (a, b) = inputs.split_once(',').ok_or_else(unsupported)?;
        let axes = [a, b, output].map(|text| text.chars().collect::<Vec<char>>());
        let once = |axes: &Vec<char>| {
            axes.iter().all(|c| c.is_ascii_alphabetic())
                && (1..axes.len()).all(|i| !axes[..i].contains(&axes[i]))
        };
        let [a, b, output] = axes;
        let known = output.iter().all(|c| a.contains(c) || b.contains(c));
        let summed_alone = |axes: &[char], other: &[char]| {
            axes.iter()
                .any(|c| !output.contains(c) && !other.contains(c))
        };
        let fits = [&a, &b, &output].into_iter().all(once)
            && known
            && !summed_alone(&a, &b)
            && !summed_alone(&b, &a);
        match fits {
            true => Ok(Self {
                inputs: [a, b],
                output,
            }),
            false => Err(unsupported()),
        }
    }
}

impl Operator for Einsum {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let (a, b) = (inputs.float(0)?, inputs.float(1)?);
        let [a_axes, b_axes] = &self.inputs;
        if a.rank() != a_axes.len() || b.rank() != b_axes.len() {
            return Err(OperatorError::Invalid("other numbers of axes".into()));
        }
        let in_both = |c: &&char| a_axes.contains(c) && b_axes.contains(c);
        let batch: Vec<char> = self.output.iter().filter(in_both).copied().collect();
        let summed = a_axes.iter().filter(in_both);
        let summed: Vec<char> = summed.filter(|c| !batch.contains(c)).copied().collect();
        let only = |own: &[char], other: &[char]| -> Vec<char> {
            own.iter().filter(|c| !other.contains(c)).copied().collect()
        };
        let (left, right) = (only(a_axes, b_axes), only(b_axes, a_axes));
        let side = |c: &char| {
            let at = |axes: &[char]| axes.iter().position(|other| other == c);
            at(a_axes).map_or_else(|| b.shape()[at(b_axes).expect("known")], |i| a.shape()[i])
        };
        let count = |axes: &[char]| axes.iter().map(side).product::<usize>();
        let out: Vec<char> = [&batch[..], &left, &right].concat();
        let shape: Vec<usize> = out.iter().map(side).collect();
        let (n, l, k, r) = (count(&batch), count(&left), count(&summed), count(&right));
        let order = |from: &[char], to: &[char]| -> Vec<usize> {
            let position = |c: &char| from.iter().position(|other| other == c);
            to.iter().map(|c| position(c).expect("known")).collect()
        };
        let a = permuted(a, &order(a_axes, &[&batch[..], &left, &summed].concat()))?;
        let b = permuted(b, &order(b_axes, &[&batch[..], &summed, &right].concat()))?;
        if a.shape().iter().product::<usize>() != n * l * k
            || b.shape().iter().product::<usize>() != n * k * r
        {
            return Err(OperatorError::Invalid("axes of different lengths".into()));
        }
        let product = a.into_tensor([n, l, k]).matmul(b.into_tensor([n, k, r]));
        let product = Floats::from_tensor(product).reshaped(shape)?;
        Ok(vec![Value::Float(permuted(
            product,
            &order(&out, &self.output),
        )?)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Unrelated
    }
}
