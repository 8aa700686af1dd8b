//! Cache of decoded images shared by several runs.

use std::sync::{Mutex, PoisonError};

use crate::error::DataError;
use crate::folder::Sample;
use crate::preprocess::Preprocess;
use crate::source::ImageSource;

/// Image sources kept for reuse, so that concurrent or successive runs decode an image once.
///
/// Two runs share decoded images if they use the same files and the same deterministic part of the
/// preprocessing ([`Preprocess::shares_deterministic_part`]); their seeds may differ. Sharing does
/// not change results.
#[derive(Default)]
pub struct ImageCache {
    sources: Mutex<Vec<ImageSource>>,
}

impl ImageCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// A source of `samples`. It shares the pixels of an existing source if one fits; otherwise it
    /// gets a new cache of at most `cache_bytes` bytes.
    ///
    /// # Errors
    /// If a setting of `preprocess` is out of range.
    pub fn source(
        &self,
        samples: &[Sample],
        preprocess: Preprocess,
        cache_bytes: u64,
    ) -> Result<ImageSource, DataError> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        for known in sources.iter().filter(|known| known.samples() == samples) {
            if let Some(source) = known.with_preprocess(preprocess.clone())? {
                return Ok(source);
            }
        }
        let source = ImageSource::new(samples, preprocess, cache_bytes)?;
        sources.push(source.clone());
        Ok(source)
    }
}
