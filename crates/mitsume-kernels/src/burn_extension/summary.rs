//! The summary of a feature map as an operation.

use super::tensors::{channels_last, flat, lend, values};
use super::{TrunkBackend, workspace};
use crate::error::Error;
use crate::head::{Features, MapGradient, Pooling, Summary};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::backend::{Dispatch, Flex, TensorMetadata};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};

/// What [`summarise`] gives.
#[derive(Clone, Debug)]
pub struct Summaries {
    /// The linear layer's input [N, C].
    pub means: Tensor<2>,
    /// Share of pixels through which a gradient passes [N, C]; a constant.
    pub open: Tensor<2>,
    /// sum over k of base * open * A [N, h, w], if `base` was given.
    pub raw: Option<Tensor<3>>,
}

/// What the head and the class activation maps need of `features` [N, C, h, w]: see [`Features::summarise`]. Differentiable
/// in `features` and in `base` [N, C], which makes the maps' alpha when multiplied by the open shares.
///
/// # Errors
/// If `base` has another shape, or there is no pixel.
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`] accepts.
pub fn summarise(
    features: Tensor<4>,
    pooling: Pooling,
    base: Option<Tensor<2>>,
) -> Result<Summaries, Error> {
    let [n, c, h, w] = features.dims();
    let least = if pooling == Pooling::MaxPoolMean {
        2
    } else {
        1
    };
    if n * c == 0 || h < least || w < least {
        return Err(Error::Size {
            images: n,
            height: h,
            width: w,
        });
    }
    let mapped = base.is_some();
    let base = base.unwrap_or_else(|| Tensor::zeros([n, c], &features.device()));
    if base.dims() != [n, c] {
        let found = base.dims().iter().product();
        return Err(Error::Length {
            what: "base".into(),
            expected: n * c,
            found,
        });
    }
    let packed = <Dispatch as TrunkBackend>::summarise(
        features.into_dispatch(),
        base.into_dispatch(),
        pooling,
        mapped,
    );
    let packed = Tensor::<1>::from_dispatch(packed);
    let part = |from: usize, values: usize| packed.clone().narrow(0, from, values);
    let means = part(0, n * c).reshape([n, c]);
    let open = part(n * c, n * c).reshape([n, c]).detach();
    let raw = mapped.then(|| part(2 * n * c, n * h * w).reshape([n, h, w]));
    Ok(Summaries { means, open, raw })
}

#[derive(Debug)]
pub(super) struct SummaryStep;

#[derive(Clone, Debug)]
pub(super) struct SummaryState {
    pub features: FlexTensor,
    pub base: FlexTensor,
    pub open: Vec<f32>,
    pub pooling: Pooling,
    pub mapped: bool,
}

impl Backward<Flex, 2> for SummaryStep {
    type State = SummaryState;

    fn backward(self, ops: Ops<SummaryState, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let packed = grads.consume::<Flex>(&ops.node).to_contiguous();
        let SummaryState {
            features,
            base,
            open,
            pooling,
            mapped,
        } = ops.state;
        let shape = features.shape();
        let [n, c, h, w] = [shape[0], shape[1], shape[2], shape[3]];
        let (d_means, rest) = values(&packed).split_at(n * c);
        let d_raw = &rest[n * c..];
        let map = MapGradient {
            base: values(&base),
            open: &open,
            d_raw,
        };
        let data = channels_last(&features);
        let of = Features {
            data: &data,
            shape: [n, h, w, c],
            pooling,
        };
        let (d_features, d_base) = of
            .backward(workspace(), d_means, mapped.then_some(map))
            .expect("shapes were checked in the forward pass");
        let [node, base_node] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, lend(d_features, [n, h, w, c]));
        }
        if let Some(node) = base_node {
            let layout = Layout::contiguous(Shape::from(vec![n, c]));
            grads.register::<Flex>(
                node.id,
                FlexTensor::new(Bytes::from_elems(d_base), layout, DType::F32),
            );
        }
    }
}

/// The summary of `features` as one flat tensor (means, open shares, raw maps), and as it is.
pub(super) fn pack(
    features: &FlexTensor,
    base: Option<&[f32]>,
    pooling: Pooling,
) -> (FlexTensor, Summary) {
    let shape = features.shape();
    let [n, c, h, w] = [shape[0], shape[1], shape[2], shape[3]];
    let data = channels_last(features);
    let of = Features {
        data: &data,
        shape: [n, h, w, c],
        pooling,
    };
    let summary = of
        .summarise(workspace(), base)
        .expect("shapes were checked");
    let packed = [&summary.means[..], &summary.open, &summary.raw].concat();
    (flat(packed), summary)
}
