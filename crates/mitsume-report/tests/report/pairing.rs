//! Which runs of a folder an analysis compares: settings without effect on a run are ignored.

use std::path::{Path, PathBuf};

use crate::synthetic::{self, Plan};
use mitsume_report::{AnalysisReport, AnalysisReportOptions};
use serde_json::Value;

/// A folder to put runs in.
struct Runs(tempfile::TempDir);

impl Runs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A run of 20 epochs whose configuration is changed before it is written.
    fn add(&self, name: &str, lambda: f64, changes: &[(&str, &str)]) -> PathBuf {
        let root = self.0.path().join("out").join(name);
        synthetic::run(&root, &self.0.path().join("data"), lambda, &Plan::default());
        synthetic::change_config(&root, changes);
        root
    }

    fn analyze(&self) -> AnalysisReport {
        let options = AnalysisReportOptions {
            resamples: 100,
            ..AnalysisReportOptions::default()
        };
        mitsume_report::analyze_path(&self.0.path().join("out"), &options).unwrap()
    }
}

/// Model, lambda and number of pairs of each comparison.
fn compared(report: &AnalysisReport) -> Vec<(Option<String>, f64, u64)> {
    let json = report.json();
    let of = |one: &Value| {
        let model = one["model"].as_str().map(str::to_owned);
        let pairs = one["final_kappa"]["pairs"].as_u64().unwrap();
        (model, one["lambda"].as_f64().unwrap(), pairs)
    };
    json["lambdas"].as_array().unwrap().iter().map(of).collect()
}

fn drop_epochs(root: &Path, kept: usize) {
    let path = root.join("epochs.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().take(kept + 1).collect();
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
}

const ALPHA: (&str, &str) = ("alpha = \"detached\"", "alpha = \"full\"");

#[test]
fn a_baseline_is_paired_whatever_its_cam_loss_would_have_been() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &[]);
    runs.add(
        "fifty",
        50.0,
        &[
            ("t1 = 10", "t1 = 5"),
            ALPHA,
            ("ema_decay = 0.9", "ema_decay = 0.5"),
        ],
    );
    assert_eq!(
        compared(&runs.analyze()),
        [(Some("level2".to_owned()), 50.0, 1)]
    );
}

#[test]
fn one_baseline_is_paired_with_each_way_to_train() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &[]);
    runs.add("early", 50.0, &[("t1 = 10", "t1 = 5")]);
    runs.add("late", 50.0, &[("t1 = 10", "t1 = 20")]);
    let expected = [("level2 (t1 20)", 1), ("level2 (t1 5)", 1)];
    let found = compared(&runs.analyze());
    let single: Vec<_> = found.iter().filter(|one| one.0.is_some()).collect();
    assert_eq!(single.len(), 2, "{found:?}");
    for (one, (model, pairs)) in single.iter().zip(expected) {
        assert_eq!((one.0.as_deref(), one.2), (Some(model), pairs));
    }
}

#[test]
fn identical_baselines_of_a_grid_count_once() {
    let runs = Runs::new();
    for (name, lambda, changes) in [
        ("detached-0", 0.0, &[][..]),
        ("full-0", 0.0, &[ALPHA][..]),
        ("detached-50", 50.0, &[][..]),
        ("full-50", 50.0, &[ALPHA][..]),
    ] {
        runs.add(name, lambda, changes);
    }
    let report = runs.analyze();
    let found = compared(&report);
    let models: Vec<_> = found.iter().filter_map(|one| one.0.as_deref()).collect();
    assert_eq!(models, ["level2 (alpha detached)", "level2 (alpha full)"]);
    let cells = report.json()["cells"].clone();
    let plain = cells
        .as_array()
        .unwrap()
        .iter()
        .find(|cell| cell["lambda"] == 0.0);
    assert_eq!(plain.unwrap()["final_kappa"]["runs"], 1, "{cells}");
    let all = report.sentences().join("\n");
    assert!(
        all.contains("One run repeats another to the last digit") && all.contains("(full-0)"),
        "{all}"
    );
}

#[test]
fn runs_of_one_seed_with_different_epochs_are_not_identical() {
    let runs = Runs::new();
    runs.add("a", 0.0, &[]);
    let other = runs.add("b", 0.0, &[ALPHA]);
    runs.add("c", 50.0, &[]);
    let path = other.join("epochs.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, last) = text.trim_end().rsplit_once('\n').unwrap();
    let changed: Vec<String> = last
        .split(',')
        .enumerate()
        .map(|(column, value)| {
            if column == 9 {
                "0.123".to_owned()
            } else {
                value.to_owned()
            }
        })
        .collect();
    std::fs::write(&path, format!("{head}\n{}\n", changed.join(","))).unwrap();
    let error = mitsume_report::analyze_path(
        &runs.0.path().join("out"),
        &AnalysisReportOptions::default(),
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains("same seed 0"), "{error}");
}

#[test]
fn the_map_method_distinguishes_baselines() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &[]);
    runs.add(
        "fifty",
        50.0,
        &[("method = \"grad-cam\"", "method = \"layer-cam\"")],
    );
    assert_eq!(compared(&runs.analyze()), []);
}

#[test]
fn a_lambda_that_is_never_reached_counts_as_0_and_is_reported() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &[]);
    let never = runs.add(
        "never",
        0.0,
        &[
            ("lambda_max = 0.0", "lambda_max = 50.0"),
            ("t0 = 2", "t0 = 30"),
            ("t1 = 10", "t1 = 40"),
        ],
    );
    runs.add("fifty", 50.0, &[]);
    drop_epochs(&never, 19);
    let report = runs.analyze();
    assert_eq!(compared(&report), [(Some("level2".to_owned()), 50.0, 1)]);
    let all = report.sentences().join("\n");
    for said in [
        "ends before its lambda rises (never)",
        "One run is unfinished (never)",
        "One run repeats another",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}
