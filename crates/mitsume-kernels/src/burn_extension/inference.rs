//! [`mod@crate::inference`] on Burn's CPU tensors. The tensors are flat; shapes are passed
//! beside them.

mod concat;

pub use concat::concat;

use super::tensors::{flat, shared_flat_tensor, values};
use super::workspace;
use crate::error::Error;
use crate::inference::{
    self, Activation, Convolution, Nhwc, Pooling, ScaleShift, Separable, Window,
};
use crate::workspace::Buffer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs `convolution` on `x`, `[images, height, width, inputs]` = `shape`, adding `residual` where
/// given. Returns the result, in the same order, and its shape. No gradient flows.
///
/// # Errors
/// As [`Convolution::run`].
///
/// # Panics
/// If the tensors are not f32 on a device that [`supports`](super::supports) accepts.
pub fn convolve(
    convolution: &Arc<Convolution>,
    x: Tensor<1>,
    shape: [usize; 4],
    residual: Option<Tensor<1>>,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    run_with_residual(
        InferenceLayer::Convolution(Arc::clone(convolution)),
        x,
        shape,
        residual,
    )
}

/// Runs the convolutions of `separable` on `x`, as [`convolve`] does one.
///
/// # Errors
/// As [`Separable::run`].
///
/// # Panics
/// As [`convolve`].
pub fn separable(
    separable: &Arc<Separable>,
    x: Tensor<1>,
    shape: [usize; 4],
    residual: Option<Tensor<1>>,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    run_with_residual(
        InferenceLayer::Separable(Arc::clone(separable)),
        x,
        shape,
        residual,
    )
}

fn run_with_residual(
    layer: InferenceLayer,
    x: Tensor<1>,
    shape: [usize; 4],
    residual: Option<Tensor<1>>,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    let call = LayerCall::new(layer, shape);
    let has_residual = residual.is_some();
    let residual = residual.unwrap_or_else(|| x.clone());
    let result = <Dispatch as InferenceBackend>::infer(
        x.into_dispatch(),
        residual.into_dispatch(),
        has_residual,
        call.clone(),
    );
    let to = call.into_output_shape()?;
    Ok((Tensor::from_dispatch(result), to))
}

/// Pools `x`, `[images, height, width, channels]` = `shape`, to `to` rows and columns. No gradient
/// flows.
///
/// # Errors
/// As [`inference::pool`].
///
/// # Panics
/// As [`convolve`].
pub fn pool(
    pooling: Pooling,
    window: Window,
    x: Tensor<1>,
    shape: [usize; 4],
    to: [usize; 2],
) -> Result<Tensor<1>, Error> {
    run(
        LayerCall::new(InferenceLayer::Pool(pooling, window, to), shape),
        x,
    )
}

/// `activation(x * scale + shift)` of each pixel of `x`, `[images, height, width, channels]` =
/// `shape`. No gradient flows.
///
/// # Errors
/// As [`inference::affine`].
///
/// # Panics
/// As [`convolve`].
pub fn affine(
    scale_and_shift: &Arc<[Vec<f32>; 2]>,
    activation: Activation,
    x: Tensor<1>,
    shape: [usize; 4],
) -> Result<Tensor<1>, Error> {
    let layer = InferenceLayer::Affine(Arc::clone(scale_and_shift), activation);
    run(LayerCall::new(layer, shape), x)
}

/// Layer normalization of each row of `x`, `[rows, values]` = `shape`. No gradient flows.
///
/// # Errors
/// As [`inference::layer_norm`].
///
/// # Panics
/// As [`convolve`].
pub fn layer_norm(
    scale_and_shift: &Arc<[Vec<f32>; 2]>,
    epsilon: f32,
    x: Tensor<1>,
    [rows, values]: [usize; 2],
) -> Result<Tensor<1>, Error> {
    let layer = InferenceLayer::LayerNorm(Arc::clone(scale_and_shift), epsilon);
    run(LayerCall::new(layer, [1, 1, rows, values]), x)
}

fn run(call: LayerCall, x: Tensor<1>) -> Result<Tensor<1>, Error> {
    let residual = x.clone().into_dispatch();
    let result =
        <Dispatch as InferenceBackend>::infer(x.into_dispatch(), residual, false, call.clone());
    call.into_output_shape()?;
    Ok(Tensor::from_dispatch(result))
}

fn scale_shift([scale, shift]: &[Vec<f32>; 2]) -> ScaleShift<'_> {
    ScaleShift { scale, shift }
}

#[derive(Clone)]
enum InferenceLayer {
    Convolution(Arc<Convolution>),
    Separable(Arc<Separable>),
    Pool(Pooling, Window, [usize; 2]),
    Affine(Arc<[Vec<f32>; 2]>, Activation),
    LayerNorm(Arc<[Vec<f32>; 2]>, f32),
}

/// The output shape of a layer, set when the operation has run.
type OutputShape = Arc<Mutex<Option<Result<[usize; 4], Error>>>>;

/// A layer, its input's shape, and a slot for the output shape or error, which a Burn operation
/// cannot return.
#[derive(Clone)]
pub struct LayerCall {
    layer: InferenceLayer,
    shape: [usize; 4],
    output_shape: OutputShape,
}

impl LayerCall {
    fn new(layer: InferenceLayer, shape: [usize; 4]) -> Self {
        Self {
            layer,
            shape,
            output_shape: OutputShape::default(),
        }
    }

    fn into_output_shape(self) -> Result<[usize; 4], Error> {
        let slot = self.output_shape.lock();
        let result = slot.unwrap_or_else(PoisonError::into_inner).take();
        result.expect("the operation has run")
    }

    fn run(&self, x: &[f32], residual: Option<&[f32]>) -> Result<(Buffer, [usize; 4]), Error> {
        let (workspace, shape) = (workspace(), self.shape);
        match &self.layer {
            InferenceLayer::Convolution(convolution) => {
                convolution.run(workspace, x, shape, residual)
            }
            InferenceLayer::Separable(separable) => separable.run(workspace, x, shape, residual),
            InferenceLayer::Pool(pooling, window, to) => {
                let out =
                    inference::pool(workspace, *pooling, window, Nhwc { data: x, shape }, *to)?;
                Ok((out, [shape[0], to[0], to[1], shape[3]]))
            }
            InferenceLayer::Affine(parameters, activation) => {
                let out = inference::affine(workspace, x, scale_shift(parameters), *activation)?;
                Ok((out, shape))
            }
            InferenceLayer::LayerNorm(parameters, epsilon) => {
                let out = inference::layer_norm(workspace, x, scale_shift(parameters), *epsilon)?;
                Ok((out, shape))
            }
        }
    }
}

/// The operation behind [`convolve`], [`separable`], [`pool`], [`affine`] and [`layer_norm`].
#[backend_extension(Flex, Autodiff)]
pub trait InferenceBackend: Backend {
    /// Runs `call` on flat tensors; `residual` counts only if `has_residual`.
    fn infer(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        call: LayerCall,
    ) -> FloatTensor<Self>;
}

impl InferenceBackend for Flex {
    fn infer(
        x: FlexTensor,
        residual: FlexTensor,
        has_residual: bool,
        call: LayerCall,
    ) -> FlexTensor {
        let (x, residual) = (x.to_contiguous(), residual.to_contiguous());
        let result = call.run(values(&x), has_residual.then(|| values(&residual)));
        let (data, output_shape) = match result {
            Ok((data, to)) => (shared_flat_tensor(data), Ok(to)),
            Err(error) => (flat(vec![0.0]), Err(error)),
        };
        let mut slot = call
            .output_shape
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = Some(output_shape);
        data
    }
}

impl<C: CheckpointStrategy> InferenceBackend for Autodiff<Flex, C> {
    fn infer(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        call: LayerCall,
    ) -> FloatTensor<Self> {
        let inner = |t: FloatTensor<Self>| t.into_parts().0;
        <FloatTensor<Self>>::new(Flex::infer(inner(x), inner(residual), has_residual, call))
    }
}
