//! The vector-Jacobian product of operators whose outputs are values of their first input.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};

use super::{Inputs, Operator, OperatorError};
use crate::ints::Ints;
use crate::limits;
use crate::value::{Floats, Value};

/// Adds each value of the cotangent to the input's value that it was: the operator says where that is
/// by running on the positions 0, 1, 2, ... in place of the input.
pub(super) fn vjp_of_selection(
    operator: &impl Operator,
    mut inputs: Inputs,
    cotangent: Floats,
) -> Result<Vec<Option<Floats>>, OperatorError> {
    let shape = inputs.float(0)?.shape().to_vec();
    let count = limits::elements(&shape)?;
    let positions = Ints::new((0..count as i64).collect(), shape.clone())?;
    inputs.put(0, Value::Int(positions));
    let selected = operator.run(inputs)?.remove(0).int()?;
    let g = cotangent.into_row_major().into_flat();
    let device = g.device();
    let places = selected.data.len();
    let places = TensorData::new(selected.data, [places]);
    let places = Tensor::<1, Int>::from_data(places, &device);
    let zeros = Tensor::<1>::zeros([count], &device);
    let dx = zeros.select_assign(0, places, g, IndexingUpdateOp::Add);
    Ok(vec![Some(Floats::new(dx, shape)?)])
}
