//! What happens while work goes on, for whoever shows it.

use std::path::PathBuf;

use mitsume_artifacts::EpochRow;
use mitsume_data::{OtherFiles, Skipped};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A new piece of work begins.
    Phase(Phase),
    /// Images were decoded.
    Loading {
        /// So far.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// An image cannot be read and is left out.
    Skipped(Skipped),
    /// A run goes on whose `model.init` is another file than it began with; its checkpoint's weights are used.
    InitChanged(PathBuf),
    /// Files of a data set are not taken as images.
    OtherFiles {
        /// The data set's folder.
        root: PathBuf,
        /// The files, the most frequent kind first.
        files: Vec<OtherFiles>,
    },
    /// Images that are validated on are trained on too.
    Leaks(LeakedImages),
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
        /// So far.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// An epoch is done, evaluated and saved.
    Epoch(EpochRow),
}

/// A piece of work among several.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Phantoms are drawn into this folder.
    Phantoms(PathBuf),
    /// A level is trained.
    Training {
        /// The largest weight of the consistency loss; 0 for plain training.
        lambda: f64,
    },
}

/// Validation images that equal training images in their decoded grey pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakedImages {
    /// The folder trained on.
    pub train: PathBuf,
    /// The folder validated on.
    pub valid: PathBuf,
    /// Validation images in all.
    pub validation_images: usize,
    /// The validation images that leak, each with the first training image that it equals.
    pub pairs: Vec<(PathBuf, PathBuf)>,
}

/// Told of events, on the thread that works.
pub type Observer<'a> = dyn FnMut(Event) + 'a;
