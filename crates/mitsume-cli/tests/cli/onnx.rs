//! A user's own classifier, in an ONNX file.

use crate::support::{Sandbox, assert_refused, text};

/// With small networks of 5 classes on images of 32x32.
fn sandbox_with_models() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["residual.onnx", "swin.onnx", "vision-transformer.onnx"] {
        sandbox.copy_onnx_model(name);
    }
    let mut classes: Vec<String> = std::fs::read_dir(sandbox.path("data/Testing"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    classes.sort();
    classes.reverse();
    // In another order than the folders, and with a class that has no folder.
    classes.insert(1, "something else".into());
    sandbox.write("names.txt", classes.join("\n"));
    sandbox
}

const EVAL: [&str; 10] = [
    "eval",
    "--model",
    "residual.onnx",
    "--preset",
    "levels",
    "--classes",
    "names.txt",
    "--data",
    "data/Testing",
    "--json",
];

#[test]
fn a_model_is_evaluated_reported_scored_and_explained() {
    let sandbox = sandbox_with_models();
    let mut args = EVAL.to_vec();
    args.extend(["--out", "looked", "--cams", "cams.safetensors"]);
    let evaluation = sandbox.json(&args);
    assert_eq!(evaluation["model"]["name"], "residual.onnx");
    assert_eq!(evaluation["data"]["images"], 20);
    assert_eq!(evaluation["per_class"].as_array().unwrap().len(), 4);
    let score = sandbox.json(&["score", "cams.safetensors", "--json"]);
    assert_eq!(score["accuracy"], evaluation["accuracy"]);
    sandbox.succeeds(&["report", "looked"]);
    let page = String::from_utf8(sandbox.read("looked/report.html")).unwrap();
    assert!(page.contains("residual.onnx"));
    let image = crate::support::files_below(&sandbox.path("data/Testing")).remove(0);
    let mut explain = vec!["explain", "--model", "residual.onnx", "--preset", "levels"];
    explain.extend(["--classes", "names.txt", "--data", "data/Testing"]);
    explain.extend(["--reference", "looked", "--out", "pictures", "--json"]);
    explain.push(image.to_str().unwrap());
    let explained = sandbox.json(&explain);
    assert!(explained["images"][0]["squared_l2"].is_number());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let sandbox = sandbox_with_models();
    let run = |threads: &str, out: &str| {
        let mut args = EVAL.to_vec();
        args.extend(["--cams", out, "--threads", threads, "--method", "layer-cam"]);
        let evaluation = sandbox.json(&args);
        (evaluation, sandbox.read(out))
    };
    assert_eq!(run("1", "one.safetensors"), run("3", "three.safetensors"));
}

#[test]
fn layers_are_listed_with_the_default_marked() {
    let sandbox = sandbox_with_models();
    let layers = sandbox.json(&["layers", "residual.onnx", "--json"]);
    let layers = layers["layers"].as_array().unwrap();
    let default: Vec<_> = layers
        .iter()
        .filter(|layer| layer["default"] == true)
        .collect();
    assert_eq!(default.len(), 1);
    assert_eq!(default[0]["name"], "/features/features.3/relu_1/Relu");
    assert_eq!(default[0]["reason"], "pooled");
    let table = sandbox.run(&["layers", "residual.onnx"]);
    let table = text(&table.stdout);
    assert!(table.contains("features.3"));
    assert!(
        table.contains("because the logits are made of its mean over all pixels"),
        "{table}"
    );
    // The default module first; with --all every layer, in order.
    let first = table.lines().nth(1).unwrap();
    assert!(
        first.contains("features ") && first.contains('*'),
        "{table}"
    );
    let all = sandbox.run(&["layers", "residual.onnx", "--all"]);
    let rows = text(&all.stdout)
        .lines()
        .filter(|line| line.starts_with("/features"))
        .count();
    assert_eq!(rows, layers.len());
}

#[test]
fn several_layers_and_flips_are_part_of_what_was_evaluated() {
    let sandbox = sandbox_with_models();
    let mut args = EVAL.to_vec();
    args.extend([
        "--target-layer",
        "features.1",
        "--target-layer",
        "features.3",
        "--flip",
    ]);
    let evaluation = sandbox.json(&args);
    let layer = evaluation["model"]["target_layer"].as_str().unwrap();
    assert!(layer.contains(" + "), "{layer}");
    assert_eq!(evaluation["model"]["flip"], true);
}

#[test]
fn tokens_are_laid_out_on_their_grid() {
    let sandbox = sandbox_with_models();
    let mut args = EVAL.to_vec();
    args[2] = "vision-transformer.onnx";
    let told = sandbox.json(&args);
    assert_eq!(told["model"]["cam_size"], serde_json::json!([4, 4]));
    args.extend(["--token-grid", "4x4"]);
    assert_eq!(sandbox.json(&args)["consistency"], told["consistency"]);
    args[EVAL.len() + 1] = "2x8";
    assert_refused(&sandbox, &args, &["--token-grid 2x8", "4x4"]);
}

#[test]
fn a_channels_last_layer_has_maps_of_its_own_size_and_no_other_layout() {
    let sandbox = sandbox_with_models();
    let mut args = EVAL.to_vec();
    args[2] = "swin.onnx";
    args.extend(["--target-layer", "layer_norm_10"]);
    let followed = sandbox.json(&args);
    assert_eq!(followed["model"]["cam_size"], serde_json::json!([8, 8]));
    let with = |layout| [&args[..], &["--layout", layout]].concat();
    assert_eq!(sandbox.json(&with("nhwc")), followed);
    assert_refused(
        &sandbox,
        &with("nchw"),
        &["--layout nchw contradicts", "nhwc"],
    );
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let sandbox = sandbox_with_models();
    let with = |more: &[&str]| {
        let mut args = EVAL.to_vec();
        args.extend(more);
        args.into_iter().map(String::from).collect::<Vec<_>>()
    };
    let refuse = |args: Vec<String>, words: &[&str]| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert_refused(&sandbox, &args, words);
    };
    refuse(
        with(&["--target-layer", "featuers.3"]),
        &["featuers.3", "features.3"],
    );
    refuse(
        with(&["--weights", "w.pth"]),
        &["--weights", "its own weights"],
    );
    refuse(
        with(&["--image-size", "64"]),
        &["residual.onnx", "32", "64"],
    );
    refuse(with(&["--mean", "0.5,0.5"]), &["--mean", "one or three"]);
    refuse(with(&["--std", "0"]), &["std"]);
    sandbox.write("names.txt", "a\nb\nc\nd\ne");
    refuse(with(&[]), &["class folder", "a, b, c"]);
    sandbox.write("names.txt", "a\nb");
    refuse(with(&[]), &["names.txt", "2 names", "5 classes"]);
    let bare = ["eval", "--model", "residual.onnx", "--data", "data/Testing"];
    assert_refused(
        &sandbox,
        &bare,
        &["how were its images prepared", "--preset imagenet"],
    );
    sandbox.write("broken.onnx", b"\x08\x07 no model");
    let broken = ["layers", "broken.onnx"];
    assert_refused(&sandbox, &broken, &["broken.onnx"]);
    assert_refused(&sandbox, &["layers", "none.onnx"], &["none.onnx"]);
}
