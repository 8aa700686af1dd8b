//! [`inference`](crate::inference) on Burn's CPU tensors, which are flat here: their owner knows the shape.

use super::tensors::{flat, lend_flat, values};
use super::workspace;
use crate::error::Error;
use crate::inference::{self, Activation, Convolution, Pooling, Separable, Window};
use crate::workspace::Buffer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs `convolution` on `x`, `[images, height, width, inputs]` = `shape`, adding `add` where given. Returns the
/// result, in the same order, and its shape. No gradient flows.
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
    add: Option<Tensor<1>>,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    add_and_run(Layer::Convolve(Arc::clone(convolution)), x, shape, add)
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
    add: Option<Tensor<1>>,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    add_and_run(Layer::Separable(Arc::clone(separable)), x, shape, add)
}

fn add_and_run(
    layer: Layer,
    x: Tensor<1>,
    shape: [usize; 4],
    add: Option<Tensor<1>>,
) -> Result<(Tensor<1>, [usize; 4]), Error> {
    let request = Request::new(layer, shape);
    let has_add = add.is_some();
    let add = add.unwrap_or_else(|| x.clone());
    let result = <Dispatch as InferenceBackend>::infer(
        x.into_dispatch(),
        add.into_dispatch(),
        has_add,
        request.clone(),
    );
    let to = request.epilogue()?;
    Ok((Tensor::from_dispatch(result), to))
}

/// Pools `x`, `[images, height, width, channels]` = `shape`, to `to` rows and columns. No gradient flows.
///
/// # Errors
/// As [`inference::pool`].
///
/// # Panics
/// As [`convolve`].
pub fn pool(
    pooling: Pooling,
    window: Window,
    (x, shape): (Tensor<1>, [usize; 4]),
    to: [usize; 2],
) -> Result<Tensor<1>, Error> {
    run(Request::new(Layer::Pool(pooling, window, to), shape), x)
}

/// `activation(x * scale + shift)` of each pixel of `x`, `[images, height, width, channels]` = `shape`. No
/// gradient flows.
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
    let layer = Layer::Affine(Arc::clone(scale_and_shift), activation);
    run(Request::new(layer, shape), x)
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
    let layer = Layer::NormOfRows(Arc::clone(scale_and_shift), epsilon);
    run(Request::new(layer, [1, 1, rows, values]), x)
}

fn run(request: Request, x: Tensor<1>) -> Result<Tensor<1>, Error> {
    let add = x.clone().into_dispatch();
    let result =
        <Dispatch as InferenceBackend>::infer(x.into_dispatch(), add, false, request.clone());
    request.epilogue()?;
    Ok(Tensor::from_dispatch(result))
}

#[derive(Clone)]
enum Layer {
    Convolve(Arc<Convolution>),
    Separable(Arc<Separable>),
    Pool(Pooling, Window, [usize; 2]),
    Affine(Arc<[Vec<f32>; 2]>, Activation),
    NormOfRows(Arc<[Vec<f32>; 2]>, f32),
}

/// What a layer makes of a shape.
type TileEpilogue = Arc<Mutex<Option<Result<[usize; 4], Error>>>>;

/// A layer, its input's shape, and the way back for what a back end's operation cannot return.
#[derive(Clone)]
pub struct Request {
    layer: Layer,
    shape: [usize; 4],
    epilogue: TileEpilogue,
}

impl Request {
    fn new(layer: Layer, shape: [usize; 4]) -> Self {
        Self {
            layer,
            shape,
            epilogue: TileEpilogue::default(),
        }
    }

    fn epilogue(self) -> Result<[usize; 4], Error> {
        let mut epilogue = self.epilogue.lock().unwrap_or_else(PoisonError::into_inner);
        epilogue.take().expect("an operation says how it went")
    }

    fn run(&self, x: &[f32], add: Option<&[f32]>) -> Result<(Buffer, [usize; 4]), Error> {
        let (workspace, shape) = (workspace(), self.shape);
        match &self.layer {
            Layer::Convolve(convolution) => convolution.run(workspace, x, shape, add),
            Layer::Separable(separable) => separable.run(workspace, x, shape, add),
            Layer::Pool(pooling, window, to) => {
                let out = inference::pool(workspace, *pooling, window, (x, shape), *to)?;
                Ok((out, [shape[0], to[0], to[1], shape[3]]))
            }
            Layer::Affine(both, activation) => {
                let out = inference::affine(workspace, x, (&both[0], &both[1]), *activation)?;
                Ok((out, shape))
            }
            Layer::NormOfRows(both, epsilon) => {
                let out = inference::layer_norm(workspace, x, (&both[0], &both[1]), *epsilon)?;
                Ok((out, shape))
            }
        }
    }
}

/// The operation behind [`convolve`], [`separable`], [`pool`], [`affine`] and [`layer_norm`].
#[backend_extension(Flex, Autodiff)]
pub trait InferenceBackend: Backend {
    /// The layer of `request` on flat tensors.
    fn infer(
        x: FloatTensor<Self>,
        add: FloatTensor<Self>,
        has_add: bool,
        request: Request,
    ) -> FloatTensor<Self>;
}

impl InferenceBackend for Flex {
    fn infer(x: FlexTensor, add: FlexTensor, has_add: bool, request: Request) -> FlexTensor {
        let (x, add) = (x.to_contiguous(), add.to_contiguous());
        let result = request.run(values(&x), has_add.then(|| values(&add)));
        let (data, epilogue) = match result {
            Ok((data, to)) => (lend_flat(data), Ok(to)),
            Err(error) => (flat(vec![0.0]), Err(error)),
        };
        let mut slot = request
            .epilogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = Some(epilogue);
        data
    }
}

impl<C: CheckpointStrategy> InferenceBackend for Autodiff<Flex, C> {
    fn infer(
        x: FloatTensor<Self>,
        add: FloatTensor<Self>,
        has_add: bool,
        request: Request,
    ) -> FloatTensor<Self> {
        let inner = |t: FloatTensor<Self>| t.into_parts().0;
        <FloatTensor<Self>>::new(Flex::infer(inner(x), inner(add), has_add, request))
    }
}
