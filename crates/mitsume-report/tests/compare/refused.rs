//! What is not compared: each refusal names the file and the reason.

use std::path::{Path, PathBuf};

use mitsume_report::{CompareOptions, compare};
use serde_json::Value;

use crate::made::{self, Made, two_models};

fn refusal(paths: &[PathBuf]) -> String {
    compare(paths, &CompareOptions::default())
        .unwrap_err()
        .to_string()
}

/// The refusal of the made models after `change` in the folder of the second.
fn refusal_after(models: &[Made], change: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(models, dir.path());
    change(&paths[1]);
    refusal(&paths)
}

fn edit_json(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut json);
    std::fs::write(path, json.to_string()).unwrap();
}

#[track_caller]
fn assert_says(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "no \"{word}\" in: {error}");
    }
}

#[test]
fn one_model_a_model_twice_and_an_unknown_baseline() {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(&two_models(), dir.path());
    assert_says(&refusal(&paths[..1]), &["two models or more"]);
    let twice = [paths[0].clone(), dir.path().join("model-1/../model-0")];
    assert_says(&refusal(&twice), &["named twice"]);
    let options = CompareOptions {
        baseline: Some("resnet".to_owned()),
        ..CompareOptions::default()
    };
    let error = compare(&paths, &options).unwrap_err().to_string();
    assert_says(&error, &["resnet", "model-0, model-1"]);
    let nothing = [paths[0].clone(), dir.path().to_owned()];
    assert_says(&refusal(&nothing), &["eval.json", "eval --out"]);
}

#[test]
fn other_classes_and_no_common_image() {
    let mut models = two_models();
    models[1].classes[2] = "notumor".to_owned();
    let error = refusal_after(&models, |_| {});
    assert_says(&error, &["pituitary", "notumor", "model-1"]);
    let mut models = two_models();
    models[1].classes.push("notumor".to_owned());
    assert_says(
        &refusal_after(&models, |_| {}),
        &["only in the second", "notumor"],
    );
    let mut models = two_models();
    models[1] = models[1].clone().with_paths("elsewhere/");
    let error = refusal_after(&models, |_| {});
    assert_says(&error, &["no image is common", "elsewhere/glioma/0000.png"]);
}

#[test]
fn truncated_maps_and_maps_that_are_not_normalised() {
    let error = refusal_after(&two_models(), |path| {
        let file = path.join("maps.safetensors");
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 40]).unwrap();
    });
    assert_says(&error, &["model-1", "maps.safetensors", "bytes"]);
    let mut models = two_models();
    models[1].maps[6][2] = 1.5;
    let error = refusal_after(&models, |_| {});
    assert_says(
        &error,
        &["maps.safetensors", "glioma/0006.png", "1.5", "[0, 1]"],
    );
}

#[test]
fn figures_that_contradict_the_images() {
    let error = refusal_after(&two_models(), |path| {
        edit_json(&path.join("eval.json"), |json| {
            // One image moved within a row: every sum is as before.
            let row = &mut json["confusion"][0];
            row[1] = (row[1].as_u64().unwrap() - 1).into();
            row[2] = (row[2].as_u64().unwrap() + 1).into();
        });
    });
    assert_says(&error, &["images.csv", "glioma", "eval.json counts"]);
    let error = refusal_after(&two_models(), |path| {
        let file = path.join("images.csv");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("glioma/0001.png", "glioma/0002.png")).unwrap();
    });
    assert_says(&error, &["images.csv", "glioma/0002.png", "twice"]);
    let error = refusal_after(&two_models(), |path| {
        std::fs::remove_file(path.join("images.csv")).unwrap();
        std::fs::remove_file(path.join("maps.safetensors")).unwrap();
    });
    assert_says(&error, &["only figures", "eval --out"]);
    let error = refusal_after(&two_models(), |path| {
        edit_json(&path.join("eval.json"), |json| {
            json["data"]["classes"] = serde_json::json!(["glioma", "glioma", "pituitary"]);
            json["per_class"][1]["class"] = "glioma".into();
        });
    });
    assert_says(&error, &["two classes", "glioma"]);
}

#[test]
fn maps_of_other_classes_multi_label_models_and_unfinished_runs() {
    let error = refusal_after(&two_models(), |path| {
        edit_json(&path.join("eval.json"), |json| {
            json["model"]["explain"] = "predicted".into()
        });
    });
    assert_says(&error, &["true class", "predicted class", "--explain"]);
    let dir = tempfile::tempdir().unwrap();
    let mut paths = made::write_all(&two_models(), dir.path());
    std::fs::remove_dir_all(&paths[1]).unwrap();
    std::fs::create_dir(&paths[1]).unwrap();
    std::fs::write(paths[1].join("config.toml"), "").unwrap();
    assert_says(&refusal(&paths), &["no evaluation yet", "--resume"]);
    paths.truncate(2);
    std::fs::remove_file(paths[1].join("config.toml")).unwrap();
    std::fs::write(paths[1].join("eval.json"), "{\"task\": \"multi-label\"}").unwrap();
    assert!(compare(&paths, &CompareOptions::default()).is_err());
}
