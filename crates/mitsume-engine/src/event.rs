//! Progress events.

use std::path::PathBuf;

use mitsume_artifacts::EpochRow;
use mitsume_data::{OtherFiles, SharedPatient, Skipped};

/// Progress of training, evaluation or explanation.
#[derive(Clone, Debug)]
pub enum Event {
    /// A phase begins.
    Phase(Phase),
    /// Images were decoded.
    Loading {
        /// Images so far.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// An image cannot be read and is left out.
    Skipped(Skipped),
    /// A run is resumed with another file in `model.init` than at the start; the checkpoint's
    /// weights are used.
    InitChanged(PathBuf),
    /// A run is resumed with other vector instructions than at the start: the last digits may
    /// differ from those of a run that was not interrupted.
    OtherProcessor {
        /// Processor and instruction set at the start.
        began: String,
        /// Those of now.
        now: String,
    },
    /// Files of a data set that are not used as images.
    OtherFiles {
        /// The data set's folder.
        root: PathBuf,
        /// The files, the most frequent kind first.
        files: Vec<OtherFiles>,
    },
    /// Images whose files have more frames or pages than the first, which is the one that is used.
    MoreFrames(Vec<PathBuf>),
    /// Validation images that are training images too.
    Leaks(LeakedImages),
    /// Patients with images both in training and in validation.
    SharedPatients(SharedPatients),
    /// A training step is done.
    Step {
        /// Epoch, from 1, of `epochs`.
        epoch: u64,
        /// Epochs of the run.
        epochs: u64,
        /// Step within the epoch, from 1, of `steps`.
        step: usize,
        /// Steps of this epoch.
        steps: usize,
        /// Loss of the step.
        loss: f64,
    },
    /// Images were evaluated.
    Evaluating {
        /// Images so far.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// Stored shards were checked for damage.
    CheckingShards {
        /// Shards so far.
        done: usize,
        /// Shards in all.
        total: usize,
    },
    /// Images of stored shards were merged.
    Merging {
        /// Images so far.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// The file of a shard is damaged, and made again; the error names it.
    ShardDamaged(String),
    /// Shards were made on processors with different vector instructions: the last digits may differ
    /// from those of one process.
    MixedProcessors {
        /// Numbers of two such shards.
        shards: [usize; 2],
        /// Their processors.
        processors: [String; 2],
    },
    /// An epoch is done, evaluated and saved.
    Epoch(EpochRow),
    /// A run ends before its last epoch, since none of the last ones was better than the best.
    StoppedEarly {
        /// Epochs done.
        epochs: u64,
    },
}

/// A part of longer work.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Phantoms are written into this folder.
    Phantoms(PathBuf),
    /// A level is trained.
    Training {
        /// `lambda_max`, the final weight of the consistency loss; 0 for plain training.
        lambda: f64,
    },
}

/// Data leak: validation images whose decoded grey pixels equal a training image's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakedImages {
    /// Folder of the training images.
    pub train: PathBuf,
    /// Folder of the validation images.
    pub valid: PathBuf,
    /// Number of validation images.
    pub validation_images: usize,
    /// Each leaked validation image with the first training image that it equals.
    pub pairs: Vec<(PathBuf, PathBuf)>,
}

/// Patients whom lists name in training and in validation: what is learned about a patient is known
/// in validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedPatients {
    /// The list of the training images.
    pub train: PathBuf,
    /// The list of the validation images.
    pub valid: PathBuf,
    /// The patients, by name, at least one; the first number is that of validation.
    pub patients: Vec<SharedPatient>,
    /// Number of validation images.
    pub validation_images: usize,
}

impl SharedPatients {
    /// Number of validation images of these patients.
    pub fn images(&self) -> usize {
        self.patients.iter().map(|patient| patient.images).sum()
    }
}

/// Receives events, on the thread that does the work.
pub type Observer<'a> = dyn FnMut(Event) + 'a;
