//! `mitsume controls`, and what `mitsume analyze` makes of it.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, text};

const CONTROLS: [&str; 8] = [
    "controls",
    "--model",
    "residual.onnx",
    "--preset",
    "levels",
    "--classes",
    "names.txt",
    "--data",
];

/// The residual network predicts one class for nearly all; a run that learnt predicts several.
fn trained() -> Sandbox {
    Sandbox::trained("level2", 4, "learning_rate = 0.003")
}

const OF_RUN: [&str; 7] = [
    "controls",
    "--run",
    "run",
    "--data",
    "data/Training",
    "--masks",
    "data/masks/Training",
];

fn controls(sandbox: &Sandbox, out: &str, more: &[&str]) -> Value {
    sandbox.json(&[&OF_RUN[..], &["--out", out, "--json"], more].concat())
}

fn measure<'a>(result: &'a Value, name: &str) -> &'a Value {
    let mut measures = result["measures"].as_array().unwrap().iter();
    measures.find(|one| one["measure"] == name).unwrap()
}

#[test]
fn every_measure_is_on_the_own_maps_as_in_an_evaluation_and_has_a_verdict_on_every_control() {
    let sandbox = trained();
    let result = controls(&sandbox, "run/controls", &[]);
    let evaluated = sandbox.json(&[
        "eval",
        "--run",
        "run",
        "--data",
        "data/Training",
        "--measures",
        "all",
        "--json",
    ]);
    assert_eq!(result["counted"], evaluated["consistency"]["counted"]);
    assert_eq!(result["kappa"], evaluated["kappa"]);
    let own = |name: &str| measure(&result, name)["own"].as_f64().unwrap();
    assert_eq!(own("squared_l2"), evaluated["consistency"]["squared_l2"]);
    for (name, value) in evaluated["measures"].as_object().unwrap() {
        if name == "grid" || name.ends_with("_error") {
            continue;
        }
        // The same maps in the same order: the same bits.
        assert_eq!(Some(own(name)), value.as_f64(), "{name}");
    }
    for one in result["measures"].as_array().unwrap() {
        let controls = one["controls"].as_array().unwrap();
        assert!(controls.len() >= 3, "{one}");
        for found in controls {
            let (own, control) = (one["own"].as_f64(), found["value"].as_f64());
            let expected = match (one["direction"].as_str(), own, control) {
                (Some("lower"), Some(own), Some(control)) if control <= own => "fails",
                (Some("higher"), Some(own), Some(control)) if control >= own => "fails",
                (Some("lower" | "higher"), Some(_), Some(_)) => "passes",
                _ => "undefined",
            };
            let verdict = found["verdict"].as_str().unwrap();
            assert!(verdict == expected || verdict == "mostly-constant", "{one}");
        }
    }
    let fails = |name: &str, control: &str| {
        let controls = measure(&result, name)["controls"].as_array().unwrap();
        controls
            .iter()
            .any(|one| one["control"] == control && one["verdict"] == "fails")
    };
    // A blob that never moves is more consistent than any maps of a network.
    assert!(fails("squared_l2", "centre") && fails("cosine", "centre"));
    let mass = result["localisation"]["mass"]["mean"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&mass));
    let page = text(&sandbox.read("run/controls/controls.html"));
    assert!(page.contains("random weights") && page.contains("· fails"));
    let japanese = [&OF_RUN[..], &["--out", "ja", "--lang", "ja", "--quiet"]].concat();
    sandbox.succeeds(&japanese);
    assert!(text(&sandbox.read("ja/controls.html")).contains("不合格"));
    let kept: Value = serde_json::from_slice(&sandbox.read("run/controls/controls.json")).unwrap();
    assert_eq!(kept, result);
}

#[test]
fn neither_threads_nor_language_change_a_bit_and_the_seed_changes_the_controls_only() {
    let sandbox = trained();
    let one = controls(&sandbox, "a", &["--threads", "1"]);
    let other = controls(&sandbox, "b", &["--threads", "3", "--lang", "ja"]);
    assert_eq!(one, other);
    let seeded = controls(&sandbox, "c", &["--seed", "1"]);
    let [a, b] = [&one, &seeded].map(|result| measure(result, "cosine"));
    assert_eq!(a["own"], b["own"]);
    assert_ne!(a["controls"], b["controls"]);
}

#[test]
fn what_cannot_be_measured_is_refused_and_says_why() {
    let sandbox = Sandbox::new();
    sandbox.copy_onnx_model("residual.onnx");
    sandbox.write(
        "names.txt",
        "pituitary\nnotumor\nmeningioma\nother\nglioma\n",
    );
    let args =
        |data, more: &[&'static str]| [&CONTROLS[..], &[data, "--out", "out"], more].concat();
    assert_refused(&sandbox, &args("nowhere", &[]), &["nowhere"]);
    let masks = args("data/Testing", &["--masks", "nowhere"]);
    assert_refused(&sandbox, &masks, &["--masks", "nowhere"]);
    assert_refused(
        &sandbox,
        &args("data/Testing", &["--images", "0"]),
        &["--images"],
    );
}

#[test]
fn an_analysis_of_runs_with_controls_says_which_measures_fail_and_how_they_agree() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "sweep.toml",
        "models = [\"level1\"]\nseeds = [0, 1, 2, 3, 4, 5]\n\
         [data.phantoms]\ntrain = \"data/Training\"\nvalid = \"data/Testing\"\n\
         [run.data]\nimage_size = 32\n[run.train]\nepochs = 2\nbatch_size = 8\n",
    );
    sandbox.succeeds(&["sweep", "--config", "sweep.toml", "--out", "out"]);
    for seed in 0..6 {
        let run = format!("out/runs/phantoms-level1-lambda0-seed{seed}");
        let out = format!("{run}/controls");
        sandbox.succeeds(&[
            "controls",
            "--run",
            &run,
            "--data",
            "data/Training",
            "--masks",
            "data/masks/Training",
            "--out",
            &out,
        ]);
    }
    let analysis = sandbox.json(&["analyze", "out", "--out", "analysis", "--json"]);
    let agreement = &analysis["agreement"];
    assert_eq!(agreement["values_of"], "evaluation");
    assert_eq!(agreement["runs"], 6);
    assert_eq!(agreement["controlled_runs"], 6);
    let names: Vec<&str> = agreement["quantities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[..4], ["kappa", "pointing", "mass", "rank"]);
    assert!(names.contains(&"earth_mover") && !names.contains(&"pairwise_ssim_error"));
    let pairs = agreement["pooled"].as_array().unwrap();
    assert_eq!(pairs.len(), names.len() * (names.len() - 1) / 2);
    assert!(pairs.iter().all(|pair| pair["runs"].as_u64() <= Some(6)));
    let csv = text(&sandbox.read("analysis/agreement.csv"));
    // Pooled and the only stratum, and a header.
    assert_eq!(csv.lines().count(), 1 + 2 * pairs.len());
    let page = text(&sandbox.read("analysis/report.html"));
    assert!(page.contains("Which measure deserves trust") && page.contains("fails: centre"));
    let figure = text(&sandbox.read("analysis/figures/agreement.svg"));
    assert!(figure.starts_with("<svg") && !figure.contains("NaN"));
    let damaged = "out/runs/phantoms-level1-lambda0-seed3/controls/controls.json";
    sandbox.write(damaged, "{}");
    assert_refused(&sandbox, &["analyze", "out"], &["controls.json"]);
}
