//! Wrong requests: exit code 2, the file or key named, what would be right, nothing written.

use crate::support::{Sandbox, assert_refused, text, train_args};

#[test]
fn a_misspelt_key_is_named_with_the_one_that_was_meant() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "learning_rat = 1e-3");
    let train = ["train", "--config", "run.toml", "--out", "run"];
    assert_refused(
        &sandbox,
        &train,
        &["run.toml", "train.learning_rat", "learning_rate"],
    );
    assert!(!sandbox.path("run").exists());
}

#[test]
fn values_out_of_range_are_named() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    for (set, word) in [
        ("train.epochs=0", "train.epochs"),
        ("train.batch_size=0", "train.batch_size"),
        ("train.learning_rate=-1", "train.learning_rate"),
        ("train.optimizer=rmsprop", "train.optimizer"),
        ("train.schedule=step", "train.step_size"),
        ("train.warmup_epochs=3", "train.warmup_epochs"),
        ("train.label_smoothing=2", "train.label_smoothing"),
        (
            "train.class_weights=[1, 2]",
            "train.class_weights: 2 numbers",
        ),
        ("train.clip_norm=-1", "train.clip_norm"),
        ("model.name=level9", "model.name"),
        ("model.dropout=1.0", "model.dropout"),
        ("data.image_size=1", "data.image_size"),
        ("data.channels=2", "data.channels"),
        ("consistency.t1=1", "consistency.t1"),
        ("consistency.lambda_max=nan", "consistency.lambda_max"),
        ("consistency.distance=cosine", "consistency.distance"),
        ("nonsense", "key=value"),
    ] {
        let train = [
            "train", "--config", "run.toml", "--out", "run", "--set", set,
        ];
        assert_refused(&sandbox, &train, &[word]);
        assert!(!sandbox.path("run").exists(), "{set}");
    }
}

#[test]
fn folders_that_are_no_data_sets_are_named() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let train = |set: &str| {
        assert_refused(
            &sandbox,
            &[
                "train", "--config", "run.toml", "--out", "run", "--set", set,
            ],
            &[set.split_once('=').unwrap().1],
        );
    };
    train("data.train=nowhere");
    train("data.train=empty");
    train("data.valid=data");
    std::fs::create_dir_all(sandbox.path("other/one")).unwrap();
    std::fs::copy(
        sandbox.path("data/Testing/glioma/0000.png"),
        sandbox.path("other/one/a.png"),
    )
    .unwrap();
    let other = train_args("run", &["--set", "data.valid=other"]);
    assert_refused(
        &sandbox,
        &other,
        &[
            "data.valid",
            "one",
            "glioma, meningioma, notumor, pituitary",
        ],
    );
}

#[test]
fn an_occupied_run_directory_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    std::fs::create_dir(sandbox.path("mine")).unwrap();
    sandbox.write("mine/notes.txt", "precious");
    assert_refused(
        &sandbox,
        &["train", "--config", "run.toml", "--out", "mine"],
        &["mine", "--out"],
    );
    assert_eq!(text(&sandbox.read("mine/notes.txt")), "precious");
    assert_refused(
        &sandbox,
        &["train", "--resume", "mine"],
        &["mine", "config.toml"],
    );
}

#[test]
fn a_damaged_checkpoint_is_named_and_not_replaced() {
    let sandbox = Sandbox::trained("level1", 1, "");
    for name in [
        "weights.safetensors",
        "weights-best.safetensors",
        "optimizer.bpk",
        "ema.json",
        "progress.json",
    ] {
        let path = format!("run/checkpoint/{name}");
        let whole = sandbox.read(&path);
        for bytes in [&b""[..], &whole[..whole.len() / 2], b"{\"nonsense\": 1}"] {
            sandbox.write(&path, bytes);
            let resume = ["train", "--resume", "run", "--set", "train.epochs=2"];
            assert_refused(&sandbox, &resume, &[name]);
            assert_eq!(sandbox.read(&path), bytes);
        }
        sandbox.write(&path, &whole);
    }
}

#[test]
fn a_damaged_state_of_every_optimiser_is_named() {
    let sandbox = Sandbox::new();
    for (run, more) in [
        ("adamw", "optimizer = \"adamw\""),
        ("sgd", "optimizer = \"sgd\""),
        ("plain", "optimizer = \"sgd\"\nmomentum = 0"),
    ] {
        sandbox.configure("level1", more);
        sandbox.train(run, &["--set", "train.epochs=1"]);
        let path = format!("{run}/checkpoint/optimizer.bpk");
        let resume = ["train", "--resume", run, "--set", "train.epochs=2"];
        let whole = sandbox.read(&path);
        // The last bytes are those of a moment.
        let mut not_finite = whole.clone();
        let end = not_finite.len();
        not_finite[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        let mut damaged = vec![b"".to_vec(), whole[..whole.len() / 2].to_vec()];
        if run != "plain" {
            damaged.push(not_finite);
        }
        for bytes in damaged {
            sandbox.write(&path, &bytes);
            assert_refused(&sandbox, &resume, &["optimizer.bpk"]);
        }
        sandbox.write(&path, &whole);
        for (set, key) in [
            (
                "train.optimizer=adam",
                "train.optimizer: the run began with",
            ),
            ("train.momentum=0.5", "train.momentum: the run began with 0"),
        ] {
            if set.contains("momentum") && run != "plain" {
                continue;
            }
            let other = [&resume[..], &["--set", set]].concat();
            assert_refused(&sandbox, &other, &["config.toml", key]);
        }
    }
    std::fs::copy(
        sandbox.path("adamw/checkpoint/optimizer.bpk"),
        sandbox.path("sgd/checkpoint/optimizer.bpk"),
    )
    .unwrap();
    let resume = ["train", "--resume", "sgd", "--set", "train.epochs=2"];
    assert_refused(&sandbox, &resume, &["optimizer.bpk", "optimiser's state"]);
}

#[test]
fn a_refused_resume_leaves_the_configuration_as_it_was() {
    let sandbox = Sandbox::trained("level1", 1, "");
    let config = sandbox.read("run/config.toml");
    let resume = ["train", "--resume", "run", "--set", "train.epochs=2"];
    for (table, bytes) in [
        ("run/epochs.csv", &b"epoch\n1\n"[..]),
        ("run/steps.csv", b"nonsense\n"),
    ] {
        let whole = sandbox.read(table);
        sandbox.write(table, bytes);
        assert_refused(&sandbox, &resume, &[table]);
        assert_eq!(sandbox.read("run/config.toml"), config);
        assert_eq!(sandbox.read(table), bytes);
        sandbox.write(table, whole);
    }
    assert!(sandbox.run(&resume).status.success());
    assert_ne!(sandbox.read("run/config.toml"), config);
}

/// Burn's reader panics on ranks and shapes that contradict each other, and Adam starts from zero
/// where a moment is missing.
#[test]
fn a_state_of_adam_that_does_not_fit_the_network_is_refused() {
    let sandbox = Sandbox::trained("level1", 1, "");
    let path = "run/checkpoint/optimizer.bpk";
    let whole = sandbox.read(path);
    let resume = ["train", "--resume", "run", "--set", "train.epochs=2"];
    let at = |name: &str| {
        let name = name.as_bytes();
        whole.windows(name.len()).position(|w| w == name).unwrap() + name.len()
    };
    let mut damaged = vec![whole[..whole.len() / 2].to_vec()];
    // The last letter of each name, and bytes of the value after it.
    for name in ["__rank", "momentum.time", "shape", "dtype", "moment_1"] {
        for (offset, flip) in [(0, 0x08), (1, 0x03), (8, 0x05)] {
            let mut bytes = whole.clone();
            bytes[at(name) + offset - 1] ^= flip;
            damaged.push(bytes);
        }
    }
    // Values that no training leaves: not a number, and a negative mean of squares.
    for value in [f32::NAN, -1.0] {
        let mut bytes = whole.clone();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&value.to_le_bytes());
        damaged.push(bytes);
    }
    for bytes in damaged {
        sandbox.write(path, bytes);
        assert_refused(&sandbox, &resume, &["optimizer.bpk"]);
    }
    sandbox.write(path, &whole);
    assert!(sandbox.run(&resume).status.success());
}

#[test]
fn adam_does_not_start_anew_in_the_middle_of_a_run() {
    let sandbox = Sandbox::trained("level1", 1, "");
    sandbox.configure("level2", "");
    sandbox.train("other", &["--set", "train.epochs=1"]);
    // Another network's state, and one of another number of steps.
    let resume = ["train", "--resume", "run", "--set", "train.epochs=2"];
    let optimizer = "run/checkpoint/optimizer.bpk";
    let whole = sandbox.read(optimizer);
    sandbox.write(optimizer, sandbox.read("other/checkpoint/optimizer.bpk"));
    assert_refused(&sandbox, &resume, &["optimizer.bpk"]);
    sandbox.write(optimizer, whole);
    let progress = "run/checkpoint/progress.json";
    let text = String::from_utf8(sandbox.read(progress)).unwrap();
    for steps in [0, 7] {
        let changed = text.replace("\"steps_done\":6", &format!("\"steps_done\":{steps}"));
        assert_ne!(changed, text);
        sandbox.write(progress, changed);
        assert_refused(&sandbox, &resume, &["optimizer.bpk"]);
    }
}

/// Sparse files: as long as a hostile one, and empty.
#[test]
fn files_larger_than_their_kind_can_be_are_refused_unread() {
    let sandbox = Sandbox::trained("level1", 1, "");
    let resume = ["train", "--resume", "run", "--set", "train.epochs=2"];
    let lengthen = |path: &str| {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(sandbox.path(path));
        file.unwrap().set_len(8 << 30).unwrap();
    };
    for name in ["ema.json", "progress.json"] {
        let path = format!("run/checkpoint/{name}");
        let whole = sandbox.read(&path);
        lengthen(&path);
        assert_refused(&sandbox, &resume, &[name, "larger than 1024 MiB"]);
        sandbox.write(&path, whole);
    }
    lengthen("run.toml");
    let train = ["train", "--config", "run.toml", "--out", "new"];
    assert_refused(&sandbox, &train, &["run.toml", "larger than 1 MiB"]);
    sandbox.write("sweep.toml", "");
    lengthen("sweep.toml");
    let sweep = ["sweep", "--config", "sweep.toml", "--out", "sweep"];
    assert_refused(&sandbox, &sweep, &["sweep.toml", "larger than 1 MiB"]);
    sandbox.write("epochs.csv", "");
    lengthen("epochs.csv");
    let analyze = ["analyze", "epochs.csv", "--out", "analysis"];
    assert_refused(&sandbox, &analyze, &["epochs.csv", "larger than 256 MiB"]);
}

#[test]
fn resuming_on_changed_images_is_refused() {
    let sandbox = Sandbox::trained("level1", 1, "");
    std::fs::remove_file(sandbox.path("data/Training/glioma/0000.png")).unwrap();
    let resume = ["train", "--resume", "run", "--set", "train.epochs=2"];
    assert_refused(&sandbox, &resume, &["data.train", "images are not those"]);
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let sandbox = Sandbox::trained("level1", 1, "");
    let eval = |model: &str, weights: &str, words: &[&str]| {
        let args = [
            "eval",
            "--model",
            model,
            "--weights",
            weights,
            "--data",
            "data/Testing",
            "--image-size",
            "32",
        ];
        assert_refused(&sandbox, &args, words);
    };
    eval(
        "level2",
        "run/weights.safetensors",
        &["run/weights.safetensors", "level1"],
    );
    eval(
        "level7",
        "run/weights.safetensors",
        &["level7", "level1, level2"],
    );
    eval("level1", "nowhere.safetensors", &["nowhere.safetensors"]);
    sandbox.write("broken.safetensors", b"not weights");
    eval("level1", "broken.safetensors", &["broken.safetensors"]);
}

#[test]
fn every_command_has_help_with_an_example() {
    let sandbox = Sandbox::new();
    for command in [
        &["demo"][..],
        &["data", "synth"],
        &["data", "check"],
        &["train"],
        &["eval"],
        &["explain"],
        &["layers"],
        &["trust"],
        &["score"],
        &["report"],
        &["sweep"],
        &["analyze"],
        &["bench"],
        &["bench", "step"],
        &["bench", "eval"],
        &["data"],
        &["completions"],
        &["man"],
    ] {
        let mut args = command.to_vec();
        args.push("--help");
        let help = sandbox.run(&args);
        assert!(help.status.success());
        assert!(text(&help.stdout).contains("Example"), "{command:?}");
    }
    assert_refused(&sandbox, &["eval"], &["--model", "--data"]);
    let no_weights = ["eval", "--model", "level1", "--data", "."];
    assert_refused(&sandbox, &no_weights, &["--weights", "level1"]);
    assert_refused(&sandbox, &["train"], &["--config"]);
}

#[test]
fn a_device_that_is_not_built_in_says_how_to_build_it() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    let train = ["train", "--config", "run.toml", "--out", "run", "--device"];
    assert_refused(
        &sandbox,
        &[&train[..], &["abacus"]].concat(),
        &["--device", "abacus", "cpu"],
    );
    assert_refused(
        &sandbox,
        &[&train[..], &["cuda"]].concat(),
        &["--features cuda"],
    );
}
