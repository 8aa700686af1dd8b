//! Pooled features and CAM sums of a feature map as a Burn operation.

use super::tensors::{channels_last, feature_map_tensor, flat, values};
use super::{TrunkBackend, workspace};
use crate::error::Error;
use crate::head::{Features, HeadPooling, MapGradient, PooledFeatures};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::{Dispatch, Flex, TensorMetadata};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};

/// Result of [`pool_features`].
#[derive(Clone, Debug)]
pub struct PooledTensors {
    /// The linear layer's input [N, C].
    pub pooled: Tensor<2>,
    /// Fraction of pixels through which the gradient passes [N, C]; a constant.
    pub pass_fraction: Tensor<2>,
    /// sum over k of linear_alpha * pass_fraction * A [N, h, w], if `linear_alpha` was given.
    pub weighted_sum: Option<Tensor<3>>,
}

/// Pooled features and, with `linear_alpha`, CAM sums of `features` [N, C, h, w]: see
/// [`Features::pool_features`]. Differentiable in `features` and in `linear_alpha` [N, C], which is
/// the CAM's alpha when multiplied by the pass fraction.
///
/// # Errors
/// If `linear_alpha` has another shape, or there is no pixel.
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](super::supports) accepts.
pub fn pool_features(
    features: Tensor<4>,
    pooling: HeadPooling,
    linear_alpha: Option<Tensor<2>>,
) -> Result<PooledTensors, Error> {
    let [n, c, h, w] = features.dims();
    let min_side = if pooling == HeadPooling::MaxPoolMean {
        2
    } else {
        1
    };
    if n * c == 0 || h < min_side || w < min_side {
        return Err(Error::Size {
            images: n,
            height: h,
            width: w,
        });
    }
    let has_alpha = linear_alpha.is_some();
    let linear_alpha = linear_alpha.unwrap_or_else(|| Tensor::zeros([n, c], &features.device()));
    if linear_alpha.dims() != [n, c] {
        let found = linear_alpha.dims().iter().product();
        return Err(Error::Length {
            what: "linear_alpha".into(),
            expected: n * c,
            found,
        });
    }
    let packed = <Dispatch as TrunkBackend>::pool_features(
        features.into_dispatch(),
        linear_alpha.into_dispatch(),
        pooling,
        has_alpha,
    );
    let packed = Tensor::<1>::from_dispatch(packed);
    let part = |from: usize, values: usize| packed.clone().narrow(0, from, values);
    let pooled = part(0, n * c).reshape([n, c]);
    let pass_fraction = part(n * c, n * c).reshape([n, c]).detach();
    let weighted_sum = has_alpha.then(|| part(2 * n * c, n * h * w).reshape([n, h, w]));
    Ok(PooledTensors {
        pooled,
        pass_fraction,
        weighted_sum,
    })
}

#[derive(Debug)]
pub(super) struct PoolFeaturesStep;

#[derive(Clone, Debug)]
pub(super) struct PoolFeaturesState {
    pub features: FlexTensor,
    pub linear_alpha: FlexTensor,
    pub pass_fraction: Vec<f32>,
    pub pooling: HeadPooling,
    pub has_alpha: bool,
}

impl Backward<Flex, 2> for PoolFeaturesStep {
    type State = PoolFeaturesState;

    fn backward(self, ops: Ops<PoolFeaturesState, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let packed = grads.consume::<Flex>(&ops.node).to_contiguous();
        let PoolFeaturesState {
            features,
            linear_alpha,
            pass_fraction,
            pooling,
            has_alpha,
        } = ops.state;
        let shape = features.shape();
        let [n, c, h, w] = [shape[0], shape[1], shape[2], shape[3]];
        let (d_pooled, rest) = values(&packed).split_at(n * c);
        let d_weighted_sum = &rest[n * c..];
        let map = MapGradient {
            linear_alpha: values(&linear_alpha),
            pass_fraction: &pass_fraction,
            d_weighted_sum,
        };
        let data = channels_last(&features);
        let view = Features {
            data: &data,
            shape: [n, h, w, c],
            pooling,
        };
        let (d_features, d_linear_alpha) = view
            .backward(workspace(), d_pooled, has_alpha.then_some(map))
            .expect("shapes were checked in the forward pass");
        let [node, linear_alpha_node] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, feature_map_tensor(d_features, [n, h, w, c]));
        }
        if let Some(node) = linear_alpha_node {
            let layout = Layout::contiguous(Shape::from(vec![n, c]));
            grads.register::<Flex>(
                node.id,
                FlexTensor::new(Bytes::from_elems(d_linear_alpha), layout, DType::F32),
            );
        }
    }
}

/// The result for `features` as one flat tensor (pooled features, pass fractions, weighted sums),
/// and as slices.
pub(super) fn pack(
    features: &FlexTensor,
    linear_alpha: Option<&[f32]>,
    pooling: HeadPooling,
) -> (FlexTensor, PooledFeatures) {
    let shape = features.shape();
    let [n, c, h, w] = [shape[0], shape[1], shape[2], shape[3]];
    let data = channels_last(features);
    let view = Features {
        data: &data,
        shape: [n, h, w, c],
        pooling,
    };
    let result = view
        .pool_features(workspace(), linear_alpha)
        .expect("shapes were checked");
    let packed = [
        &result.pooled[..],
        &result.pass_fraction,
        &result.weighted_sum,
    ]
    .concat();
    (flat(packed), result)
}
