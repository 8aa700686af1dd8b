//! Values of a graph: float tensors on the device, integers on the host.

mod lazy_channels;

use burn::tensor::{Device, Int, Tensor, TensorData};
use mitsume_kernels::burn_extension::supports;
use mitsume_kernels::burn_extension::training::permute_train;
use mitsume_kernels::training::Permutation;

use crate::ints::Ints;
use crate::limits::{self, MAX_RANK};
use crate::op::OperatorError;
use lazy_channels::LazyChannels;

/// The order of a tensor's values in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryOrder {
    /// The last axis varies fastest, as in ONNX.
    RowMajor,
    /// Shape [N, C, H, W], but [N, H, W, C] in memory, as the CPU kernels need it.
    ChannelsLast,
    /// Shape [N, G, C, H, W], but [N, H, W, G, C] in memory: channels last in groups, as ShuffleNet
    /// shuffles them. [`Floats::reshaped`] makes it from channels last without a copy.
    GroupsLast,
}

impl MemoryOrder {
    /// Whether a tensor with `rank` axes can have it.
    fn fits(self, rank: usize) -> bool {
        match self {
            Self::RowMajor => true,
            Self::ChannelsLast => rank == 4,
            Self::GroupsLast => rank == 5,
        }
    }

    /// Where each axis of a tensor with `rank` axes lies in memory, the slowest first.
    fn axes_in_memory(self, rank: usize) -> Vec<usize> {
        match self {
            Self::RowMajor => (0..rank).collect(),
            Self::ChannelsLast => vec![0, 3, 1, 2],
            Self::GroupsLast => vec![0, 3, 4, 1, 2],
        }
    }
}

/// Floats on the device. The number of axes is known only at run time, so the tensor is flat, with
/// its shape beside it: operations reshape it to the rank they need, without a copy.
#[derive(Clone, Debug)]
pub(crate) struct Floats {
    data: Storage,
    shape: Vec<usize>,
    order: MemoryOrder,
}

/// The values of a tensor, in memory order. There are few of them, so boxing would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
enum Storage {
    Tensor(Tensor<1>),
    /// Of channels last (in groups or not): computed when they are read.
    Channels(LazyChannels),
}

impl Storage {
    fn into_tensor(self) -> Tensor<1> {
        match self {
            Self::Tensor(tensor) => tensor,
            Self::Channels(channels) => channels.values(),
        }
    }
}

impl Floats {
    /// `data` as a tensor of `shape`.
    pub fn new(data: Tensor<1>, shape: Vec<usize>) -> Result<Self, OperatorError> {
        Self::with_order(data, shape, MemoryOrder::RowMajor)
    }

    /// `data` as a tensor of `shape`, with its order in memory.
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
        Ok(Self {
            data: Storage::Tensor(data),
            shape,
            order,
        })
    }

    /// The channels of feature maps side by side, computed when they are read. `shape` is [N, C, H, W] with all channels.
    ///
    /// # Panics
    /// If the feature maps are not channels last, on the CPU without autodiff, and of this shape but for C.
    pub fn concatenated_channels(parts: Vec<Self>, shape: Vec<usize>) -> Self {
        let parts = parts.into_iter().map(|part| {
            let fits = part.shape.len() == 4
                && [0, 2, 3]
                    .iter()
                    .all(|&axis| part.shape[axis] == shape[axis]);
            assert!(fits && part.order == MemoryOrder::ChannelsLast);
            let channels = part.shape[1];
            (part.into_flat(), channels)
        });
        Self {
            data: Storage::Channels(LazyChannels::concatenated(parts.collect())),
            shape,
            order: MemoryOrder::ChannelsLast,
        }
    }

    /// `count` channels from `start` on of a feature map, computed when they are read.
    ///
    /// # Panics
    /// If it is not channels last on the CPU without autodiff.
    pub fn narrowed_channels(self, start: usize, count: usize) -> Self {
        assert_eq!(self.order, MemoryOrder::ChannelsLast);
        let mut shape = self.shape;
        let all = match self.data {
            Storage::Channels(channels) => channels,
            Storage::Tensor(tensor) => LazyChannels::concatenated(vec![(tensor, shape[1])]),
        };
        shape[1] = count;
        Self {
            data: Storage::Channels(all.narrowed(start, count)),
            shape,
            order: self.order,
        }
    }

    /// The first two axes after N exchanged, of a tensor in groups: a channel shuffle.
    ///
    /// # Panics
    /// If it is not in groups.
    pub fn shuffled_groups(self) -> Self {
        assert_eq!(self.order, MemoryOrder::GroupsLast);
        let mut shape = self.shape;
        let (groups, channels) = (shape[1], shape[2]);
        shape.swap(1, 2);
        let lazily = match &self.data {
            Storage::Channels(parts) => parts.shuffled(groups, channels),
            Storage::Tensor(_) => None,
        };
        let data = match lazily {
            Some(shuffled) => Storage::Channels(shuffled),
            None => {
                let count: usize = shape.iter().product();
                let pixels = count / (groups * channels).max(1);
                let sides = [pixels, groups, channels];
                let values = permuted_values(self.data.into_tensor(), &sides, &[0, 2, 1]);
                Storage::Tensor(values)
            }
        };
        Self {
            data,
            shape,
            order: self.order,
        }
    }

    /// `values` on `device`.
    pub fn from_values(
        values: Vec<f32>,
        shape: Vec<usize>,
        device: &Device,
    ) -> Result<Self, OperatorError> {
        let count = values.len();
        if count == 0 {
            limits::float_elements(&shape)?;
        }
        Self::new(
            Tensor::from_data(TensorData::new(values, [count]), device),
            shape,
        )
    }

    /// From a tensor of static rank.
    pub fn from_tensor<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let count: usize = shape.iter().product();
        Self {
            data: Storage::Tensor(tensor.reshape([count])),
            shape,
            order: MemoryOrder::RowMajor,
        }
    }

    /// Its shape, in ONNX's order whatever the order in memory.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape [N, C, H, W] of images or feature maps.
    pub fn image_shape(&self) -> Result<[usize; 4], OperatorError> {
        image_shape(self.shape())
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The order in memory.
    pub fn order(&self) -> MemoryOrder {
        self.order
    }

    /// Its device.
    pub fn device(&self) -> Device {
        match &self.data {
            Storage::Tensor(tensor) => tensor.device(),
            Storage::Channels(channels) => channels.device(),
        }
    }

    /// Number of values that it keeps in memory.
    fn kept_values(&self) -> usize {
        match &self.data {
            Storage::Tensor(tensor) => tensor.dims()[0],
            Storage::Channels(channels) => channels.kept_values(),
        }
    }

    /// The values in memory order.
    pub fn into_flat(self) -> Tensor<1> {
        self.data.into_tensor()
    }

    /// Applies an element-wise function; shape and order in memory stay.
    pub fn map(self, change: impl FnOnce(Tensor<1>) -> Tensor<1>) -> Self {
        Self {
            data: Storage::Tensor(change(self.data.into_tensor())),
            ..self
        }
    }

    /// Converts to row-major order.
    pub fn into_row_major(self) -> Self {
        if self.order == MemoryOrder::RowMajor {
            return self;
        }
        let axes: Vec<usize> = (0..self.rank()).collect();
        self.permuted(&axes)
    }

    /// Its axes in `order`, in row-major order: axis i of the result is axis `order[i]` of this.
    ///
    /// # Panics
    /// If `order` is no permutation of the axes.
    pub fn permuted(self, order: &[usize]) -> Self {
        let axes_in_memory = self.order.axes_in_memory(self.rank());
        let mut sides = self.shape.clone();
        for (&at, &side) in axes_in_memory.iter().zip(&self.shape) {
            sides[at] = side;
        }
        let shape = order.iter().map(|&axis| self.shape[axis]).collect();
        let order: Vec<usize> = order.iter().map(|&axis| axes_in_memory[axis]).collect();
        Self {
            data: Storage::Tensor(permuted_values(self.data.into_tensor(), &sides, &order)),
            shape,
            order: MemoryOrder::RowMajor,
        }
    }

    /// Converts to channels last; a tensor without four axes is unchanged.
    pub fn into_channels_last(self) -> Self {
        if self.order == MemoryOrder::ChannelsLast || self.rank() != 4 {
            return self;
        }
        let [n, c, h, w] = self.nchw();
        let values = permuted_values(self.data.into_tensor(), &[n, c, h * w], &[0, 2, 1]);
        Self {
            data: Storage::Tensor(values),
            shape: self.shape,
            order: MemoryOrder::ChannelsLast,
        }
    }

    /// As a tensor with these axes, in row-major order.
    ///
    /// # Panics
    /// If the sides do not multiply to the number of values.
    pub fn into_tensor<const D: usize>(self, sides: [usize; D]) -> Tensor<D> {
        self.into_row_major().into_flat().reshape(sides)
    }

    /// The same values in another shape.
    pub fn reshaped(self, shape: Vec<usize>) -> Result<Self, OperatorError> {
        if self.shape.iter().product::<usize>() != limits::elements(&shape)? {
            return Err(OperatorError::Invalid(format!(
                "{:?} cannot become {shape:?}",
                self.shape
            )));
        }
        // Channels split into groups, or groups merged, need no copy.
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
            self.into_row_major()
        } else {
            self
        };
        Ok(Self {
            data: x.data,
            shape,
            order,
        })
    }

    /// As [`Self::reshaped`], but the same shape keeps its order in memory.
    pub fn reshaped_as(self, shape: Vec<usize>) -> Result<Self, OperatorError> {
        if self.shape == shape {
            return Ok(self);
        }
        self.reshaped(shape)
    }

    /// The values in row-major order; an error on a device with autodiff, where they would lose
    /// their gradient.
    pub fn into_host(self) -> Result<Vec<f32>, OperatorError> {
        if self.device().is_autodiff() {
            return Err(OperatorError::Invalid(
                "this is not differentiated: choose a later layer".into(),
            ));
        }
        let data = self
            .into_row_major()
            .into_flat()
            .into_data()
            .convert::<f32>();
        data.try_into_vec()
            .map_err(|error| OperatorError::Invalid(format!("{error:?}")))
    }

    /// The same values on a device without autodiff: for functions that are constant almost everywhere, such
    /// as comparisons.
    pub fn without_gradient(self) -> Self {
        match self.device().is_autodiff() {
            true => self.map(Tensor::inner),
            false => self,
        }
    }

    /// Moves it to a device with autodiff, without a gradient.
    pub fn into_autodiff(self) -> Self {
        self.map(Tensor::autodiff)
    }

    /// [N, C, H, W], with all groups in C.
    fn nchw(&self) -> [usize; 4] {
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

/// The values of a tensor of `shape`, row by row, with its axes in `order`, a permutation.
pub(crate) fn permuted_values(data: Tensor<1>, shape: &[usize], order: &[usize]) -> Tensor<1> {
    let permutation = Permutation::new(shape, order).expect("a permutation of the axes");
    if permutation.is_identity() {
        return data;
    }
    if supports(&data.device().inner()) {
        return permute_train(permutation, data).expect("the values of this shape");
    }
    let mut sides = [1; MAX_RANK];
    sides[..shape.len()].copy_from_slice(shape);
    let mut axes: [isize; MAX_RANK] = std::array::from_fn(|axis| axis as isize);
    for (axis, &from) in axes.iter_mut().zip(order) {
        *axis = from as isize;
    }
    let count: usize = shape.iter().product();
    data.reshape(sides).permute(axes).reshape([count])
}

/// Positions to select values by, on `device`.
pub(crate) fn index_tensor(
    positions: impl IntoIterator<Item = usize>,
    device: &Device,
) -> Tensor<1, Int> {
    let positions: Vec<i64> = positions.into_iter().map(|at| at as i64).collect();
    let count = positions.len();
    Tensor::from_data(TensorData::new(positions, [count]), device)
}

/// `shape` as that of images or feature maps, [N, C, H, W].
pub(crate) fn image_shape(shape: &[usize]) -> Result<[usize; 4], OperatorError> {
    let wrong = |_| {
        OperatorError::Invalid(format!(
            "input of shape {shape:?}: an image of four axes expected"
        ))
    };
    shape.try_into().map_err(wrong)
}

/// A value of the graph. There are few of them, so boxing would save nothing.
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

    /// Number of values that it keeps in memory, which may be more than it has.
    pub fn kept_values(&self) -> usize {
        match self {
            Self::Float(floats) => floats.kept_values(),
            Self::Int(ints) => ints.data.len(),
        }
    }

    /// The floats; an error for integers.
    pub fn float(self) -> Result<Floats, OperatorError> {
        match self {
            Self::Float(floats) => Ok(floats),
            Self::Int(_) => Err(OperatorError::FloatExpected),
        }
    }

    /// The integers; an error for floats.
    pub fn int(self) -> Result<Ints, OperatorError> {
        match self {
            Self::Int(ints) => Ok(ints),
            Self::Float(_) => Err(OperatorError::IntegersExpected),
        }
    }
}
