//! Images of a data set as network inputs, with a cache of decoded pixels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use crate::batches::Batches;
use crate::decode::decode_file;
use crate::duplicates::pixel_digest;
use crate::error::DataError;
use crate::folder::Sample;
use crate::pixels::DecodedPixels;
use crate::preprocess::{Preprocess, normalise};

/// A file that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Images as network inputs. Clones share one cache, as do sources made with
/// [`ImageSource::with_preprocess`].
///
/// The cache holds pixels (8 bits, 16 of files of 16) of the part that does not depend on the epoch: for evaluation the
/// image at target size, for training with augmentation the decoded image (as in torchvision, the
/// random crop is taken from the original); one channel if the input is grey. Images beyond the
/// cache's limit are decoded each time. Results depend neither on the cache nor on the number of
/// threads.
#[derive(Clone)]
pub struct ImageSource {
    preprocess: Preprocess,
    store: Arc<ImageStore>,
}

/// The image files, and their cached pixels and digests.
struct ImageStore {
    samples: Vec<Sample>,
    entries: Vec<OnceLock<CacheEntry>>,
    /// The images whose files have more frames than the one that is used, of those decoded so far.
    more_frames: Mutex<BTreeSet<usize>>,
    /// Digests of the decoded grey pixels, set by the first decoding.
    digests: Vec<OnceLock<blake3::Hash>>,
    free_bytes: AtomicU64,
    decodings: AtomicU64,
    /// Keeps two runs from decoding the same images at the same time.
    loading: Mutex<()>,
}

/// The cached pixels of an image, or the reason why it cannot be decoded.
type CacheEntry = Result<DecodedPixels, String>;

impl ImageSource {
    /// A source of `samples` with a cache of at most `cache_bytes` bytes of pixels. Opens no file.
    ///
    /// # Errors
    /// If a setting of `preprocess` is out of range.
    pub fn new(
        samples: &[Sample],
        preprocess: Preprocess,
        cache_bytes: u64,
    ) -> Result<Self, DataError> {
        preprocess.validate()?;
        let store = Arc::new(ImageStore {
            samples: samples.to_vec(),
            entries: samples.iter().map(|_| OnceLock::new()).collect(),
            more_frames: Mutex::default(),
            digests: samples.iter().map(|_| OnceLock::new()).collect(),
            free_bytes: AtomicU64::new(cache_bytes),
            decodings: AtomicU64::new(0),
            loading: Mutex::new(()),
        });
        Ok(Self { preprocess, store })
    }

    /// The same images with another preprocessing and the same cache. `None` if cached pixels do
    /// not fit it: see [`Preprocess::shares_deterministic_part`].
    ///
    /// # Errors
    /// If a setting of `preprocess` is out of range.
    pub fn with_preprocess(&self, preprocess: Preprocess) -> Result<Option<Self>, DataError> {
        preprocess.validate()?;
        let shares = self.preprocess.shares_deterministic_part(&preprocess);
        Ok(shares.then(|| Self {
            preprocess,
            store: Arc::clone(&self.store),
        }))
    }

    /// Number of images, readable or not.
    pub fn len(&self) -> usize {
        self.store.samples.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The images, in order.
    pub fn samples(&self) -> &[Sample] {
        &self.store.samples
    }

    /// The preprocessing.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// Number of images in the cache.
    pub fn cached(&self) -> usize {
        let pixels = |entry: &&OnceLock<CacheEntry>| matches!(entry.get(), Some(Ok(_)));
        self.store.entries.iter().filter(pixels).count()
    }

    /// Number of times a file was decoded, for this source and all that share its cache.
    pub fn decodings(&self) -> u64 {
        self.store.decodings.load(Ordering::Relaxed)
    }

    /// Digest of an image's decoded grey pixels; `None` if it was not decoded yet.
    pub(crate) fn digest(&self, index: usize) -> Option<blake3::Hash> {
        self.store.digests[index].get().copied()
    }

    /// Decodes every image once, in parallel on the current rayon pool, and fills the cache.
    /// `progress` is called from any thread with the number of images done and the total. Returns
    /// the files that cannot be read, in order.
    ///
    /// Optional: otherwise images are decoded when they are first used.
    pub fn load(&self, progress: &(dyn Fn(usize, usize) + Sync)) -> Vec<Skipped> {
        let loading = self.store.loading.lock();
        let _one_at_a_time = loading.unwrap_or_else(PoisonError::into_inner);
        let done = AtomicUsize::new(0);
        let skipped = |index: usize| {
            let result = self.with_deterministic(index, |_| ());
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, self.len());
            result.err().map(|error| self.skipped(index, &error))
        };
        let indices = (0..self.len()).into_par_iter();
        let all: Vec<Option<Skipped>> = indices.map(skipped).collect();
        all.into_iter().flatten().collect()
    }

    /// The images whose files have more frames or pages than the first, which is the one that is used,
    /// of those decoded so far, in order.
    pub fn with_more_frames(&self) -> Vec<PathBuf> {
        let found = self.store.more_frames.lock();
        let found = found.unwrap_or_else(PoisonError::into_inner);
        let path = |&index: &usize| self.samples()[index].path.clone();
        found.iter().map(path).collect()
    }

    /// The normalised image, `[C, H, W]`. `epoch` matters with augmentation only.
    ///
    /// # Errors
    /// If the file cannot be read or decoded.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn image(&self, index: usize, epoch: u64) -> Result<Vec<f32>, DataError> {
        let pixels = self.pixels(index, epoch)?;
        let mut out = vec![0.0; self.preprocess.len()];
        let transform = &self.preprocess.transform;
        normalise(&pixels, self.preprocess.channels, transform, &mut out);
        Ok(out)
    }

    /// The image at target size in 8 or 16 bits, less memory than `f32`.
    pub(crate) fn pixels(&self, index: usize, epoch: u64) -> Result<DecodedPixels, DataError> {
        let random = |fixed: &DecodedPixels| self.preprocess.random_part(fixed, epoch, index);
        self.with_deterministic(index, random)
    }

    /// The images of `order` in batches of `batch_size` (the last one may be smaller). The next
    /// batches are prepared in the background until the iterator is dropped.
    ///
    /// # Panics
    /// If `batch_size` is 0 or an index in `order` is out of range.
    pub fn batches(&self, order: Vec<usize>, batch_size: usize, epoch: u64) -> Batches {
        Batches::start(self.clone(), order, batch_size, epoch)
    }

    pub(crate) fn skipped(&self, index: usize, error: &DataError) -> Skipped {
        Skipped {
            path: self.samples()[index].path.clone(),
            reason: error.reason(),
        }
    }

    /// Calls `use_pixels` with the deterministic part of an image, from the cache or from its file.
    fn with_deterministic<T>(
        &self,
        index: usize,
        use_pixels: impl FnOnce(&DecodedPixels) -> T,
    ) -> Result<T, DataError> {
        let store = &self.store;
        let path = &store.samples[index].path;
        let decode_error = |reason: String| DataError::Decode {
            path: path.clone(),
            reason,
        };
        match store.entries[index].get() {
            Some(Ok(pixels)) => return Ok(use_pixels(pixels)),
            Some(Err(reason)) => return Err(decode_error(reason.clone())),
            None => {}
        }
        store.decodings.fetch_add(1, Ordering::Relaxed);
        match decode_file(path) {
            Ok(decoded) => {
                store.keep_digest(index, &decoded.pixels);
                if decoded.more_frames {
                    let found = store.more_frames.lock();
                    found.unwrap_or_else(PoisonError::into_inner).insert(index);
                }
                let fixed = self.preprocess.deterministic_part(decoded.pixels);
                let result = use_pixels(&fixed);
                store.keep(index, fixed);
                Ok(result)
            }
            Err(error) => {
                // Cached too, so that a run has the same images in every epoch.
                let _ = store.entries[index].set(Err(error.reason()));
                Err(decode_error(error.reason()))
            }
        }
    }
}

impl ImageStore {
    /// Stores the digest of a decoded image; fast compared with decoding.
    fn keep_digest(&self, index: usize, decoded: &DecodedPixels) {
        self.digests[index].get_or_init(|| pixel_digest(decoded.clone()));
    }

    fn keep(&self, index: usize, pixels: DecodedPixels) {
        let bytes = pixels.bytes() as u64;
        let room = |free: u64| free.checked_sub(bytes);
        let reserved = self
            .free_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        // Another thread may have stored the same image first.
        if reserved.is_ok() && self.entries[index].set(Ok(pixels)).is_err() {
            self.free_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}
