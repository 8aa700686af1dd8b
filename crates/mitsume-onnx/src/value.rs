//! Values of a graph: float tensors on the device, integers on the host.

use burn::tensor::{Device, Tensor, TensorData};

use crate::ints::Ints;
use crate::limits;
use crate::op::OperatorError;

/// The order of a tensor's values in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryOrder {
    /// As ONNX has it, the last axis fastest.
    RowMajor,
    /// Of a shape [N, C, H, W], but [N, H, W, C] in memory: what the CPU's kernels work on.
    ChannelsLast,
    /// Of a shape [N, G, C, H, W], but [N, H, W, G, C] in memory: channels last in groups, as ShuffleNet
    /// exchanges them. Only [`Floats::reshaped`] makes it, out of channels last, and nothing moves.
    GroupsLast,
}

impl MemoryOrder {
    /// Whether a tensor of that many axes can have it.
    fn fits(self, rank: usize) -> bool {
        match self {
            Self::RowMajor => true,
            Self::ChannelsLast => rank == 4,
            Self::GroupsLast => rank == 5,
        }
    }
}

/// Numbers on the device. The number of axes is known only at run time, so the tensor is flat, with
/// its shape beside it: operations reshape it to the rank they need, without a copy.
#[derive(Clone, Debug)]
pub(crate) struct Floats {
    data: Tensor<1>,
    shape: Vec<usize>,
    order: MemoryOrder,
}

impl Floats {
    /// `data` as a tensor of `shape`.
    pub fn new(data: Tensor<1>, shape: Vec<usize>) -> Result<Self, OperatorError> {
        Self::with_order(data, shape, MemoryOrder::RowMajor)
    }

    /// `data` as a tensor of `shape` in another order.
    pub fn with_order(
        data: Tensor<1>,
        shape: Vec<usize>,
        order: MemoryOrder,
    ) -> Result<Self, OperatorError> {
        let expected = limits::elements(&shape)?;
        let found = data.dims()[0];
        if found != expected || !order.fits(shape.len()) {
            return Err(OperatorError::Invalid(format!(
                "{found} values for a tensor of shape {shape:?}"
            )));
        }
        Ok(Self { data, shape, order })
    }

    /// `values` on `device`.
    pub fn from_values(
        values: Vec<f32>,
        shape: Vec<usize>,
        device: &Device,
    ) -> Result<Self, OperatorError> {
        let count = values.len();
        if count == 0 {
            return Err(OperatorError::Invalid(format!(
                "a tensor of shape {shape:?} has no values"
            )));
        }
        Self::new(
            Tensor::from_data(TensorData::new(values, [count]), device),
            shape,
        )
    }

    /// A tensor with axes, flattened.
    pub fn from_tensor<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let count: usize = shape.iter().product();
        Self {
            data: tensor.reshape([count]),
            shape,
            order: MemoryOrder::RowMajor,
        }
    }

    /// Its shape, in ONNX's order whatever the order in memory.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The sides [N, C, H, W] of images or feature maps.
    pub fn image(&self) -> Result<[usize; 4], OperatorError> {
        let shape = self.shape();
        let wrong = |_| {
            OperatorError::Invalid(format!(
                "input of shape {shape:?}: an image of four axes expected"
            ))
        };
        shape.try_into().map_err(wrong)
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The order in memory.
    pub fn order(&self) -> MemoryOrder {
        self.order
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        self.data.device()
    }

    /// The values, in whatever order they are.
    pub fn into_flat(self) -> Tensor<1> {
        self.data
    }

    /// The same values, each changed by itself: order and shape stay.
    pub fn map(self, change: impl FnOnce(Tensor<1>) -> Tensor<1>) -> Self {
        Self {
            data: change(self.data),
            ..self
        }
    }

    /// Converts to row-major order.
    pub fn row_major(self) -> Self {
        if self.order == MemoryOrder::RowMajor {
            return self;
        }
        let [n, c, h, w] = self.sides();
        let count = n * c * h * w;
        let data = self.data.reshape([n, h, w, c]).permute([0, 3, 1, 2]);
        Self {
            data: data.reshape([count]),
            shape: self.shape,
            order: MemoryOrder::RowMajor,
        }
    }

    /// With channels last, which only a tensor of four axes can have.
    pub fn channels_last(self) -> Self {
        if self.order == MemoryOrder::ChannelsLast || self.rank() != 4 {
            return self;
        }
        let [n, c, h, w] = self.sides();
        let data = if c == 1 || h * w == 1 {
            self.data // One order is the other.
        } else {
            let count = n * c * h * w;
            let data = self.data.reshape([n, c, h, w]).permute([0, 2, 3, 1]);
            data.reshape([count])
        };
        Self {
            data,
            shape: self.shape,
            order: MemoryOrder::ChannelsLast,
        }
    }

    /// As a tensor of the axes given, in ONNX's order.
    ///
    /// # Panics
    /// If the sides do not multiply to the number of values.
    pub fn view<const D: usize>(self, sides: [usize; D]) -> Tensor<D> {
        self.row_major().data.reshape(sides)
    }

    /// Another shape of as many values.
    pub fn reshaped(self, shape: Vec<usize>) -> Result<Self, OperatorError> {
        if self.shape.iter().product::<usize>() != limits::elements(&shape)? {
            return Err(OperatorError::Invalid(format!(
                "{:?} cannot become {shape:?}",
                self.shape
            )));
        }
        // Channels that part into groups, or groups that join, stay where they are.
        let order = match (self.order, self.shape.as_slice(), shape.as_slice()) {
            (MemoryOrder::ChannelsLast, [n, _, h, w], [a, _, _, b, c])
                if [n, h, w] == [a, b, c] =>
            {
                MemoryOrder::GroupsLast
            }
            (MemoryOrder::GroupsLast, [n, _, _, h, w], [a, _, b, c]) if [n, h, w] == [a, b, c] => {
                MemoryOrder::ChannelsLast
            }
            _ => MemoryOrder::RowMajor,
        };
        let x = if order == MemoryOrder::RowMajor {
            self.row_major()
        } else {
            self
        };
        Ok(Self {
            data: x.data,
            shape,
            order,
        })
    }

    /// The same shape with sides of 1 added or left out: order in memory stays where the shape stays.
    pub fn reshaped_as(self, shape: Vec<usize>) -> Result<Self, OperatorError> {
        if self.shape == shape {
            return Ok(self);
        }
        self.reshaped(shape)
    }

    /// The values, in ONNX's order; not of what is differentiated.
    pub fn into_host(self) -> Result<Vec<f32>, OperatorError> {
        if self.device().is_autodiff() {
            return Err(OperatorError::Invalid(
                "this is not differentiated: choose a later layer".into(),
            ));
        }
        let data = self.row_major().data.into_data().convert::<f32>();
        data.try_into_vec()
            .map_err(|error| OperatorError::Invalid(format!("{error:?}")))
    }

    /// Constant on a device with autodiff.
    pub fn into_autodiff(self) -> Self {
        self.map(Tensor::autodiff)
    }

    /// [N, C, H, W], of groups all their channels.
    fn sides(&self) -> [usize; 4] {
        let rank = self.shape.len();
        let channels = self.shape[1..rank - 2].iter().product();
        [
            self.shape[0],
            channels,
            self.shape[rank - 2],
            self.shape[rank - 1],
        ]
    }
}

/// A value of the graph. There are few of them: a box would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// float32 on the device.
    Float(Floats),
    /// Integers on the host.
    Int(Ints),
}

impl Value {
    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Float(floats) => floats.shape(),
            Self::Int(ints) => &ints.shape,
        }
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.shape().iter().product()
    }

    /// The numbers.
    pub fn float(self) -> Result<Floats, OperatorError> {
        match self {
            Self::Float(floats) => Ok(floats),
            Self::Int(_) => Err(OperatorError::FloatExpected),
        }
    }

    /// The integers.
    pub fn int(self) -> Result<Ints, OperatorError> {
        match self {
            Self::Int(ints) => Ok(ints),
            Self::Float(_) => Err(OperatorError::IntegersExpected),
        }
    }
}
