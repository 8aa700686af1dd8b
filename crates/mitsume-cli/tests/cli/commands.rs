//! Manual pages, incomplete requests, and resuming finished runs.

use crate::support::{Sandbox, assert_refused, files_below, text};

/// A manual page, with unescaped hyphens.
fn manual_page(sandbox: &Sandbox, command: &[&str]) -> String {
    let output = sandbox.succeeds(&[&["man"], command].concat());
    text(&output.stdout).replace("\\-", "-")
}

#[test]
fn every_command_has_a_page_in_the_manual() {
    let sandbox = Sandbox::empty();
    let whole = manual_page(&sandbox, &[]);
    assert!(whole.contains(".TH mitsume 1"), "{whole}");
    assert!(!whole.contains("--resume"));
    for (command, word) in [
        (&["train"][..], "--resume"),
        (&["data", "check"], "splits"),
        (&["bench", "step"], "Adam"),
        (&["man"], "COMMAND"),
    ] {
        let page = manual_page(&sandbox, command);
        let name = format!("mitsume-{}", command.join("-"));
        assert!(page.contains(&format!(".TH {name} 1")), "{name}: {page}");
        assert!(
            page.contains(&format!("mitsume {}", command.join(" "))),
            "{page}"
        );
        assert!(page.contains(word) && page.contains("--quiet"), "{page}");
    }
}

#[test]
fn a_page_that_the_manual_does_not_have_is_refused_with_those_it_has() {
    let sandbox = Sandbox::empty();
    assert_refused(
        &sandbox,
        &["man", "trian"],
        &["\"trian\"", "demo, data, train, eval"],
    );
    assert_refused(
        &sandbox,
        &["man", "data", "chekc"],
        &["mitsume data", "synth, check"],
    );
    assert_refused(
        &sandbox,
        &["man", "train", "x"],
        &["mitsume train has no commands below it"],
    );
}

#[test]
fn train_and_sweep_alone_say_what_begins_and_what_goes_on() {
    let sandbox = Sandbox::empty();
    let train = [
        "--config",
        "--resume",
        "mitsume train --config run.toml --out runs/first\n",
        "mitsume train --resume runs/first\n",
    ];
    assert_refused(&sandbox, &["train"], &train);
    assert_refused(&sandbox, &["train", "--out", "x"], &train);
    let sweep = [
        "mitsume sweep --config sweep.toml --out sweeps/mine\n",
        "mitsume sweep --out sweeps/mine\n",
    ];
    assert_refused(&sandbox, &["sweep"], &sweep);
}

#[test]
fn a_finished_run_resumed_says_that_nothing_was_left_and_stays_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("my run", &[]);
    let contents = || {
        let files = files_below(&sandbox.path("my run")).into_iter();
        let contents = files.map(|path| (std::fs::read(&path).unwrap(), path));
        contents.collect::<Vec<_>>()
    };
    let before = contents();
    let resume = ["train", "--resume", "my run"];
    let output = sandbox.run(&resume);
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    for words in [
        "all 3 epochs",
        "nothing was left to do",
        "mitsume train --resume 'my run' --set train.epochs=6",
        "mitsume report 'my run'",
    ] {
        assert!(stderr.contains(words), "no \"{words}\" in: {stderr}");
    }
    assert!(contents() == before, "a file was changed");
    let japanese = sandbox.run(&[&resume[..], &["--lang", "ja"]].concat());
    assert!(text(&japanese.stderr).contains("することは残っていません"));
}

#[test]
fn what_a_finished_run_was_trained_with_cannot_be_changed_afterwards() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("run", &[]);
    let config = sandbox.read("run/config.toml");
    for set in [
        "train.learning_rate=0.5",
        "train.epochs=1",
        "consistency.lambda_max=50",
    ] {
        let resume = ["train", "--resume", "run", "--set", set];
        assert_refused(
            &sandbox,
            &resume,
            &["run: all 3 epochs", "--set train.epochs=6"],
        );
        assert_eq!(sandbox.read("run/config.toml"), config, "{set}");
    }
}

#[test]
fn a_trained_run_without_its_evaluation_is_evaluated() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("run", &[]);
    let evaluation = sandbox.read("run/evaluation/eval.json");
    std::fs::remove_dir_all(sandbox.path("run/evaluation")).unwrap();
    let output = sandbox.run(&["train", "--resume", "run"]);
    let stderr = text(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("done: run"),
        "{stderr}"
    );
    assert_eq!(sandbox.read("run/evaluation/eval.json"), evaluation);
    // Only the evaluation changes; nothing is trained.
    let measures = "evaluation.measures=false";
    let output = sandbox.run(&["train", "--resume", "run", "--set", measures]);
    assert!(text(&output.stderr).contains("done: run"));
    assert_ne!(sandbox.read("run/evaluation/eval.json"), evaluation);
}

/// A shell must read the same path.
#[test]
fn paths_in_commands_that_errors_name_are_quoted() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("whole", &["--set", "train.epochs=1"]);
    std::fs::create_dir(sandbox.path("a run")).unwrap();
    std::fs::copy(
        sandbox.path("whole/config.toml"),
        sandbox.path("a run/config.toml"),
    )
    .unwrap();
    let data = ["--data", "data/Testing"];
    let eval = |args: &[&'static str]| [&["eval"], args, &data].concat();
    assert_refused(
        &sandbox,
        &eval(&["--run", "a run"]),
        &["mitsume train --resume 'a run' goes on"],
    );
    std::fs::rename(sandbox.path("whole"), sandbox.path("the whole")).unwrap();
    assert_refused(
        &sandbox,
        &eval(&["--model", "level1", "--weights", "the whole"]),
        &["--run 'the whole' alone"],
    );
    // Unfinished, with a checkpoint.
    let config = text(&sandbox.read("the whole/config.toml"));
    let longer = config.replace("epochs = 1", "epochs = 2");
    assert_ne!(config, longer);
    sandbox.write("the whole/config.toml", longer);
    let explain = [
        "explain",
        "--run",
        "the whole",
        "--reference",
        "the whole",
        "--out",
        "x",
        "data/Testing/glioma/0000.png",
    ];
    assert_refused(
        &sandbox,
        &explain,
        &[
            "mitsume train --resume 'the whole',",
            "mitsume eval --run 'the whole' --data",
        ],
    );
}
