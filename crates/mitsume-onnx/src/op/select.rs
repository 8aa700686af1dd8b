//! Where.

use burn::tensor::{Bool, Tensor, TensorData};

use super::binary::{broadcast_ints, summed_to};
use super::{Inputs, Operator, OperatorError};
use crate::ints::Ints;
use crate::layout::AxisRule;
use crate::limits;
use crate::shape::{broadcast, with_leading_ones};
use crate::value::{Floats, Value};

/// The second input where the first is true, else the third, all broadcast.
#[derive(Debug)]
pub(crate) struct Where;

impl Operator for Where {
    /// The cotangent where the input was chosen, else 0.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let condition = inputs.take(0)?.int()?;
        let shapes = [inputs.take(1)?, inputs.take(2)?].map(|x| x.shape().to_vec());
        let shape = cotangent.shape().to_vec();
        let truth = broadcast_ints(&condition, &shape)?;
        let zeros = cotangent.clone().map(|g| g.zeros_like());
        let a = select(
            truth.clone(),
            cotangent.clone(),
            zeros.clone(),
            shape.clone(),
        )?;
        let b = select(truth, zeros, cotangent, shape)?;
        let [a_shape, b_shape] = shapes;
        Ok(vec![
            None,
            Some(summed_to(a, &a_shape)?),
            Some(summed_to(b, &b_shape)?),
        ])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Pointwise
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let condition = inputs.take(0)?.int()?;
        let (a, b) = (inputs.take(1)?, inputs.take(2)?);
        let shape = broadcast(&broadcast(a.shape(), b.shape())?, &condition.shape)?;
        let truth = broadcast_ints(&condition, &shape)?;
        let value = match (a, b) {
            (Value::Int(a), Value::Int(b)) => {
                let (a, b) = (broadcast_ints(&a, &shape)?, broadcast_ints(&b, &shape)?);
                let pairs = truth.iter().zip(a.into_iter().zip(b));
                let data = pairs.map(|(&t, (a, b))| if t != 0 { a } else { b });
                Value::Int(Ints::new(data.collect(), shape)?)
            }
            (a, b) => Value::Float(select(truth, a.float()?, b.float()?, shape)?),
        };
        Ok(vec![value])
    }
}

/// By a mask, because `condition * a` would be NaN for infinite or NaN `a` even where it is not
/// chosen.
fn select(
    truth: Vec<i64>,
    a: Floats,
    b: Floats,
    shape: Vec<usize>,
) -> Result<Floats, OperatorError> {
    const D: usize = limits::MAX_RANK;
    let sides = |shape: &[usize]| -> [usize; D] {
        let padded = with_leading_ones(shape, D);
        std::array::from_fn(|axis| padded[axis])
    };
    let to = sides(&shape);
    let count = limits::float_elements(&shape)?;
    let device = a.device();
    let (a_sides, b_sides) = (sides(a.shape()), sides(b.shape()));
    let (a, b) = (
        a.into_tensor(a_sides).expand(to),
        b.into_tensor(b_sides).expand(to),
    );
    let truth = truth.into_iter().map(|t| t != 0).collect::<Vec<bool>>();
    let truth = TensorData::new(truth, [count]);
    let truth = Tensor::<1, Bool>::from_data(truth, &device).reshape(to);
    Floats::from_tensor(b.mask_where(truth, a)).reshaped(shape)
}
