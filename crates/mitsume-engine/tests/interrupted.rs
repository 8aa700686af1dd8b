//! A run that is stopped during an evaluation resumes to the same bits.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::Device;
use mitsume_artifacts::{EpochRow, EvaluationDir, RunConfig, RunDir, read_epochs};
use mitsume_data::phantom::{PhantomSpec, write_data_set};
use mitsume_engine::{Event, ResumeRequest, TrainOutcome, TrainRequest, resume, train};

fn request(dir: &Path, out: &str) -> TrainRequest {
    request_with(dir, out, "batch_size = 8")
}

/// - `train`: keys of `[train]`.
fn request_with(dir: &Path, out: &str, train: &str) -> TrainRequest {
    let data = dir.join("data");
    if !data.exists() {
        let spec = PhantomSpec {
            per_class_train: 6,
            per_class_test: 4,
            size: 32,
            seed: 0,
        };
        write_data_set(&data, spec, &|_, _| {}).unwrap();
    }
    let text = format!(
        "[data]\ntrain = {:?}\nvalid = {:?}\nimage_size = 32\n[model]\nname = \"level1\"\n\
         [train]\nepochs = 2\n{train}\n",
        data.join("Training"),
        data.join("Testing")
    );
    TrainRequest {
        config: RunConfig::from_toml(&text, Path::new("run.toml")).unwrap(),
        out: dir.join(out),
        device: Device::flex(),
        device_name: "cpu".into(),
        image_cache: Default::default(),
    }
}

/// Stops during the evaluation that follows `epochs` evaluated epochs.
fn stopped_at_evaluation(
    epochs: usize,
    train: impl FnOnce(&AtomicBool, &mut dyn FnMut(Event)) -> TrainOutcome,
) -> TrainOutcome {
    let stop = AtomicBool::new(false);
    let mut done = 0;
    let mut observer = |event: Event| match event {
        Event::Epoch(_) => done += 1,
        Event::Evaluating { .. } if done == epochs => stop.store(true, Ordering::Relaxed),
        _ => {}
    };
    train(&stop, &mut observer)
}

fn resume_request(out: &Path, overrides: &[&str]) -> ResumeRequest {
    ResumeRequest {
        out: out.to_owned(),
        overrides: overrides.iter().map(|&set| set.into()).collect(),
        device: Device::flex(),
        device_name: "cpu".into(),
    }
}

fn resumed(out: &Path) -> TrainOutcome {
    let request = resume_request(out, &[]);
    resume(request, &AtomicBool::new(false), &mut |_| {}).unwrap()
}

/// Weights, `steps.csv`, and `epochs.csv` without the times.
fn results(out: &Path) -> (Vec<u8>, String, Vec<EpochRow>) {
    let dir = RunDir::new(out);
    let epochs = read_epochs(&dir.epochs()).unwrap().into_iter();
    let untimed = epochs.map(|row| EpochRow {
        seconds: 0.0,
        ..row
    });
    (
        std::fs::read(dir.weights()).unwrap(),
        std::fs::read_to_string(dir.steps()).unwrap(),
        untimed.collect(),
    )
}

#[test]
fn a_run_stopped_in_an_evaluation_is_saved_and_resumes_to_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    let whole = request(dir.path(), "whole");
    let never = AtomicBool::new(false);
    assert_eq!(
        train(&whole, &never, &mut |_| {}).unwrap(),
        TrainOutcome::Finished
    );
    for epochs in [0, 1, 2] {
        let request = request(dir.path(), &format!("stopped-{epochs}"));
        let outcome = stopped_at_evaluation(epochs, |stop, observer| {
            train(&request, stop, observer).unwrap()
        });
        assert_eq!(outcome, TrainOutcome::Interrupted);
        let evaluation = EvaluationDir::new(RunDir::new(&request.out).evaluation());
        assert!(!evaluation.is_evaluation());
        assert_eq!(resumed(&request.out), TrainOutcome::Finished);
        assert_eq!(results(&request.out), results(&whole.out), "{epochs}");
        assert!(evaluation.is_evaluation());
        assert_eq!(
            resumed(&request.out),
            TrainOutcome::AlreadyFinished { epochs: 2 }
        );
    }
}

#[test]
fn a_run_stopped_between_accumulated_steps_resumes_to_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    // Five batches an epoch, of which the steps take 2, 2 and 1; with dropout.
    let train_keys =
        "batch_size = 5\naccumulate = 2\n[consistency]\nlambda_max = 50\nt0 = 0\nt1 = 1";
    let whole = request_with(dir.path(), "whole", train_keys);
    let mut seen = Vec::new();
    let mut observer = |event: Event| {
        if let Event::Step { step, steps, .. } = event {
            seen.push((step, steps));
        }
    };
    train(&whole, &AtomicBool::new(false), &mut observer).unwrap();
    assert_eq!(seen, [(1, 3), (2, 3), (3, 3), (1, 3), (2, 3), (3, 3)]);
    let rows = results(&whole.out).1.lines().count();
    assert_eq!(rows, 1 + 6, "a row for each step");
    for stopped_after in 1..=3 {
        let request = request_with(dir.path(), &format!("after-{stopped_after}"), train_keys);
        let stop = AtomicBool::new(false);
        let mut observer = |event: Event| match event {
            Event::Step { step, .. } if step == stopped_after => {
                stop.store(true, Ordering::Relaxed)
            }
            _ => {}
        };
        let outcome = train(&request, &stop, &mut observer).unwrap();
        assert_eq!(outcome, TrainOutcome::Interrupted);
        assert_eq!(resumed(&request.out), TrainOutcome::Finished);
        assert_eq!(
            results(&request.out),
            results(&whole.out),
            "{stopped_after}"
        );
    }
}

#[test]
fn an_evaluation_of_earlier_weights_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let request = request(dir.path(), "run");
    let never = AtomicBool::new(false);
    train(&request, &never, &mut |_| {}).unwrap();
    let evaluation = EvaluationDir::new(RunDir::new(&request.out).evaluation());
    let outcome = stopped_at_evaluation(1, |stop, observer| {
        let request = resume_request(&request.out, &["train.epochs=3"]);
        resume(request, stop, observer).unwrap()
    });
    assert_eq!(outcome, TrainOutcome::Interrupted);
    assert!(!evaluation.is_evaluation());
    assert_eq!(resumed(&request.out), TrainOutcome::Finished);
    // An evaluation of other weights is repeated.
    let weights = RunDir::new(&request.out).weights();
    let mut other = std::fs::read(&weights).unwrap();
    let last = other.len() - 1;
    other[last] ^= 1;
    std::fs::write(&weights, other).unwrap();
    assert_eq!(resumed(&request.out), TrainOutcome::Finished);
    assert_eq!(
        resumed(&request.out),
        TrainOutcome::AlreadyFinished { epochs: 3 }
    );
}
