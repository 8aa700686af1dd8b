//! The figures that models are compared by.

/// A figure of a model over the common images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    Accuracy,
    Kappa,
    SquaredL2,
    L2,
    GridSquaredL2,
    GridL2,
    ChanceCorrected,
}

/// Values of all quantities, in the order of [`Quantity::ALL`]; `None` where not defined.
pub(super) type Values = [Option<f64>; Quantity::ALL.len()];

impl Quantity {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Accuracy,
        Self::Kappa,
        Self::SquaredL2,
        Self::L2,
        Self::GridSquaredL2,
        Self::GridL2,
        Self::ChanceCorrected,
    ];

    /// Whether models whose maps differ in size can be compared by it.
    pub fn compares_sizes(self) -> bool {
        self != Self::L2
    }

    /// Whether it is made of distances between images, which a resample holds several times.
    pub fn is_consistency(self) -> bool {
        !matches!(self, Self::Accuracy | Self::Kappa)
    }
}
