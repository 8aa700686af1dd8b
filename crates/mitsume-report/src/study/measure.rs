//! The ways to measure consistency that a study knows.

use mitsume_locale::{Language, text};

/// A way to measure consistency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeasureName {
    /// Whatever a table of epochs calls so.
    OfTable,
    SquaredL2,
    L2,
    GridSquaredL2,
    GridL2,
    ChanceCorrected,
}

impl MeasureName {
    /// Its name in JSON and file names.
    pub fn key(self) -> &'static str {
        match self {
            Self::OfTable => "consistency",
            Self::SquaredL2 => "squared-l2",
            Self::L2 => "l2",
            Self::GridSquaredL2 => "grid-squared-l2",
            Self::GridL2 => "grid-l2",
            Self::ChanceCorrected => "chance-corrected",
        }
    }

    /// Its name in tables and sentences.
    pub fn title(self, language: Language) -> String {
        match self {
            Self::SquaredL2 | Self::L2 => self.key().to_owned(),
            Self::OfTable => text!(language, "study-measure-of-table"),
            Self::GridSquaredL2 => text!(language, "study-measure-grid-squared-l2"),
            Self::GridL2 => text!(language, "study-measure-grid-l2"),
            Self::ChanceCorrected => text!(language, "study-measure-chance-corrected"),
        }
    }

    /// What to know of it, in a sentence.
    pub fn note(self, language: Language) -> String {
        match self {
            Self::OfTable => text!(language, "study-note-of-table"),
            Self::SquaredL2 => text!(language, "study-note-squared-l2"),
            Self::L2 => text!(language, "study-note-l2"),
            Self::GridSquaredL2 => text!(language, "study-note-grid-squared-l2"),
            Self::GridL2 => text!(language, "study-note-grid-l2"),
            Self::ChanceCorrected => text!(language, "study-note-chance-corrected"),
        }
    }

    /// Whether more means more consistent.
    pub fn more_is_consistent(self) -> bool {
        self == Self::ChanceCorrected
    }
}
