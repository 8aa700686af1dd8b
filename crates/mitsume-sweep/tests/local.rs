//! Cells on this machine: results do not depend on the number of jobs, and finished cells are
//! skipped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use mitsume_artifacts::{EpochRow, read_epochs};
use mitsume_data::phantom::{PhantomSpec, write_data_set};
use mitsume_engine::Event;
use mitsume_sweep::{
    Cell, CellEvent, CellOutcome, CellState, LocalOptions, SweepConfig, SweepDir, estimate,
    run_cells,
};

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spec = PhantomSpec {
            per_class_train: 6,
            per_class_test: 3,
            size: 32,
            seed: 0,
        };
        write_data_set(&dir.path().join("data"), spec, &|_, _| {}).unwrap();
        Self { dir }
    }

    fn sweep(&self, out: &str, seeds: &str) -> SweepDir {
        let data = self.dir.path().join("data");
        let text = format!(
            "models = [\"level1\"]\nlambdas = [0, 50]\nseeds = {seeds}\n\
             [data.phantoms]\ntrain = '{}'\nvalid = '{}'\n\
             [run.data]\nimage_size = 32\n[run.train]\nepochs = 2\nbatch_size = 8\n\
             [run.consistency]\nt0 = 1\nt1 = 1\n",
            data.join("Training").display(),
            data.join("Testing").display()
        );
        let config = SweepConfig::from_toml(&text, Path::new("sweep.toml")).unwrap();
        let sweep = SweepDir::plan(&self.path(out), config, Path::new("sweep.toml")).unwrap();
        sweep.write().unwrap();
        sweep
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn options(jobs: usize, threads: usize) -> LocalOptions {
    LocalOptions {
        jobs,
        threads,
        device: Device::flex(),
        device_name: "cpu".into(),
    }
}

fn run(sweep: &SweepDir, options: &LocalOptions) -> Vec<CellOutcome> {
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    run_cells(
        sweep,
        &cells,
        options,
        &AtomicBool::new(false),
        &mut |_, _| {},
    )
    .unwrap()
}

/// Steps, weights, and epochs without their wall time.
fn results(sweep: &SweepDir) -> Vec<(Vec<u8>, Vec<u8>, Vec<EpochRow>)> {
    let of = |cell: &Cell| {
        let dir = sweep.run_dir(cell);
        let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let epochs = read_epochs(&dir.epochs()).unwrap().into_iter();
        let epochs = epochs.map(|row| EpochRow {
            seconds: 0.0,
            ..row
        });
        (read(dir.steps()), read(dir.weights()), epochs.collect())
    };
    sweep.cells.iter().map(of).collect()
}

#[test]
fn jobs_and_threads_do_not_change_a_number() {
    let bench = Bench::new();
    let alone = bench.sweep("alone", "[0, 1]");
    assert_eq!(run(&alone, &options(1, 1)), vec![CellOutcome::Finished; 4]);
    let together = bench.sweep("together", "[0, 1]");
    assert_eq!(
        run(&together, &options(3, 4)),
        vec![CellOutcome::Finished; 4]
    );
    assert_eq!(results(&alone), results(&together));
}

#[test]
fn finished_cells_are_skipped_and_a_grid_may_grow() {
    let bench = Bench::new();
    let sweep = bench.sweep("sweep", "[0]");
    run(&sweep, &options(2, 2));
    let weights = sweep.run_dir(&sweep.cells[0]).weights();
    let before = std::fs::metadata(&weights).unwrap().modified().unwrap();
    let grown = bench.sweep("sweep", "[0, 1]");
    let mut outcomes = run(&grown, &options(1, 2));
    outcomes.sort_by_key(|outcome| *outcome == CellOutcome::Finished);
    let expected = [
        CellOutcome::AlreadyFinished,
        CellOutcome::AlreadyFinished,
        CellOutcome::Finished,
        CellOutcome::Finished,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(
        std::fs::metadata(&weights).unwrap().modified().unwrap(),
        before
    );
    let statuses = grown.statuses().unwrap();
    assert!(
        statuses
            .iter()
            .all(|status| status.state == CellState::Finished)
    );
    assert!(statuses.iter().all(|status| status.kappa.is_some()));
}

#[test]
fn an_interrupted_sweep_resumes_to_the_same_numbers() {
    let bench = Bench::new();
    let whole = bench.sweep("whole", "[0]");
    run(&whole, &options(1, 1));
    let cut = bench.sweep("cut", "[0]");
    let stop = AtomicBool::new(false);
    let cells: Vec<&Cell> = cut.cells.iter().collect();
    let mut steps = 0;
    let outcomes = run_cells(&cut, &cells, &options(2, 2), &stop, &mut |_, event| {
        if let CellEvent::Run(Event::Step { .. }) = event {
            steps += 1;
            if steps == 3 {
                stop.store(true, Ordering::Relaxed);
            }
        }
    })
    .unwrap();
    assert!(outcomes.contains(&CellOutcome::Interrupted), "{outcomes:?}");
    let statuses = cut.statuses().unwrap();
    assert!(
        statuses
            .iter()
            .any(|status| status.state == CellState::Interrupted)
    );
    run(&cut, &options(1, 1));
    assert_eq!(results(&cut), results(&whole));
}

#[test]
fn a_failed_cell_is_tried_again_and_does_not_stop_others() {
    let bench = Bench::new();
    let sweep = bench.sweep("sweep", "[0]");
    // A file at the path of the first cell's folder.
    let blocked = sweep.run_dir(&sweep.cells[0]).root().to_owned();
    std::fs::write(&blocked, "").unwrap();
    let outcomes = run(&sweep, &options(1, 1));
    assert!(
        matches!(outcomes[0], CellOutcome::Failed(_)),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[1], CellOutcome::Finished);
    let status = &sweep.statuses().unwrap()[0];
    assert_eq!(status.state, CellState::Failed);
    assert!(
        status.error.as_ref().unwrap().contains("lambda0-seed0"),
        "{status:?}"
    );
    std::fs::remove_file(&blocked).unwrap();
    let outcomes = run(&sweep, &options(1, 1));
    assert_eq!(
        outcomes,
        [CellOutcome::Finished, CellOutcome::AlreadyFinished]
    );
    assert_eq!(sweep.statuses().unwrap()[0].error, None);
}

#[test]
fn a_locked_cell_is_not_run_twice() {
    let bench = Bench::new();
    let sweep = bench.sweep("sweep", "[0]");
    let cells = [&sweep.cells[0], &sweep.cells[0]];
    let stop = AtomicBool::new(false);
    let outcomes = run_cells(&sweep, &cells, &options(2, 2), &stop, &mut |_, _| {}).unwrap();
    let count = |wanted| {
        outcomes
            .iter()
            .filter(|outcome| **outcome == wanted)
            .count()
    };
    assert_eq!(count(CellOutcome::Finished), 1, "{outcomes:?}");
    let other = count(CellOutcome::LockedElsewhere) + count(CellOutcome::AlreadyFinished);
    assert_eq!(other, 1, "{outcomes:?}");
}

#[test]
fn the_estimate_counts_remaining_epochs() {
    let bench = Bench::new();
    let sweep = bench.sweep("sweep", "[0]");
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    let before = estimate(&sweep, &cells, &options(1, 1)).unwrap();
    assert!(
        before
            .iter()
            .all(|cell| cell.seconds > 0.0 && cell.epochs_left == 2)
    );
    run(&sweep, &options(1, 1));
    let after = estimate(&sweep, &cells, &options(1, 1)).unwrap();
    assert!(
        after
            .iter()
            .all(|cell| cell.seconds == 0.0 && cell.epochs_left == 0)
    );
}
