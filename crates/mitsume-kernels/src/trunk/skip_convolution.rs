//! The 1x1 convolution on the skip connection of a residual block.

use crate::pointwise;
use crate::winograd::filter::{Direction, FilterShape};
use crate::winograd::input::Input;
use crate::workspace::{Buffer, Workspace};

/// `x` [images, height, width, C] by `filters` [channels, C], without a bias: [images, height,
/// width, channels]. The bias is added with the shift of the block's second batch norm.
pub(super) fn skip_convolution(
    workspace: &Workspace,
    x: Input,
    filters: &[f32],
    channels: usize,
) -> Buffer {
    let mut skip = workspace.take(x.grid.pixels() * channels);
    let shape = FilterShape {
        outputs: channels,
        inputs: x.channels,
    };
    let weights = pointwise::Weights::new(workspace, filters, shape, Direction::Forward);
    pointwise::multiply(workspace, x.data, &weights, &mut skip);
    skip
}
