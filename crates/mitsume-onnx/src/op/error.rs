//! Why an operator cannot be read or run.

/// What is wrong with a node's attributes or inputs, or is not supported of them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OperatorError {
    /// An input that is needed is left out.
    #[error("input {0} is missing")]
    MissingInput(usize),
    /// Any of the inputs is left out.
    #[error("an input is missing")]
    MissingInputs,
    /// An input cannot be what it is.
    #[error("input {index}: {reason}")]
    Input {
        /// Its place.
        index: usize,
        /// What is wrong with it.
        reason: Box<OperatorError>,
    },
    /// Integers.
    #[error("integers where float32 numbers are expected")]
    FloatExpected,
    /// float32 numbers.
    #[error("float32 numbers where integers are expected")]
    IntegersExpected,
    /// ONNX allows it, but it is not computed here.
    #[error("{0}")]
    Unsupported(String),
    /// Shapes, sizes or attributes that do not go together, or are too large.
    #[error("{0}")]
    Invalid(String),
    /// The kernels refuse it.
    #[error(transparent)]
    Kernel(#[from] mitsume_kernels::Error),
}

impl OperatorError {
    /// The same, of input `index`.
    pub(crate) fn of_input(self, index: usize) -> Self {
        Self::Input {
            index,
            reason: Box::new(self),
        }
    }
}

impl From<&str> for OperatorError {
    fn from(reason: &str) -> Self {
        Self::Invalid(reason.into())
    }
}
