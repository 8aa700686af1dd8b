//! What can be wrong with a request.

/// Why a trunk cannot be made or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The description asks for something these kernels do not do.
    #[error("stage {stage}: {reason}")]
    Unsupported {
        /// Position of the stage, from 0.
        stage: usize,
        /// What is not supported, and what is.
        reason: &'static str,
    },
    /// A slice does not have the length its shape asks for.
    #[error("{what}: {found} values given, {expected} needed")]
    Length {
        /// Which one.
        what: String,
        /// Values its shape asks for.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// The number of parameters or statistics is not what the description asks for.
    #[error("{found} {what} given, {expected} needed")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many the description asks for.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// Images too small for the pooling layers, or none.
    #[error("{images} images of {height}x{width} are too few or too small for this trunk")]
    Size {
        /// Images given.
        images: usize,
        /// Their height in pixels.
        height: usize,
        /// Their width in pixels.
        width: usize,
    },
}
