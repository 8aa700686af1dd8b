//! Which epochs of a run are evaluated, with which weights, and which of them is the best.

use crate::support::{Sandbox, assert_refused, text};
use crate::training::start_and_wait_for_checkpoint;

#[test]
fn the_weights_of_the_best_epoch_are_kept() {
    let sandbox = Sandbox::new();
    for (criterion, sign) in [("kappa", 1.0), ("loss", -1.0)] {
        let more = format!("learning_rate = 0.03\nbest = \"{criterion}\"");
        sandbox.configure("level2", &more);
        let whole = format!("{criterion}-whole");
        sandbox.train(&whole, &["--set", "train.epochs=6"]);
        let name = if criterion == "kappa" {
            "kappa"
        } else {
            "val_loss"
        };
        let values = sandbox.column(&whole, name);
        let best = (1..6).fold(0, |best, epoch| {
            if sign * values[epoch] > sign * values[best] {
                epoch
            } else {
                best
            }
        });
        // Otherwise the last epoch's weights would pass.
        assert_ne!(best, 5, "{criterion}: {values:?}");
        let short = format!("{criterion}-short");
        let epochs = format!("train.epochs={}", best + 1);
        sandbox.train(&short, &["--set", &epochs]);
        let kept = sandbox.read(&format!("{whole}/weights-best.safetensors"));
        let weights = |run: &str| sandbox.read(&format!("{run}/weights.safetensors"));
        assert!(kept == weights(&short), "{criterion}");
        assert!(kept != weights(&whole), "{criterion}");
    }
    let other = [
        "train",
        "--resume",
        "kappa-short",
        "--set",
        "train.epochs=9",
    ];
    let other = [&other[..], &["--set", "train.best=loss"]].concat();
    assert_refused(&sandbox, &other, &["config.toml", "train.best"]);
}

#[test]
fn a_run_that_gets_no_better_stops_early_and_goes_on_with_more_patience() {
    let sandbox = Sandbox::new();
    // Nothing moves, so that the first epoch stays the best.
    sandbox.configure("level1", "learning_rate = 1e-12");
    let run = |out: &str, patience: &str| {
        let patience = format!("train.early_stopping={patience}");
        sandbox.train(out, &["--set", "train.epochs=9", "--set", &patience]);
    };
    run("early", "2");
    assert_eq!(sandbox.column("early", "epoch"), [1.0, 2.0, 3.0]);
    let again = sandbox.run(&["train", "--resume", "early"]);
    assert!(again.status.success());
    let stderr = text(&again.stderr);
    assert!(stderr.contains("stopped early after 3 epochs"), "{stderr}");
    let longer = ["train", "--resume", "early", "--set", "train.epochs=20"];
    let words = ["stopped early after 3 epochs", "train.early_stopping=4"];
    assert_refused(&sandbox, &longer, &words);
    sandbox.succeeds(&[
        "train",
        "--resume",
        "early",
        "--set",
        "train.early_stopping=4",
    ]);
    run("later", "4");
    assert_eq!(sandbox.column("later", "epoch").len(), 5);
    assert_eq!(sandbox.results("early"), sandbox.results("later"));
    sandbox.succeeds(&["report", "early"]);
    let page = text(&sandbox.read("early/report.html"));
    assert!(
        page.contains("1 by kappa (kappa "),
        "the page names the best epoch"
    );
    assert!(!page.contains("unfinished"));
}

#[test]
fn a_run_leaves_the_moving_average_of_its_weights_and_evaluates_it() {
    let sandbox = Sandbox::new();
    let more = "learning_rate = 0.01\nbest = \"loss\"";
    sandbox.configure("level2", more);
    sandbox.train("plain", &[]);
    sandbox.configure("level2", &format!("{more}\nweight_average = 0.9"));
    sandbox.train("run", &[]);
    // The steps are the same, on other weights than those that are left.
    assert_eq!(
        sandbox.read("run/steps.csv"),
        sandbox.read("plain/steps.csv")
    );
    let kept = sandbox.read("run/checkpoint/weights.safetensors");
    assert!(kept == sandbox.read("plain/weights.safetensors"));
    let left = sandbox.read("run/weights.safetensors");
    assert!(left != kept);
    assert!(left == sandbox.read("run/checkpoint/weights-average.safetensors"));
    let losses = ["run", "plain"].map(|run| sandbox.column(run, "val_loss"));
    assert!(losses[0].iter().zip(&losses[1]).all(|(a, b)| a != b));
    // The best epoch's are of the average as well.
    let best = (0..3).min_by(|&a, &b| losses[0][a].total_cmp(&losses[0][b]));
    let epochs = format!("train.epochs={}", best.unwrap() + 1);
    sandbox.train("short", &["--set", &epochs]);
    assert!(
        sandbox.read("run/weights-best.safetensors") == sandbox.read("short/weights.safetensors")
    );
    let eval = ["eval", "--run", "run", "--data", "data/Testing", "--json"];
    let loss = sandbox.json(&eval)["cross_entropy"].as_f64().unwrap();
    // The loss of the last epoch; read back from JSON and CSV.
    assert!((loss - losses[0][2]).abs() <= 1e-9, "{loss} {losses:?}");
    let resume = ["train", "--resume", "run", "--set", "train.epochs=4"];
    let other = [&resume[..], &["--set", "train.weight_average=0.5"]].concat();
    assert_refused(
        &sandbox,
        &other,
        &["config.toml", "train.weight_average", "began with 0.9"],
    );
    sandbox.succeeds(&resume);
    // A checkpoint without its average is not gone on with.
    std::fs::remove_file(sandbox.path("run/checkpoint/weights-average.safetensors")).unwrap();
    let longer = ["train", "--resume", "run", "--set", "train.epochs=5"];
    assert_refused(&sandbox, &longer, &["weights-average.safetensors"]);
}

#[test]
fn without_a_best_epoch_none_is_kept_or_named() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "best = \"none\"");
    sandbox.train("run", &[]);
    assert!(!sandbox.path("run/weights-best.safetensors").exists());
    assert!(
        !sandbox
            .path("run/checkpoint/weights-best.safetensors")
            .exists()
    );
    sandbox.succeeds(&["report", "run"]);
    assert!(!text(&sandbox.read("run/report.html")).contains("best epoch"));
    let stopping = ["train", "--config", "run.toml", "--out", "early"];
    let stopping = [&stopping[..], &["--set", "train.early_stopping=2"]].concat();
    assert_refused(
        &sandbox,
        &stopping,
        &["train.early_stopping", "train.best", "loss"],
    );
    assert!(!sandbox.path("early").exists());
}

#[test]
fn epochs_that_are_not_evaluated_have_empty_cells_and_the_same_steps() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "level2",
        "learning_rate = 0.01\n[consistency]\nlambda_max = 50",
    );
    let five = ["--set", "train.epochs=5"];
    sandbox.train("every", &five);
    sandbox.train(
        "second",
        &[&five[..], &["--set", "train.evaluate_every=2"]].concat(),
    );
    assert_eq!(
        sandbox.read("second/steps.csv"),
        sandbox.read("every/steps.csv")
    );
    for (file, column) in [
        ("epochs.csv", "val_loss"),
        ("epochs.csv", "val_accuracy"),
        ("epochs.csv", "kappa"),
        ("epochs.csv", "consistency_l2"),
        ("epochs.csv", "counted"),
        ("measures.csv", "grid_l2"),
    ] {
        let [every, second] =
            ["every", "second"].map(|run| sandbox.cells(&format!("{run}/{file}"), column));
        let evaluated = |epoch: usize| [2, 4, 5].contains(&epoch);
        let expected = every
            .iter()
            .zip(1..)
            .map(|(cell, epoch)| match evaluated(epoch) {
                true => cell.clone(),
                false => String::new(),
            });
        assert_eq!(second, expected.collect::<Vec<_>>(), "{file} {column}");
    }
    // What reads epochs: a page of one run, of several, their analysis, the weights of the best one.
    sandbox.succeeds(&["report", "second"]);
    let page = text(&sandbox.read("second/report.html"));
    assert!(page.contains("best epoch") && page.contains("–"));
    let seed = ["--set", "train.evaluate_every=2", "--set", "train.seed=9"];
    sandbox.train("other", &[&five[..], &seed].concat());
    sandbox.succeeds(&["report", "."]);
    sandbox.succeeds(&["analyze", ".", "--out", "analysis", "--resamples", "99"]);
    let analysis = text(&sandbox.read("analysis/analysis.json"));
    assert!(!analysis.contains("NaN"));
}

#[test]
fn patience_is_counted_in_evaluated_epochs() {
    let sandbox = Sandbox::new();
    // Nothing moves, so that the first evaluated epoch stays the best.
    sandbox.configure(
        "level1",
        "learning_rate = 1e-7\nevaluate_every = 3\nearly_stopping = 2",
    );
    sandbox.train(
        "run",
        &[
            "--set",
            "train.epochs=20",
            "--set",
            "train.plateau.patience=0",
        ],
    );
    // Evaluated: 3, 6, 9; the learning rate is lowered after the second and the third.
    let rates = sandbox.column("run", "learning_rate");
    assert_eq!(rates.len(), 9, "{rates:?}");
    let lowered = rates.iter().position(|rate| *rate < 0.5e-7);
    assert_eq!(lowered, Some(6), "{rates:?}");
}

#[test]
fn a_killed_run_with_rare_evaluations_goes_on_to_the_same_bits_and_ends_with_one() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "level2",
        "learning_rate = 0.01\nevaluate_every = 3\nepochs = 7",
    );
    let config = text(&sandbox.read("run.toml")).replacen("epochs = 3\n", "", 1);
    sandbox.write("run.toml", config);
    sandbox.train("whole", &[]);
    let mut child = start_and_wait_for_checkpoint(&sandbox, "killed");
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    sandbox.succeeds(&["train", "--resume", "killed"]);
    assert_eq!(sandbox.results("killed"), sandbox.results("whole"));
    // Ended sooner than it was to: the last epoch is evaluated all the same.
    let mut child = start_and_wait_for_checkpoint(&sandbox, "ended");
    child.kill().unwrap();
    child.wait().unwrap();
    let done = sandbox.cells("ended/epochs.csv", "epoch").len();
    let epochs = format!("train.epochs={done}");
    sandbox.succeeds(&["train", "--resume", "ended", "--set", &epochs]);
    let kappas = sandbox.cells("ended/epochs.csv", "kappa");
    assert_eq!(kappas.len(), done);
    assert!(!kappas[done - 1].is_empty(), "{kappas:?}");
    let measures = sandbox.cells("ended/measures.csv", "grid_l2");
    assert!(!measures[done - 1].is_empty(), "{measures:?}");
    assert!(sandbox.path("ended/weights-best.safetensors").exists());
}
