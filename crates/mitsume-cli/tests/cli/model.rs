//! Models named by `--run`, `--model` and `--weights`, used as they were trained.

use crate::support::{Sandbox, assert_refused, text};
use safetensors::SafeTensors;
use serde_json::{Value, json};

fn trained() -> Sandbox {
    Sandbox::trained("level1", 2, "learning_rate = 1e-2")
}

/// The evaluation's JSON, and stderr.
#[track_caller]
fn eval(sandbox: &Sandbox, model: &[&str], data: &str) -> (Value, String) {
    let output = sandbox.run(&[&["eval", "--json", "--data", data], model].concat());
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    (serde_json::from_slice(&output.stdout).unwrap(), stderr)
}

fn evaluation_of_run(sandbox: &Sandbox) -> Value {
    serde_json::from_slice(&sandbox.read("run/evaluation/eval.json")).unwrap()
}

#[track_caller]
fn assert_same_evaluation(one: &Value, other: &Value) {
    for key in ["model", "accuracy", "consistency", "per_class", "confusion"] {
        assert_eq!(one[key], other[key], "{key}");
    }
}

/// Writes the weights of `run` with other metadata, or without.
fn write_weights_with_metadata(sandbox: &Sandbox, name: &str, note: Option<&Value>) {
    let bytes = sandbox.read("run/weights.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let metadata = note.map(|note| [("mitsume".to_owned(), note.to_string())].into());
    let bytes = safetensors::serialize(tensors.tensors(), metadata).unwrap();
    sandbox.write(name, bytes);
}

fn note() -> Value {
    json!({
        "model": "level1",
        "classes": ["glioma", "meningioma", "notumor", "pituitary"],
        "image_size": 32
    })
}

#[test]
fn a_run_is_evaluated_as_it_was_trained_however_it_is_named() {
    let sandbox = trained();
    let own = evaluation_of_run(&sandbox);
    assert_eq!(own["model"]["image_size"], json!([32, 32]));
    assert!(own["model"]["overrides"].is_null());
    for model in [
        &["--run", "run"][..],
        &["--model", "run"],
        &["--weights", "run/weights.safetensors"],
        &["--model", "level1", "--weights", "run/weights.safetensors"],
    ] {
        let (evaluation, stderr) = eval(&sandbox, model, "data/Testing");
        assert_same_evaluation(&evaluation, &own);
        assert_eq!(stderr, "", "{model:?}");
    }
}

#[test]
fn a_flag_that_contradicts_the_weights_is_said_and_recorded() {
    let sandbox = trained();
    let flags = ["--run", "run", "--image-size", "64", "--mean", "0.25"];
    let (evaluation, stderr) = eval(&sandbox, &flags, "data/Testing");
    let overrides = json!([
        {"key": "image_size", "trained_with": 32, "used": 64},
        {"key": "mean", "trained_with": [0.5, 0.5, 0.5], "used": [0.25, 0.25, 0.25]},
    ]);
    assert_eq!(evaluation["model"]["overrides"], overrides);
    assert_eq!(evaluation["model"]["image_size"], json!([64, 64]));
    assert!(
        stderr.contains("image_size is 64") && stderr.contains("trained with 32"),
        "{stderr}"
    );
    let summary = sandbox.run(&[&["eval", "--data", "data/Testing"], &flags[..]].concat());
    let summary = text(&summary.stdout);
    assert!(
        summary.contains("image_size 64 (trained with 32)"),
        "{summary}"
    );
    // What was asked for and is so anyway contradicts nothing.
    let same = ["--run", "run", "--image-size", "32", "--preset", "levels"];
    let (evaluation, stderr) = eval(&sandbox, &same, "data/Testing");
    assert!(
        evaluation["model"]["overrides"].is_null() && stderr.is_empty(),
        "{stderr}"
    );
    let channels = [
        "eval",
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--channels",
        "3",
    ];
    assert_refused(&sandbox, &channels, &["--channels 3", "images of 1"]);
}

#[test]
fn explain_and_trust_take_what_the_run_knows() {
    let sandbox = trained();
    let image = "data/Testing/glioma/0000.png";
    let explain = ["explain", "--run", "run", image, "--json", "--out", "out"];
    let compared = sandbox.succeeds(&[&explain[..], &["--reference", "run"]].concat());
    let json: Value = serde_json::from_slice(&compared.stdout).unwrap();
    assert!(json["overrides"].is_null());
    let larger = sandbox.run(&[&explain[..], &["--image-size", "64"]].concat());
    let json: Value = serde_json::from_slice(&larger.stdout).unwrap();
    assert_eq!(json["overrides"][0]["used"], 64);
    let trust = sandbox.succeeds(&[
        "trust",
        "--model",
        "run",
        "--data",
        "data/Testing",
        "--images",
        "4",
        "--stages",
        "1",
        "--image-size",
        "48",
        "--out",
        "trusted",
        "--json",
    ]);
    let json: Value = serde_json::from_slice(&trust.stdout).unwrap();
    assert_eq!(json["model"]["image_size"], json!([48, 48]));
    assert_eq!(json["model"]["overrides"][0]["trained_with"], 32);
}

#[test]
fn an_evaluation_is_a_reference_too() {
    let sandbox = trained();
    let evaluate = [
        "eval",
        "--run",
        "run",
        "--data",
        "data/Training",
        "--out",
        "kept",
    ];
    assert!(sandbox.run(&evaluate).status.success());
    sandbox.succeeds(&[
        "explain",
        "--run",
        "run",
        "data/Testing/glioma/0000.png",
        "--reference",
        "kept",
        "--out",
        "out",
    ]);
    assert_refused(
        &sandbox,
        &["eval", "--run", "kept", "--data", "data/Testing"],
        &["--run kept", "is an evaluation, which has no weights"],
    );
}

#[test]
fn what_weights_do_not_say_is_assumed_aloud() {
    let sandbox = trained();
    write_weights_with_metadata(&sandbox, "foreign.safetensors", None);
    let foreign = ["--model", "level1", "--weights", "foreign.safetensors"];
    let (evaluation, stderr) = eval(&sandbox, &foreign, "data/Testing");
    assert_eq!(evaluation["model"]["image_size"], json!([224, 224]));
    let all = [
        "image_size",
        "crop",
        "interpolation",
        "mean",
        "std",
        "classes",
    ];
    assert_eq!(evaluation["model"]["assumed"], json!(all));
    for word in [
        "foreign.safetensors",
        "image_size 224",
        "as published",
        "glioma, meningioma",
    ] {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
    sandbox.write("names.txt", "glioma\nmeningioma\nnotumor\npituitary\n");
    let given = [
        "--image-size",
        "32",
        "--preset",
        "levels",
        "--classes",
        "names.txt",
        "--crop",
        "32",
    ];
    let (evaluation, stderr) = eval(&sandbox, &[&foreign[..], &given].concat(), "data/Testing");
    assert!(evaluation["model"]["assumed"].is_null(), "{evaluation}");
    assert_eq!(stderr, "");
    assert_refused(
        &sandbox,
        &[
            "eval",
            "--weights",
            "foreign.safetensors",
            "--data",
            "data/Testing",
        ],
        &["--model", "does not say which network", "level1 to level5"],
    );
}

#[test]
fn weight_files_of_older_versions_are_read_and_damaged_notes_refused() {
    let sandbox = trained();
    write_weights_with_metadata(&sandbox, "older.safetensors", Some(&note()));
    let (evaluation, stderr) = eval(
        &sandbox,
        &["--weights", "older.safetensors"],
        "data/Testing",
    );
    assert_same_evaluation(&evaluation, &evaluation_of_run(&sandbox));
    assert_eq!(stderr, "");
    let refuse = |change: &dyn Fn(&mut Value), word: &str| {
        let mut note = note();
        change(&mut note);
        write_weights_with_metadata(&sandbox, "odd.safetensors", Some(&note));
        let eval = [
            "eval",
            "--model",
            "level1",
            "--weights",
            "odd.safetensors",
            "--data",
            "data/Testing",
        ];
        assert_refused(&sandbox, &eval, &["odd.safetensors", word]);
    };
    refuse(
        &|note| note["image_size"] = 1_000_000_000.into(),
        "image_size",
    );
    refuse(&|note| note["view"] = json!({"std": [0, 0, 0]}), "std");
    refuse(&|note| note["classes"] = json!(["one"]), "1 classes");
    refuse(&|note| note["classes"] = Value::Null, "invalid type");
}

#[test]
fn classes_are_matched_by_name_and_never_by_chance() {
    let sandbox = trained();
    // The same network, with its outputs under other names: a class's images are the same.
    let mut renamed = note();
    renamed["classes"] = json!(["d", "c", "b", "a"]);
    write_weights_with_metadata(&sandbox, "renamed.safetensors", Some(&renamed));
    for (class, folder) in [
        ("glioma", "d"),
        ("meningioma", "c"),
        ("notumor", "b"),
        ("pituitary", "a"),
    ] {
        std::fs::create_dir_all(sandbox.path("other")).unwrap();
        let to = sandbox.path(&format!("other/{folder}"));
        std::fs::rename(sandbox.path(&format!("data/Testing/{class}")), to).unwrap();
    }
    let own = evaluation_of_run(&sandbox);
    let (evaluation, stderr) = eval(&sandbox, &["--weights", "renamed.safetensors"], "other");
    assert_eq!(stderr, "");
    assert_eq!(evaluation["accuracy"], own["accuracy"]);
    for class in 0..4 {
        let (ours, theirs) = (
            &evaluation["per_class"][class],
            &own["per_class"][3 - class],
        );
        assert_eq!(ours["correct"], theirs["correct"]);
        assert_eq!(ours["squared_l2"], theirs["squared_l2"]);
    }
    let unknown = ["eval", "--run", "run", "--data", "other"];
    assert_refused(
        &sandbox,
        &unknown,
        &["other", "\"a\" is none of the model's 4 classes", "glioma"],
    );
    // Fewer folders: the model chooses among theirs, and that is stderr.
    std::fs::remove_dir_all(sandbox.path("other/a")).unwrap();
    let (evaluation, stderr) = eval(&sandbox, &["--weights", "renamed.safetensors"], "other");
    let overridden = &evaluation["model"]["overrides"][0];
    assert_eq!(overridden["key"], "classes");
    assert_eq!(overridden["used"], json!(["b", "c", "d"]));
    assert!(stderr.contains("chooses among b, c, d alone"), "{stderr}");
}

#[test]
fn an_unfinished_run_gives_the_weights_of_its_checkpoint_and_says_so() {
    let sandbox = trained();
    let weights = sandbox.read("run/weights.safetensors");
    // As left by an interruption: a longer run, whose file of weights is of its first two epochs.
    let config = text(&sandbox.read("run/config.toml")).replace("epochs = 2", "epochs = 5");
    sandbox.write("run/config.toml", config);
    sandbox.write("run/weights.safetensors", "of earlier epochs");
    let (evaluation, stderr) = eval(&sandbox, &["--run", "run"], "data/Testing");
    assert_eq!(
        evaluation["accuracy"],
        evaluation_of_run(&sandbox)["accuracy"]
    );
    assert!(
        stderr.contains("run is not finished") && stderr.contains("2 of 5 epochs"),
        "{stderr}"
    );
    assert_refused(
        &sandbox,
        &[
            "explain",
            "--model",
            "run",
            "data/Testing/glioma/0000.png",
            "--reference",
            "./run",
            "--out",
            "out",
        ],
        &["--reference ./run", "not finished", "train --resume"],
    );
    // A run whose checkpoint was thrown away has its weights.
    std::fs::remove_dir_all(sandbox.path("run/checkpoint")).unwrap();
    sandbox.write("run/weights.safetensors", weights);
    assert_eq!(eval(&sandbox, &["--run", "run"], "data/Testing").1, "");
    std::fs::remove_file(sandbox.path("run/weights.safetensors")).unwrap();
    let none = ["eval", "--run", "run", "--data", "data/Testing"];
    assert_refused(&sandbox, &none, &["no weights yet", "train --resume run"]);
}

#[test]
fn a_model_that_is_named_wrongly_is_told_what_is_wanted() {
    let sandbox = trained();
    let refuse = |model: &[&str], words: &[&str]| {
        assert_refused(
            &sandbox,
            &[&["eval", "--data", "data/Testing"], model].concat(),
            words,
        );
    };
    refuse(
        &["--model", "level1", "--weights", "run"],
        &[
            "--weights run",
            "is a run directory",
            "--run run",
            "run/weights.safetensors",
        ],
    );
    refuse(
        &["--weights", "data"],
        &["--weights data", "is a folder", "a weight file"],
    );
    refuse(
        &["--run", "run", "--weights", "x.pth"],
        &["--run", "--weights"],
    );
    refuse(
        &["--model", "run", "--weights", "x.pth"],
        &["its own weights"],
    );
    refuse(
        &["--model", "run/weights.safetensors"],
        &["is given by --weights"],
    );
    refuse(&["--run", "."], &["holds 1 runs", "run"]);
    refuse(&["--run", "data"], &["--run data", "config.toml"]);
    refuse(&["--run", "nowhere"], &["--run nowhere", "no such folder"]);
    refuse(
        &["--model", "nowhere"],
        &["nowhere", "level1", ".onnx", "run directory"],
    );
}
