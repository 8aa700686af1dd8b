//! What a backward step reads of the forward pass: tensors, or how they are computed again.
//!
//! The result of a batch norm, a layer norm or an activation is not kept, because its input is kept
//! anyway and computing it again takes one pass over memory: its buffer is free once the forward
//! pass has read it, and the first backward step that reads it runs the same kernel on the same
//! input, so it has the same bits. Of the activations of a network about half are such results.
//! (Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost, computes whole parts of a
//! network again; here no convolution or product of matrices is.)

use super::tensors::{recomputation_of, shared_flat_tensor};
use crate::workspace::Buffer;
use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Most results that are computed again one from the other: a chain of residual adds is kept at
/// every fifth, so that few of them are in memory at a time.
const MAX_DEPTH: usize = 4;

/// A flat tensor that a backward step reads.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// The tensor.
    Tensor(FlexTensor),
    /// How it is computed.
    Recomputed(Arc<Recomputation>),
}

impl Kept {
    /// What to keep of `tensor`, which is contiguous.
    pub fn of(tensor: &FlexTensor) -> Self {
        match recomputation_of(tensor) {
            Some(recomputation) => Self::Recomputed(recomputation),
            None => Self::Tensor(tensor.clone()),
        }
    }

    /// The tensor, after which nothing of it is kept here.
    pub fn into_tensor(self) -> FlexTensor {
        match self {
            Self::Tensor(tensor) => tensor,
            Self::Recomputed(recomputation) => recomputation.tensor(),
        }
    }

    /// The tensor.
    pub fn tensor(&self) -> FlexTensor {
        match self {
            Self::Tensor(tensor) => tensor.clone(),
            Self::Recomputed(recomputation) => recomputation.tensor(),
        }
    }

    /// How many results are computed one from the other before it is there.
    fn depth(&self) -> usize {
        match self {
            Self::Tensor(_) => 0,
            Self::Recomputed(recomputation) => recomputation.depth,
        }
    }
}

/// How a result is computed from what is kept.
pub(super) trait Formula: Debug + Send + Sync {
    /// What it is computed from.
    fn inputs(&self) -> Vec<&Kept>;

    /// Computes it, the same bits as in the forward pass.
    fn compute(&self) -> Buffer;
}

/// A result that can be computed again.
#[derive(Debug)]
pub(super) struct Recomputation {
    formula: Box<dyn Formula>,
    depth: usize,
    /// The forward pass's, which something else may hold.
    original: Weak<Bytes>,
    /// Computed again; it is dropped with the last backward step that reads it.
    result: Mutex<Option<FlexTensor>>,
}

impl Recomputation {
    /// `original` as the result of `formula`; none if it takes too many others.
    pub fn new(original: &Arc<Bytes>, formula: impl Formula + 'static) -> Option<Self> {
        let depths = formula.inputs().into_iter().map(Kept::depth);
        let depth = 1 + depths.max().unwrap_or(0);
        (depth <= MAX_DEPTH).then(|| Self {
            formula: Box::new(formula),
            depth,
            original: Arc::downgrade(original),
            result: Mutex::default(),
        })
    }

    fn tensor(&self) -> FlexTensor {
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        let tensor = result
            .take()
            .unwrap_or_else(|| match self.original.upgrade() {
                Some(data) => {
                    let layout =
                        Layout::contiguous(Shape::from(vec![data.len() / size_of::<f32>()]));
                    FlexTensor::from_arc(data, layout, DType::F32)
                }
                None => shared_flat_tensor(self.formula.compute()),
            });
        *result = Some(tensor.clone());
        tensor
    }
}
