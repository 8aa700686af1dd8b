//! Classifiers that are trained: parameters are Burn tensors, batch norm has batch statistics, dropout
//! is on.

mod classifier;
mod evaluation_form;
mod head;
mod hook;
mod parameters;
mod stochastic_depth;

pub use classifier::TrainableClassifier;
pub use head::NewHead;
pub use hook::{DropoutKey, ForwardPass, TrainableHook};
pub use parameters::{GraphParameters, ParameterInfo};
