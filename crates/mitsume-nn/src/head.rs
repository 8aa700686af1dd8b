//! The layers after the hooked one, with an explicit vector-Jacobian product.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d_with_indices;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};

use crate::init::Initialiser;
use crate::{HeadSpec, Linear, fused, max_pool};

/// Result of [`Head::pool_features`].
#[derive(Clone, Debug)]
pub struct PooledFeatures {
    /// GAP of the activated feature maps, [N, C]: the linear layer's input, before dropout.
    pub pooled: Tensor<2>,
    /// `sum_k alpha_k A_k` [N, h, w], if `linear_alpha` was given: Eq. 1 before its ReLU.
    pub weighted_sum: Option<Tensor<3>>,
}

/// `[ReLU] [MP] GAP [dropout] linear`.
///
/// The caller passes the dropout mask (see [`crate::dropout_mask`]), or none in evaluation, and the
/// same mask to [`Head::alpha`].
#[derive(Module, Debug)]
pub struct Head {
    /// Whether a ReLU comes first.
    pub relu: bool,
    /// Whether a 2x2 max-pool comes first.
    pub pool: bool,
    /// Dropout probability in training.
    pub dropout: f64,
    /// The final layer, [K, C].
    pub linear: Linear,
}

impl Head {
    pub(crate) fn new(
        spec: HeadSpec,
        [channels, classes]: [usize; 2],
        init: &mut Initialiser,
    ) -> Self {
        Head {
            relu: spec.relu,
            pool: spec.pool,
            dropout: spec.dropout,
            linear: Linear::new(channels, classes, init),
        }
    }

    /// As [`HeadSpec::is_gap_linear`].
    pub fn is_gap_linear(&self) -> bool {
        !self.relu && !self.pool
    }

    /// Feature maps [N, C, h, w] to logits [N, K]. `mask` [N, C] multiplies the pooled features.
    pub fn logits(&self, features: Tensor<4>, mask: Option<Tensor<2>>) -> Tensor<2> {
        self.classify(self.pool_features(features, None).pooled, mask)
    }

    /// Pooled features [N, C] to logits [N, K].
    pub fn classify(&self, pooled: Tensor<2>, mask: Option<Tensor<2>>) -> Tensor<2> {
        self.linear.forward(match mask {
            Some(mask) => pooled * mask,
            None => pooled,
        })
    }

    /// Pooled features and, with `linear_alpha`, the weighted sum of the feature maps [N, C, h, w],
    /// in one pass where the device has a fused operation.
    ///
    /// `linear_alpha` [N, C] is that of [`Head::linear_alpha`].
    pub fn pool_features(
        &self,
        features: Tensor<4>,
        linear_alpha: Option<Tensor<2>>,
    ) -> PooledFeatures {
        if fused::supports(&features.device()) {
            fused::pool_features(self, features, linear_alpha)
        } else {
            self.pool_features_composed(features, linear_alpha)
        }
    }

    /// [`Head::pool_features`] out of Burn's own operations, as on devices without a fused one.
    pub fn pool_features_composed(
        &self,
        features: Tensor<4>,
        linear_alpha: Option<Tensor<2>>,
    ) -> PooledFeatures {
        let [n, c, h, w] = features.dims();
        let weighted_sum = linear_alpha.map(|linear_alpha| {
            let alpha = match self.relu {
                true => linear_alpha * self.pass_fraction(features.clone()),
                false => linear_alpha,
            };
            // One [1, C] x [C, h*w] product per image: no [N, C, h, w] intermediate.
            let sum = alpha
                .reshape([n, 1, c])
                .matmul(features.clone().reshape([n, c, h * w]));
            sum.reshape([n, h, w])
        });
        let active = if self.relu { relu(features) } else { features };
        let active = if self.pool { max_pool(active) } else { active };
        PooledFeatures {
            pooled: active.mean_dim(3).mean_dim(2).reshape([n, c]),
            weighted_sum,
        }
    }

    /// Alpha [N, C] of a head in which every pixel passes the gradient: `W[c,k] mask_k / (h w)`
    /// for each image's target c. Differentiable in the weights.
    pub fn linear_alpha(
        &self,
        targets: Tensor<1, Int>,
        mask: Option<Tensor<2>>,
        [h, w]: [usize; 2],
    ) -> Tensor<2> {
        let rows = self.linear.weight.val().select(0, targets);
        let linear_alpha = rows.div_scalar((h * w) as f32);
        match mask {
            Some(mask) => linear_alpha * mask,
            None => linear_alpha,
        }
    }

    /// Fraction of pixels where the ReLU passes the gradient [N, C], a constant.
    fn pass_fraction(&self, features: Tensor<4>) -> Tensor<2> {
        let [n, c, _, _] = features.dims();
        let positive = features.detach().greater_scalar(0.0).float();
        positive.mean_dim(3).mean_dim(2).reshape([n, c])
    }

    /// alpha [N, C] of Eq. 1: the spatial mean of `d logits[n, targets[n]] / d A[n, k, i, j]`.
    ///
    /// The mean is simpler than the gradient itself: through GAP it is `W[c,k] mask_k / (h w)`; a
    /// ReLU multiplies by the fraction of positive pixels; a max-pool passes each pooled pixel's
    /// gradient to one pixel and changes neither its sum nor its mean.
    ///
    /// Differentiable in the linear layer's weights only: the fraction of positive pixels is
    /// piecewise constant. That is the exact derivative of alpha.
    pub fn alpha(
        &self,
        features: Tensor<4>,
        mask: Option<Tensor<2>>,
        targets: Tensor<1, Int>,
    ) -> Tensor<2> {
        let [_, _, h, w] = features.dims();
        let linear_alpha = self.linear_alpha(targets, mask, [h, w]);
        if self.relu {
            linear_alpha * self.pass_fraction(features)
        } else {
            linear_alpha
        }
    }

    /// The vector-Jacobian product: for cotangents [N, K] of the logits, their gradient with
    /// respect to the feature maps, [N, C, h, w].
    pub fn vjp(
        &self,
        features: Tensor<4>,
        mask: Option<Tensor<2>>,
        cotangents: Tensor<2>,
    ) -> Tensor<4> {
        let [n, c, h, w] = features.dims();
        let pooled = cotangents.matmul(self.linear.weight.val());
        let pooled = match mask {
            Some(mask) => pooled * mask,
            None => pooled,
        };
        let features = features.detach();
        let active = if self.relu {
            relu(features.clone())
        } else {
            features.clone()
        };
        let gradient = if self.pool {
            let (cells, indices) = max_pool2d_with_indices(active, crate::max_pool::options());
            let [_, _, ph, pw] = cells.dims();
            let each = pooled
                .div_scalar((ph * pw) as f32)
                .reshape([n, c, 1])
                .repeat_dim(2, ph * pw);
            let zeros = Tensor::zeros([n, c, h * w], &features.device());
            zeros
                .scatter(
                    2,
                    indices.reshape([n, c, ph * pw]),
                    each,
                    IndexingUpdateOp::Add,
                )
                .reshape([n, c, h, w])
        } else {
            let each = pooled.div_scalar((h * w) as f32);
            each.reshape([n, c, 1, 1]).expand([n, c, h, w])
        };
        if self.relu {
            gradient * features.greater_scalar(0.0).float()
        } else {
            gradient
        }
    }
}
