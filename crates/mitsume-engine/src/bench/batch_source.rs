//! Batches for timed steps.

use mitsume_data::{Augment, Batches, ImageFolder, ImageSource, Preprocess, shuffled};

use super::{BenchOptions, DEFAULT_CLASSES, random_pixels};
use crate::{EngineError, Result};

/// An endless sequence of batches.
pub(super) enum BatchSource {
    /// The same batch every time.
    Memory {
        pixels: Vec<f32>,
        labels: Vec<usize>,
    },
    /// Epochs of an image folder, shuffled and augmented.
    Folder {
        source: Box<ImageSource>,
        classes: usize,
        batch: usize,
        epoch: u64,
        batches: Option<Batches>,
    },
}

impl BatchSource {
    /// Opens the folder and decodes its images, as a run does before its first step.
    pub fn new(options: &BenchOptions) -> Result<Self> {
        let Some(data) = &options.data else {
            return Ok(BatchSource::Memory {
                pixels: random_pixels(options.batch * options.size * options.size),
                labels: (0..options.batch).map(|i| i % DEFAULT_CLASSES).collect(),
            });
        };
        let folder = ImageFolder::open(data)?;
        if folder.samples.len() < options.batch {
            return Err(EngineError::Request(format!(
                "{}: {} images, fewer than --batch {}",
                data.display(),
                folder.samples.len(),
                options.batch
            )));
        }
        let preprocess = Preprocess {
            height: options.size,
            width: options.size,
            channels: 1,
            augment: Some(Augment::default()),
            seed: 0,
            transform: Default::default(),
        };
        let source = Box::new(ImageSource::new(&folder.samples, preprocess, 2 << 30)?);
        if let Some(skipped) = source.load(&|_, _| {}).first() {
            let (path, reason) = (skipped.path.display(), &skipped.reason);
            return Err(EngineError::Request(format!("{path}: {reason}")));
        }
        Ok(BatchSource::Folder {
            source,
            classes: folder.classes.len(),
            batch: options.batch,
            epoch: 0,
            batches: None,
        })
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match self {
            BatchSource::Memory { .. } => DEFAULT_CLASSES,
            BatchSource::Folder { classes, .. } => *classes,
        }
    }

    /// The next batch: pixels [N, 1, H, W] and labels `[N]`.
    pub fn next(&mut self) -> (Vec<f32>, Vec<usize>) {
        match self {
            BatchSource::Memory { pixels, labels } => (pixels.clone(), labels.clone()),
            BatchSource::Folder {
                source,
                batch,
                epoch,
                batches,
                ..
            } => loop {
                let next = batches.as_mut().and_then(Iterator::next);
                match next {
                    // The last batch of an epoch is left out if it is smaller.
                    Some(next) if next.indices.len() == *batch => {
                        return (next.images, next.labels);
                    }
                    _ => {
                        *epoch += 1;
                        let order = shuffled(source.len(), 0, *epoch);
                        *batches = Some(source.batches(order, *batch, *epoch));
                    }
                }
            },
        }
    }
}
