//! Why models cannot be compared.

use std::path::PathBuf;

/// Why models cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Fewer than two models.
    #[error("a comparison needs two models or more; {0} named")]
    TooFew(usize),
    /// One folder named twice.
    #[error("{}: named twice", path.display())]
    Twice {
        /// The folder.
        path: PathBuf,
    },
    /// Neither an evaluation nor a run.
    #[error(
        "{}: no evaluation (eval.json) and no run (config.toml) here; name a folder of `mitsume eval \
         --out`, or a finished run",
        path.display()
    )]
    NoEvaluation {
        /// The folder.
        path: PathBuf,
    },
    /// A run that has not been evaluated.
    #[error(
        "{0}: the run has no evaluation yet; finish it (mitsume train --resume {0}), or evaluate it \
         (mitsume eval --run {0} --data IMAGES --out DIR) and name that folder",
        path.display()
    )]
    Unfinished {
        /// The run.
        path: PathBuf,
    },
    /// An evaluation of which only the figures were kept.
    #[error(
        "{}: only figures, without the images.csv and maps.safetensors that `mitsume eval --out` writes",
        path.display()
    )]
    NoMaps {
        /// The evaluation.
        path: PathBuf,
    },
    /// A multi-label model.
    #[error("{}: of a multi-label model, whose maps are of findings: compare models of one class for an image", path.display())]
    MultiLabel {
        /// The evaluation.
        path: PathBuf,
    },
    /// Files of one evaluation that contradict each other, or maps that are not normalised.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A pattern that finds no patient in some paths.
    #[error(
        "the pattern of patients {pattern} finds none in {missed} of {of} paths, such as {named}: add what \
         they are named by, as in person\\d+|IM-\\d+"
    )]
    PatientPattern {
        /// The pattern.
        pattern: String,
        /// Images without a patient.
        missed: usize,
        /// All images.
        of: usize,
        /// Some of them.
        named: String,
    },
    /// Lists that name different patients of one image.
    #[error(
        "{image} is of the patient {first}, but of {second}: correct a list, or say what is drawn (--resample-by image)"
    )]
    Patients {
        /// The image.
        image: String,
        /// A patient and its list.
        first: String,
        /// Another one.
        second: String,
    },
    /// Patients are to be drawn, but none is known.
    #[error(
        "no patient is known{unread}: name them in the column patient of the list that is evaluated, or find \
         them in the paths (--patient-regex)"
    )]
    NoPatient {
        /// The lists that could not be read, in words; empty if there are none.
        unread: String,
    },
    /// Other classes.
    #[error(
        "{} and {} have other classes: only in the first {only_first:?}, only in the second {only_second:?}",
        first.display(), second.display()
    )]
    Classes {
        /// The first model's folder.
        first: PathBuf,
        /// The other's.
        second: PathBuf,
        /// Names of classes.
        only_first: Vec<String>,
        /// Names of classes.
        only_second: Vec<String>,
    },
    /// Maps of other classes for each image.
    #[error(
        "{} has maps of {first_of}, {} of {second_of}; evaluate both with the same --explain",
        first.display(), second.display()
    )]
    Explained {
        /// The first model's folder.
        first: PathBuf,
        /// Which class its maps are of.
        first_of: String,
        /// The other's folder.
        second: PathBuf,
        /// Which class its maps are of.
        second_of: String,
    },
    /// No image is in every evaluation.
    #[error("no image is common to all: {0}")]
    NothingCommon(String),
    /// No model of this name.
    #[error("--baseline {name}: no such model; the names are {names}")]
    Baseline {
        /// The name given.
        name: String,
        /// The names there are.
        names: String,
    },
    /// More memory than is taken.
    #[error(
        "{}: resampling {images} maps of {}x{} needs {gib:.1} GiB, more than the {limit} GiB that are taken; \
         --resamples 0 leaves the intervals out",
        path.display(), size[0], size[1]
    )]
    TooLarge {
        /// The evaluation.
        path: PathBuf,
        /// Maps counted.
        images: usize,
        /// `[h, w]`.
        size: [usize; 2],
        /// What it would take.
        gib: f64,
        /// The limit in GiB.
        limit: u64,
    },
}
