//! `mitsume trust` on a small ONNX model.

use serde_json::{Value, json};

use crate::support::{Sandbox, assert_refused, files_below, text};

/// With a small residual network of 5 classes; the folder has 4 of them.
fn sandbox_with_model() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.copy_onnx_model("residual.onnx");
    sandbox.write(
        "names.txt",
        "pituitary\nnotumor\nmeningioma\nother\nglioma\n",
    );
    sandbox
}

const TRUST: [&str; 13] = [
    "trust",
    "--model",
    "residual.onnx",
    "--preset",
    "levels",
    "--classes",
    "names.txt",
    "--data",
    "data/Testing",
    "--images",
    "12",
    "--stages",
    "2",
];

fn trust(sandbox: &Sandbox, out: &str, more: &[&str]) -> Value {
    let args = [&TRUST[..], &["--out", out, "--json"], more].concat();
    sandbox.json(&args)
}

#[test]
fn a_model_is_tested_in_every_way_and_an_image_that_cannot_be_read_is_named() {
    let sandbox = sandbox_with_model();
    let first = files_below(&sandbox.path("data/Testing")).remove(0);
    std::fs::write(&first, "no image").unwrap();
    let result = trust(&sandbox, "trusted", &["--masks", "data/masks/Testing"]);
    let skipped = first.strip_prefix(sandbox.path("data/Testing")).unwrap();
    assert_eq!(result["data"]["images"], 11);
    assert_eq!(result["data"]["skipped"][0], skipped.to_str().unwrap());
    assert_eq!(
        result["randomisation"]["stages"].as_array().unwrap().len(),
        2
    );
    for (way, method) in ["grad-cam", "random"].into_iter().enumerate() {
        let faithful = &result["faithfulness"][way];
        assert_eq!(faithful["method"], method);
        assert!(faithful["road"]["combined"]["mean"].is_number());
        for share in ["average_drop", "average_increase", "sparseness"] {
            let mean = faithful[share]["mean"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&mean), "{share}: {mean}");
        }
        let moved = &result["equivariance"][way];
        assert_eq!(moved["method"], method);
        for movement in moved["movements"].as_array().unwrap() {
            assert_eq!(movement["images"], 11);
            for value in ["spearman", "ssim", "in_place"] {
                let mean = movement[value]["mean"].as_f64().unwrap();
                assert!((-1.0..=1.0).contains(&mean), "{movement}: {mean}");
            }
        }
        let object = &result["localisation"][way];
        assert!((0.0..=1.0).contains(&object["mass"]["mean"].as_f64().unwrap()));
        let images = object["images"].as_u64().unwrap();
        assert_eq!(images + object["without"].as_u64().unwrap(), 11);
    }
    assert_class_and_noise_are_controlled(&result);
    let kept: Value = serde_json::from_slice(&sandbox.read("trusted/trust.json")).unwrap();
    assert_eq!(kept, result);
    let page = text(&sandbox.read("trusted/trust.html"));
    assert!(page.contains("Randomised layers") && page.contains("Objects"));
    assert!(page.contains("Average drop (smaller)") && page.contains("Sparseness (Gini)"));
    assert!(page.contains("Another class") && page.contains("5.1 of 255 grey levels"));
    // Of each class an image, its map, and one at each stage.
    assert_eq!(page.matches("<img").count(), 4 * (1 + 1 + 2));
}

/// Random weights know no class and are steady; the method's maps differ from them in both.
fn assert_class_and_noise_are_controlled(result: &Value) {
    let logit = &result["random_logit"];
    let spearman = |way: usize| logit[way]["spearman"]["mean"].as_f64();
    assert_eq!(logit[1]["method"], "random");
    assert_eq!(spearman(1), Some(1.0));
    assert!(spearman(0).unwrap() < 0.99, "{logit}");
    let noise = &result["max_sensitivity"];
    assert_eq!(
        (&noise["radius"], &noise["samples"]),
        (&json!(0.02), &json!(10))
    );
    for (way, method) in ["grad-cam", "random"].into_iter().enumerate() {
        assert_eq!(noise["methods"][way]["method"], method);
        assert_eq!(noise["methods"][way]["images"], 11);
        let change = noise["methods"][way]["largest_change"]["mean"]
            .as_f64()
            .unwrap();
        assert!(change > 0.0 && change < 1.0, "{noise}");
    }
}

#[test]
fn more_and_stronger_noise_moves_maps_further_and_none_leaves_it_out() {
    let sandbox = sandbox_with_model();
    let change = |args: &[&str]| {
        let noise = &trust(&sandbox, "trusted", args)["max_sensitivity"];
        noise["methods"][0]["largest_change"]["mean"].as_f64()
    };
    let two = change(&["--noise-samples", "2"]).unwrap();
    // The first two of the six are the same.
    assert!(change(&["--noise-samples", "6"]).unwrap() > two);
    let strong = ["--noise-samples", "2", "--noise-radius", "0.1"];
    assert!(change(&strong).unwrap() > two);
    assert_eq!(change(&["--noise-samples", "0"]), None);
    let page = text(&sandbox.read("trusted/trust.html"));
    assert!(page.contains("Another class") && !page.contains("grey levels"));
    for wrong in ["0", "1.5", "NaN"] {
        let args = [&TRUST[..], &["--out", "trusted", "--noise-radius", wrong]].concat();
        assert_refused(&sandbox, &args, &["--noise-radius", "above 0"]);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let sandbox = sandbox_with_model();
    for threads in ["1", "3"] {
        trust(&sandbox, threads, &["--threads", threads]);
    }
    for file in ["trust.json", "trust.html"] {
        let read = |threads: &str| sandbox.read(&format!("{threads}/{file}"));
        assert!(read("1") == read("3"), "{file}");
    }
}

#[test]
fn masks_that_are_not_there_are_refused() {
    let sandbox = sandbox_with_model();
    let args = |masks| [&TRUST[..], &["--out", "trusted", "--masks", masks]].concat();
    assert_refused(&sandbox, &args("nowhere"), &["--masks", "nowhere"]);
    assert_refused(
        &sandbox,
        &args("data"),
        &["--masks", "the first one's would be"],
    );
}
