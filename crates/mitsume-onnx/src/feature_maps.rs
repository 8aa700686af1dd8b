//! Converts hooked values to feature maps [N, C, h, w] and back.

use burn::tensor::Tensor;

use crate::layout::FeatureLayout;
use crate::op::OperatorError;
use crate::shape::outer_axis_inner;
use crate::value::Floats;

/// Where the feature maps are in a hooked value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FeatureMaps {
    pub layout: FeatureLayout,
    /// Of tokens, those in front of the map's.
    pub before: usize,
    /// Channels, rows and columns.
    pub map: [usize; 3],
}

impl FeatureMaps {
    /// Number of images of a value.
    pub fn images(&self, value: &Floats) -> usize {
        value.shape()[self.layout.batch_axis()]
    }

    /// As [N, C, h, w]; of tokens those of the map.
    pub fn of(&self, value: Floats) -> Tensor<4> {
        let [channels, rows, columns] = self.map;
        let n = self.images(&value);
        match self.layout {
            FeatureLayout::Nchw => value.view([n, channels, rows, columns]),
            FeatureLayout::Nhwc => value
                .view([n, rows, columns, channels])
                .permute([0, 3, 1, 2]),
            FeatureLayout::Tokens | FeatureLayout::TokensFirst | FeatureLayout::TokensLast => {
                let tokens = self.tokens_last(value);
                tokens
                    .narrow(2, self.before, rows * columns)
                    .reshape([n, channels, rows, columns])
            }
        }
    }

    /// `old` with other maps [n, C, h, w], n being at most its number of images.
    pub fn with(&self, old: Floats, map: Tensor<4>) -> Floats {
        let [channels, rows, columns] = self.map;
        let (n, size) = (map.dims()[0], self.images(&old));
        let map = match n < size {
            true => {
                let others = self.of(old.clone()).narrow(0, n, size - n);
                Tensor::cat(vec![map, others], 0)
            }
            false => map,
        };
        match self.layout {
            FeatureLayout::Nchw => Floats::from_tensor(map),
            FeatureLayout::Nhwc => Floats::from_tensor(map.permute([0, 2, 3, 1])),
            FeatureLayout::Tokens | FeatureLayout::TokensFirst | FeatureLayout::TokensLast => {
                let own = map.reshape([size, channels, rows * columns]);
                let old = self.tokens_last(old);
                let (tokens, end) = (old.dims()[2], self.before + rows * columns);
                let mut parts = vec![own];
                if self.before > 0 {
                    parts.insert(0, old.clone().narrow(2, 0, self.before));
                }
                if end < tokens {
                    parts.push(old.narrow(2, end, tokens - end));
                }
                let all = Tensor::cat(parts, 2);
                Floats::from_tensor(match self.layout {
                    FeatureLayout::Tokens => all.permute([0, 2, 1]),
                    FeatureLayout::TokensFirst => all.permute([2, 0, 1]),
                    _ => all,
                })
            }
        }
    }

    /// `value` with channel `channel` set to 0, of tokens also where they are no part of the map.
    pub fn without(&self, value: Floats, channel: usize) -> Result<Floats, OperatorError> {
        let shape = value.shape().to_vec();
        let [outer, channels, inner] = outer_axis_inner(&shape, self.layout.channel_axis());
        let nothing = Tensor::zeros([outer, 1, inner], &value.device());
        let place = [0..outer, channel..channel + 1, 0..inner];
        let changed = value
            .view([outer, channels, inner])
            .slice_assign(place, nothing);
        Floats::from_tensor(changed).reshaped(shape)
    }

    /// Tokens as [N, C, T].
    fn tokens_last(&self, value: Floats) -> Tensor<3> {
        let sides = [value.shape()[0], value.shape()[1], value.shape()[2]];
        let value = value.view(sides);
        match self.layout {
            FeatureLayout::Tokens => value.permute([0, 2, 1]),
            FeatureLayout::TokensFirst => value.permute([1, 2, 0]),
            _ => value,
        }
    }
}
