//! Images of a data set as network inputs, decoded once where memory allows.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use crate::batches::Batches;
use crate::decode::decode_file;
use crate::duplicates::pixel_digest;
use crate::error::DataError;
use crate::folder::Sample;
use crate::grey::to_grey;
use crate::pixels::Pixels;
use crate::preprocess::{Preprocess, normalise};

/// A file that could not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Images as network inputs. Clones share one cache, and so do sources made of one another with
/// [`ImageSource::with_preprocess`].
///
/// The cache holds, as 8-bit pixels, what does not depend on the epoch: for evaluation the image at target size, for
/// training with augmentation the decoded image (the random crop is taken from the original, as torchvision does;
/// where files are stored at target size it is the same amount), in grey if one channel is asked for. What does not
/// fit into the budget is decoded anew each time. Whether an image comes from the cache or its file never changes
/// its numbers; nor does the number of threads.
#[derive(Clone)]
pub struct ImageSource {
    preprocess: Preprocess,
    images: Arc<Images>,
}

/// The image files, and what was decoded of them.
struct Images {
    samples: Vec<Sample>,
    slots: Vec<OnceLock<Slot>>,
    /// Of the decoded grey pixels, from the first decoding on.
    digests: Vec<OnceLock<blake3::Hash>>,
    free: AtomicU64,
    decodings: AtomicU64,
    /// Held while all of them are decoded, so that two runs do not decode them side by side.
    loading: Mutex<()>,
}

/// What is remembered of an image: its pixels or why it has none.
type Slot = Result<Pixels, String>;

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
        let images = Arc::new(Images {
            samples: samples.to_vec(),
            slots: samples.iter().map(|_| OnceLock::new()).collect(),
            digests: samples.iter().map(|_| OnceLock::new()).collect(),
            free: AtomicU64::new(cache_bytes),
            decodings: AtomicU64::new(0),
            loading: Mutex::new(()),
        });
        Ok(Self { preprocess, images })
    }

    /// The same images, prepared differently, with the same cache. None where what the cache holds would not do: see
    /// [`Preprocess::shares_deterministic_part`].
    ///
    /// # Errors
    /// If a setting of `preprocess` is out of range.
    pub fn with_preprocess(&self, preprocess: Preprocess) -> Result<Option<Self>, DataError> {
        preprocess.validate()?;
        let shares = self.preprocess.shares_deterministic_part(&preprocess);
        Ok(shares.then(|| Self {
            preprocess,
            images: Arc::clone(&self.images),
        }))
    }

    /// Number of images, readable or not.
    pub fn len(&self) -> usize {
        self.images.samples.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The images, in order.
    pub fn samples(&self) -> &[Sample] {
        &self.images.samples
    }

    /// How images become inputs.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// How many images the cache holds.
    pub fn cached(&self) -> usize {
        let pixels = |slot: &&OnceLock<Slot>| matches!(slot.get(), Some(Ok(_)));
        self.images.slots.iter().filter(pixels).count()
    }

    /// How many times an image file was decoded so far, for this source and all that share its cache.
    pub fn decodings(&self) -> u64 {
        self.images.decodings.load(Ordering::Relaxed)
    }

    /// The digest of an image's decoded grey pixels, once it was decoded.
    pub(crate) fn digest(&self, index: usize) -> Option<blake3::Hash> {
        self.images.digests[index].get().copied()
    }

    /// Decodes every image once, in parallel on the current rayon pool, and keeps what fits into the cache.
    /// `progress` is called from any thread with the images done and their total. Returns the files that cannot
    /// be read, in order.
    ///
    /// Calling it is optional: an image asked for before is decoded then.
    pub fn load(&self, progress: &(dyn Fn(usize, usize) + Sync)) -> Vec<Skipped> {
        let loading = self.images.loading.lock();
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

    /// The image as numbers, `[C, H, W]`, `(x - 0.5) / 0.5`. `epoch` matters with augmentation only.
    ///
    /// # Errors
    /// If the file cannot be read or is no image.
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

    /// The image at target size, still in 8 bits: a quarter of the memory of its numbers.
    pub(crate) fn pixels(&self, index: usize, epoch: u64) -> Result<Pixels, DataError> {
        let varying = |fixed: &Pixels| self.preprocess.random_part(fixed, epoch, index);
        self.with_deterministic(index, varying)
    }

    /// The images of `order` in batches of `batch_size` (the last one may be smaller), the next ones prepared in
    /// the background while the caller computes. Dropping the iterator stops that.
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

    /// Calls `use_pixels` with the fixed part of an image, from the cache or from its file.
    fn with_deterministic<T>(
        &self,
        index: usize,
        use_pixels: impl FnOnce(&Pixels) -> T,
    ) -> Result<T, DataError> {
        let images = &self.images;
        let path = &images.samples[index].path;
        let decode_error = |reason: String| DataError::Decode {
            path: path.clone(),
            reason,
        };
        match images.slots[index].get() {
            Some(Ok(pixels)) => return Ok(use_pixels(pixels)),
            Some(Err(reason)) => return Err(decode_error(reason.clone())),
            None => {}
        }
        images.decodings.fetch_add(1, Ordering::Relaxed);
        match decode_file(path) {
            Ok(decoded) => {
                images.digest(index, &decoded.pixels);
                let fixed = self.preprocess.deterministic_part(decoded.pixels);
                let result = use_pixels(&fixed);
                images.keep(index, fixed);
                Ok(result)
            }
            Err(error) => {
                // Remembered, so that a run sees the same images in every epoch.
                let _ = images.slots[index].set(Err(error.reason()));
                Err(decode_error(error.reason()))
            }
        }
    }
}

impl Images {
    /// Remembers what tells this picture from others; little beside its decoding.
    fn digest(&self, index: usize, decoded: &Pixels) {
        self.digests[index].get_or_init(|| match decoded.channels {
            1 => pixel_digest(decoded),
            _ => pixel_digest(&to_grey(decoded.clone())),
        });
    }

    fn keep(&self, index: usize, pixels: Pixels) {
        let bytes = pixels.data.len() as u64;
        let room = |free: u64| free.checked_sub(bytes);
        let reserved = self
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        // Another thread may have been first with the same image.
        if reserved.is_ok() && self.slots[index].set(Ok(pixels)).is_err() {
            self.free.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}
