//! Classifiers that are trained: parameters are Burn tensors, batch norm has batch statistics, dropout
//! is on.

mod classifier;
mod evaluation_form;
mod hook;
mod new_head;
mod parameters;
mod stochastic_depth;

pub use classifier::TrainableClassifier;
pub use hook::{DropoutKey, ForwardPass, TrainableHook};
pub use new_head::NewHead;
pub use parameters::{GraphParameters, ParameterInfo};
