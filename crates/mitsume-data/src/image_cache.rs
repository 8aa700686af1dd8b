//! Decoded images shared by several runs.

use std::sync::{Mutex, PoisonError};

use crate::error::DataError;
use crate::folder::Sample;
use crate::preprocess::Preprocess;
use crate::source::ImageSource;

/// Sources of image files, so that runs side by side or one after the other decode an image once.
///
/// Two runs share what was decoded where they ask for the same files and the same fixed part
/// ([`Preprocess::shares_deterministic_part`]); their seeds, and so their augmentation, may differ. Sharing never changes a
/// number.
#[derive(Default)]
pub struct ImageCache {
    sources: Mutex<Vec<ImageSource>>,
}

impl ImageCache {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// A source of `samples`; its cache is a known one where one fits, and else a new one of at most `cache_bytes`.
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
