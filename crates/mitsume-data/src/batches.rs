//! Batches prepared while the caller computes.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use rayon::prelude::*;

use crate::error::DataError;
use crate::pixels::Pixels;
use crate::preprocess::normalise;
use crate::source::{ImageSource, Skipped};

/// Batches prepared beyond the one the caller works on.
const PREFETCH_BATCHES: usize = 2;

/// Some images as one block of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[N, C, H, W]`, N = `indices.len()`.
    pub images: Vec<f32>,
    /// Which images of the source.
    pub indices: Vec<usize>,
    /// Their classes.
    pub labels: Vec<usize>,
    /// Images asked for that could not be read; N is smaller by their number.
    pub skipped: Vec<Skipped>,
}

/// An iterator over batches in a given order.
///
/// Images are prepared by threads of its own, half as many as the current rayon pool has (at least one, at most
/// eight), at most two batches ahead. When the caller asks for a batch that is not ready, its own thread and its
/// pool help to finish it. The background threads never wait for the pool, so a pool of one thread, even one that
/// the caller runs on, cannot lock up.
pub struct Batches {
    work: Arc<Work>,
    batch_size: usize,
    workers: Vec<JoinHandle<()>>,
}

struct Work {
    source: ImageSource,
    order: Vec<usize>,
    epoch: u64,
    state: Mutex<State>,
    /// Told when there may be work to claim.
    claimable: Condvar,
    /// Told when an image is done.
    prepared: Condvar,
}

type Prepared = Result<Pixels, DataError>;

struct State {
    /// Position in the order of the front of `results`.
    base: usize,
    /// Next position to claim.
    next: usize,
    /// Positions from here on are too far ahead.
    limit: usize,
    stop: bool,
    /// Results of the positions from `base` to `next`; `None` while in preparation.
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
        let work = Arc::new(Work {
            source,
            order,
            epoch,
            state: Mutex::new(State {
                base: 0,
                next: 0,
                limit,
                stop: false,
                results: VecDeque::new(),
            }),
            claimable: Condvar::new(),
            prepared: Condvar::new(),
        });
        // Without a thread to be had, the caller prepares everything itself.
        let spawn = |n: usize| {
            let work = Arc::clone(&work);
            let name = format!("images-{n}");
            Builder::new().name(name).spawn(move || work.run()).ok()
        };
        let workers = (0..threads).filter_map(spawn).collect();
        Self {
            work,
            batch_size,
            workers,
        }
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let work = &self.work;
        let total = work.order.len();
        let mut state = work.lock();
        let (start, end) = (state.base, total.min(state.base + self.batch_size));
        if start == end {
            return None;
        }
        let ahead = PREFETCH_BATCHES.saturating_mul(self.batch_size);
        state.limit = total.min(end.saturating_add(ahead));
        let unclaimed = end.saturating_sub(state.next);
        drop(state);
        work.claimable.notify_all();
        (0..unclaimed).into_par_iter().for_each(|_| {
            if let Some(position) = work.claim(end) {
                work.prepare(position);
            }
        });
        Some(work.collect(end - start))
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.work.lock().stop = true;
        self.work.claimable.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches what its images throw; nothing is lost if one ended otherwise.
            let _ = worker.join();
        }
    }
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
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

    /// The next position, if it is below `end`.
    fn claim(&self, end: usize) -> Option<usize> {
        let mut state = self.lock();
        (state.next < end).then(|| state.claim())
    }

    fn prepare(&self, position: usize) {
        let index = self.order[position];
        let image = || self.source.pixels(index, self.epoch);
        // Without a result the caller would wait for ever.
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

    /// Waits for the first `n` results and puts them together.
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

impl State {
    fn claim(&mut self) -> usize {
        self.results.push_back(None);
        self.next += 1;
        self.next - 1
    }
}
