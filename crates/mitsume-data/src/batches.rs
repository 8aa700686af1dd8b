//! Batches prefetched by background threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use rayon::prelude::*;

use crate::error::DataError;
use crate::pixels::DecodedPixels;
use crate::preprocess::normalise;
use crate::source::{ImageSource, Skipped};

/// Number of batches prepared ahead of the one the caller works on.
const PREFETCH_BATCHES: usize = 2;

/// Images as one contiguous tensor, with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[N, C, H, W]`, N = `indices.len()`.
    pub images: Vec<f32>,
    /// Indices of the images in the source.
    pub indices: Vec<usize>,
    /// Their classes.
    pub labels: Vec<usize>,
    /// Requested images that could not be read; they are not counted in N.
    pub skipped: Vec<Skipped>,
}

/// An iterator over batches in a given order.
///
/// Background threads, half as many as the current rayon pool has (1 to 8), prepare at most two
/// batches ahead. If the caller requests a batch that is not ready, its own thread and its pool
/// help to finish it. The background threads never wait for the pool, so there is no deadlock, even
/// in a pool of one thread on which the caller itself runs.
pub struct Batches {
    queue: Arc<PrefetchQueue>,
    batch_size: usize,
    workers: Vec<JoinHandle<()>>,
}

struct PrefetchQueue {
    source: ImageSource,
    order: Vec<usize>,
    epoch: u64,
    state: Mutex<QueueState>,
    /// Notified when there may be a position to claim.
    claimable: Condvar,
    /// Notified when an image is prepared.
    prepared: Condvar,
}

type Prepared = Result<DecodedPixels, DataError>;

struct QueueState {
    /// Position in the order of the first of `results`.
    base: usize,
    /// Next position to claim.
    next: usize,
    /// Positions from here on may not be claimed yet.
    limit: usize,
    stop: bool,
    /// Results of the positions from `base` to `next`; `None` while being prepared.
    results: VecDeque<Option<Prepared>>,
}

impl Batches {
    pub(crate) fn start(
        source: ImageSource,
        order: Vec<usize>,
        batch_size: usize,
        epoch: u64,
    ) -> Self {
        assert!(batch_size > 0, "a batch holds at least one image");
        let in_range = order.iter().all(|index| *index < source.len());
        assert!(in_range, "the order names images the source has");
        let threads = (rayon::current_num_threads() / 2).clamp(1, 8);
        let limit = order.len().min(PREFETCH_BATCHES.saturating_mul(batch_size));
        let queue = Arc::new(PrefetchQueue {
            source,
            order,
            epoch,
            state: Mutex::new(QueueState {
                base: 0,
                next: 0,
                limit,
                stop: false,
                results: VecDeque::new(),
            }),
            claimable: Condvar::new(),
            prepared: Condvar::new(),
        });
        // If no thread can be started, the caller prepares all images itself.
        let spawn = |n: usize| {
            let queue = Arc::clone(&queue);
            let name = format!("images-{n}");
            Builder::new().name(name).spawn(move || queue.run()).ok()
        };
        let workers = (0..threads).filter_map(spawn).collect();
        Self {
            queue,
            batch_size,
            workers,
        }
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let queue = &self.queue;
        let total = queue.order.len();
        let mut state = queue.lock();
        let (start, end) = (state.base, total.min(state.base + self.batch_size));
        if start == end {
            return None;
        }
        let ahead = PREFETCH_BATCHES.saturating_mul(self.batch_size);
        state.limit = total.min(end.saturating_add(ahead));
        let unclaimed = end.saturating_sub(state.next);
        drop(state);
        queue.claimable.notify_all();
        (0..unclaimed).into_par_iter().for_each(|_| {
            if let Some(position) = queue.claim(end) {
                queue.prepare(position);
            }
        });
        Some(queue.collect(end - start))
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.queue.lock().stop = true;
        self.queue.claimable.notify_all();
        for worker in self.workers.drain(..) {
            // Panics of decoders are caught in `prepare`, so this result says nothing.
            let _ = worker.join();
        }
    }
}

impl PrefetchQueue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // Nothing that can panic runs while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop of a background thread.
    fn run(&self) {
        loop {
            let mut state = self.lock();
            while !state.stop && state.next >= state.limit && state.next < self.order.len() {
                state = self
                    .claimable
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.stop || state.next >= self.order.len() {
                return;
            }
            let position = state.claim();
            drop(state);
            self.prepare(position);
        }
    }

    /// Claims the next position if it is below `end`.
    fn claim(&self, end: usize) -> Option<usize> {
        let mut state = self.lock();
        (state.next < end).then(|| state.claim())
    }

    fn prepare(&self, position: usize) {
        let index = self.order[position];
        let image = || self.source.pixels(index, self.epoch);
        // An error result, because without one the caller would wait forever.
        let result = catch_unwind(AssertUnwindSafe(image)).unwrap_or_else(|_| {
            Err(DataError::Decode {
                path: self.source.samples()[index].path.clone(),
                reason: "could not be prepared: the decoder gave up".into(),
            })
        });
        let mut state = self.lock();
        let slot = position - state.base;
        state.results[slot] = Some(result);
        drop(state);
        self.prepared.notify_all();
    }

    /// Waits for the first `n` results and assembles their batch.
    fn collect(&self, n: usize) -> Batch {
        let mut state = self.lock();
        while state.results.iter().take(n).any(Option::is_none) {
            state = self
                .prepared
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let start = state.base;
        let results: Vec<Prepared> = state.results.drain(..n).flatten().collect();
        state.base += n;
        drop(state);
        let indices = &self.order[start..start + n];
        self.assemble(indices, results)
    }

    fn assemble(&self, indices: &[usize], results: Vec<Prepared>) -> Batch {
        let mut batch = Batch {
            images: Vec::new(),
            indices: Vec::with_capacity(results.len()),
            labels: Vec::with_capacity(results.len()),
            skipped: Vec::new(),
        };
        let mut readable = Vec::with_capacity(results.len());
        for (index, result) in indices.iter().zip(results) {
            match result {
                Ok(pixels) => {
                    readable.push(pixels);
                    batch.indices.push(*index);
                    batch.labels.push(self.source.samples()[*index].class);
                }
                Err(error) => batch.skipped.push(self.source.skipped(*index, &error)),
            }
        }
        let preprocess = self.source.preprocess();
        batch.images = vec![0.0; readable.len() * preprocess.len()];
        let images = batch.images.par_chunks_exact_mut(preprocess.len());
        images.zip(&readable).for_each(|(out, pixels)| {
            normalise(pixels, preprocess.channels, &preprocess.transform, out);
        });
        batch
    }
}

impl QueueState {
    fn claim(&mut self) -> usize {
        self.results.push_back(None);
        self.next += 1;
        self.next - 1
    }
}
