//! Concatenation of channels that is computed when its values are read.
//!
//! A network that shuffles channels (ShuffleNet) concatenates two feature maps, shuffles the result and splits it again:
//! each part is then made by one pass over memory, instead of three over all channels.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::{Device, Tensor};
use mitsume_kernels::burn_extension::inference::concat;
use mitsume_kernels::inference::ChannelOrder;

/// A range of the channels of several feature maps, channels last, on the CPU without autodiff.
#[derive(Clone, Debug)]
pub(super) struct LazyChannels(Arc<Mutex<State>>);

// There are few of them, so boxing would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum State {
    Apart(Inputs),
    /// The values, once they were read; the inputs are let go.
    Joined {
        values: Tensor<1>,
        channels: usize,
    },
}

#[derive(Clone, Debug)]
struct Inputs {
    /// Flat `[pixels, channels]`, and the number of channels.
    tensors: Vec<(Tensor<1>, usize)>,
    order: ChannelOrder,
    /// Channels of the concatenation.
    range: Range<usize>,
}

impl LazyChannels {
    /// The channels of all `tensors`, each flat `[pixels, channels]` with its number of channels; all of as many pixels.
    pub fn concatenated(tensors: Vec<(Tensor<1>, usize)>) -> Self {
        let total = tensors.iter().map(|(_, channels)| channels).sum();
        Self::apart(Inputs {
            tensors,
            order: ChannelOrder::Concatenated,
            range: 0..total,
        })
    }

    fn apart(inputs: Inputs) -> Self {
        Self(Arc::new(Mutex::new(State::Apart(inputs))))
    }

    /// `count` of its channels from `start` on.
    pub fn narrowed(&self, start: usize, count: usize) -> Self {
        let inputs = match &*self.state() {
            State::Apart(inputs) => inputs.clone(),
            State::Joined { values, channels } => Inputs {
                tensors: vec![(values.clone(), *channels)],
                order: ChannelOrder::Concatenated,
                range: 0..*channels,
            },
        };
        let first = inputs.range.start + start;
        Self::apart(Inputs {
            range: first..first + count,
            ..inputs
        })
    }

    /// Its channels in the order of a shuffle, if it is the concatenation of `groups` inputs with `channels` each.
    pub fn shuffled(&self, groups: usize, channels: usize) -> Option<Self> {
        let state = self.state();
        let State::Apart(inputs) = &*state else {
            return None;
        };
        let is_whole = inputs.range == (0..groups * channels);
        let fits = inputs.order == ChannelOrder::Concatenated
            && inputs.tensors.len() == groups
            && inputs.tensors.iter().all(|(_, own)| *own == channels);
        (is_whole && fits).then(|| {
            Self::apart(Inputs {
                order: ChannelOrder::Shuffled,
                ..inputs.clone()
            })
        })
    }

    /// The values, `[pixels, channels]`.
    pub fn values(&self) -> Tensor<1> {
        let mut state = self.state();
        let inputs = match &*state {
            State::Apart(inputs) => inputs.clone(),
            State::Joined { values, .. } => return values.clone(),
        };
        let channels = inputs.range.len();
        let values = concat(inputs.tensors, inputs.order, inputs.range);
        let values = values.expect("the inputs were checked");
        *state = State::Joined {
            values: values.clone(),
            channels,
        };
        values
    }

    /// Where it is computed.
    pub fn device(&self) -> Device {
        match &*self.state() {
            State::Apart(inputs) => inputs.tensors[0].0.device(),
            State::Joined { values, .. } => values.device(),
        }
    }

    /// Number of values that it keeps in memory.
    pub fn kept_values(&self) -> usize {
        let count = |tensor: &Tensor<1>| tensor.dims()[0];
        match &*self.state() {
            State::Apart(inputs) => inputs.tensors.iter().map(|(tensor, _)| count(tensor)).sum(),
            State::Joined { values, .. } => count(values),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    /// Two pixels.
    fn tensor(values: [f32; 4]) -> (Tensor<1>, usize) {
        let data = TensorData::from(values);
        (Tensor::from_data(data, &Device::flex()), 2)
    }

    fn values(channels: &LazyChannels) -> Vec<f32> {
        channels.values().into_data().try_into_vec().unwrap()
    }

    fn concatenation() -> LazyChannels {
        LazyChannels::concatenated(vec![
            tensor([0.0, 1.0, 10.0, 11.0]),
            tensor([2.0, 3.0, 12.0, 13.0]),
        ])
    }

    #[test]
    fn parts_of_shuffled_channels_are_those_of_the_definition() {
        let whole = concatenation();
        let shuffled = whole.shuffled(2, 2).unwrap();
        assert_eq!(values(&shuffled.narrowed(0, 2)), [0.0, 2.0, 10.0, 12.0]);
        assert_eq!(values(&shuffled.narrowed(2, 2)), [1.0, 3.0, 11.0, 13.0]);
        assert_eq!(values(&shuffled)[..4], [0.0, 2.0, 1.0, 3.0]);
        // Of a part that was read, and of a part of a part.
        assert_eq!(values(&shuffled.narrowed(1, 2)), [2.0, 1.0, 12.0, 11.0]);
        assert_eq!(
            values(&whole.narrowed(1, 3).narrowed(1, 1)),
            [2.0, 12.0],
            "range of a range"
        );
    }

    #[test]
    fn only_a_whole_concatenation_of_equal_groups_is_shuffled() {
        let whole = concatenation();
        assert!(whole.shuffled(4, 1).is_none());
        assert!(whole.narrowed(0, 2).shuffled(2, 1).is_none());
        assert!(whole.shuffled(2, 2).unwrap().shuffled(2, 2).is_none());
        values(&whole);
        assert!(whole.shuffled(2, 2).is_none(), "it was read");
    }

    #[test]
    fn memory_counts_the_inputs_until_the_values_are_read() {
        let part = concatenation().narrowed(0, 1);
        assert_eq!(part.kept_values(), 8);
        values(&part);
        assert_eq!(part.kept_values(), 2);
    }
}
