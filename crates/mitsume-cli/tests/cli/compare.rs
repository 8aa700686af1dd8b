//! Several models on the same images.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, text};

/// A run, and evaluations of another model and of the run itself on fewer images.
fn compared() -> Sandbox {
    let sandbox = Sandbox::trained("level1", 2, "");
    sandbox.train(
        "other",
        &["--set", "train.seed=8", "--set", "train.epochs=1"],
    );
    let eval = ["eval", "--run", "other", "--data", "data/Testing", "--out"];
    sandbox.succeeds(&[&eval[..], &["looked"]].concat());
    sandbox
}

#[test]
fn a_run_and_an_evaluation_are_compared_in_text_and_in_json() {
    let sandbox = compared();
    let said = text(&sandbox.succeeds(&["compare", "run", "looked"]).stdout);
    for word in [
        "2 models on the same 20 images of 4 classes; baseline run",
        "Difference from run",
        "McNemar",
        "Caution: Only 20 images",
        "chance-corrected",
    ] {
        assert!(said.contains(word), "no \"{word}\" in: {said}");
    }
    let json =
        |args: &[&str]| sandbox.json(&[&["compare", "run", "looked", "--json"], args].concat());
    let found = json(&["--threads", "1"]);
    assert_eq!(found, json(&["--threads", "3"]));
    assert_eq!(found["images"]["common"], 20);
    // The figures are the evaluation's own.
    let own: Value = serde_json::from_slice(&sandbox.read("looked/eval.json")).unwrap();
    let model = &found["models"][1];
    assert_eq!(model["name"], "looked");
    assert_eq!(model["confusion"], own["confusion"]);
    for (key, expected) in [
        ("accuracy", &own["accuracy"]),
        ("kappa", &own["kappa"]),
        ("squared_l2", &own["consistency"]["squared_l2"]),
        ("l2", &own["consistency"]["l2"]),
    ] {
        let (found, expected) = (&model[key]["value"], expected);
        match (found.as_f64(), expected.as_f64()) {
            // Shards of images are merged in another order there.
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{key}: {a} {b}"),
            _ => assert_eq!(found, expected, "{key}"),
        }
    }
    let fewer = json(&["--resamples", "0", "--top", "3", "--baseline", "looked"]);
    assert_eq!(fewer["baseline"], "looked");
    assert!(fewer["models"][0]["kappa"]["interval"].is_null());
    assert_eq!(
        fewer["pairs"][0]["maps"]["least_alike"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn the_folder_holds_the_json_that_is_printed_and_every_image_with_every_model() {
    let sandbox = compared();
    let args = [
        "compare",
        "run",
        "looked",
        "--out",
        "compared",
        "--resamples",
        "50",
    ];
    let figures = ["--json", "--figures", "figures"];
    let output = sandbox.succeeds(&[&args[..], &figures].concat());
    let (printed, notes) = (output.stdout, text(&output.stderr));
    assert!(
        notes.contains("compared/compare.html") && notes.contains("in figures"),
        "{notes}"
    );
    assert!(sandbox.path("figures/kappa.svg").exists());
    // The phantoms are there to be shown.
    let page = text(&sandbox.read("compared/compare.html"));
    assert!(page.contains("data:image/jpeg") && !page.contains("<span class=\"missing\""));
    assert_eq!(
        text(&printed).trim(),
        text(&sandbox.read("compared/compare.json")).trim()
    );
    let models = sandbox.cells("compared/compare.csv", "model");
    assert_eq!(models.len(), 40);
    assert_eq!(models.iter().filter(|model| *model == "looked").count(), 20);
    let japanese = sandbox
        .succeeds(&[&args[..], &["--lang", "ja"]].concat())
        .stdout;
    assert!(text(&japanese).contains("ベースライン：run"));
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let sandbox = compared();
    assert_refused(&sandbox, &["compare", "run"], &["<DIR> <DIR>"]);
    assert_refused(
        &sandbox,
        &["compare", "run", "nowhere"],
        &["nowhere", "eval.json"],
    );
    assert_refused(&sandbox, &["compare", "run", "./run"], &["named twice"]);
    let confidence = ["compare", "run", "looked", "--confidence", "95"];
    assert_refused(&sandbox, &confidence, &["--confidence", "0.95"]);
    let baseline = ["compare", "run", "looked", "--baseline", "best"];
    assert_refused(&sandbox, &baseline, &["best", "run, looked"]);
    let maps = sandbox.read("looked/maps.safetensors");
    sandbox.write("looked/maps.safetensors", &maps[..maps.len() / 2]);
    assert_refused(
        &sandbox,
        &["compare", "run", "looked"],
        &["maps.safetensors"],
    );
    sandbox.write("looked/maps.safetensors", &maps);
    let images = text(&sandbox.read("looked/images.csv"));
    let fewer: Vec<&str> = images.lines().take(10).collect();
    sandbox.write("looked/images.csv", fewer.join("\n"));
    assert_refused(
        &sandbox,
        &["compare", "run", "looked"],
        &["images.csv", "eval.json counts 20"],
    );
}

/// Of the list that both were evaluated on, and of the names, which here say the same.
#[test]
fn patients_of_a_list_or_of_names_are_drawn_and_said() {
    let sandbox = Sandbox::trained("level1", 2, "");
    let mut rows = "path,label,patient\n".to_owned();
    for file in crate::support::files_below(&sandbox.path("data/Testing")) {
        let path = file
            .strip_prefix(sandbox.path(""))
            .unwrap()
            .display()
            .to_string();
        let (folder, name) = path.rsplit_once('/').unwrap();
        let class = folder.rsplit('/').next().unwrap();
        // Two images each: the last digit of the name, halved.
        let digit: usize = name.trim_end_matches(".png").chars().last().unwrap() as usize;
        rows += &format!("{path},{class},{class}-{}\n", digit / 2);
    }
    sandbox.write("list.csv", rows);
    for (out, more) in [("plain", &[][..]), ("flipped", &["--flip"])] {
        let eval = ["eval", "--run", "run", "--data", "list.csv", "--out", out];
        sandbox.succeeds(&[&eval[..], more].concat());
    }
    let compare = |more: &[&str]| {
        let args = ["compare", "plain", "flipped", "--json"];
        sandbox.json(&[&args[..], more].concat())
    };
    let by_list = compare(&[]);
    assert_eq!(by_list["resampling"]["unit"], "patient");
    let patients = by_list["resampling"]["patients"].as_u64().unwrap();
    assert!((9..20).contains(&patients), "{patients}");
    let by_image = compare(&["--resample-by", "image"]);
    assert_eq!(by_image["resampling"]["unit"], "image");
    assert_ne!(by_image["pairs"], by_list["pairs"]);
    let said = text(&sandbox.succeeds(&["compare", "plain", "flipped"]).stdout);
    assert!(said.contains(&format!("the {patients} patients")), "{said}");
    let args = ["compare", "plain", "flipped", "--patient-regex", "("];
    assert_refused(&sandbox, &args, &["--patient-regex", "unclosed"]);
    std::fs::remove_file(sandbox.path("list.csv")).unwrap();
    let args = ["compare", "plain", "flipped", "--resample-by", "patient"];
    assert_refused(
        &sandbox,
        &args,
        &["no patient is known (not read: list.csv)"],
    );
}
