//! Channels of several feature maps side by side: concatenation, channel shuffle, and parts of both.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Error, check_length, check_rows};
use crate::workspace::{Buffer, Workspace};

/// Values in a task.
const VALUES_PER_TASK: usize = 1 << 15;

/// The order in which a concatenation has the channels of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelOrder {
    /// Those of the first input, then those of the second, and so on.
    Concatenated,
    /// The first channel of each input, then the second of each, and so on: a channel shuffle (ShuffleNet,
    /// Zhang et al. 2018) of a concatenation with as many groups as inputs, which have the same number of channels.
    Shuffled,
}

/// A feature map, channels last.
#[derive(Clone, Copy, Debug)]
pub struct ChannelsInput<'a> {
    /// `[pixels, channels]`.
    pub data: &'a [f32],
    /// Number of channels.
    pub channels: usize,
}

/// The channels `range` of the concatenation of `inputs` in `order`, `[pixels, range.len()]`.
///
/// # Errors
/// If the inputs are not of the same number of pixels, those of a shuffle not of the same number of channels, or the
/// range reaches beyond the channels.
pub fn concat(
    workspace: &Workspace,
    inputs: &[ChannelsInput],
    order: ChannelOrder,
    range: Range<usize>,
) -> Result<Buffer, Error> {
    let pixels = check(inputs, order, &range)?;
    let count = range.len();
    let mut y = workspace.take(pixels * count);
    let task = (VALUES_PER_TASK / count).max(1);
    let copies = match order {
        ChannelOrder::Concatenated => copies(inputs, &range),
        ChannelOrder::Shuffled => Vec::new(),
    };
    y.par_chunks_mut(task * count)
        .enumerate()
        .for_each(|(i, y)| match (order, inputs) {
            (ChannelOrder::Concatenated, _) => copy(&copies, i * task, y, count),
            (ChannelOrder::Shuffled, [a, b]) if (range.start | count).is_multiple_of(2) => {
                interleave([a, b], i * task, y, range.start / 2..range.end / 2);
            }
            (ChannelOrder::Shuffled, _) => shuffle(inputs, i * task, y, &range),
        });
    Ok(y)
}

/// Checks the arguments of [`concat()`] and returns the number of pixels.
fn check(
    inputs: &[ChannelsInput],
    order: ChannelOrder,
    range: &Range<usize>,
) -> Result<usize, Error> {
    let first = inputs.first();
    let first = first.ok_or_else(|| Error::Length {
        what: "inputs".into(),
        expected: 1,
        found: 0,
    })?;
    check_rows("channels", first.channels, first.data.len())?;
    let pixels = first.data.len() / first.channels;
    let mut channels = 0;
    for input in inputs {
        check_length("input", pixels * input.channels, input.data.len())?;
        if order == ChannelOrder::Shuffled {
            check_length("channels of a group", first.channels, input.channels)?;
        }
        channels += input.channels;
    }
    if range.is_empty() || range.end > channels {
        return Err(Error::Length {
            what: "channels".into(),
            expected: channels,
            found: range.end,
        });
    }
    Ok(pixels)
}

/// Channels of an input that lie side by side in the result.
struct Copy<'a> {
    from: ChannelsInput<'a>,
    channels: Range<usize>,
}

/// The parts of each input that `range` has.
fn copies<'a>(inputs: &[ChannelsInput<'a>], range: &Range<usize>) -> Vec<Copy<'a>> {
    let mut before = 0;
    let parts = inputs.iter().map(|&from| {
        let start = range.start.clamp(before, before + from.channels) - before;
        let end = range.end.clamp(before, before + from.channels) - before;
        before += from.channels;
        Copy {
            from,
            channels: start..end,
        }
    });
    parts.filter(|part| !part.channels.is_empty()).collect()
}

/// The pixels from `first` on, to `y` `[pixels, count]`.
fn copy(copies: &[Copy], first: usize, y: &mut [f32], count: usize) {
    for (pixel, mut y) in (first..).zip(y.chunks_exact_mut(count)) {
        for Copy { from, channels } in copies {
            let to = y.split_off_mut(..channels.len()).expect("as many channels");
            to.copy_from_slice(&from.data[pixel * from.channels..][channels.clone()]);
        }
    }
}

/// Of each of two inputs the channels `each`, in turns.
fn interleave(inputs: [&ChannelsInput; 2], first: usize, y: &mut [f32], each: Range<usize>) {
    for (pixel, y) in (first..).zip(y.chunks_exact_mut(2 * each.len())) {
        let [a, b] = inputs.map(|input| &input.data[pixel * input.channels..][each.clone()]);
        let pairs = y.as_chunks_mut::<2>().0;
        for ((y, &a), &b) in pairs.iter_mut().zip(a).zip(b) {
            *y = [a, b];
        }
    }
}

/// A shuffle of any number of inputs and any range.
fn shuffle(inputs: &[ChannelsInput], first: usize, y: &mut [f32], range: &Range<usize>) {
    for (pixel, y) in (first..).zip(y.chunks_exact_mut(range.len())) {
        for (channel, y) in range.clone().zip(y) {
            let from = &inputs[channel % inputs.len()];
            *y = from.data[pixel * from.channels + channel / inputs.len()];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[pixels, channels]`, each value another.
    fn values(pixels: usize, channels: usize, from: f32) -> Vec<f32> {
        (0..pixels * channels).map(|i| from + i as f32).collect()
    }

    /// The definition, for one pixel.
    fn by_definition(
        inputs: &[ChannelsInput],
        order: ChannelOrder,
        range: Range<usize>,
        pixel: usize,
    ) -> Vec<f32> {
        let rows: Vec<&[f32]> = inputs
            .iter()
            .map(|input| &input.data[pixel * input.channels..][..input.channels])
            .collect();
        let all: Vec<f32> = match order {
            ChannelOrder::Concatenated => rows.concat(),
            ChannelOrder::Shuffled => (0..rows[0].len())
                .flat_map(|channel| rows.iter().map(move |row| row[channel]))
                .collect(),
        };
        all[range].to_vec()
    }

    fn check_all(channels: &[usize], order: ChannelOrder) {
        let workspace = Workspace::default();
        // More pixels than a task has.
        let pixels = 9000;
        let data: Vec<Vec<f32>> = (0..)
            .zip(channels)
            .map(|(i, &channels)| values(pixels, channels, 1e5 * i as f32))
            .collect();
        let inputs: Vec<ChannelsInput> = data
            .iter()
            .zip(channels)
            .map(|(data, &channels)| ChannelsInput { data, channels })
            .collect();
        let total: usize = channels.iter().sum();
        for range in [0..total, 0..total / 2, total / 2..total, 1..total, 2..3] {
            let y = concat(&workspace, &inputs, order, range.clone()).unwrap();
            assert_eq!(y.len(), pixels * range.len());
            for pixel in [0, 1, 4095, 4096, pixels - 1] {
                let found = &y[pixel * range.len()..][..range.len()];
                let expected = by_definition(&inputs, order, range.clone(), pixel);
                assert_eq!(found, expected, "{channels:?} {order:?} {range:?} {pixel}");
            }
        }
    }

    #[test]
    fn every_range_of_channels_is_that_of_the_definition() {
        check_all(&[3, 5], ChannelOrder::Concatenated);
        check_all(&[7], ChannelOrder::Concatenated);
        check_all(&[1, 4, 2], ChannelOrder::Concatenated);
        check_all(&[10, 10], ChannelOrder::Shuffled);
        check_all(&[4, 4, 4], ChannelOrder::Shuffled);
    }

    #[test]
    fn inputs_that_do_not_go_together_are_refused() {
        let workspace = Workspace::default();
        let data = values(6, 2, 0.0);
        let input = |channels| ChannelsInput {
            data: &data,
            channels,
        };
        let (concatenated, shuffled) = (ChannelOrder::Concatenated, ChannelOrder::Shuffled);
        for (inputs, order, range) in [
            (vec![], concatenated, 0..1),
            (vec![input(0)], concatenated, 0..1),
            (vec![input(5)], concatenated, 0..1),
            (vec![input(2), input(3)], concatenated, 0..4),
            (vec![input(2)], concatenated, 0..3),
            (vec![input(2)], concatenated, 1..1),
            (vec![input(2), input(2)], shuffled, 0..5),
        ] {
            assert!(concat(&workspace, &inputs, order, range).is_err());
        }
        let other = ChannelsInput {
            data: &data[..6],
            channels: 1,
        };
        assert!(concat(&workspace, &[input(2), other], shuffled, 0..2).is_err());
        assert!(concat(&workspace, &[input(2), other], concatenated, 0..3).is_ok());
    }
}
