//! The trunk as one operation of Burn's CPU back end (Flex), with its own backward pass.
//!
//! One operation covers the whole trunk, not a block. Between two operations Burn's autodiff holds
//! a tensor of its own for every output and every gradient, which would need the extra passes over
//! memory that the fused blocks avoid: the pass that carries a gradient through one block's ReLU
//! and sums it for its batch norm runs inside the next block's convolution, and gradients overwrite
//! activations that are no longer needed. All buffers stay in one [`Workspace`]. Burn's custom
//! operations have a fixed number of differentiable inputs, so the parameters enter as one flat
//! tensor.
//!
//! Other devices run the same blocks as Burn's own operations; see [`supports`].

mod deviation;
pub mod inference;
mod kept;
mod pooled_features;
mod tensors;
pub mod training;

pub use deviation::Deviations;
pub use pooled_features::{PooledTensors, pool_features};

use crate::error::{Error, check_length};
use crate::head::HeadPooling;
use crate::trunk::{
    Batch, ForwardPass, SavedActivations, TrainOutput, TrunkSpec, backward, forward_eval,
    forward_train,
};
use crate::workspace::Workspace;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Device, Tensor};
use burn_flex::FlexTensor;
use pooled_features::{PoolFeaturesState, PoolFeaturesStep, pack};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tensors::{channels_last, feature_map_tensor, flat, reclaim_buffers, values};

/// Whether the operations here accept tensors on `device`.
pub fn supports(device: &Device) -> bool {
    *device == Device::flex()
}

/// Mean and unbiased variance of each batch norm over the batch, for its running statistics.
pub type NormStatistics = Vec<(Tensor<1>, Tensor<1>)>;

/// Runs `spec` in training mode on `images` [N, channels, H, W].
///
/// `parameters` are flat, in the order of [`TrunkSpec::parameters`]; gradients reach them through
/// Burn's autodiff, none reaches the images. Returns the feature map [N, C, h, w], channels last in
/// memory, and the batch's statistics.
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
) -> Result<(Tensor<4>, NormStatistics), Error> {
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
    running: NormStatistics,
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
            check_length(&format!("running {name} {i}"), *channels, t.dims()[0])?;
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

fn check(spec: &TrunkSpec, images: &Tensor<4>, parameters: &[Tensor<1>]) -> Result<(), Error> {
    spec.check()?;
    let [n, channels, height, width] = images.dims();
    check_length("channels of the images", spec.channels, channels)?;
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
        let what = format!("stage {} {:?}", p.stage, p.kind);
        check_length(&what, p.shape.iter().product(), given.dims()[0])?;
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

    /// Pooled features, pass fractions and, if `has_alpha`, weighted sums, concatenated:
    /// [2 N C (+ N h w)].
    fn pool_features(
        features: FloatTensor<Self>,
        linear_alpha: FloatTensor<Self>,
        pooling: HeadPooling,
        has_alpha: bool,
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
            &parameter_slices(&spec, &parameters),
            &running,
        )
        .expect("shapes were checked");
        feature_map_tensor(features, shape)
    }

    fn pool_features(
        features: FlexTensor,
        linear_alpha: FlexTensor,
        pooling: HeadPooling,
        has_alpha: bool,
    ) -> FlexTensor {
        let linear_alpha = linear_alpha.to_contiguous();
        pack(
            &features,
            has_alpha.then_some(values(&linear_alpha)),
            pooling,
        )
        .0
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
        // Evaluation is not differentiable.
        let inner = |t: FloatTensor<Self>| t.into_parts().0;
        let features = Flex::trunk_eval(inner(images), inner(parameters), inner(running), spec);
        <FloatTensor<Self>>::new(features)
    }

    fn pool_features(
        features: FloatTensor<Self>,
        linear_alpha: FloatTensor<Self>,
        pooling: HeadPooling,
        has_alpha: bool,
    ) -> FloatTensor<Self> {
        let (features, node) = features.into_parts();
        let (linear_alpha, linear_alpha_node) = linear_alpha.into_parts();
        let linear_alpha = linear_alpha.to_contiguous();
        let (packed, pooled) = pack(
            &features,
            has_alpha.then_some(values(&linear_alpha)),
            pooling,
        );
        let prep = PoolFeaturesStep
            .prepare::<C>([node, linear_alpha_node])
            .compute_bound()
            .stateful();
        match prep {
            OpsKind::Tracked(prep) => {
                let state = PoolFeaturesState {
                    features,
                    linear_alpha,
                    pass_fraction: pooled.pass_fraction,
                    pooling,
                    has_alpha,
                };
                prep.finish(state, packed)
            }
            OpsKind::UnTracked(prep) => prep.finish(packed),
        }
    }
}

#[derive(Debug)]
struct TrunkStep;

/// State of the backward pass. Its buffers return to the workspace when the graph is dropped.
#[derive(Clone)]
struct State {
    images: FlexTensor,
    parameters: FlexTensor,
    features: FlexTensor,
    spec: TrunkSpec,
    /// Shared because Burn requires `Clone`; taken by the only backward pass.
    saved: Arc<Mutex<Option<SavedActivations>>>,
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
            ForwardPass {
                batch: batch(&images, &images_data),
                parameters: &parameter_slices(&spec, &parameters),
                features: &features,
                saved,
            },
            &gradient,
        )
        .expect("shapes were checked in the forward pass");
        grads.register::<Flex>(node.id, flat(gradients.concat()));
    }
}

/// The workspace of all operations of this module. Buffers that Burn has dropped return to it first.
pub fn workspace() -> &'static Workspace {
    static SHARED: OnceLock<Workspace> = OnceLock::new();
    let workspace = SHARED.get_or_init(Workspace::default);
    reclaim_buffers(workspace);
    workspace
}

fn train(
    images: &FlexTensor,
    parameters: &FlexTensor,
    spec: &TrunkSpec,
) -> (FlexTensor, FlexTensor, SavedActivations) {
    let parameters = parameters.to_contiguous();
    let data = channels_last(images);
    let TrainOutput {
        features,
        shape,
        statistics,
        saved,
    } = forward_train(
        workspace(),
        spec,
        batch(images, &data),
        &parameter_slices(spec, &parameters),
    )
    .expect("shapes were checked");
    let mut all: Vec<f32> = statistics
        .into_iter()
        .flat_map(|s| s.mean.into_iter().chain(s.variance))
        .collect();
    if all.is_empty() {
        all.push(0.0); // Level 1 has no batch norm, and a tensor needs a value.
    }
    (feature_map_tensor(features, shape), flat(all), saved)
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

/// Slices of the flat parameter tensor, one per parameter.
fn parameter_slices<'a>(spec: &TrunkSpec, flat: &'a FlexTensor) -> Vec<&'a [f32]> {
    let mut rest = values(flat);
    let mut all = Vec::new();
    for p in spec.parameters() {
        let (own, others) = rest.split_at(p.shape.iter().product());
        all.push(own);
        rest = others;
    }
    all
}
