//! Invalid inputs of the trust measures.

/// An invalid input, and what would be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrustError {
    /// A number of values that does not fit the shape.
    #[error(
        "{what} has {found} values; its shape {shape:?} asks for the product, and no side of 0"
    )]
    Shape {
        /// What was given.
        what: &'static str,
        /// Its values.
        found: usize,
        /// The shape it should have.
        shape: Vec<usize>,
    },
    /// A map, mask or ranking of another size than the image.
    #[error("{what} is {}x{}, but {}x{} is needed; enlarge maps to the image first", found[0], found[1], needed[0], needed[1])]
    Sizes {
        /// What was given.
        what: &'static str,
        /// Its rows and columns.
        found: [usize; 2],
        /// Those needed.
        needed: [usize; 2],
    },
    /// A NaN or infinity.
    #[error("{what} has {value} at value {index}; all must be finite")]
    NotFinite {
        /// What was given.
        what: &'static str,
        /// Index into its flat values.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// Negative relevance, of which no share can be computed.
    #[error(
        "the map has {value} at value {index}; relevance must be 0 or more (take a map after its ReLU)"
    )]
    Negative {
        /// Index into the flat map.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// A mask that marks no pixel.
    #[error("the mask marks no pixel; it must mark the object")]
    EmptyMask,
    /// No pixel is left to impute the removed ones from.
    #[error("every pixel is removed; at least one must stay to impute the others from")]
    NoPixelKept,
    /// A setting out of its range.
    #[error("{name} is {found}; {right}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        found: String,
        /// What would be right.
        right: &'static str,
    },
    /// A wrong number of entries.
    #[error("{found} {what}; there must be {needed}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// The linear system was not solved to its tolerance.
    #[error(
        "the imputed values are not settled after {steps} steps; scale the image to a common range"
    )]
    NotConverged {
        /// Steps taken.
        steps: usize,
    },
}

/// An error unless `values` has the number of values of `shape`, at least one, and all are finite.
pub(super) fn check(what: &'static str, values: &[f32], shape: &[usize]) -> Result<(), TrustError> {
    check_length(what, values.len(), shape)?;
    check_finite(what, values.iter().map(|&value| f64::from(value)))
}

/// An error unless `found` is the product of `shape` and not 0.
pub(super) fn check_length(
    what: &'static str,
    found: usize,
    shape: &[usize],
) -> Result<(), TrustError> {
    let product = shape
        .iter()
        .try_fold(1, |all: usize, &side| all.checked_mul(side));
    if found == 0 || product != Some(found) {
        let shape = shape.to_vec();
        return Err(TrustError::Shape { what, found, shape });
    }
    Ok(())
}

/// An error unless all values are finite.
pub(super) fn check_finite(
    what: &'static str,
    mut values: impl Iterator<Item = f64>,
) -> Result<(), TrustError> {
    let mut at = None;
    let index = values.position(|value| {
        at = Some(value);
        !value.is_finite()
    });
    match (index, at) {
        (Some(index), Some(value)) => Err(TrustError::NotFinite { what, index, value }),
        _ => Ok(()),
    }
}
