//! Errors of trunks and layers.

/// Why a trunk or layer cannot be made or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The specification asks for something these kernels do not implement.
    #[error("stage {stage}: {reason}")]
    Unsupported {
        /// Position of the stage, from 0.
        stage: usize,
        /// What is not supported, and what is.
        reason: &'static str,
    },
    /// A slice does not have the length of its shape.
    #[error("{what}: {found} values given, {expected} needed")]
    Length {
        /// Which one.
        what: String,
        /// Values in its shape.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// The number of parameters or statistics is not that of the specification.
    #[error("{found} {what} given, {expected} needed")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many the specification has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An order of axes that is no permutation.
    #[error("{0:?} is no order of axes: each from 0 on has to be there once")]
    Order(Vec<usize>),
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

/// [`Error::Length`] unless `found` values are whole rows of `row` values; `what` names the values.
pub(crate) fn check_rows(what: &str, row: usize, found: usize) -> Result<(), Error> {
    if row > 0 && found.is_multiple_of(row) {
        return Ok(());
    }
    Err(Error::Length {
        what: what.into(),
        expected: row,
        found,
    })
}

/// [`Error::Length`] unless `found == expected`; `what` names the slice.
pub(crate) fn check_length(what: &str, expected: usize, found: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Length {
        what: what.into(),
        expected,
        found,
    })
}
