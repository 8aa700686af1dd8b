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
    /// Number of tokens before those of the map, such as a class token.
    pub prefix_tokens: usize,
    /// Channels, rows and columns, [C, h, w].
    pub shape: [usize; 3],
}

impl FeatureMaps {
    /// Number of images of a value.
    pub fn images(&self, value: &Floats) -> usize {
        value.shape()[self.layout.batch_axis()]
    }

    /// Feature maps [N, C, h, w] of a value; class and register tokens are left out.
    pub fn extract(&self, value: Floats) -> Tensor<4> {
        let [channels, rows, columns] = self.shape;
        let n = self.images(&value);
        match self.layout {
            FeatureLayout::Nchw => value.into_tensor([n, channels, rows, columns]),
            FeatureLayout::Nhwc => value
                .into_tensor([n, rows, columns, channels])
                .permute([0, 3, 1, 2]),
            FeatureLayout::Tokens | FeatureLayout::TokensFirst | FeatureLayout::TokensLast => {
                let tokens = self.tokens_last(value);
                tokens
                    .narrow(2, self.prefix_tokens, rows * columns)
                    .reshape([n, channels, rows, columns])
            }
        }
    }

    /// `old` with the feature maps of its first n images replaced by `map` [n, C, h, w].
    pub fn replace(&self, old: Floats, map: Tensor<4>) -> Floats {
        let [channels, rows, columns] = self.shape;
        let (n, images) = (map.dims()[0], self.images(&old));
        let map = match n < images {
            true => {
                let rest = self.extract(old.clone()).narrow(0, n, images - n);
                Tensor::cat(vec![map, rest], 0)
            }
            false => map,
        };
        match self.layout {
            FeatureLayout::Nchw => Floats::from_tensor(map),
            FeatureLayout::Nhwc => Floats::from_tensor(map.permute([0, 2, 3, 1])),
            FeatureLayout::Tokens | FeatureLayout::TokensFirst | FeatureLayout::TokensLast => {
                let own = map.reshape([images, channels, rows * columns]);
                let old = self.tokens_last(old);
                let (tokens, end) = (old.dims()[2], self.prefix_tokens + rows * columns);
                let mut parts = vec![own];
                if self.prefix_tokens > 0 {
                    parts.insert(0, old.clone().narrow(2, 0, self.prefix_tokens));
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

    /// `value` with channel `channel` set to 0, in class and register tokens too.
    pub fn zero_channel(&self, value: Floats, channel: usize) -> Result<Floats, OperatorError> {
        let shape = value.shape().to_vec();
        let [outer, channels, inner] = outer_axis_inner(&shape, self.layout.channel_axis());
        let zeros = Tensor::zeros([outer, 1, inner], &value.device());
        let range = [0..outer, channel..channel + 1, 0..inner];
        let changed = value
            .into_tensor([outer, channels, inner])
            .slice_assign(range, zeros);
        Floats::from_tensor(changed).reshaped(shape)
    }

    /// Tokens as [N, C, T].
    fn tokens_last(&self, value: Floats) -> Tensor<3> {
        let sides = [value.shape()[0], value.shape()[1], value.shape()[2]];
        let value = value.into_tensor(sides);
        match self.layout {
            FeatureLayout::Tokens => value.permute([0, 2, 1]),
            FeatureLayout::TokensFirst => value.permute([1, 2, 0]),
            _ => value,
        }
    }
}
