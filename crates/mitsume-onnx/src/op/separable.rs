//! Depthwise convolution fused with those before and after it (inverted residual).

use std::sync::{Arc, OnceLock};

use mitsume_kernels::burn_extension::inference;
use mitsume_kernels::inference::Separable as Packed;

use super::{Convolution, Inputs, Operator, OperatorError, on_kernels};
use crate::layout::AxisRule;
use crate::value::{Floats, MemoryOrder, Value};

/// Of its first input; its second, where it is given, is added before the last one's activation.
pub(crate) struct Separable {
    /// Default: none.
    pub expand: Option<Arc<Convolution>>,
    pub depthwise: Arc<Convolution>,
    /// Default: none.
    pub project: Option<Arc<Convolution>>,
    /// Made once, with the size of the images it is for.
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
        let add = inputs.optional(1).map(Value::float).transpose()?;
        let result = match on_kernels(&x) {
            true => self.run_packed(x, add)?,
            false => self.run_each(x, add, &inputs)?,
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

    fn run_packed(&self, x: Floats, add: Option<Floats>) -> Result<Floats, OperatorError> {
        let [n, channels, h, w] = x.image()?;
        let mut to = [n, channels, h, w];
        for convolution in self.convolutions() {
            to = convolution.out(to)?;
        }
        if add.as_ref().is_some_and(|add| add.shape() != to) {
            return Err(OperatorError::Invalid(
                "a skip connection of another shape".into(),
            ));
        }
        let packed = self.packed([h, w])?;
        let add = add.map(|add| add.channels_last().into_flat());
        let x = x.channels_last().into_flat();
        let (data, _) = inference::separable(&packed, x, [n, h, w, channels], add)
            .map_err(OperatorError::from)?;
        Floats::with_order(data, to.to_vec(), MemoryOrder::ChannelsLast)
    }

    /// Where the kernels cannot work, one after another.
    fn run_each(
        &self,
        x: Floats,
        add: Option<Floats>,
        inputs: &Inputs,
    ) -> Result<Floats, OperatorError> {
        let last = self.convolutions().count() - 1;
        let mut add = add.map(Value::Float);
        let mut x = Value::Float(x);
        for (i, convolution) in self.convolutions().enumerate() {
            let add = if i == last { add.take() } else { None };
            let values = vec![Some(x), None, None, add];
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
        if let Some((of, packed)) = self.packed.get()
            && *of == size
        {
            return Ok(Arc::clone(packed));
        }
        let mut shape = [1, 0, size[0], size[1]];
        let mut packed = |convolution: &Arc<Convolution>| {
            let packed = convolution.packed([shape[2], shape[3]])?;
            shape = convolution.out([1, packed.inputs(), shape[2], shape[3]])?;
            Ok::<_, OperatorError>(packed)
        };
        let expand = self.expand.as_ref().map(&mut packed).transpose()?;
        let depthwise = packed(&self.depthwise)?;
        let project = self.project.as_ref().map(&mut packed).transpose()?;
        let packed = Packed::new(expand, depthwise, project).map_err(OperatorError::from)?;
        let packed = Arc::new(packed);
        // Only the first size's is kept, as of each convolution.
        let _ = self.packed.set((size, Arc::clone(&packed)));
        Ok(packed)
    }
}
