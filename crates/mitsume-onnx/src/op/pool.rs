//! MaxPool, AveragePool and their global forms.

use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{IndexingUpdateOp, Tensor, TensorData, module};
use mitsume_kernels::burn_extension::{inference, training::pool_train};
use mitsume_kernels::inference::{Nhwc, Pooling, Window};
use mitsume_kernels::training::{max_positions, mean_taps};

use super::reduce::extreme_vjp;
use super::window::PaddedWindow;
use super::{Inputs, NodeInfo, Operator, OperatorError, on_kernels, trains_on_kernels};
use crate::layout::AxisRule;
use crate::limits;
use crate::value::{Floats, MemoryOrder, Value, image_shape, index_tensor};

/// MaxPool or AveragePool.
#[derive(Debug)]
pub(crate) struct Pool {
    pooling: Pooling,
    window: PaddedWindow,
    ceil: bool,
}

impl Pool {
    pub fn parse(node: &mut NodeInfo) -> Result<Self, OperatorError> {
        let with_padding = node.attributes.int("count_include_pad", 0) != 0;
        let pooling = match (node.op_type, with_padding) {
            ("MaxPool", _) => Pooling::Max,
            (_, true) => Pooling::MeanWithPadding,
            (_, false) => Pooling::Mean,
        };
        node.attributes.only("storage_order", 0)?;
        Ok(Self {
            pooling,
            ceil: node.attributes.int("ceil_mode", 0) != 0,
            window: PaddedWindow::parse(node, None)?,
        })
    }
}

impl Operator for Pool {
    /// Linear in the cotangent: of a maximum it goes to the first of the largest values, of a mean
    /// divided to all.
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let [n, c, h, w] = x.image_shape()?;
        let window = self.window.for_size([h, w]);
        let [_, _, rows, columns] = cotangent.image_shape()?;
        let g = cotangent.into_channels_last().into_flat();
        let device = g.device();
        let dx = if self.pooling == Pooling::Max {
            let x = x.without_gradient().into_channels_last().into_flat();
            let x = x.into_data().convert::<f32>();
            let data = x
                .as_slice()
                .map_err(|e| OperatorError::Invalid(format!("{e:?}")))?;
            let images = Nhwc {
                data,
                shape: [n, h, w, c],
            };
            let places = index_tensor(max_positions(&window, images, [rows, columns])?, &device);
            let zeros = Tensor::<1>::zeros([n * h * w * c], &device);
            zeros.select_assign(0, places, g, IndexingUpdateOp::Add)
        } else {
            let taps = mean_taps(self.pooling, &window, [h, w], [rows, columns])?;
            let pixels = |image: usize, size: usize, at: &[usize]| {
                let at = at.iter().map(move |at| image * size + at);
                at.collect::<Vec<usize>>()
            };
            let from = (0..n).flat_map(|image| pixels(image, rows * columns, &taps.from));
            let to = (0..n).flat_map(|image| pixels(image, h * w, &taps.to));
            let count = n * taps.share.len();
            let share = TensorData::new(taps.share.repeat(n), [count, 1]);
            let each = g.reshape([n * rows * columns, c]);
            let each = each.select(0, index_tensor(from, &device));
            let each = each * Tensor::<2>::from_data(share, &device);
            let zeros = Tensor::<2>::zeros([n * h * w, c], &device);
            let dx = zeros.select_assign(0, index_tensor(to, &device), each, IndexingUpdateOp::Add);
            dx.reshape([n * h * w * c])
        };
        let dx = Floats::with_order(dx, shape, MemoryOrder::ChannelsLast)?;
        Ok(vec![Some(dx)])
    }

    fn output_shape(
        &self,
        inputs: &[Option<&[usize]>],
    ) -> Option<Result<Vec<usize>, OperatorError>> {
        let to = |shape: &[usize]| {
            let [n, c, h, w] = image_shape(shape)?;
            let [rows, columns] = self.window.output_size([h, w], self.ceil)?;
            Ok(vec![n, c, rows, columns])
        };
        Some(to((*inputs.first()?)?))
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let [n, c, h, w] = x.image_shape()?;
        let window = self.window.for_size([h, w]);
        let to = self.window.output_size([h, w], self.ceil)?;
        let shape = vec![n, c, to[0], to[1]];
        limits::elements(&shape)?;
        if on_kernels(&x) {
            let x = x.into_channels_last().into_flat();
            let data = inference::pool(self.pooling, window, x, [n, h, w, c], to)
                .map_err(OperatorError::from)?;
            let result = Floats::with_order(data, shape, MemoryOrder::ChannelsLast)?;
            return Ok(vec![Value::Float(result)]);
        }
        if trains_on_kernels(&x) {
            let x = x.into_channels_last().into_flat();
            let data = pool_train(self.pooling, window, x, [n, h, w, c], to)?;
            let result = Floats::with_order(data, shape, MemoryOrder::ChannelsLast)?;
            return Ok(vec![Value::Float(result)]);
        }
        let result = Floats::from_tensor(self.run_composed(x.into_tensor([n, c, h, w]), window)?);
        if result.shape() != shape {
            return Err(OperatorError::Invalid(format!(
                "a result of {:?} where {shape:?} is expected",
                result.shape()
            )));
        }
        Ok(vec![Value::Float(result)])
    }
}

impl Pool {
    fn run_composed(&self, x: Tensor<4>, window: Window) -> Result<Tensor<4>, OperatorError> {
        let padding = [0, 1].map(|axis| (window.pad_before[axis], window.pad_after[axis]));
        if self.pooling == Pooling::Max {
            let mut options = MaxPoolOptions::new(window.kernel).with_stride(window.stride);
            options.padding = padding;
            options.dilation = window.dilation;
            options.ceil_mode = self.ceil;
            return Ok(module::max_pool2d(x, options));
        }
        if window.dilation != [1, 1] {
            return Err(OperatorError::Unsupported(
                "an average pool with dilations is not supported on this device".into(),
            ));
        }
        let mut options = AvgPoolOptions::new(window.kernel).with_stride(window.stride);
        options.padding = padding;
        options.count_include_pad = self.pooling == Pooling::MeanWithPadding;
        options.ceil_mode = self.ceil;
        Ok(module::avg_pool2d(x, options))
    }
}

/// GlobalAveragePool or GlobalMaxPool.
#[derive(Debug)]
pub(crate) struct GlobalPool {
    max: bool,
}

impl GlobalPool {
    pub fn parse(node: &mut NodeInfo) -> Self {
        Self {
            max: node.op_type == "GlobalMaxPool",
        }
    }
}

impl Operator for GlobalPool {
    fn vjp(
        &self,
        mut inputs: Inputs,
        cotangent: Floats,
    ) -> Result<Vec<Option<Floats>>, OperatorError> {
        let x = inputs.float(0)?;
        let [n, c, h, w] = x.image_shape()?;
        if self.max {
            let g = cotangent.into_tensor([n * c, 1, 1]);
            let dx = extreme_vjp(x.into_tensor([n * c, h * w, 1]), g, true);
            return Ok(vec![Some(
                Floats::from_tensor(dx).reshaped(vec![n, c, h, w])?,
            )]);
        }
        let each = cotangent
            .into_tensor([n, c, 1, 1])
            .div_scalar((h * w) as f32);
        Ok(vec![Some(Floats::from_tensor(each.expand([n, c, h, w])))])
    }

    fn mean_over(&self, rank: usize, _given: Option<&[i64]>) -> Option<Vec<usize>> {
        (!self.max).then(|| (2..rank).collect())
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::GlobalPool
    }

    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let shape = x.shape().to_vec();
        let [n, c, ..] = shape[..] else {
            return Err("two axes or more expected".into());
        };
        let pixels: usize = shape[2..].iter().product();
        let pooled = match x.order() {
            MemoryOrder::ChannelsLast => {
                let x = x.into_flat().reshape([n, pixels, c]);
                if self.max {
                    x.max_dim(1)
                } else {
                    x.mean_dim(1)
                }
            }
            MemoryOrder::RowMajor | MemoryOrder::GroupsLast => {
                let x = x.into_tensor([n, c, pixels]);
                if self.max {
                    x.max_dim(2)
                } else {
                    x.mean_dim(2)
                }
            }
        };
        let to = [&shape[..2], &vec![1; shape.len() - 2]].concat();
        let result = Floats::new(pooled.reshape([n * c]), to)?;
        Ok(vec![Value::Float(result)])
    }
}
