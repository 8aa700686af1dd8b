//! Training a user's own classifier, in an ONNX file exported in training form.

use std::path::Path;

use safetensors::SafeTensors;

use crate::support::{Sandbox, assert_refused};

/// A small residual network with 5 outputs on images of 32x32.
fn sandbox_with_model() -> Sandbox {
    let sandbox = Sandbox::new();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mitsume-onnx/tests/training");
    std::fs::copy(models.join("residual.onnx"), sandbox.path("net.onnx")).unwrap();
    sandbox.configure("net.onnx", "learning_rate = 0.003");
    sandbox
}

const NEW_HEAD: [&str; 4] = [
    "--set",
    "model.new_head=true",
    "--set",
    "data.preprocessing.preset=imagenet",
];

fn with_loss(more: &[&'static str]) -> Vec<&'static str> {
    let loss = [
        "--set",
        "consistency.preset=published",
        "--set",
        "consistency.lambda_max=50",
        "--set",
        "consistency.t0=1",
        "--set",
        "consistency.t1=2",
    ];
    [&NEW_HEAD[..], &loss, more].concat()
}

#[test]
fn a_run_leaves_a_model_that_is_evaluated_as_the_run_was() {
    let sandbox = sandbox_with_model();
    sandbox.train("run", &with_loss(&[]));
    let own: serde_json::Value =
        serde_json::from_slice(&sandbox.read("run/evaluation/eval.json")).unwrap();
    assert_eq!(own["model"]["name"], "net.onnx");
    let mut evaluated = sandbox.json(&[
        "eval",
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--measures",
        "all",
        "--json",
    ]);
    // The folder is named as it was typed.
    evaluated["data"]["root"] = own["data"]["root"].clone();
    assert_eq!(evaluated, own);
    let image = crate::support::files_below(&sandbox.path("data/Testing")).remove(0);
    let image = image.to_str().unwrap();
    sandbox.succeeds(&[
        "explain",
        "--run",
        "run",
        "--reference",
        "run",
        "--out",
        "maps",
        image,
    ]);
    sandbox.succeeds(&["report", "run"]);
    let page = String::from_utf8(sandbox.read("run/report.html")).unwrap();
    assert!(page.contains("net.onnx"));
    // The file is used alone as well, with what it does not know.
    let alone = [
        "eval",
        "--model",
        "run/model.onnx",
        "--preset",
        "imagenet",
        "--data",
        "data/Testing",
        "--json",
    ];
    assert_eq!(sandbox.json(&alone)["accuracy"], own["accuracy"]);
}

#[test]
fn an_interrupted_run_and_another_number_of_threads_give_the_same_bits() {
    let sandbox = sandbox_with_model();
    let with_average = |more| [with_loss(more), vec!["--set", "train.weight_average=0.9"]].concat();
    sandbox.train("whole", &with_average(&["--threads", "1"]));
    sandbox.train(
        "parts",
        &with_average(&["--threads", "3", "--set", "train.epochs=1"]),
    );
    let resume = ["train", "--resume", "parts", "--set", "train.epochs=3"];
    sandbox.succeeds(&resume);
    assert_eq!(sandbox.results("parts"), sandbox.results("whole"));
    assert_eq!(
        sandbox.read("parts/model.onnx"),
        sandbox.read("whole/model.onnx")
    );
}

/// PyTorch's batch norms count every forward pass, not every step.
#[test]
fn batches_are_counted_where_several_make_a_step() {
    let sandbox = sandbox_with_model();
    // 48 images in batches of 7, the last of 6: 7 batches and 3 steps an epoch.
    let sets = ["train.batch_size=7", "train.accumulate=3", "train.epochs=2"];
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    sandbox.train("run", &NEW_HEAD.into_iter().chain(sets).collect::<Vec<_>>());
    let steps = String::from_utf8(sandbox.read("run/steps.csv")).unwrap();
    assert_eq!(steps.lines().count(), 1 + 6);
    let counts = |file: &str| {
        let bytes = sandbox.read(file);
        let weights = SafeTensors::deserialize(&bytes).unwrap();
        let names = weights.names().into_iter().map(str::to_owned);
        let counts = names.filter(|name| name.ends_with("num_batches_tracked"));
        let count = |name: String| weights.tensor(&name).unwrap().data().to_vec();
        counts.map(count).collect::<Vec<_>>()
    };
    let found = counts("run/weights.safetensors");
    assert!(!found.is_empty());
    assert!(
        found.iter().all(|count| *count == 14i64.to_le_bytes()),
        "{found:?}"
    );
    sandbox.succeeds(&["train", "--resume", "run", "--set", "train.epochs=3"]);
    let found = counts("run/weights.safetensors");
    assert!(
        found.iter().all(|count| *count == 21i64.to_le_bytes()),
        "{found:?}"
    );
}

#[test]
fn frozen_parameters_stay_and_the_others_move() {
    let sandbox = sandbox_with_model();
    let freeze = [
        "--set",
        "model.freeze=[\"features.\"]",
        "--set",
        "train.epochs=1",
    ];
    sandbox.train("run", &[&NEW_HEAD[..], &freeze].concat());
    let one = sandbox.read("run/weights.safetensors");
    sandbox.succeeds(&["train", "--resume", "run", "--set", "train.epochs=2"]);
    let two = sandbox.read("run/weights.safetensors");
    let [one, two] = [&one, &two].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
    for (name, tensor) in one.tensors() {
        let same = tensor.data() == two.tensor(&name).unwrap().data();
        let trained = name.starts_with("fc.") || name.contains("running") || name.contains("num_");
        assert_eq!(same, !trained, "{name}");
    }
}

/// Adam moves a parameter by at most the learning rate in its first step.
#[test]
fn the_last_linear_layer_moves_by_its_own_learning_rate() {
    let sandbox = sandbox_with_model();
    let trained = |run: &str, head: &str| {
        let sets = ["train.epochs=1", "train.batch_size=4096", head];
        let sets: Vec<&str> = sets.into_iter().flat_map(|set| ["--set", set]).collect();
        sandbox.train(run, &[&NEW_HEAD[..], &sets].concat());
        sandbox.read(&format!("{run}/weights.safetensors"))
    };
    let slow = trained("slow", "train.head_learning_rate=1e-12");
    let fast = trained("fast", "train.head_learning_rate=0.5");
    let [slow, fast] = [&slow, &fast].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
    for (name, tensor) in slow.tensors() {
        let same = tensor.data() == fast.tensor(&name).unwrap().data();
        assert_eq!(same, !name.starts_with("fc."), "{name}");
    }
    let floats = |tensor: safetensors::tensor::TensorView| -> Vec<f32> {
        let chunks = tensor.data().as_chunks::<4>().0.iter();
        chunks.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    let [slow, fast] = [slow, fast].map(|file| floats(file.tensor("fc.bias").unwrap()));
    for (slow, fast) in slow.iter().zip(&fast) {
        // Adam's first step is the learning rate times the gradient's sign, but for its epsilon.
        assert!(((slow - fast).abs() - 0.5).abs() < 1e-3, "{slow}, {fast}");
    }
}

#[test]
fn the_gradient_through_alpha_trains_what_a_detached_one_does_not() {
    let sandbox = sandbox_with_model();
    let full = ["--set", "consistency.alpha=full", "--set", "train.epochs=2"];
    let detached = ["--set", "train.epochs=2"];
    sandbox.train("full", &with_loss(&full));
    sandbox.train("detached", &with_loss(&detached));
    // The first epoch has no consistency loss yet.
    let [full, detached] = ["full", "detached"].map(|run| sandbox.results(run).2);
    assert_eq!(full[0], detached[0]);
    assert_ne!(full[1], detached[1]);
}

/// With a weight of next to nothing the steps are the same for all layers, but for rounding.
#[test]
fn several_layers_train_the_mean_of_their_losses_and_a_stop_changes_nothing() {
    let sandbox = sandbox_with_model();
    let cam_losses = |run: &str, layers: &'static str| {
        let sets = ["consistency.lambda_max=1e-12", layers];
        let sets: Vec<&str> = sets.into_iter().flat_map(|set| ["--set", set]).collect();
        sandbox.train(run, &[&with_loss(&[])[..], &sets].concat());
        let steps = String::from_utf8(sandbox.read(&format!("{run}/steps.csv"))).unwrap();
        let losses = steps.lines().skip(1).filter_map(|line| {
            let cam_loss = line.split(',').nth(4)?;
            cam_loss.parse::<f64>().ok()
        });
        losses.sum::<f64>()
    };
    let one = cam_losses("one", "model.loss_layers=[\"features.2\"]");
    let two = cam_losses("two", "model.loss_layers=[\"features.3\"]");
    let both = cam_losses("both", "model.loss_layers=[\"features.2\", \"features.3\"]");
    assert!(one > 0.0 && two > 0.0, "{one} {two}");
    assert!((one - two).abs() > 0.01 * one, "{one} {two}");
    assert!(
        (both / (one + two) - 0.5).abs() < 1e-3,
        "{both}: {one} {two}"
    );

    let layers = [
        "--set",
        "model.loss_layers=[\"features.2\", \"features.3\"]",
    ];
    sandbox.train("whole", &with_loss(&layers));
    let part = [&layers[..], &["--set", "train.epochs=1"]].concat();
    sandbox.train("parts", &with_loss(&part));
    sandbox.succeeds(&["train", "--resume", "parts", "--set", "train.epochs=3"]);
    assert_eq!(sandbox.results("parts"), sandbox.results("whole"));
}

#[test]
fn layers_of_a_file_in_training_form_are_listed() {
    let sandbox = sandbox_with_model();
    let layers = sandbox.json(&["layers", "net.onnx", "--json"]);
    let layers = layers["layers"].as_array().unwrap();
    let default = layers.iter().find(|layer| layer["default"] == true);
    assert_eq!(default.unwrap()["name"], "/features/features.3/relu_1/Relu");
}

#[test]
fn what_a_run_was_trained_with_is_not_changed_when_it_goes_on() {
    let sandbox = sandbox_with_model();
    let one_epoch = ["--set", "train.epochs=1"];
    sandbox.train("run", &[&NEW_HEAD[..], &one_epoch].concat());
    for set in [
        "model.target_layer=features.2",
        "model.freeze=[\"fc.\"]",
        "model.loss_layers=[\"features.2\"]",
        "train.learning_rate=0.1",
        "train.plateau.patience=1",
    ] {
        let key = set.split('=').next().unwrap();
        let resume = [
            "train",
            "--resume",
            "run",
            "--set",
            "train.epochs=2",
            "--set",
            set,
        ];
        assert_refused(&sandbox, &resume, &["config.toml", key, "go on with"]);
    }
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let sandbox = sandbox_with_model();
    let refuse = |sets: &[&str], words: &[&str]| {
        let train = ["train", "--config", "run.toml", "--out", "run"];
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        assert_refused(&sandbox, &[&train[..], &sets].concat(), words);
        assert!(!sandbox.path("run").exists());
    };
    let preset = "data.preprocessing.preset=imagenet";
    refuse(&[], &["data.preprocessing", "imagenet"]);
    refuse(&[preset], &["5 classes", "has 4", "new_head"]);
    let new = "model.new_head=true";
    refuse(
        &[preset, new, "model.freeze=[\"layer9\"]"],
        &["model.freeze", "layer9", "features.0.0.weight"],
    );
    let rate = "train.head_learning_rate=1e-3";
    refuse(
        &[preset, new, rate, "model.freeze=[\"fc.\"]"],
        &["train.head_learning_rate", "fc.", "model.freeze"],
    );
    refuse(
        &[preset, new, "train.head_learning_rate=0"],
        &["train.head_learning_rate", "0"],
    );
    refuse(
        &[preset, new, "model.target_layer=fetures.3"],
        &["fetures.3", "features.3"],
    );
    refuse(
        &[preset, new, "model.dropout=0.5"],
        &["model.dropout", "its own", "leave"],
    );
    refuse(
        &[preset, new, "data.channels=1"],
        &["net.onnx", "3 channels", "not of 1"],
    );
    refuse(
        &["model.name=level2", "model.target_layer=features.3"],
        &["model.target_layer", "ONNX", "level2"],
    );
    let twice = "model.loss_layers=[\"features.3\", \"features.3\"]";
    refuse(&[preset, new, twice], &["features.3", "twice"]);
    refuse(
        &[preset, new, "model.loss_layers=[\"\"]"],
        &["model.loss_layers", "empty"],
    );
    refuse(
        &["model.name=level2", "model.loss_layers=[\"features.3\"]"],
        &["model.loss_layers", "ONNX", "level2"],
    );
    refuse(&["model.name=none.onnx", preset], &["none.onnx"]);
}

#[test]
fn a_run_without_a_model_yet_says_how_to_go_on() {
    let sandbox = sandbox_with_model();
    sandbox.train(
        "run",
        &[&NEW_HEAD[..], &["--set", "train.epochs=1"]].concat(),
    );
    std::fs::remove_file(sandbox.path("run/model.onnx")).unwrap();
    let eval = ["eval", "--run", "run", "--data", "data/Testing"];
    assert_refused(&sandbox, &eval, &["run", "train --resume run"]);
    sandbox.succeeds(&["train", "--resume", "run"]);
    sandbox.succeeds(&eval);
}

#[cfg(unix)]
#[test]
fn a_stopped_run_is_a_model_with_the_weights_of_its_checkpoint() {
    let sandbox = sandbox_with_model();
    let sets = with_loss(&["--set", "train.weight_average=0.9"]);
    sandbox.configure("net.onnx", "learning_rate = 0.003");
    let flags: Vec<&str> = ["train", "--config", "run.toml", "--out", "run"]
        .into_iter()
        .chain(sets.iter().copied())
        .chain(["--set", "train.epochs=500"])
        .collect();
    let quiet = std::process::Stdio::null();
    let mut child = sandbox.command(&flags).stderr(quiet).spawn().unwrap();
    let begun = sandbox.path("run/checkpoint/progress.json");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !begun.exists() {
        assert!(std::time::Instant::now() < deadline, "no checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let eval = ["eval", "--run", "run", "--data", "data/Testing", "--json"];
    let output = sandbox.succeeds(&eval);
    let stderr = crate::support::text(&output.stderr);
    assert!(stderr.contains("of 500 epochs"), "{stderr}");
    let stopped: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // The graph has the weights of the average.
    let graph = sandbox.read("run/checkpoint/model.onnx");
    let in_graph = |file: &str| {
        let bytes = sandbox.read(&format!("run/checkpoint/{file}"));
        let weights = SafeTensors::deserialize(&bytes).unwrap();
        let weight = weights.tensor("fc.weight").unwrap().data().to_vec();
        graph.windows(weight.len()).any(|bytes| bytes == weight)
    };
    assert!(in_graph("weights-average.safetensors"));
    assert!(!in_graph("weights.safetensors"));
    let alone = [
        "eval",
        "--model",
        "run/checkpoint/model.onnx",
        "--preset",
        "imagenet",
        "--data",
        "data/Testing",
        "--json",
    ];
    let alone = sandbox.json(&alone);
    for key in ["cross_entropy", "accuracy"] {
        assert_eq!(alone[key], stopped[key], "{key}");
    }
    let word = "run is not finished";
    let reference = [
        "explain",
        "--run",
        "run",
        "--reference",
        "run",
        "--out",
        "x",
        "data/Testing",
    ];
    assert_refused(&sandbox, &reference, &[word]);
}

#[test]
fn a_sweep_of_a_model_is_planned_run_and_analysed() {
    let sandbox = sandbox_with_model();
    let sweep = "models = [\"net.onnx\"]\nlambdas = [0, 50]\nseeds = [0, 1]\n\
        [data.phantoms]\ntrain = \"data/Training\"\nvalid = \"data/Testing\"\n\
        [run.model]\nnew_head = true\n[run.data]\nimage_size = 32\n\
        [run.data.preprocessing]\npreset = \"imagenet\"\n\
        [run.train]\nepochs = 3\nevaluate_every = 2\nbatch_size = 8\n\
        [run.consistency]\nt0 = 0\nt1 = 1\n";
    sandbox.write("sweep.toml", sweep);
    let args = ["sweep", "--config", "sweep.toml", "--out", "out"];
    let plan = sandbox.json(&[&args[..], &["--dry-run", "--json"]].concat());
    let seconds = |cell: &serde_json::Value| cell["estimated_seconds"].as_f64().unwrap();
    let cells = plan["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 4);
    assert!(cells.iter().all(|cell| seconds(cell) > 0.0));
    assert_eq!(cells[0]["name"], "phantoms-net.onnx-lambda0-seed0");
    assert!(!sandbox.path("out").exists());
    let done = sandbox.json(&[&args[..], &["--json"]].concat());
    for cell in done["cells"].as_array().unwrap() {
        assert_eq!(cell["state"], "finished", "{cell}");
        assert!(cell["kappa"].is_number());
    }
    assert!(sandbox.path("out/report.html").is_file());
    // From another folder: the models are found where they were.
    let elsewhere = sandbox.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let again = sandbox
        .command(&["sweep", "--out", "../out", "--dry-run"])
        .current_dir(&elsewhere)
        .output()
        .unwrap();
    assert!(
        again.status.success(),
        "{}",
        crate::support::text(&again.stderr)
    );
    let wrong = ["--set", "model.target_layer=nowhere", "--dry-run"];
    let wrong = [&args[..2], &["sweep.toml", "--out", "other"], &wrong].concat();
    assert_refused(&sandbox, &wrong, &["nowhere"]);
    let preset = [
        "sweep", "--preset", "learning", "--quick", "--data", "data", "--model", "net.onnx",
        "--print",
    ];
    assert_refused(&sandbox, &preset, &["data.preprocessing", "imagenet"]);
}

#[test]
fn a_step_of_a_model_is_timed() {
    let sandbox = sandbox_with_model();
    let step = |more: &[&str]| {
        let sizes = ["--batch", "4", "--size", "32", "--repeats", "1", "--json"];
        let args = ["bench", "step", "--model", "net.onnx"];
        sandbox.json(&[&args[..], &sizes, more].concat())
    };
    for more in [
        &[][..],
        &["--loss", "cam"],
        &["--loss", "cam", "--alpha", "detached"],
    ] {
        let time = step(more);
        assert_eq!(time["model"], "net.onnx");
        assert!(time["seconds_per_step"].as_f64().unwrap() > 0.0);
        assert!(time.get("level").is_none() && time.get("gflops").is_none());
    }
    assert_refused(
        &sandbox,
        &["bench", "step", "--model", "net.onnx", "--level", "1"],
        &["--level", "--model"],
    );
}
