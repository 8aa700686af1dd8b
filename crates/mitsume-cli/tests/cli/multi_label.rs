//! Models whose outputs are findings that do not exclude each other, and models of one output.

#[path = "../../../mitsume-onnx/tests/writing/mod.rs"]
mod writing;

use crate::support::{Sandbox, assert_refused, text};
use serde_json::Value;
use writing::{Message, floats, model, node, value};

/// Images in two class folders, dark and bright.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    for (class, level) in [("bright", 180), ("dark", 40)] {
        std::fs::create_dir_all(sandbox.path(&format!("data/{class}"))).unwrap();
        for index in 0..4_u32 {
            let pixel = |x: u32, y: u32| image::Luma([(level + 12 * index + x * (y % 3)) as u8]);
            let picture = image::GrayImage::from_fn(16, 16, pixel);
            let path = format!("data/{class}/{index}.png");
            picture.save(sandbox.path(&path)).unwrap();
        }
    }
    sandbox
}

/// A model whose outputs are the mean of the pixels, or -2 times that, in turn; it ends in `end`, if
/// that is a node.
fn write_model(sandbox: &Sandbox, name: &str, outputs: usize, end: Option<&str>) {
    let weights = |k: usize, output: usize| match (k, output % 2) {
        (0, 0) => 1.0,
        (1, 1) => 0.5,
        _ => 0.0,
    };
    // [2, outputs]
    let head: Vec<f32> = (0..2)
        .flat_map(|k| (0..outputs).map(move |output| weights(k, output)))
        .collect();
    let last = if end.is_some() { "z" } else { "logits" };
    let mut nodes = vec![
        node("Conv", &["image", "w"], "a"),
        node("GlobalAveragePool", &["a"], "b"),
        node("Flatten", &["b"], "c"),
        node("MatMul", &["c", "head"], last),
    ];
    nodes.extend(end.map(|kind| node(kind, &["z"], "logits")));
    let graph = nodes
        .into_iter()
        .fold(Message::default(), |graph, node| graph.message(1, node))
        .message(5, floats("w", &[2, 1, 1, 1], &[1.0, -4.0]))
        .message(5, floats("head", &[2, outputs as u64], &head))
        .message(11, value("image", &[1, 1, 16, 16]))
        .message(12, value("logits", &[1, outputs as u64]));
    sandbox.write(name, model(graph, 17));
}

/// All images of [`sandbox`], in a list with these labels.
fn write_list(sandbox: &Sandbox, name: &str, header: &str, labels: [&str; 8]) {
    let paths = (0..8).map(|i| format!("data/{}/{}.png", ["bright", "dark"][i / 4], i % 4));
    let rows = paths
        .zip(labels)
        .map(|(path, label)| format!("{path},{label}\n"));
    let text = format!("path,{header}\n{}", rows.collect::<String>());
    sandbox.write(name, text);
}

/// Which has a column for each of the findings Air and Bone.
fn write_columns(sandbox: &Sandbox) {
    let labels = ["1,0", "1,1", "1,0", "0,0", "0,1", "1,1", "0,1", "0,0"];
    write_list(sandbox, "list.csv", "Air,Bone", labels);
}

fn eval<'a>(model: &'a str, data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = [
        "eval", "--model", model, "--preset", "levels", "--data", data,
    ];
    [&args[..], more].concat()
}

/// The scores are those of the labels and of the probabilities in the table.
#[test]
fn findings_are_evaluated_kept_reported_and_explained() {
    let sandbox = sandbox();
    write_model(&sandbox, "m.onnx", 2, Some("Sigmoid"));
    write_columns(&sandbox);
    let args = eval(
        "m.onnx",
        "list.csv",
        &["--out", "looked", "--cams", "cams.safetensors"],
    );
    let json = sandbox.json(&[&args[..], &["--json"]].concat());
    assert_eq!(json["task"], "multi-label");
    assert_eq!(json["data"]["classes"], serde_json::json!(["Air", "Bone"]));
    assert_eq!(json["threshold"], 0.5);
    let mut table = csv::Reader::from_path(sandbox.path("looked/images.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    assert_eq!(&header[2], "probability0:Air");
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 8);
    for (finding, column) in [(0, 1), (1, 5)] {
        let found: Vec<(bool, f64)> = rows
            .iter()
            .map(|row| (&row[column] == "1", row[column + 1].parse().unwrap()))
            .collect();
        let both = found
            .iter()
            .filter(|(label, p)| *label && *p >= 0.5)
            .count();
        let predicted = found.iter().filter(|(_, p)| *p >= 0.5).count();
        // All pairs of an image with the finding and one without it.
        let with = found.iter().filter(|one| one.0);
        let pairs: Vec<f64> = with
            .flat_map(|a| found.iter().filter(|one| !one.0).map(move |b| (a.1, b.1)))
            .map(|(a, b)| {
                if a == b {
                    0.5
                } else {
                    f64::from(u8::from(a > b))
                }
            })
            .collect();
        let auc = pairs.iter().sum::<f64>() / pairs.len() as f64;
        let result = &json["per_finding"][finding];
        assert_eq!(result["positives"], 4);
        assert_eq!(result["predicted"], predicted);
        assert_eq!(result["true_positives"], both);
        let found = result["auc"].as_f64().unwrap();
        assert!((found - auc).abs() < 1e-12, "{found} {auc}");
    }
    let scored = sandbox.json(&["score", "cams.safetensors", "--json"]);
    assert_eq!(
        scored["consistency"], json["consistency"],
        "over the same maps"
    );
    let output = sandbox.succeeds(&args);
    let (summary, notes) = (text(&output.stdout), text(&output.stderr));
    assert!(summary.contains("multi-label, 2 findings"), "{summary}");
    assert!(
        summary.contains("maps of findings that are there and found"),
        "{summary}"
    );
    assert!(
        notes.contains("ends in sigmoids") && notes.contains("--task"),
        "{notes}"
    );
    assert!(notes.contains("does not name its findings"), "{notes}");
    sandbox.succeeds(&["report", "looked", "--figures", "figures"]);
    let page = text(&sandbox.read("looked/report.html"));
    assert!(page.contains("Mean AUC") && page.contains("Bone"));
    assert!(sandbox.path("figures/class-means.npy").is_file());
    let explain = [
        "explain",
        "--model",
        "m.onnx",
        "--preset",
        "levels",
        "--data",
        "list.csv",
        "data/bright/1.png",
        "--out",
        "out",
        "--reference",
        "looked",
        "--json",
    ];
    let explained = sandbox.json(&explain);
    let image = &explained["images"][0];
    let sum = |json: &Value| -> f64 {
        let all = json.as_array().unwrap().iter();
        all.map(|p| p.as_f64().unwrap()).sum()
    };
    let expected: f64 = rows[1][2].parse::<f64>().unwrap() + rows[1][6].parse::<f64>().unwrap();
    assert!(
        (sum(&image["probabilities"]) - expected).abs() < 1e-6,
        "sigmoids, not a softmax"
    );
    assert!(image["squared_l2"].is_number());
}

#[test]
fn findings_without_an_activation_are_said_to_be_taken_for_logits() {
    let sandbox = sandbox();
    write_model(&sandbox, "logits.onnx", 2, None);
    write_model(&sandbox, "sigmoids.onnx", 2, Some("Sigmoid"));
    write_columns(&sandbox);
    let json = |model, more: &[&str]| {
        let mut json = sandbox.json(&eval(model, "list.csv", &[more, &["--json"]].concat()));
        json["model"]["name"] = Value::Null;
        json
    };
    assert_eq!(json("logits.onnx", &[]), json("sigmoids.onnx", &[]));
    let notes = text(
        &sandbox
            .succeeds(&eval("logits.onnx", "list.csv", &[]))
            .stderr,
    );
    assert!(
        notes.contains("does not say what its outputs are"),
        "{notes}"
    );
    let low = json("logits.onnx", &["--threshold", "0"]);
    for finding in low["per_finding"].as_array().unwrap() {
        assert_eq!(finding["predicted"], 8);
        assert_eq!(finding["true_positives"], finding["positives"]);
    }
    // The same labels as names in a column.
    let names = [
        "Air",
        "Bone|Air",
        "Air",
        "",
        "Bone",
        "Air|Bone",
        "Bone",
        "No Finding",
    ];
    write_list(&sandbox, "names.csv", "labels", names);
    let mut named = sandbox.json(&eval("logits.onnx", "names.csv", &["--json"]));
    let mut columns = sandbox.json(&eval("logits.onnx", "list.csv", &["--json"]));
    for json in [&mut named, &mut columns] {
        json["data"]["list"] = Value::Null;
    }
    assert_eq!(named, columns);
}

#[test]
fn what_excludes_each_other_and_what_does_not_are_not_mixed() {
    let sandbox = sandbox();
    write_model(&sandbox, "softmax.onnx", 2, Some("Softmax"));
    write_model(&sandbox, "sigmoids.onnx", 2, Some("Sigmoid"));
    write_model(&sandbox, "three.onnx", 3, Some("Sigmoid"));
    write_columns(&sandbox);
    let refuse = |args: Vec<&str>, words: &[&str]| assert_refused(&sandbox, &args, words);
    refuse(
        eval("softmax.onnx", "list.csv", &[]),
        &["softmax.onnx", "ends in a softmax"],
    );
    refuse(
        eval("sigmoids.onnx", "data", &[]),
        &["ends in sigmoids", "one label"],
    );
    refuse(
        eval("three.onnx", "list.csv", &[]),
        &["2 findings (Air, Bone)", "3 outputs"],
    );
    refuse(
        eval("sigmoids.onnx", "data", &["--task", "multi-label"]),
        &["data", "in a list"],
    );
    refuse(
        eval("softmax.onnx", "data", &["--threshold", "0.3"]),
        &["--threshold", "multi-label"],
    );
    refuse(
        eval("sigmoids.onnx", "list.csv", &["--explain", "predicted"]),
        &["--explain", "single-label"],
    );
    refuse(
        eval("sigmoids.onnx", "list.csv", &["--threshold", "2"]),
        &["--threshold"],
    );
    let labels = ["a,Air", "a,", "a,", "a,", "b,", "b,", "b,Bone", "b,"];
    write_list(&sandbox, "both.csv", "label,labels", labels);
    refuse(
        eval("sigmoids.onnx", "both.csv", &[]),
        &["label and a column labels", "--task"],
    );
    let json = sandbox.json(&eval(
        "sigmoids.onnx",
        "both.csv",
        &["--task", "multi-label", "--json"],
    ));
    assert_eq!(json["data"]["classes"], serde_json::json!(["Air", "Bone"]));
    sandbox.write(
        "run.toml",
        "[data]\ntrain = \"data\"\nvalid = \"data\"\nimage_size = 16\nchannels = 1\npreprocessing.preset = \"levels\"\n\
        [model]\nname = \"sigmoids.onnx\"\n",
    );
    refuse(
        vec!["train", "--config", "run.toml", "--out", "run"],
        &["sigmoids.onnx", "not trained"],
    );
    // Evaluations of both kinds are not put on one page.
    sandbox.succeeds(&eval(
        "sigmoids.onnx",
        "list.csv",
        &["--out", "all/findings"],
    ));
    sandbox.succeeds(&eval("softmax.onnx", "data", &["--out", "all/classes"]));
    refuse(vec!["report", "all"], &["findings", "by itself"]);
    sandbox.succeeds(&["report", "all/findings"]);
}

/// A model of one output z has the probabilities of two classes with the logits (0, z).
#[test]
fn one_output_is_taken_for_two_classes_and_said_to_be() {
    let sandbox = sandbox();
    write_model(&sandbox, "one.onnx", 1, None);
    write_model(&sandbox, "sigmoid.onnx", 1, Some("Sigmoid"));
    let args = eval("one.onnx", "data", &["--out", "looked"]);
    let output = sandbox.succeeds(&args);
    let notes = text(&output.stderr);
    assert!(
        notes.contains("the map of dark is of z, that of bright of -z"),
        "{notes}"
    );
    let json = sandbox.json(&eval("one.onnx", "data", &["--json"]));
    assert_eq!(json["model"]["single_logit"], true);
    let mut ended = sandbox.json(&eval("sigmoid.onnx", "data", &["--json"]));
    ended["model"]["name"] = json["model"]["name"].clone();
    assert_eq!(ended, json);
    // z is the mean of the pixels, which is high in the bright ones: the names are the wrong way round.
    assert_eq!(json["accuracy"], 0.0);
    sandbox.write("names.txt", "dark\nbright");
    let named = sandbox.json(&eval(
        "one.onnx",
        "data",
        &["--classes", "names.txt", "--json"],
    ));
    assert_eq!(named["accuracy"], 1.0);
    std::fs::create_dir(sandbox.path("data/more")).unwrap();
    std::fs::copy(
        sandbox.path("data/dark/0.png"),
        sandbox.path("data/more/0.png"),
    )
    .unwrap();
    assert_refused(
        &sandbox,
        &eval("one.onnx", "data", &[]),
        &["3 class folders", "2 classes"],
    );
    sandbox.succeeds(&["report", "looked"]);
    let page = text(&sandbox.read("looked/report.html"));
    assert!(page.contains("two classes with the logits (0, z)"));
}
