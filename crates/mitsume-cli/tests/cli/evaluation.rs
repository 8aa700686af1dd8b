//! `eval`, `score`, `explain` and `report` on a small trained model.

use crate::support::{Sandbox, assert_refused, files_below, text};
use serde_json::Value;

fn trained() -> Sandbox {
    Sandbox::trained("level2", 2, "learning_rate = 1e-3")
}

const EVAL: [&str; 9] = [
    "eval",
    "--model",
    "level2",
    "--weights",
    "run/weights.safetensors",
    "--image-size",
    "32",
    "--data",
    "data/Testing",
];

fn eval(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.json(&[&EVAL, args, &["--json"]].concat())
}

#[test]
fn eval_agrees_with_the_run_and_score_agrees_with_eval() {
    let sandbox = trained();
    let eval = eval(
        &sandbox,
        &["--cams", "cams.safetensors", "--measures", "all"],
    );
    let own: Value = serde_json::from_slice(&sandbox.read("run/evaluation/eval.json")).unwrap();
    for key in [
        "accuracy",
        "kappa",
        "cross_entropy",
        "consistency",
        "per_class",
        "confusion",
        "model",
        "measures",
    ] {
        assert_eq!(eval[key], own[key], "{key}");
    }
    assert_eq!(eval["model"]["target_layer"], "features.13");
    assert_eq!(eval["model"]["cam_size"], serde_json::json!([4, 4]));
    assert_eq!(eval["model"]["parameters"], 389_828);
    assert_eq!(eval["data"]["images"], 20);
    let scored = sandbox.run(&["score", "cams.safetensors", "--measures", "all", "--json"]);
    let scored: Value = serde_json::from_slice(&scored.stdout).unwrap();
    assert_eq!(scored["consistency"], eval["consistency"]);
    assert_eq!(scored["measures"], eval["measures"]);
    for name in [
        "earth_mover",
        "region_iou",
        "pairwise_soft_iou",
        "pairwise_ssim",
        "complexity",
    ] {
        assert!(eval["measures"][name].is_number(), "{name}");
    }
    assert_eq!(scored["kappa"], eval["kappa"]);
}

/// A class's maps are the same whichever way it is chosen, and only the groups differ.
#[test]
fn maps_of_the_predicted_class_are_grouped_by_it_and_said_to_be() {
    let sandbox = trained();
    let label = eval(&sandbox, &["--out", "label"]);
    let explicit = eval(&sandbox, &["--explain", "label"]);
    assert_eq!(label, explicit);
    assert!(label["model"].get("explain").is_none());
    let predicted = eval(&sandbox, &["--explain", "predicted", "--out", "predicted"]);
    assert_eq!(predicted["model"]["explain"], "predicted");
    assert_eq!(predicted["confusion"], label["confusion"]);
    assert_eq!(predicted["consistency"]["counted"], 20);
    let column = |class: usize| -> u64 {
        let rows = predicted["confusion"].as_array().unwrap().iter();
        rows.map(|row| row[class].as_u64().unwrap()).sum()
    };
    for class in 0..4 {
        assert_eq!(predicted["per_class"][class]["counted"], column(class));
    }
    // As `score` finds with the predictions as labels.
    let kept = mitsume_artifacts::EvaluationDir::new(sandbox.path("predicted"));
    let (summary, rows, maps) = kept.read().unwrap();
    let mut means = mitsume::ClassMeans::new(4, [4, 4]);
    for (index, row) in rows.iter().enumerate() {
        means
            .push(row.prediction, &maps.cam(index).unwrap())
            .unwrap();
    }
    let expected = means.squared_l2().total().mean().unwrap();
    let found = summary.consistency.squared_l2.unwrap();
    assert!(
        (found - expected).abs() <= 1e-12 * expected,
        "{found} {expected}"
    );
    // Where the prediction is right, both evaluations have the same map.
    let (_, _, of_labels) = mitsume_artifacts::EvaluationDir::new(sandbox.path("label"))
        .read()
        .unwrap();
    let right = rows
        .iter()
        .position(|row| row.correct)
        .expect("a correct image");
    let wrong = rows
        .iter()
        .position(|row| !row.correct)
        .expect("a wrong image");
    assert_eq!(maps.cam(right).unwrap(), of_labels.cam(right).unwrap());
    assert_ne!(maps.cam(wrong).unwrap(), of_labels.cam(wrong).unwrap());
    let args = [&EVAL[..], &["--explain", "predicted"]].concat();
    let summary = text(&sandbox.succeeds(&args).stdout);
    assert!(summary.contains("maps of the predicted class"), "{summary}");
    assert!(
        summary.contains("20 images, by predicted class"),
        "{summary}"
    );
    sandbox.succeeds(&["report", "predicted"]);
    let page = text(&sandbox.read("predicted/report.html"));
    assert!(
        page.contains("predicted as it"),
        "the caption of a mean map"
    );
    assert!(page.contains("the predicted class of each image"), "a fact");
}

#[test]
fn one_class_is_explained_in_every_image() {
    let sandbox = trained();
    eval(&sandbox, &["--out", "label"]);
    let glioma = eval(&sandbox, &["--explain", "glioma", "--out", "glioma"]);
    assert_eq!(glioma["model"]["explain"]["class"], "glioma");
    let read = |name: &str| {
        mitsume_artifacts::EvaluationDir::new(sandbox.path(name))
            .read()
            .unwrap()
    };
    let ((summary, rows, maps), (labels, _, of_labels)) = (read("glioma"), read("label"));
    for (index, row) in rows.iter().enumerate() {
        let same = maps.cam(index).unwrap() == of_labels.cam(index).unwrap();
        assert_eq!(same, row.label == 0, "{}", row.path);
    }
    assert_eq!(summary.confusion, labels.confusion);
    assert_eq!(summary.per_class[0], labels.per_class[0]);
    // Its mean maps are no reference for the maps of other classes.
    let image = "data/Testing/glioma/0000.png";
    let explain = [
        "explain",
        "--run",
        "run",
        image,
        "--out",
        "out",
        "--reference",
        "glioma",
        "--class",
    ];
    assert_refused(
        &sandbox,
        &[&explain[..], &["notumor"]].concat(),
        &["glioma", "--explain"],
    );
    sandbox.succeeds(&[&explain[..], &["glioma"]].concat());
    assert_refused(
        &sandbox,
        &[&EVAL[..], &["--explain", "gliona"]].concat(),
        &["--explain", "gliona", "glioma"],
    );
}

#[test]
fn the_number_of_threads_and_the_batch_size_do_not_change_an_evaluation() {
    let sandbox = trained();
    let one = eval(&sandbox, &["--threads", "1"]);
    assert_eq!(one, eval(&sandbox, &["--threads", "2"]));
    let single = eval(&sandbox, &["--batch-size", "1"]);
    assert_eq!(one["confusion"], single["confusion"]);
}

#[test]
fn unreadable_images_are_listed_and_strict_refuses_them() {
    let sandbox = trained();
    sandbox.write("data/Testing/glioma/0001.png", b"no picture");
    let output = sandbox.run(&[&EVAL[..], &["--json"]].concat());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        json["data"]["skipped"],
        serde_json::json!(["glioma/0001.png"])
    );
    assert_eq!(json["data"]["images"], 19);
    assert!(text(&output.stderr).contains("0001.png"));
    assert_refused(
        &sandbox,
        &[&EVAL[..], &["--strict"]].concat(),
        &["0001.png"],
    );
    for index in 0..5 {
        sandbox.write(
            &format!("data/Testing/glioma/000{index}.png"),
            b"no picture",
        );
    }
    assert_refused(&sandbox, &EVAL, &["glioma", "no image"]);
}

#[test]
fn nothing_is_left_where_an_evaluation_fails() {
    let sandbox = trained();
    for index in 0..5 {
        sandbox.write(
            &format!("data/Testing/pituitary/000{index}.png"),
            b"no picture",
        );
    }
    let out = ["--out", "kept", "--cams", "cams.safetensors"];
    assert_refused(&sandbox, &[&EVAL[..], &out].concat(), &["pituitary"]);
    assert!(!sandbox.path("kept").exists());
    assert!(!sandbox.path("cams.safetensors").exists());
}

#[test]
fn explain_draws_a_picture_of_each_image() {
    let sandbox = trained();
    let explain = |more: &[&str]| {
        let args = [
            "explain",
            "--model",
            "level2",
            "--weights",
            "run/weights.safetensors",
            "--image-size",
            "32",
            "data/Testing/glioma/0000.png",
            "data/Testing/notumor/0000.png",
            "--json",
            "--out",
        ];
        let output = sandbox.succeeds(&[&args[..], more].concat());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let plain = explain(&["plain"]);
    assert_eq!(plain["images"].as_array().unwrap().len(), 2);
    assert!(plain["images"][0]["squared_l2"].is_null());
    let mut pictures = files_below(&sandbox.path("plain"));
    assert_eq!(pictures.len(), 4, "with explained.csv and explained.html");
    pictures.retain(|file| file.to_string_lossy().ends_with(".png"));
    assert_eq!(pictures.len(), 2);
    for picture in pictures {
        let picture = image::open(picture).unwrap();
        assert!(picture.width() > 400 && picture.height() > 200);
    }
    let compared = explain(&["compared", "--class", "glioma", "--reference", "run"]);
    assert_eq!(compared["images"][1]["target"], "glioma");
}

#[test]
fn the_deviation_in_explain_is_the_one_in_images_csv() {
    let sandbox = trained();
    let rows = text(&sandbox.read("run/evaluation/images.csv"));
    let row: Vec<&str> = rows
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .find(|row| !row[6].is_empty())
        .expect("a class with a correct image");
    let class = row[0].split('/').next().unwrap();
    let image = format!("data/Testing/{}", row[0]);
    let output = sandbox.run(&[
        "explain",
        "--model",
        "level2",
        "--weights",
        "run/weights.safetensors",
        "--image-size",
        "32",
        &image,
        "--class",
        class,
        "--reference",
        "run",
        "--out",
        "out",
        "--json",
    ]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (ours, theirs) = (
        json["images"][0]["squared_l2"].as_f64().unwrap(),
        row[6].parse::<f64>().unwrap(),
    );
    // One image alone and the same in a batch: float32 sums in another order.
    assert!(
        (ours - theirs).abs() <= 1e-4 * theirs.max(1e-3),
        "{ours} {theirs}"
    );
}

#[test]
fn explain_refuses_what_does_not_fit() {
    let sandbox = trained();
    let args = [
        "explain",
        "--model",
        "level2",
        "--weights",
        "run/weights.safetensors",
        "--image-size",
        "32",
        "data/Testing/glioma/0000.png",
        "--out",
        "out",
    ];
    assert_refused(
        &sandbox,
        &[&args[..], &["--class", "gliona"]].concat(),
        &["gliona", "glioma"],
    );
    assert_refused(
        &sandbox,
        &[&args[..], &["--reference", "data"]].concat(),
        &["data"],
    );
    let one_of_two = sandbox.run(&[&args[..], &["nowhere.png"]].concat());
    assert_eq!(one_of_two.status.code(), Some(1));
    assert!(text(&one_of_two.stderr).contains("nowhere.png"));
}

#[test]
fn report_writes_one_page_for_a_run_an_evaluation_or_several() {
    let sandbox = trained();
    eval(&sandbox, &["--out", "evaluated"]);
    for dir in ["run", "evaluated", "."] {
        sandbox.succeeds(&["report", dir, "-o", "page.html"]);
        let page = text(&sandbox.read("page.html"));
        assert!(page.contains("glioma") && page.trim_end().ends_with("</html>"));
        assert!(
            !page.contains("http://")
                || page.matches("http://").count() == page.matches("http://www.w3.org").count()
        );
        std::fs::remove_file(sandbox.path("page.html")).unwrap();
    }
    assert_refused(&sandbox, &["report", "data"], &["data"]);
}

#[test]
fn report_takes_several_folders_if_it_is_told_the_page_and_can_tell_them_apart() {
    let sandbox = trained();
    eval(&sandbox, &["--out", "a/looked"]);
    eval(&sandbox, &["--out", "b/looked"]);
    sandbox.succeeds(&["report", "run", "a/looked", "-o", "page.html"]);
    let page = text(&sandbox.read("page.html"));
    assert!(page.contains(">run<") && page.contains(">looked<"));
    // Those in a folder are named after it.
    sandbox.succeeds(&["report", "a", "b", "-o", "page.html"]);
    let page = text(&sandbox.read("page.html"));
    assert!(page.contains(">a/looked<") && page.contains(">b/looked<"));
    assert_refused(&sandbox, &["report", "a", "b"], &["--output"]);
    let same = ["report", "a/looked", "b/looked", "-o", "page.html"];
    assert_refused(
        &sandbox,
        &same,
        &["b/looked", "another one is named looked"],
    );
}

#[test]
fn every_method_of_maps_is_evaluated_and_named() {
    let sandbox = trained();
    for method in [
        "hires-cam",
        "grad-cam-plus-plus",
        "eigen-cam",
        "ablation-cam",
        "score-cam",
        "random",
    ] {
        let one = eval(&sandbox, &["--method", method, "--threads", "1"]);
        assert_eq!(one["model"]["method"], method);
        assert!(one["consistency"]["squared_l2"].is_number(), "{method}");
        let two = eval(
            &sandbox,
            &["--method", method, "--threads", "2", "--batch-size", "7"],
        );
        assert_eq!(one, two, "{method}: threads and batches do not matter");
    }
    assert_refused(
        &sandbox,
        &[&EVAL[..], &["--method", "gradcam"]].concat(),
        &["gradcam", "grad-cam, hires-cam"],
    );
}
