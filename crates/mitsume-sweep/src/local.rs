//! Runs cells in parallel on this machine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use burn::tensor::Device;
use mitsume_artifacts::{Lock, write_atomic};
use mitsume_data::ImageCache;
use mitsume_engine::{Event, TrainOutcome, TrainRequest, train_or_resume};

use crate::{Cell, CellState, CellStatus, Result, SweepDir, SweepError};

/// Options for running cells.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// Number of cells run in parallel; at least 1.
    pub jobs: usize,
    /// Total number of threads; each job has an equal part and at least one.
    pub threads: usize,
    /// The device for tensors.
    pub device: Device,
    /// The device as given by the user, for `environment.json`.
    pub device_name: String,
}

/// An event of a cell.
#[derive(Debug)]
pub enum CellEvent {
    /// A job starts it.
    Started,
    /// An event of its training run.
    Run(Event),
    /// The job ends.
    Ended(CellOutcome),
}

/// Outcome of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellOutcome {
    /// Finished by this call.
    Finished,
    /// Finished before.
    AlreadyFinished,
    /// Another process runs it.
    LockedElsewhere,
    /// Stopped on request, after a checkpoint.
    Interrupted,
    /// Failed; the reason is also in `failures/NAME.txt`.
    Failed(String),
}

/// Runs `cells` in order, `jobs` at a time. `observe` is called on the calling thread with the
/// index of the cell in `cells`. Images are decoded once for all cells that use them.
///
/// If a cell fails, the others continue. Results do not depend on the number of jobs or threads.
///
/// # Errors
/// Only errors that concern all cells: threads that cannot be started, a folder that cannot be
/// written, a full disk, after which no further cell starts.
pub fn run_cells(
    sweep: &SweepDir,
    cells: &[&Cell],
    options: &LocalOptions,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(usize, CellEvent),
) -> Result<Vec<CellOutcome>> {
    let jobs = options.jobs.clamp(1, cells.len().max(1));
    let threads = (options.threads / jobs).max(1);
    let images = Arc::new(ImageCache::new());
    let next = AtomicUsize::new(0);
    let (events, received) = channel();
    let mut outcomes = vec![CellOutcome::Interrupted; cells.len()];
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                let worker = Worker {
                    sweep,
                    cells,
                    next: &next,
                    stop,
                    device: options.device.clone(),
                    device_name: &options.device_name,
                    images: Arc::clone(&images),
                    events: events.clone(),
                };
                scope.spawn(move || worker.run(threads))
            })
            .collect();
        drop(events);
        for (index, event) in received {
            if let CellEvent::Ended(outcome) = &event {
                outcomes[index] = outcome.clone();
            }
            observe(index, event);
        }
        for worker in workers {
            let result = worker.join();
            result.map_err(|_| SweepError::Failed("a job ended unexpectedly".into()))??;
        }
        Ok(outcomes)
    })
}

struct Worker<'a> {
    sweep: &'a SweepDir,
    cells: &'a [&'a Cell],
    next: &'a AtomicUsize,
    stop: &'a AtomicBool,
    device: Device,
    device_name: &'a str,
    images: Arc<ImageCache>,
    events: Sender<(usize, CellEvent)>,
}

impl Worker<'_> {
    /// Runs one cell after the other on a thread pool of its own.
    fn run(self, threads: usize) -> Result<()> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| {
            SweepError::Failed(format!("cannot start {threads} threads: {error}"))
        })?;
        while !self.stop.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(cell) = self.cells.get(index) else {
                break;
            };
            let outcome = pool.install(|| self.run_cell(index, cell))?;
            self.send(index, CellEvent::Ended(outcome));
        }
        Ok(())
    }

    fn run_cell(&self, index: usize, cell: &Cell) -> Result<CellOutcome> {
        let Some(_lock) = Lock::acquire(&self.sweep.lock(cell))? else {
            return Ok(CellOutcome::LockedElsewhere);
        };
        // Checked with the lock held, because another process may have finished the cell meanwhile.
        if CellStatus::read(self.sweep, cell)?.state == CellState::Finished {
            return Ok(CellOutcome::AlreadyFinished);
        }
        self.send(index, CellEvent::Started);
        let failure = self.sweep.failure(cell);
        let _ = std::fs::remove_file(&failure);
        let request = TrainRequest {
            config: cell.config.clone(),
            out: self.sweep.run_dir(cell).root().to_owned(),
            device: self.device.clone(),
            device_name: self.device_name.to_owned(),
            image_cache: Arc::clone(&self.images),
        };
        let mut observer = |event| self.send(index, CellEvent::Run(event));
        let trained = catch_unwind(AssertUnwindSafe(|| {
            train_or_resume(&request, self.stop, &mut observer)
        }));
        let problem = match trained {
            Ok(Ok(TrainOutcome::Finished)) => return Ok(CellOutcome::Finished),
            Ok(Ok(TrainOutcome::AlreadyFinished { .. })) => {
                return Ok(CellOutcome::AlreadyFinished);
            }
            Ok(Ok(TrainOutcome::Interrupted)) => return Ok(CellOutcome::Interrupted),
            // The disk is full: the reason cannot be written, and no other cell can run.
            Ok(Err(error)) if error.is_out_of_space() => {
                self.next.store(self.cells.len(), Ordering::Relaxed);
                return Err(error.into());
            }
            Ok(Err(error)) => error.to_string(),
            // A panic in one cell must not stop the others.
            Err(_) => "the program failed in this cell; please report it".to_owned(),
        };
        write_atomic(&failure, problem.as_bytes())?;
        Ok(CellOutcome::Failed(problem))
    }

    fn send(&self, index: usize, event: CellEvent) {
        // The receiver outlives the workers.
        let _ = self.events.send((index, event));
    }
}
