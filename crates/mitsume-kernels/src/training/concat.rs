//! Concatenation of channels, and its gradient.

use crate::error::{Error, check_rows};
use crate::inference::{self, ChannelOrder, ChannelsInput};
use crate::workspace::{Buffer, Workspace};
use rayon::prelude::*;

/// Values in a task.
const VALUES_PER_TASK: usize = 1 << 15;

/// The channels of `a` `[pixels, channels[0]]` and then those of `b` `[pixels, channels[1]]`, of each pixel.
///
/// # Errors
/// If the lengths do not fit.
pub fn concat(
    workspace: &Workspace,
    a: &[f32],
    b: &[f32],
    channels: [usize; 2],
) -> Result<Buffer, Error> {
    check_rows("channels", channels[1], b.len())?;
    let inputs = [(a, channels[0]), (b, channels[1])];
    let inputs = inputs.map(|(data, channels)| ChannelsInput { data, channels });
    let all = 0..channels[0] + channels[1];
    inference::concat(workspace, &inputs, ChannelOrder::Concatenated, all)
}

/// The gradients of the two inputs of [`concat()`] from that of its result.
///
/// # Errors
/// If the length is not one of whole pixels.
pub fn concat_gradients(
    workspace: &Workspace,
    dy: &[f32],
    channels: [usize; 2],
) -> Result<[Buffer; 2], Error> {
    let both = channels[0] + channels[1];
    check_rows("channels", channels[0].min(channels[1]), 0)?;
    check_rows("channels", both, dy.len())?;
    let pixels = dy.len() / both;
    let [mut da, mut db] = channels.map(|channels| workspace.take(pixels * channels));
    let task = (VALUES_PER_TASK / both).max(1);
    dy.par_chunks(task * both)
        .zip(da.par_chunks_mut(task * channels[0]))
        .zip(db.par_chunks_mut(task * channels[1]))
        .for_each(|((dy, da), db)| {
            let pairs = da
                .chunks_exact_mut(channels[0])
                .zip(db.chunks_exact_mut(channels[1]));
            for (dy, (da, db)) in dy.chunks_exact(both).zip(pairs) {
                let (first, second) = dy.split_at(da.len());
                da.copy_from_slice(first);
                db.copy_from_slice(second);
            }
        });
    Ok([da, db])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pixel_has_the_channels_of_both_and_the_gradient_takes_them_apart() {
        let workspace = Workspace::default();
        // More pixels than a task has.
        let (pixels, channels) = (9000, [3, 5]);
        let [a, b] = [0.0, 1e6].map(|from| {
            let count = pixels
                * if from == 0.0 {
                    channels[0]
                } else {
                    channels[1]
                };
            (0..count).map(|i| from + i as f32).collect::<Vec<f32>>()
        });
        let y = concat(&workspace, &a, &b, channels).unwrap();
        for pixel in [0, 1, 4095, 4096, pixels - 1] {
            assert_eq!(y[pixel * 8..][..3], a[pixel * 3..][..3]);
            assert_eq!(y[pixel * 8 + 3..][..5], b[pixel * 5..][..5]);
        }
        let [da, db] = concat_gradients(&workspace, &y, channels).unwrap();
        assert_eq!((&da[..], &db[..]), (&a[..], &b[..]));
        assert!(concat(&workspace, &a, &b[1..], channels).is_err());
        assert!(concat(&workspace, &a[1..], &b, channels).is_err());
        assert!(concat_gradients(&workspace, &y[1..], channels).is_err());
        assert!(concat(&workspace, &a, &b, [0, 5]).is_err());
        assert!(concat(&workspace, &a, &[], [3, 0]).is_err());
    }
}
