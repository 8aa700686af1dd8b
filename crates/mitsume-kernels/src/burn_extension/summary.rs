//! The summary of a feature map as an operation.

use super::tensors::{channels_last, lend, values};
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
    let packed = Tensor::<2>::from_dispatch(packed);
    let means = packed.clone().slice([0..n, 0..c]);
    let open = packed.clone().slice([0..n, c..2 * c]).detach();
    let raw = mapped.then(|| {
        packed
            .slice([0..n, 2 * c..2 * c + h * w])
            .reshape([n, h, w])
    });
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
        let row = values(&packed).len() / n;
        let part = |from: usize, to: usize| -> Vec<f32> {
            let mut all = Vec::with_capacity(n * (to - from));
            let rows = values(&packed).chunks_exact(row);
            rows.for_each(|row| all.extend_from_slice(&row[from..to]));
            all
        };
        let d_means = part(0, c);
        let d_raw = if mapped { part(2 * c, row) } else { Vec::new() };
        let map = MapGradient {
            base: values(&base),
            open: &open,
            d_raw: &d_raw,
        };
        let data = channels_last(&features);
        let of = Features {
            data: &data,
            shape: [n, h, w, c],
            pooling,
        };
        let (d_features, d_base) = of
            .backward(workspace(), &d_means, mapped.then_some(map))
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

/// The summary of `features` as one tensor, and as it is.
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
    let raw = summary.raw.len() / n;
    let mut packed = Vec::with_capacity(n * (2 * c + raw));
    for i in 0..n {
        packed.extend_from_slice(&summary.means[i * c..(i + 1) * c]);
        packed.extend_from_slice(&summary.open[i * c..(i + 1) * c]);
        packed.extend_from_slice(&summary.raw[i * raw..(i + 1) * raw]);
    }
    let layout = Layout::contiguous(Shape::from(vec![n, 2 * c + raw]));
    (
        FlexTensor::new(Bytes::from_elems(packed), layout, DType::F32),
        summary,
    )
}
