//! The trunk as one operation of Burn's CPU back end (Flex), with its own backward pass.
//!
//! One operation covers the whole trunk, not a block. Between two operations Burn's autodiff holds a
//! tensor of its own for every output and every gradient, which would bring back the trips
//! through memory that the fused blocks save: the pass that carries a gradient through one block's ReLU and sums
//! it for its batch norm runs inside the next block's convolution, and gradients overwrite activations
//! no longer needed. Buffers also stay in one [`Workspace`] that way. Burn's custom operations have a
//! fixed number of differentiable inputs, so the parameters enter as one flat tensor.
//!
//! Other devices run the same blocks composed of Burn's operations; see [`supports`].

use crate::error::Error;
use crate::head::{Features, MapGradient, Pooling, Summary};
use crate::trunk::{Batch, Saved, Trained, TrunkSpec, backward, forward_eval, forward_train};
use crate::workspace::{Buffer, Workspace};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Bytes, DType, Device, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Whether tensors on `device` can go through the operations here.
pub fn supports(device: &Device) -> bool {
    *device == Device::flex()
}

/// Mean and unbiased variance of each batch norm over the batch, for its running statistics.
pub type Statistics = Vec<(Tensor<1>, Tensor<1>)>;

/// Runs `spec` in training mode on `images` [N, channels, H, W].
///
/// `parameters` are flat, in the order of [`TrunkSpec::parameters`]; gradients reach them through Burn's
/// autodiff, none reaches the images. Returns the feature map [N, C, h, w], channels last in memory, and the
/// batch's statistics.
///
/// # Errors
/// If the trunk is not supported, or a shape does not fit it.
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`] accepts.
pub fn trunk_train(
    spec: &TrunkSpec,
    images: Tensor<4>,
    parameters: Vec<Tensor<1>>,
) -> Result<(Tensor<4>, Statistics), Error> {
    check(spec, &images, &parameters)?;
    let flat = Tensor::cat(parameters, 0);
    let (features, statistics) = <Dispatch as TrunkBackend>::trunk_train(
        images.into_dispatch(),
        flat.into_dispatch(),
        spec.clone(),
    );
    let flat = Tensor::<1>::from_dispatch(statistics);
    let (mut all, mut at) = (Vec::new(), 0);
    for channels in spec.norms() {
        let mean = flat.clone().narrow(0, at, channels);
        all.push((mean, flat.clone().narrow(0, at + channels, channels)));
        at += 2 * channels;
    }
    Ok((Tensor::from_dispatch(features), all))
}

/// Runs `spec` in evaluation mode; `running` holds mean and variance of each batch norm, in order.
///
/// # Errors
/// As [`trunk_train`].
///
/// # Panics
/// As [`trunk_train`].
pub fn trunk_eval(
    spec: &TrunkSpec,
    images: Tensor<4>,
    parameters: Vec<Tensor<1>>,
    running: Statistics,
) -> Result<Tensor<4>, Error> {
    check(spec, &images, &parameters)?;
    let norms = spec.norms();
    if norms.len() != running.len() {
        let (expected, found) = (norms.len(), running.len());
        return Err(Error::Count {
            what: "running statistics",
            expected,
            found,
        });
    }
    let device = images.device();
    let mut all = Vec::new();
    for (i, (channels, (mean, variance))) in norms.iter().zip(running).enumerate() {
        for (name, t) in [("mean", mean), ("variance", variance)] {
            let found = t.dims()[0];
            if found != *channels {
                return Err(Error::Length {
                    what: format!("running {name} {i}"),
                    expected: *channels,
                    found,
                });
            }
            all.push(t);
        }
    }
    let running = if all.is_empty() {
        Tensor::zeros([1], &device)
    } else {
        Tensor::cat(all, 0)
    };
    let features = <Dispatch as TrunkBackend>::trunk_eval(
        images.into_dispatch(),
        Tensor::cat(parameters, 0).into_dispatch(),
        running.into_dispatch(),
        spec.clone(),
    );
    Ok(Tensor::from_dispatch(features))
}

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

fn check(spec: &TrunkSpec, images: &Tensor<4>, parameters: &[Tensor<1>]) -> Result<(), Error> {
    spec.check()?;
    let [n, channels, height, width] = images.dims();
    if channels != spec.channels {
        let what = "channels of the images".to_string();
        return Err(Error::Length {
            what,
            expected: spec.channels,
            found: channels,
        });
    }
    if n == 0 || spec.feature_size(height, width).0 == 0 || spec.feature_size(height, width).1 == 0
    {
        return Err(Error::Size {
            images: n,
            height,
            width,
        });
    }
    let all = spec.parameters();
    if all.len() != parameters.len() {
        return Err(Error::Count {
            what: "parameters",
            expected: all.len(),
            found: parameters.len(),
        });
    }
    for (p, given) in all.iter().zip(parameters) {
        let (expected, found) = (p.shape.iter().product(), given.dims()[0]);
        if expected != found {
            let what = format!("stage {} {:?}", p.stage, p.kind);
            return Err(Error::Length {
                what,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// The operations behind [`trunk_train`] and [`trunk_eval`].
#[backend_extension(Flex, Autodiff)]
pub trait TrunkBackend: Backend {
    /// Feature map, and means and unbiased variances of all batch norms in one.
    fn trunk_train(
        images: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        spec: TrunkSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Feature map with running statistics, laid out as `trunk_train` gives them.
    fn trunk_eval(
        images: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        running: FloatTensor<Self>,
        spec: TrunkSpec,
    ) -> FloatTensor<Self>;

    /// Means, open shares and, if `mapped`, raw maps, side by side: [N, 2 C (+ h w)].
    fn summarise(
        features: FloatTensor<Self>,
        base: FloatTensor<Self>,
        pooling: Pooling,
        mapped: bool,
    ) -> FloatTensor<Self>;
}

impl TrunkBackend for Flex {
    fn trunk_train(
        images: FlexTensor,
        parameters: FlexTensor,
        spec: TrunkSpec,
    ) -> (FlexTensor, FlexTensor) {
        let (features, statistics, _) = train(&images, &parameters, &spec);
        (features, statistics)
    }

    fn trunk_eval(
        images: FlexTensor,
        parameters: FlexTensor,
        running: FlexTensor,
        spec: TrunkSpec,
    ) -> FlexTensor {
        let workspace = workspace();
        let (parameters, running) = (parameters.to_contiguous(), running.to_contiguous());
        let flat = values(&running);
        let norms = spec.norms();
        let mut at = 0;
        let mut next = |n: usize| {
            at += n;
            &flat[at - n..at]
        };
        let running: Vec<_> = norms.iter().map(|c| (next(*c), next(*c))).collect();
        let data = channels_last(&images);
        let (features, shape) = forward_eval(
            workspace,
            &spec,
            batch(&images, &data),
            &split(&spec, &parameters),
            &running,
        )
        .expect("shapes were checked");
        lend(features, shape)
    }

    fn summarise(
        features: FlexTensor,
        base: FlexTensor,
        pooling: Pooling,
        mapped: bool,
    ) -> FlexTensor {
        let base = base.to_contiguous();
        pack(&features, mapped.then_some(values(&base)), pooling).0
    }
}

impl<C: CheckpointStrategy> TrunkBackend for Autodiff<Flex, C> {
    fn trunk_train(
        images: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        spec: TrunkSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (images, _) = images.into_parts();
        let (parameters, node) = parameters.into_parts();
        let (features, statistics) = match TrunkStep.prepare::<C>([node]).compute_bound().stateful()
        {
            OpsKind::Tracked(prep) => {
                let (features, statistics, saved) = train(&images, &parameters, &spec);
                let saved = Arc::new(Mutex::new(Some(saved)));
                let state = State {
                    images,
                    parameters,
                    features: features.clone(),
                    spec,
                    saved,
                };
                (prep.finish(state, features), statistics)
            }
            OpsKind::UnTracked(prep) => {
                let (features, statistics, _) = train(&images, &parameters, &spec);
                (prep.finish(features), statistics)
            }
        };
        (features, <FloatTensor<Self>>::new(statistics))
    }

    fn trunk_eval(
        images: FloatTensor<Self>,
        parameters: FloatTensor<Self>,
        running: FloatTensor<Self>,
        spec: TrunkSpec,
    ) -> FloatTensor<Self> {
        // Evaluation is not trained through.
        let inner = |t: FloatTensor<Self>| t.into_parts().0;
        let features = Flex::trunk_eval(inner(images), inner(parameters), inner(running), spec);
        <FloatTensor<Self>>::new(features)
    }

    fn summarise(
        features: FloatTensor<Self>,
        base: FloatTensor<Self>,
        pooling: Pooling,
        mapped: bool,
    ) -> FloatTensor<Self> {
        let (features, node) = features.into_parts();
        let (base, base_node) = base.into_parts();
        let base = base.to_contiguous();
        let (packed, summary) = pack(&features, mapped.then_some(values(&base)), pooling);
        let prep = SummaryStep
            .prepare::<C>([node, base_node])
            .compute_bound()
            .stateful();
        match prep {
            OpsKind::Tracked(prep) => {
                let state = SummaryState {
                    features,
                    base,
                    open: summary.open,
                    pooling,
                    mapped,
                };
                prep.finish(state, packed)
            }
            OpsKind::UnTracked(prep) => prep.finish(packed),
        }
    }
}

#[derive(Debug)]
struct SummaryStep;

#[derive(Clone, Debug)]
struct SummaryState {
    features: FlexTensor,
    base: FlexTensor,
    open: Vec<f32>,
    pooling: Pooling,
    mapped: bool,
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
            values(&packed)
                .chunks_exact(row)
                .flat_map(|r| &r[from..to])
                .copied()
                .collect()
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
fn pack(features: &FlexTensor, base: Option<&[f32]>, pooling: Pooling) -> (FlexTensor, Summary) {
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

#[derive(Debug)]
struct TrunkStep;

/// What the backward pass starts from. Dropped with the graph, its buffers go back to the workspace.
#[derive(Clone)]
struct State {
    images: FlexTensor,
    parameters: FlexTensor,
    features: FlexTensor,
    spec: TrunkSpec,
    /// Shared because Burn asks for `Clone`; used up by the one backward pass.
    saved: Arc<Mutex<Option<Saved>>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Backward<Flex, 1> for TrunkStep {
    type State = State;

    fn backward(self, ops: Ops<State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let State {
            images,
            parameters,
            features,
            spec,
            saved,
        } = ops.state;
        let [Some(node)] = ops.parents else { return };
        let saved = saved.lock().unwrap_or_else(PoisonError::into_inner).take();
        let saved = saved.expect("a graph runs backward once");
        let parameters = parameters.to_contiguous();
        let (images_data, features, gradient) = (
            channels_last(&images),
            channels_last(&features),
            channels_last(&gradient),
        );
        let gradients = backward(
            workspace(),
            &spec,
            (batch(&images, &images_data), &split(&spec, &parameters)),
            (saved, &features),
            &gradient,
        )
        .expect("shapes were checked in the forward pass");
        grads.register::<Flex>(node.id, flat(gradients.concat()));
    }
}

/// The workspace of all operations of this module.
pub fn workspace() -> &'static Workspace {
    static SHARED: OnceLock<Workspace> = OnceLock::new();
    SHARED.get_or_init(Workspace::default)
}

fn train(
    images: &FlexTensor,
    parameters: &FlexTensor,
    spec: &TrunkSpec,
) -> (FlexTensor, FlexTensor, Saved) {
    let parameters = parameters.to_contiguous();
    let data = channels_last(images);
    let Trained {
        features,
        shape,
        statistics,
        saved,
    } = forward_train(
        workspace(),
        spec,
        batch(images, &data),
        &split(spec, &parameters),
    )
    .expect("shapes were checked");
    let mut all: Vec<f32> = statistics
        .into_iter()
        .flat_map(|s| s.mean.into_iter().chain(s.variance))
        .collect();
    if all.is_empty() {
        all.push(0.0); // Level 1 has no batch norm, and a tensor needs a value.
    }
    (lend(features, shape), flat(all), saved)
}

fn batch<'a>(images: &FlexTensor, data: &'a [f32]) -> Batch<'a> {
    let shape = images.shape();
    Batch {
        data,
        images: shape[0],
        height: shape[2],
        width: shape[3],
    }
}

/// The parameters in one contiguous tensor.
fn split<'a>(spec: &TrunkSpec, flat: &'a FlexTensor) -> Vec<&'a [f32]> {
    let mut rest = values(flat);
    let mut all = Vec::new();
    for p in spec.parameters() {
        let (own, others) = rest.split_at(p.shape.iter().product());
        all.push(own);
        rest = others;
    }
    all
}

/// The values of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

fn flat(values: Vec<f32>) -> FlexTensor {
    let layout = Layout::contiguous(Shape::from(vec![values.len()]));
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}

/// The values of a [N, C, H, W] tensor in the order [N, H, W, C]; copied only if they lie otherwise.
fn channels_last(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    let shape = tensor.shape();
    let [n, c, h, w] = [shape[0], shape[1], shape[2], shape[3]];
    let layout = tensor.layout();
    let start = layout.start_offset();
    let data = tensor.storage::<f32>();
    let strides = layout.strides();
    let wanted = [h * w * c, 1, w * c, c];
    let fits = |i: usize| shape[i] <= 1 || strides[i] == wanted[i] as isize;
    if (0..4).all(fits) {
        return Cow::Borrowed(&data[start..start + n * c * h * w]);
    }
    let mut out = vec![0.0; n * h * w * c];
    out.par_chunks_mut((w * c).max(1))
        .enumerate()
        .for_each(|(row, line)| {
            let (image, y) = (row / h, row % h);
            let first = start as isize + image as isize * strides[0] + y as isize * strides[2];
            for channel in 0..c {
                let from = first + channel as isize * strides[1];
                for x in 0..w {
                    line[x * c + channel] = data[(from + x as isize * strides[3]) as usize];
                }
            }
        });
    Cow::Owned(out)
}

/// Feature maps in Burn's hands. Memory comes back to the workspace once Burn has dropped its share.
static LENT: Mutex<Vec<Arc<Bytes>>> = Mutex::new(Vec::new());

/// More maps than a training step has; a caller who keeps more keeps them for good.
const MOST_LENT: usize = 8;

/// A tensor [N, C, h, w] around a feature map [N, h, w, C].
fn lend(features: Buffer, [n, h, w, c]: [usize; 4]) -> FlexTensor {
    let strides = [h * w * c, 1, w * c, c].map(|s| s as isize).to_vec();
    let layout = Layout::new(Shape::from(vec![n, c, h, w]), strides, 0);
    take_back();
    let data = Arc::new(Bytes::from_elems(features.into_vec()));
    let mut lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
    if lent.len() >= MOST_LENT {
        lent.remove(0);
    }
    lent.push(Arc::clone(&data));
    FlexTensor::from_arc(data, layout, DType::F32)
}

/// Takes back what Burn no longer holds.
fn take_back() {
    let mut lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
    for data in std::mem::take(&mut *lent) {
        match Arc::try_unwrap(data) {
            Ok(bytes) => {
                if let Ok(values) = bytes.try_into_vec::<f32>() {
                    workspace().give(values);
                }
            }
            Err(held) => lent.push(held),
        }
    }
}
