//! Why an operator cannot be read or run.

/// Invalid or unsupported attributes or inputs of a node.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OperatorError {
    /// A required input is omitted.
    #[error("input {0} is missing")]
    MissingInput(usize),
    /// One of several required inputs is omitted.
    #[error("an input is missing")]
    MissingInputs,
    /// An invalid input.
    #[error("input {index}: {reason}")]
    Input {
        /// Its position.
        index: usize,
        /// The reason.
        reason: Box<OperatorError>,
    },
    /// Integers where floats are expected.
    #[error("integers where float32 numbers are expected")]
    FloatExpected,
    /// Floats where integers are expected.
    #[error("float32 numbers where integers are expected")]
    IntegersExpected,
    /// Valid ONNX that is not supported.
    #[error("{0}")]
    Unsupported(String),
    /// Shapes, sizes or attributes that do not fit together or are too large.
    #[error("{0}")]
    Invalid(String),
    /// An error of the kernels.
    #[error(transparent)]
    Kernel(#[from] mitsume_kernels::Error),
}

impl OperatorError {
    /// The error as one of input `index`.
    pub(crate) fn at_input(self, index: usize) -> Self {
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
