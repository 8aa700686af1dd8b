//! Training: the same seed gives the same bits with any number of threads and after interruptions.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::support::{Sandbox, assert_refused, files_below, text, train_args};

/// The consistency loss from the second epoch on, so that moving averages matter too.
const CONSISTENT: &str = "[consistency]\npreset = \"published\"\nlambda_max = 50\nt0 = 1\nt1 = 2\n";

/// Starts a run and waits for its first checkpoint.
pub fn start_and_wait_for_checkpoint(sandbox: &Sandbox, out: &str) -> Child {
    let child = sandbox
        .command(&["train", "--config", "run.toml", "--out", out])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let progress = sandbox.path(&format!("{out}/checkpoint/progress.json"));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !progress.exists() {
        assert!(Instant::now() < deadline, "no checkpoint within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn one_two_and_eight_threads_give_the_same_bits() {
    let sandbox = Sandbox::new();
    for model in ["level1", "level2", "level3", "level4"] {
        sandbox.configure(model, CONSISTENT);
        let [one, two, eight] = ["1", "2", "8"].map(|threads| {
            let out = format!("{model}-{threads}");
            sandbox.train(&out, &["--threads", threads, "--set", "train.epochs=2"]);
            sandbox.results(&out)
        });
        assert_eq!(one, two, "{model}");
        assert_eq!(one, eight, "{model}");
    }
}

#[test]
fn a_killed_run_resumes_to_the_same_bits() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", CONSISTENT);
    sandbox.train("whole", &[]);
    let mut child = start_and_wait_for_checkpoint(&sandbox, "killed");
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    assert!(
        !sandbox.path("killed/weights.safetensors").exists(),
        "it was done before the kill"
    );
    sandbox.succeeds(&["train", "--resume", "killed"]);
    assert_eq!(sandbox.results("killed"), sandbox.results("whole"));
}

#[test]
fn every_optimiser_and_schedule_resumes_to_the_same_bits() {
    let sandbox = Sandbox::new();
    let cosine = "schedule = \"cosine\"\nmin_learning_rate = 1e-3\nlearning_rate = 0.011\n\
                  optimizer = \"sgd\"\nnesterov = true\nweight_decay = 1e-3\n\
                  decay_norms_and_biases = false\nclip_norm = 1\n[data.augment]\nvertical_flip = 0.5\n\
                  rotation = 20\naffine_scale = [0.8, 1.2]\nbrightness = 0.2\ncontrast = 0.2";
    let step = "optimizer = \"adamw\"\nschedule = \"step\"\nstep_size = 1\nwarmup_epochs = 1\n\
                label_smoothing = 0.1\nclass_weights = \"balanced\"\nweight_average = 0.9\n\
                head_learning_rate = 1e-3";
    let half = (0.011 + 1e-3) / 2.0;
    for (name, more, rates) in [
        ("cosine", cosine, [0.011, half + 0.0025, half - 0.0025]),
        ("step", step, [5e-5, 1e-4, 1e-5]),
    ] {
        sandbox.configure("level2", &format!("{more}\n{CONSISTENT}"));
        sandbox.train(name, &["--threads", "1"]);
        let found = sandbox.column(name, "learning_rate");
        let close = |(ours, closed): (&f64, &f64)| (ours - closed).abs() <= 1e-15;
        assert!(found.iter().zip(&rates).all(close), "{name}: {found:?}");
        let killed = format!("{name}-killed");
        let mut child = start_and_wait_for_checkpoint(&sandbox, &killed);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!sandbox.path(&killed).join("weights.safetensors").exists());
        let resumed = sandbox.run(&["train", "--resume", &killed, "--threads", "2"]);
        assert!(resumed.status.success(), "{}", text(&resumed.stderr));
        assert_eq!(sandbox.results(&killed), sandbox.results(name));
        let best = |run: &str| sandbox.read(&format!("{run}/weights-best.safetensors"));
        assert_eq!(best(&killed), best(name));
    }
}

/// L_cam of each epoch's training batches.
fn cam_losses(sandbox: &Sandbox, run: &str) -> Vec<f64> {
    let epochs = text(&sandbox.read(&format!("{run}/epochs.csv")));
    let cam_loss = |line: &str| line.split(',').nth(5).unwrap().parse().unwrap();
    epochs.lines().skip(1).map(cam_loss).collect()
}

/// Compared with a run that computes the same loss with a negligible weight.
#[test]
fn the_consistency_of_another_methods_maps_is_trained_and_evaluated() {
    let sandbox = Sandbox::new();
    for (model, method) in [("level2", "hires-cam"), ("level4", "layer-cam")] {
        let more =
            format!("learning_rate = 1e-3\n[consistency]\nmethod = \"{method}\"\nt0 = 0\nt1 = 1\n");
        sandbox.configure(model, &more);
        let [with, without] = ["500", "1e-9"].map(|lambda| {
            let out = format!("{method}-{lambda}");
            let lambda = format!("consistency.lambda_max={lambda}");
            sandbox.train(&out, &["--set", &lambda, "--set", "train.epochs=4"]);
            cam_losses(&sandbox, &out)
        });
        assert!(with[3] < 0.5 * without[3], "{method}: {with:?} {without:?}");
        let out = format!("{method}-500");
        let config = text(&sandbox.read(&format!("{out}/config.toml")));
        assert!(
            config.contains(&format!("method = \"{method}\"")),
            "{config}"
        );
        let evaluation = text(&sandbox.read(&format!("{out}/evaluation/eval.json")));
        let evaluation: serde_json::Value = serde_json::from_str(&evaluation).unwrap();
        assert_eq!(evaluation["model"]["method"], method);
        let last = evaluation["consistency"]["squared_l2"].as_f64().unwrap();
        let epochs = text(&sandbox.read(&format!("{out}/epochs.csv")));
        let row: f64 = epochs
            .lines()
            .last()
            .unwrap()
            .split(',')
            .nth(10)
            .unwrap()
            .parse()
            .unwrap();
        assert!((row - last).abs() <= 1e-6 * last, "{method}: {row} {last}");
    }
}

#[test]
fn a_run_goes_on_where_it_began_and_nowhere_else() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("run", &[]);
    let record = text(&sandbox.read("run/environment.json"));
    let elsewhere = record.replace("\"device\": \"cpu\"", "\"device\": \"abacus\"");
    assert_ne!(record, elsewhere);
    sandbox.write("run/environment.json", elsewhere);
    let here = ["train", "--resume", "run", "--device", "cpu"];
    assert_refused(&sandbox, &here, &["--device cpu", "run", "began on abacus"]);
    let there = ["no device named", "abacus"];
    assert_refused(&sandbox, &["train", "--resume", "run"], &there);
}

#[test]
fn a_run_of_another_method_resumes_to_the_same_bits_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    for (model, method) in [
        ("level1", "hires-cam"),
        ("level2", "layer-cam"),
        ("level2", "grad-cam-plus-plus"),
        ("level3", "xgrad-cam"),
        ("level4", "cam"),
    ] {
        sandbox.configure(model, &format!("{CONSISTENT}method = \"{method}\"\n"));
        let [whole, begun] = [("2", "1"), ("1", "2")].map(|(epochs, threads)| {
            let out = format!("{method}-{epochs}");
            let epochs = format!("train.epochs={epochs}");
            sandbox.train(&out, &["--threads", threads, "--set", &epochs]);
            out
        });
        let set = ["--set", "train.epochs=2", "--threads", "2"];
        sandbox.succeeds(&[&["train", "--resume", &begun], &set[..]].concat());
        assert_eq!(sandbox.results(&begun), sandbox.results(&whole), "{method}");
    }
    // The moving averages are of the earlier method's maps.
    let words = ["consistency.method", "began with cam", "a new run"];
    let other = [
        "train",
        "--resume",
        "cam-1",
        "--set",
        "consistency.method=grad-cam",
    ];
    assert_refused(&sandbox, &other, &words);
}

#[test]
fn methods_that_cannot_be_trained_are_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", CONSISTENT);
    for (method, words) in [
        ("gradcam", "no method of maps; one of grad-cam, hires-cam"),
        ("eigen-cam", "a matrix decomposition; one of grad-cam"),
        ("cam", "level4 and level5 have; take grad-cam"),
    ] {
        let set = format!("consistency.method={method}");
        let args = [
            "train", "--config", "run.toml", "--out", "run", "--set", &set,
        ];
        assert_refused(&sandbox, &args, &["consistency.method: ", words]);
        assert!(!sandbox.path("run").exists());
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_in_the_middle_of_an_epoch_and_resumes_to_the_same_bits() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", CONSISTENT);
    sandbox.train("whole", &[]);
    let mut child = start_and_wait_for_checkpoint(&sandbox, "stopped");
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    sandbox.succeeds(&["train", "--resume", "stopped"]);
    assert_eq!(sandbox.results("stopped"), sandbox.results("whole"));
}

#[test]
fn a_finished_run_can_go_on_for_more_epochs() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("whole", &[]);
    sandbox.train("short", &["--set", "train.epochs=1"]);
    sandbox.succeeds(&["train", "--resume", "short", "--set", "train.epochs=3"]);
    assert_eq!(sandbox.results("short"), sandbox.results("whole"));
}

#[test]
fn the_seed_matters() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("a", &["--set", "train.epochs=1"]);
    sandbox.train("b", &["--set", "train.epochs=1", "--set", "train.seed=8"]);
    assert_ne!(sandbox.results("a").0, sandbox.results("b").0);
}

#[test]
fn the_size_of_the_cache_does_not_matter() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("a", &["--set", "train.epochs=1"]);
    sandbox.train("b", &["--set", "train.epochs=1", "--set", "data.cache=0"]);
    assert_eq!(sandbox.results("a"), sandbox.results("b"));
}

/// A weight file of a level without integers, every value replaced by a huge finite one.
fn overflowing(weights: &[u8]) -> Vec<u8> {
    let header = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    let mut bytes = weights.to_vec();
    for value in bytes[8 + header..].chunks_exact_mut(4) {
        value.copy_from_slice(&1e30f32.to_le_bytes());
    }
    bytes
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_leaves_the_last_checkpoint() {
    let sandbox = Sandbox::trained("level1", 1, "");
    sandbox.write(
        "huge.safetensors",
        overflowing(&sandbox.read("run/weights.safetensors")),
    );
    let output = sandbox.run(&train_args(
        "new",
        &["--set", "model.init=huge.safetensors"],
    ));
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("epoch 1, step 1 "), "{stderr}");
    assert!(!sandbox.path("new/weights.safetensors").exists());
    // A run that diverges after its first epoch leaves that epoch's checkpoint as it was.
    sandbox.write(
        "run/checkpoint/weights.safetensors",
        sandbox.read("huge.safetensors"),
    );
    let before = files_below(&sandbox.path("run/checkpoint"))
        .into_iter()
        .map(std::fs::read);
    let before: Vec<_> = before.map(Result::unwrap).collect();
    let output = sandbox.run(&["train", "--resume", "run", "--set", "train.epochs=9"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("epoch 2, step 7 ") && stderr.contains("epoch 1 is intact"),
        "{stderr}"
    );
    let after = files_below(&sandbox.path("run/checkpoint"))
        .into_iter()
        .map(std::fs::read);
    assert_eq!(after.map(Result::unwrap).collect::<Vec<_>>(), before);
}

#[test]
fn a_run_directory_has_everything_and_reads_back() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", CONSISTENT);
    sandbox.train("run", &["--set", "train.epochs=2"]);
    for name in [
        "config.toml",
        "environment.json",
        "epochs.csv",
        "steps.csv",
        "weights.safetensors",
        "checkpoint/weights.safetensors",
        "checkpoint/optimizer.bpk",
        "checkpoint/ema.json",
        "evaluation/eval.json",
        "evaluation/images.csv",
        "evaluation/maps.safetensors",
    ] {
        assert!(sandbox.path("run").join(name).is_file(), "{name}");
    }
    let epochs = text(&sandbox.read("run/epochs.csv"));
    assert_eq!(
        epochs.lines().next().unwrap(),
        "epoch,learning_rate,lambda,train_loss,train_cross_entropy,train_cam_loss,train_accuracy,\
         val_loss,val_accuracy,kappa,consistency_squared_l2,consistency_l2,counted,seconds"
    );
    assert_eq!(epochs.lines().count(), 3);
    assert_eq!(
        text(&sandbox.read("run/steps.csv")).lines().count(),
        1 + 2 * 6
    );
    let events = std::fs::read_dir(sandbox.path("run/tensorboard"))
        .unwrap()
        .count();
    assert_eq!(events, 1);
    sandbox.succeeds(&["train", "--config", "run/config.toml", "--out", "again"]);
    assert_eq!(sandbox.results("again"), sandbox.results("run"));
}

#[test]
fn the_weights_a_run_began_with_are_recorded_and_not_needed_to_go_on() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("first", &["--set", "train.epochs=1"]);
    let begin = |out: &str| {
        std::fs::copy(
            sandbox.path("first/weights.safetensors"),
            sandbox.path("init.safetensors"),
        )
        .unwrap();
        let init = "model.init=init.safetensors";
        sandbox.train(out, &["--set", "train.epochs=1", "--set", init]);
    };
    begin("whole");
    let environment: serde_json::Value =
        serde_json::from_slice(&sandbox.read("whole/environment.json")).unwrap();
    let expected = Sha256::digest(sandbox.read("init.safetensors"));
    let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(environment["init_sha256"], expected);
    let resume = |run: &str| {
        let output = sandbox.run(&["train", "--resume", run, "--set", "train.epochs=2"]);
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        stderr
    };
    assert!(!resume("whole").contains("another file"));

    begin("changed");
    sandbox.write("init.safetensors", "other bytes");
    let stderr = resume("changed");
    assert!(
        stderr.contains("init.safetensors is another file"),
        "{stderr}"
    );
    assert!(sandbox.results("changed") == sandbox.results("whole"));

    begin("deleted");
    std::fs::remove_file(sandbox.path("init.safetensors")).unwrap();
    resume("deleted");
    assert!(sandbox.results("deleted") == sandbox.results("whole"));

    // Without a checkpoint the run starts again, from these weights.
    begin("anew");
    std::fs::remove_dir_all(sandbox.path("anew/checkpoint")).unwrap();
    std::fs::copy(
        sandbox.path("whole/weights.safetensors"),
        sandbox.path("init.safetensors"),
    )
    .unwrap();
    assert_refused(
        &sandbox,
        &["train", "--resume", "anew"],
        &[
            "model.init",
            "init.safetensors",
            "not the weights the run began with",
        ],
    );
}

/// Settings documented as without effect have none, and others have one.
#[test]
fn at_lambda_0_no_setting_of_the_cam_loss_changes_a_bit() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", "");
    sandbox.train("plain", &[]);
    let sets = [
        "t0=5",
        "t1=20",
        "distance=l2",
        "reference=batch",
        "alpha=detached",
        "ema_decay=0.5",
    ];
    let sets: Vec<String> = sets
        .iter()
        .map(|set| format!("consistency.{set}"))
        .collect();
    let mut args = Vec::new();
    sets.iter().for_each(|set| args.extend(["--set", set]));
    sandbox.train("other", &args);
    assert_eq!(sandbox.results("other"), sandbox.results("plain"));
    // A lambda that is never reached has no effect either.
    args.extend(["--set", "consistency.lambda_max=50"]);
    sandbox.train("never", &args);
    assert_eq!(sandbox.results("never"), sandbox.results("plain"));
    sandbox.train("maps", &["--set", "consistency.method=layer-cam"]);
    let [plain, maps] = ["plain", "maps"].map(|run| sandbox.results(run));
    assert_eq!(maps.1, plain.1, "the same weights");
    assert_ne!(maps.2, plain.2, "another consistency");
}
