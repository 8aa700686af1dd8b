//! `train.precision` and `--precision`: convolutions that multiply values of bfloat16.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, text};
#[cfg(unix)]
use crate::training::start_and_wait_for_checkpoint;

/// bfloat16, and the consistency loss from the second epoch on.
const BFLOAT16: &str = "precision = \"bfloat16\"\n[consistency]\nlambda_max = 50\nt0 = 1\nt1 = 2\n";

#[test]
fn a_run_in_bfloat16_is_the_same_bits_on_any_number_of_threads_and_not_those_of_float32() {
    let sandbox = Sandbox::new();
    for model in ["level3", "level4"] {
        sandbox.configure(model, BFLOAT16);
        let train = |out: &str, more: &[&str]| {
            sandbox.train(out, &[&["--set", "train.epochs=2"], more].concat());
            sandbox.results(out)
        };
        let one = train(&format!("{model}-1"), &["--threads", "1"]);
        let two = train(&format!("{model}-2"), &["--threads", "2"]);
        assert!(one == two, "{model}");
        let full = train(&format!("{model}-f"), &["--set", "train.precision=float32"]);
        assert!(one.0 != full.0 && one.1 != full.1, "{model}");
        let config = text(&sandbox.read(&format!("{model}-1/config.toml")));
        assert!(config.contains("precision = \"bfloat16\""), "{config}");
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_run_in_bfloat16_resumes_to_the_same_bits_and_in_no_other_precision() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", BFLOAT16);
    sandbox.train("whole", &[]);
    let mut child = start_and_wait_for_checkpoint(&sandbox, "stopped");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let other = [
        "train",
        "--resume",
        "stopped",
        "--set",
        "train.precision=float32",
    ];
    assert_refused(
        &sandbox,
        &other,
        &["train.precision", "began with bfloat16", "new run"],
    );
    sandbox.succeeds(&["train", "--resume", "stopped"]);
    assert!(sandbox.results("stopped") == sandbox.results("whole"));
}

#[test]
fn weights_are_evaluated_as_they_were_trained_unless_another_precision_is_named() {
    let sandbox = Sandbox::trained("level2", 3, BFLOAT16);
    let of_run: Value = serde_json::from_slice(&sandbox.read("run/evaluation/eval.json")).unwrap();
    let eval = |more: &[&str]| {
        let args = ["eval", "--run", "run", "--data", "data/Testing", "--json"];
        sandbox.json(&[&args[..], more].concat())
    };
    let same = eval(&[]);
    assert_eq!(same["model"]["precision"], "bfloat16");
    assert_eq!(same["model"], of_run["model"]);
    assert_eq!(same["consistency"], of_run["consistency"]);
    let full = eval(&["--precision", "float32"]);
    let overrides = serde_json::json!([
        {"key": "precision", "trained_with": "bfloat16", "used": "float32"}
    ]);
    assert_eq!(full["model"]["overrides"], overrides);
    assert_eq!(full["model"]["precision"], Value::Null);
    assert_ne!(full["cross_entropy"], same["cross_entropy"]);
    for pointer in [
        "/accuracy",
        "/cross_entropy",
        "/consistency/squared_l2",
        "/consistency/l2",
    ] {
        let [a, b] = [&full, &same].map(|json| json.pointer(pointer).unwrap().as_f64().unwrap());
        assert!((a - b).abs() <= 0.01 * a.abs(), "{pointer}: {a} {b}");
    }
}

#[test]
fn what_computes_in_float32_alone_refuses_bfloat16() {
    let sandbox = Sandbox::new();
    sandbox.copy_onnx_model("residual.onnx");
    sandbox.configure("residual.onnx", "precision = \"bfloat16\"\n");
    let train = ["train", "--config", "run.toml", "--out", "run"];
    assert_refused(
        &sandbox,
        &train,
        &["train.precision", "level1 to level5", "float32"],
    );
    assert!(!sandbox.path("run").exists());
    sandbox.configure("level1", "precision = \"half\"\n");
    assert_refused(
        &sandbox,
        &train,
        &["train.precision", "\"half\"", "float32 or bfloat16"],
    );

    let data = ["--data", "data/Testing", "--preset", "levels"];
    let eval = [
        "eval",
        "--model",
        "residual.onnx",
        "--precision",
        "bfloat16",
    ];
    let words = ["--precision bfloat16", "residual.onnx", "float32"];
    assert_refused(&sandbox, &[&eval[..], &data].concat(), &words);
    let bench = [
        "bench",
        "step",
        "--model",
        "residual.onnx",
        "--precision",
        "bfloat16",
    ];
    assert_refused(&sandbox, &bench, &["--precision bfloat16", "float32"]);
    let unknown = ["bench", "step", "--level", "1", "--precision", "half"];
    assert_refused(
        &sandbox,
        &unknown,
        &["--precision", "half", "float32 or bfloat16"],
    );
}

#[test]
fn a_step_is_timed_in_the_precision_that_is_named() {
    let sandbox = Sandbox::empty();
    let step = |more: &[&str]| {
        let size = [
            "--level",
            "2",
            "--batch",
            "1",
            "--size",
            "32",
            "--repeats",
            "1",
            "--json",
        ];
        sandbox.json(&[&["bench", "step"], &size[..], more].concat())
    };
    assert_eq!(step(&[])["precision"], "float32");
    assert_eq!(step(&["--precision", "bfloat16"])["precision"], "bfloat16");
}
