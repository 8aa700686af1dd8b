//! The ways of measuring consistency that an analysis compares.

use mitsume_locale::{Language, text};

/// A way to measure consistency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeasureName {
    /// The column `consistency` of a table of epochs.
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
            Self::OfTable => text!(language, "analysis-measure-of-table"),
            Self::GridSquaredL2 => text!(language, "analysis-measure-grid-squared-l2"),
            Self::GridL2 => text!(language, "analysis-measure-grid-l2"),
            Self::ChanceCorrected => text!(language, "analysis-measure-chance-corrected"),
        }
    }

    /// A note on it, in a sentence.
    pub fn note(self, language: Language) -> String {
        match self {
            Self::OfTable => text!(language, "analysis-note-of-table"),
            Self::SquaredL2 => text!(language, "analysis-note-squared-l2"),
            Self::L2 => text!(language, "analysis-note-l2"),
            Self::GridSquaredL2 => text!(language, "analysis-note-grid-squared-l2"),
            Self::GridL2 => text!(language, "analysis-note-grid-l2"),
            Self::ChanceCorrected => text!(language, "analysis-note-chance-corrected"),
        }
    }

    /// Whether higher values mean more consistent maps.
    pub fn higher_is_more_consistent(self) -> bool {
        self == Self::ChanceCorrected
    }
}
