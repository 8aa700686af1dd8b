//! Concatenation and channel shuffle of flat tensors.

use std::ops::Range;

use burn::backend::{BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use crate::burn_extension::tensors::{shared_flat_tensor, values};
use crate::burn_extension::workspace;
use crate::error::Error;
use crate::inference::{self, ChannelOrder, ChannelsInput};

/// The channels `range` of the concatenation of `inputs` in `order`. Each input is a flat `[pixels, channels]` and its
/// number of channels; the result is a flat `[pixels, range.len()]`.
///
/// Burn's operations take no list of tensors, so that this one is none of them: it has no form for a device with
/// autodiff.
///
/// # Errors
/// As [`inference::concat`].
///
/// # Panics
/// If a tensor is not f32 on a device that [`supports`](crate::burn_extension::supports) accepts.
pub fn concat(
    inputs: Vec<(Tensor<1>, usize)>,
    order: ChannelOrder,
    range: Range<usize>,
) -> Result<Tensor<1>, Error> {
    let tensors: Vec<(FlexTensor, usize)> = inputs
        .into_iter()
        .map(|(tensor, channels)| (flex_tensor(tensor).to_contiguous(), channels))
        .collect();
    let inputs: Vec<ChannelsInput> = tensors
        .iter()
        .map(|(tensor, channels)| ChannelsInput {
            data: values(tensor),
            channels: *channels,
        })
        .collect();
    let y = inference::concat(workspace(), &inputs, order, range)?;
    Ok(Tensor::from_dispatch(DispatchTensor {
        kind: DispatchTensorKind::Flex(BackendTensor::Float(shared_flat_tensor(y))),
        autodiff: DispatchAutodiffContext::Disabled,
    }))
}

/// The CPU back end's tensor.
fn flex_tensor(tensor: Tensor<1>) -> FlexTensor {
    match tensor.into_dispatch().kind {
        DispatchTensorKind::Flex(tensor) => tensor.float(),
        _ => panic!("a tensor on the CPU without autodiff"),
    }
}
