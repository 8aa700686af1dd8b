//! Depthwise convolution fused with those before and after it (inverted residual).

use std::sync::{Arc, OnceLock};

use mitsume_kernels::burn_extension::inference;
use mitsume_kernels::inference::Separable as Packed;

use super::{Convolution, Inputs, Operator, OperatorError, on_kernels};
use crate::layout::AxisRule;
use crate::value::{Floats, MemoryOrder, Value};

/// Input 0 is the image; input 1, if given, is the residual, added before the last activation.
pub(crate) struct Separable {
    /// The pointwise convolution before it.
    pub expand: Option<Arc<Convolution>>,
    pub depthwise: Arc<Convolution>,
    /// The pointwise convolution after it.
    pub project: Option<Arc<Convolution>>,
    /// The weights as the kernels need them, and the image size they are for; made on first use.
    packed: OnceLock<([usize; 2], Arc<Packed>)>,
}

impl std::fmt::Debug for Separable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Separable")
    }
}

impl Operator for Separable {
    fn run(&self, mut inputs: Inputs) -> Result<Vec<Value>, OperatorError> {
        let x = inputs.float(0)?;
        let residual = inputs.optional(1).map(Value::float).transpose()?;
        let result = match on_kernels(&x) {
            true => self.run_packed(x, residual)?,
            false => self.run_one_by_one(x, residual, &inputs)?,
        };
        Ok(vec![Value::Float(result)])
    }

    fn axis_rule(&self) -> AxisRule {
        AxisRule::Windowed
    }
}

impl Separable {
    pub fn new(
        expand: Option<Arc<Convolution>>,
        depthwise: Arc<Convolution>,
        project: Option<Arc<Convolution>>,
    ) -> Self {
        Self {
            expand,
            depthwise,
            project,
            packed: OnceLock::new(),
        }
    }

    fn run_packed(&self, x: Floats, residual: Option<Floats>) -> Result<Floats, OperatorError> {
        let [n, channels, h, w] = x.image_shape()?;
        let mut to = [n, channels, h, w];
        for convolution in self.convolutions() {
            to = convolution.output_size(to)?;
        }
        if residual
            .as_ref()
            .is_some_and(|residual| residual.shape() != to)
        {
            return Err(OperatorError::Invalid(
                "a skip connection of another shape".into(),
            ));
        }
        let packed = self.packed([h, w])?;
        let residual = residual.map(|residual| residual.into_channels_last().into_flat());
        let x = x.into_channels_last().into_flat();
        let (data, _) = inference::separable(&packed, x, [n, h, w, channels], residual)
            .map_err(OperatorError::from)?;
        Floats::with_order(data, to.to_vec(), MemoryOrder::ChannelsLast)
    }

    /// Runs the convolutions one after another, where the kernels cannot be used.
    fn run_one_by_one(
        &self,
        x: Floats,
        residual: Option<Floats>,
        inputs: &Inputs,
    ) -> Result<Floats, OperatorError> {
        let last = self.convolutions().count() - 1;
        let mut residual = residual.map(Value::Float);
        let mut x = Value::Float(x);
        for (i, convolution) in self.convolutions().enumerate() {
            let residual = if i == last { residual.take() } else { None };
            let values = vec![Some(x), None, None, residual];
            let mut results = convolution.run(Inputs::new(values, inputs.device.clone()))?;
            x = results.pop().ok_or("no result")?;
        }
        x.float()
    }

    fn convolutions(&self) -> impl Iterator<Item = &Arc<Convolution>> {
        let ends = [&self.expand, &self.project].map(Option::as_ref);
        ends[0].into_iter().chain([&self.depthwise]).chain(ends[1])
    }

    fn packed(&self, size: [usize; 2]) -> Result<Arc<Packed>, OperatorError> {
        if let Some((packed_size, packed)) = self.packed.get()
            && *packed_size == size
        {
            return Ok(Arc::clone(packed));
        }
        let mut shape = [1, 0, size[0], size[1]];
        let mut packed = |convolution: &Arc<Convolution>| {
            let packed = convolution.packed([shape[2], shape[3]])?;
            shape = convolution.output_size([1, packed.inputs(), shape[2], shape[3]])?;
            Ok::<_, OperatorError>(packed)
        };
        let expand = self.expand.as_ref().map(&mut packed).transpose()?;
        let depthwise = packed(&self.depthwise)?;
        let project = self.project.as_ref().map(&mut packed).transpose()?;
        let packed = Packed::new(expand, depthwise, project).map_err(OperatorError::from)?;
        let packed = Arc::new(packed);
        // Only the first size is kept, as in each convolution.
        let _ = self.packed.set((size, Arc::clone(&packed)));
        Ok(packed)
    }
}
