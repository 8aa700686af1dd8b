//! Why a page or picture could not be made.

use std::path::PathBuf;

/// Why a page or picture could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A record on disk is missing or damaged, or the page could not be written.
    #[error(transparent)]
    Record(#[from] mitsume_artifacts::ArtifactError),
    /// An image file could not be decoded.
    #[error(transparent)]
    Picture(#[from] mitsume_data::DataError),
    /// No run and no evaluation was found.
    #[error(
        "{}: no run (config.toml) and no evaluation (eval.json) here or up to {depth} folders below",
        path.display()
    )]
    Nothing {
        /// The folder searched.
        path: PathBuf,
        /// How many levels of folders were searched.
        depth: usize,
    },
    /// Two runs or evaluations that a page could not tell apart.
    #[error("{}: another one is named {name}, too: a page needs different names", path.display())]
    SameName {
        /// The later one.
        path: PathBuf,
        /// The name of both.
        name: String,
    },
    /// An evaluation of a multi-label model beside runs or evaluations of other models.
    #[error(
        "{}: of a multi-label model, whose scores are not those of the others here: report it by itself",
        path.display()
    )]
    MultiLabel {
        /// The evaluation's folder.
        path: PathBuf,
    },
    /// Models that cannot be compared.
    #[error(transparent)]
    Compare(#[from] crate::CompareError),
    /// A folder could not be listed.
    #[error("cannot read {}: {source}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A map whose values do not fit its size, or which is not of the expected size.
    #[error("{0}")]
    Map(String),
    /// A picture could not be encoded.
    #[error("cannot encode a picture: {0}")]
    Encode(#[from] image::ImageError),
    /// A drawing that could not be rendered.
    #[error("cannot render a figure: {0}")]
    Drawing(String),
    /// A table of epochs that cannot be read.
    #[error(transparent)]
    Table(#[from] mitsume_stats::TableError),
    /// A table could not be written.
    #[error("cannot write a table: {0}")]
    Csv(#[from] csv::Error),
    /// Epochs or options that cannot be analysed.
    #[error("{}: {source}", path.display())]
    Analysis {
        /// The folder or table.
        path: PathBuf,
        /// Why not.
        source: mitsume_stats::AnalysisError,
    },
    /// The page's template failed.
    #[error("cannot write the page: {0}")]
    Template(#[from] askama::Error),
}
