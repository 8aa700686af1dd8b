//! Errors of files of maps.

use std::io;
use std::path::PathBuf;

/// A file that cannot be scored.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct ScoreError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: ScoreProblem,
}

/// The problem of a file, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum ScoreProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not of the kind its name says.
    #[error("{0}")]
    Container(String),
    /// An array is missing.
    #[error(
        "no array \"{array}\", only {found:?}; needed are cams [N, h, w], labels [N] and predictions [N]"
    )]
    Missing {
        /// The array looked for.
        array: &'static str,
        /// The arrays there are.
        found: Vec<String>,
    },
    /// An array of the wrong type or shape, or a damaged one.
    #[error("array \"{array}\": {reason}")]
    Array {
        /// The array.
        array: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Arrays over different numbers of images.
    #[error("cams holds {images} maps and {array} {found} entries; there must be one per image")]
    Images {
        /// Maps.
        images: usize,
        /// The other array.
        array: &'static str,
        /// Its entries.
        found: usize,
    },
    /// A label or prediction that is no class index.
    #[error("array \"{array}\": entry {index} is {value}; class indices run from 0 to {}", classes - 1)]
    NoClass {
        /// The array.
        array: &'static str,
        /// Where.
        index: usize,
        /// What is there.
        value: i128,
        /// Number of classes.
        classes: usize,
    },
    /// A NaN or infinity.
    #[error("cams: the map of image {image} has {value} at value {index}; all must be finite")]
    NotFinite {
        /// Index of the image.
        image: usize,
        /// Index into its flat map.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// A raw map where a normalised one is expected.
    #[error(
        "cams: the map of image {image} has the value {value}, outside [0, 1]; normalise the maps, or ask for it with --normalise"
    )]
    OutsideUnit {
        /// Index of the image.
        image: usize,
        /// The value.
        value: f64,
    },
    /// Mean maps beyond any memory.
    #[error(
        "cams: mean maps of {height} x {width} for {classes} classes do not fit in memory; average the maps to a coarser grid"
    )]
    TooLarge {
        /// Classes with a correct image.
        classes: usize,
        /// Rows of a map.
        height: usize,
        /// Columns of a map.
        width: usize,
    },
}
