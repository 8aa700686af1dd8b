//! Tests on another device than the CPU: `MITSUME_TEST_DEVICE` names it, and
//! `scripts/test-device.sh` finds one.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, files_below, text};

fn device() -> String {
    std::env::var("MITSUME_TEST_DEVICE").expect("MITSUME_TEST_DEVICE names the device to test")
}

fn sandbox_with_models() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["residual.onnx", "vision-transformer.onnx"] {
        sandbox.copy_onnx_model(name);
    }
    sandbox.write(
        "names.txt",
        "pituitary\nnotumor\nmeningioma\nother\nglioma\n",
    );
    sandbox
}

/// Numbers differ by at most 1e-3, the tolerance for devices; everything else is equal.
#[track_caller]
fn assert_close(ours: &Value, theirs: &Value, at: &str) {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= 1e-3 * b.abs().max(1.0), "{at}: {a}, {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{at}");
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                assert_close(a, b, &format!("{at}[{i}]"));
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            let names: Vec<_> = a.keys().collect();
            assert_eq!(names, b.keys().collect::<Vec<_>>(), "{at}");
            for (name, a) in a {
                assert_close(a, &b[name], &format!("{at}.{name}"));
            }
        }
        (a, b) => assert_eq!(a, b, "{at}"),
    }
}

/// Compares evaluations on the device and on the CPU: measures and every map, with each method.
fn check_evaluation(sandbox: &Sandbox, model: &[&str], methods: &[&str]) {
    for method in methods {
        let eval = |device: &str| {
            let cams = format!("{device}.safetensors");
            let more = ["--method", method, "--cams", &cams, "--device", device];
            let data = ["eval", "--data", "data/Testing", "--json"];
            let found = sandbox.json(&[&data[..], model, &more].concat());
            let bytes = sandbox.read(&cams);
            let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            let maps = file.tensor("cams").unwrap().data().to_vec();
            (found, maps)
        };
        let (ours, our_maps) = eval(&device());
        let (theirs, their_maps) = eval("cpu");
        assert_close(&ours, &theirs, method);
        assert_eq!(our_maps.len(), their_maps.len());
        let value = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
        for (a, b) in our_maps.chunks(4).zip(their_maps.chunks(4)) {
            let (a, b) = (value(a), value(b));
            assert!((a - b).abs() <= 1e-3, "{model:?} {method}: {a}, {b}");
        }
    }
}

const METHODS: [&str; 5] = [
    "grad-cam",
    "grad-cam-plus-plus",
    "layer-cam",
    "eigen-cam",
    "ablation-cam",
];

#[test]
fn levels_are_trained_evaluated_and_explained_as_on_the_cpu() {
    let sandbox = sandbox_with_models();
    sandbox.configure("level2", "[consistency]\nlambda_max = 50\nt0 = 1\nt1 = 2");
    sandbox.train("there", &["--device", &device()]);
    sandbox.train("here", &[]);
    // Where a gradient is 0 except for rounding, Adam moves the weight by lr in either direction,
    // so two devices drift apart. Single steps are compared with PyTorch elsewhere; here the losses
    // of the whole run are.
    let losses = |run: &str| {
        let steps = String::from_utf8(sandbox.read(&format!("{run}/steps.csv"))).unwrap();
        let mut lines = steps.lines();
        let column = lines.next().unwrap().split(',').position(|c| c == "loss");
        let column = column.expect("a column with the loss");
        let loss = |line: &str| line.split(',').nth(column).unwrap().parse::<f64>().unwrap();
        lines.map(loss).collect::<Vec<_>>()
    };
    let (ours, theirs) = (losses("there"), losses("here"));
    assert_eq!(ours.len(), theirs.len());
    assert!((ours[0] - theirs[0]).abs() < 1e-3, "{ours:?} {theirs:?}");
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < 0.05 * b.abs(), "{ours:?} {theirs:?}");
    }
    let level = [
        "--model",
        "level2",
        "--weights",
        "there/weights.safetensors",
    ];
    check_evaluation(&sandbox, &level, &METHODS);
    let image = files_below(&sandbox.path("data/Testing")).remove(0);
    let explain = |device: &str| {
        let image = image.to_str().unwrap();
        let args = ["--out", device, "--device", device, "--json", image];
        sandbox.json(&[&["explain"][..], &level, &args].concat())
    };
    let (ours, theirs) = (explain(&device()), explain("cpu"));
    assert_close(
        &ours["images"][0]["probabilities"],
        &theirs["images"][0]["probabilities"],
        "p",
    );
}

#[test]
fn a_run_is_repeated_and_resumed_to_the_same_bits() {
    let sandbox = sandbox_with_models();
    sandbox.configure("level1", "[consistency]\nlambda_max = 50\nt0 = 1\nt1 = 2");
    let device = device();
    for run in ["once", "again"] {
        sandbox.train(run, &["--device", &device]);
    }
    let once = sandbox.results("once");
    assert_eq!(sandbox.results("again"), once);
    let short = ["--device", &device, "--set", "train.epochs=1"];
    sandbox.train("resumed", &short);
    // Without --device the run resumes on its own device.
    let more = ["train", "--resume", "resumed", "--set", "train.epochs=3"];
    sandbox.succeeds(&more);
    assert_eq!(sandbox.results("resumed"), once);
    let record: Value = serde_json::from_slice(&sandbox.read("once/environment.json")).unwrap();
    assert_eq!(record["device"], device.as_str());
    assert!(record["adapter"].is_string(), "{record}");
}

#[test]
fn onnx_models_are_evaluated_and_trusted_as_on_the_cpu() {
    let sandbox = sandbox_with_models();
    let onnx = |file| {
        [
            "--model",
            file,
            "--preset",
            "levels",
            "--classes",
            "names.txt",
        ]
    };
    check_evaluation(&sandbox, &onnx("residual.onnx"), &METHODS);
    let grid = [
        &onnx("vision-transformer.onnx")[..],
        &["--token-grid", "4x4"],
    ]
    .concat();
    check_evaluation(&sandbox, &grid, &METHODS);
    let trust = |device: &str| {
        let data = ["--data", "data/Testing", "--images", "12", "--stages", "2"];
        let more = ["--out", device, "--device", device, "--json"];
        sandbox.json(&[&["trust"][..], &onnx("residual.onnx"), &data, &more].concat())
    };
    let (ours, theirs) = (trust(&device()), trust("cpu"));
    assert_close(
        &ours["randomisation"],
        &theirs["randomisation"],
        "randomisation",
    );
}

#[test]
fn bfloat16_is_refused_and_weights_trained_in_it_are_evaluated_in_float32() {
    let device = device();
    let sandbox = Sandbox::trained("level1", 1, "precision = \"bfloat16\"");
    let train = [
        "train", "--config", "run.toml", "--out", "other", "--device", &device,
    ];
    assert_refused(&sandbox, &train, &["train.precision", "--device cpu"]);
    let eval = [
        "eval",
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--json",
        "--device",
        &device,
    ];
    let half = [&eval[..], &["--precision", "bfloat16"]].concat();
    assert_refused(&sandbox, &half, &["--precision bfloat16", "--device cpu"]);
    let full = sandbox.json(&eval);
    assert_eq!(full["model"]["overrides"][0]["used"], "float32");
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    let sandbox = sandbox_with_models();
    sandbox.configure("level1", "");
    let device = device();
    let mut command = sandbox.command(&[
        "train", "--config", "run.toml", "--out", "run", "--device", &device,
    ]);
    // No driver is found.
    let output = command
        .env("VK_DRIVER_FILES", "")
        .env("VK_ICD_FILENAMES", "")
        .env("LIBGL_DRIVERS_PATH", "/nowhere")
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("no adapter") && !stderr.contains("panicked"),
        "{stderr}"
    );
    assert_refused(
        &sandbox,
        &[
            "train", "--config", "run.toml", "--out", "run", "--device", "abacus",
        ],
        &["abacus", "webgpu"],
    );
}
