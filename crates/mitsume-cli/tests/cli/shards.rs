//! `eval --shard` and `--merge`: the files of one process, made by several.

use std::path::Path;

use mitsume_artifacts::Lock;

use crate::support::{Sandbox, assert_refused, text};

/// 21 images, of which one is damaged, and a model to evaluate on them: 7 batches of 3.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::trained("level2", 2, "learning_rate = 1e-3");
    let classes = std::fs::read_dir(sandbox.path("data/Testing")).unwrap();
    let mut classes: Vec<_> = classes.map(|entry| entry.unwrap().path()).collect();
    classes.sort();
    std::fs::write(classes[1].join("damaged.png"), "no image").unwrap();
    sandbox
}

const EVAL: [&str; 7] = [
    "eval",
    "--run",
    "run",
    "--data",
    "data/Testing",
    "--batch-size",
    "3",
];

fn eval<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&EVAL, more].concat()
}

fn shard(sandbox: &Sandbox, shard: &str, out: &str, more: &[&str]) -> String {
    let output = sandbox.succeeds(&[&eval(&["--out", out, "--shard", shard]), more].concat());
    text(&output.stderr)
}

/// Every file of an evaluation, byte by byte.
#[track_caller]
fn assert_same_files(sandbox: &Sandbox, merged: &str, whole: &str) {
    for file in [
        "eval.json",
        "images.csv",
        "maps.safetensors",
        "class_means.npy",
    ] {
        let [a, b] = [merged, whole].map(|dir| sandbox.read(&format!("{dir}/{file}")));
        assert!(a == b, "{file} differs");
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn merged_shards_are_the_bytes_of_one_process() {
    let sandbox = sandbox();
    let options: [&[&str]; 3] = [
        &[],
        &["--explain", "predicted", "--measures", "all", "--flip"],
        &[
            "--explain",
            "glioma",
            "--measures",
            "none",
            "--method",
            "layer-cam",
        ],
    ];
    for (number, options) in options.into_iter().enumerate() {
        let [whole, merged] = ["whole", "merged"].map(|name| format!("{name}{number}"));
        let cams = ["--cams", "whole.safetensors", "--json"];
        let expected = sandbox.succeeds(&[&eval(&["--out", &whole]), options, &cams].concat());
        // In any order, with any number of threads.
        for (shard_of_3, threads) in [("3/3", "1"), ("1/3", "2"), ("2/3", "3")] {
            shard(
                &sandbox,
                shard_of_3,
                &merged,
                &[options, &["--threads", threads]].concat(),
            );
        }
        assert_eq!(names_in(&sandbox.path(&merged)), ["shards", "shards.json"]);
        let found = sandbox.succeeds(&[
            "eval",
            "--merge",
            &merged,
            "--cams",
            "merged.safetensors",
            "--json",
        ]);
        assert_eq!(text(&found.stdout), text(&expected.stdout));
        assert!(text(&found.stdout).contains("damaged.png"));
        assert_same_files(&sandbox, &merged, &whole);
        assert_eq!(
            sandbox.read("merged.safetensors"),
            sandbox.read("whole.safetensors")
        );
        let left = [
            "class_means.npy",
            "eval.json",
            "images.csv",
            "maps.safetensors",
            "shards.json",
        ];
        assert_eq!(names_in(&sandbox.path(&merged)), left, "no shard is left");
    }
    sandbox.succeeds(&["report", "merged0"]);
}

#[test]
fn one_shard_for_each_batch_of_a_list_is_merged_too() {
    let sandbox = sandbox();
    let mut list = String::from("path,label\n");
    for class in names_in(&sandbox.path("data/Testing")) {
        for image in names_in(&sandbox.path(&format!("data/Testing/{class}")))
            .iter()
            .rev()
        {
            list += &format!("data/Testing/{class}/{image},{class}\n");
        }
    }
    sandbox.write("list.csv", list);
    let args = [
        "eval",
        "--run",
        "run",
        "--data",
        "list.csv",
        "--batch-size",
        "3",
    ];
    sandbox.succeeds(&[&args[..], &["--out", "whole"]].concat());
    for number in 1..=7 {
        let shard = format!("{number}/7");
        sandbox.succeeds(&[&args[..], &["--out", "merged", "--shard", &shard]].concat());
    }
    sandbox.succeeds(&["eval", "--merge", "merged"]);
    assert_same_files(&sandbox, "merged", "whole");
    let refused = [&args[..], &["--out", "more", "--shard", "1/8"]].concat();
    assert_refused(
        &sandbox,
        &refused,
        &["8 shards", "7 batches of 3", "at most 7"],
    );
}

#[test]
fn a_missing_shard_is_named_with_the_command_that_makes_it() {
    let sandbox = sandbox();
    sandbox.succeeds(&eval(&["--out", "whole", "--mean", "-0.1", "--std", "0.7"]));
    let args = ["--mean", "-0.1", "--std", "0.7"];
    let out = "it's shards";
    shard(&sandbox, "1/2", out, &args);
    let output = sandbox.run(&["eval", "--merge", out]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("1 of 2 shards are missing"), "{stderr}");
    let command = stderr
        .lines()
        .find(|line| line.contains("--shard"))
        .unwrap();
    assert!(command.trim().ends_with("--shard 2/2"), "{command}");
    let program = assert_cmd::cargo::cargo_bin("mitsume");
    let command = command
        .trim()
        .replacen("mitsume", &format!("'{}'", program.display()), 1);
    let mut shell = std::process::Command::new("sh");
    let made = shell
        .args(["-c", &command])
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{command}: {}", text(&made.stderr));
    assert!(
        text(&made.stderr).contains("eval --merge"),
        "{}",
        text(&made.stderr)
    );
    sandbox.succeeds(&["eval", "--merge", out]);
    assert_same_files(&sandbox, out, "whole");
}

#[test]
fn shards_of_another_evaluation_are_refused() {
    let sandbox = sandbox();
    shard(&sandbox, "1/2", "out", &[]);
    let refused = |args: &[&str], words: &[&str]| {
        let args = [&eval(&["--out", "out"]), args].concat();
        assert_refused(&sandbox, &args, &[&["out/shards.json"], words].concat());
    };
    refused(
        &["--shard", "2/3"],
        &["another number of shards", "2 there and 3"],
    );
    refused(
        &["--shard", "2/2", "--flip"],
        &["another model, or other maps of it", "model.flip"],
    );
    refused(
        &["--shard", "2/2", "--grid", "3"],
        &["other options", "options.measures.grid"],
    );
    refused(&["--shard", "2/2", "--strict"], &["options.strict"]);
    // A shard of another evaluation under the right name.
    shard(&sandbox, "2/2", "other", &["--explain", "predicted"]);
    let name = "shards/2-of-2.safetensors";
    std::fs::copy(
        sandbox.path(&format!("other/{name}")),
        sandbox.path(&format!("out/{name}")),
    )
    .unwrap();
    assert_refused(
        &sandbox,
        &["eval", "--merge", "out"],
        &[name, "model.explain"],
    );
    // The right evaluation, another shard.
    std::fs::copy(
        sandbox.path("out/shards/1-of-2.safetensors"),
        sandbox.path(&format!("out/{name}")),
    )
    .unwrap();
    assert_refused(
        &sandbox,
        &["eval", "--merge", "out"],
        &[name, "holds shard 1"],
    );
    // A file of another number of shards.
    std::fs::remove_file(sandbox.path(&format!("out/{name}"))).unwrap();
    sandbox.write("out/shards/1-of-5.safetensors", "");
    assert_refused(
        &sandbox,
        &["eval", "--merge", "out"],
        &["1-of-5", "another number of shards"],
    );
    // Other images, and another model, under the same names.
    sandbox.write("data/Testing/glioma/more.png", "no image");
    refused(&["--shard", "2/2"], &["other images", "data.images"]);
    let images = names_in(&sandbox.path("data/Testing/glioma"));
    std::fs::remove_file(sandbox.path(&format!("data/Testing/glioma/{}", images[0]))).unwrap();
    refused(&["--shard", "2/2"], &["other images", "data.list_sha256"]);
    std::fs::copy(
        sandbox.path("run/weights-best.safetensors"),
        sandbox.path("run/weights.safetensors"),
    )
    .unwrap();
    let mut weights = sandbox.read("run/weights.safetensors");
    *weights.last_mut().unwrap() ^= 1;
    sandbox.write("run/weights.safetensors", weights);
    refused(&["--shard", "2/2"], &["data.list_sha256"]);
}

#[test]
fn a_changed_model_is_refused() {
    let sandbox = sandbox();
    shard(&sandbox, "1/2", "out", &[]);
    let mut weights = sandbox.read("run/weights.safetensors");
    // The last bit of the last number's mantissa.
    let end = weights.len() - 4;
    weights[end] ^= 1;
    sandbox.write("run/weights.safetensors", weights);
    let args = eval(&["--out", "out", "--shard", "2/2"]);
    assert_refused(&sandbox, &args, &["another model", "model_sha256"]);
}

#[test]
fn a_shard_that_is_done_is_left_and_a_damaged_one_is_made_again() {
    let sandbox = sandbox();
    sandbox.succeeds(&eval(&["--out", "whole"]));
    let said = shard(&sandbox, "1/2", "out", &[]);
    assert!(
        said.contains("shard 1/2 is done; 1 shard is left"),
        "{said}"
    );
    shard(&sandbox, "2/2", "out", &[]);
    let name = "out/shards/1-of-2.safetensors";
    let modified = || {
        std::fs::metadata(sandbox.path(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = modified();
    let whole = sandbox.read(name);
    let said = shard(&sandbox, "1/2", "out", &[]);
    assert!(said.contains("was done already"), "{said}");
    assert_eq!(modified(), before, "not written again");
    // One bit of a map; the end of the file; no file.
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() - 1], b""] {
        sandbox.write(name, damaged);
        assert_refused(
            &sandbox,
            &["eval", "--merge", "out"],
            &[name, "made again by", "--shard 1/2"],
        );
        let said = shard(&sandbox, "1/2", "out", &[]);
        assert!(said.contains("made again"), "{said}");
        assert!(sandbox.read(name) == whole, "the same bytes");
    }
    sandbox.succeeds(&["eval", "--merge", "out"]);
    assert_same_files(&sandbox, "out", "whole");
    // After the merge nothing is left to do, and the figures are shown again.
    let said = shard(&sandbox, "1/2", "out", &[]);
    assert!(said.contains("merged already"), "{said}");
    let again = sandbox.succeeds(&["eval", "--merge", "out", "--json"]);
    assert_eq!(text(&again.stdout), text(&sandbox.read("whole/eval.json")));
}

#[test]
fn a_killed_shard_starts_again_and_two_processes_do_not_make_the_same() {
    let sandbox = sandbox();
    sandbox.succeeds(&eval(&["--out", "whole"]));
    let args = eval(&["--out", "out", "--shard", "1/2"]);
    let mut killed = sandbox.command(&args).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(30));
    killed.kill().unwrap();
    killed.wait().unwrap();
    shard(&sandbox, "1/2", "out", &[]);
    let lock = Lock::acquire(&sandbox.path("out/shards/2-of-2.lock")).unwrap();
    assert!(lock.is_some());
    let elsewhere = sandbox.run(&eval(&["--out", "out", "--shard", "2/2"]));
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(text(&elsewhere.stderr).contains("another process works on it"));
    assert_refused(
        &sandbox,
        &["eval", "--merge", "out"],
        &["--shard 2/2", "a process works on it"],
    );
    drop(lock);
    shard(&sandbox, "2/2", "out", &[]);
    sandbox.succeeds(&["eval", "--merge", "out"]);
    assert_same_files(&sandbox, "out", "whole");
}

#[test]
fn what_shards_are_not_for_is_refused() {
    let sandbox = sandbox();
    std::fs::create_dir(sandbox.path("notes")).unwrap();
    sandbox.write("notes/a.txt", "x");
    let shard = |out: &'static str| eval(&["--out", out, "--shard", "1/2"]);
    assert_refused(
        &sandbox,
        &shard("notes"),
        &["notes", "something other than shards"],
    );
    assert_eq!(names_in(&sandbox.path("notes")), ["a.txt"]);
    sandbox.succeeds(&eval(&["--out", "whole"]));
    assert_refused(
        &sandbox,
        &shard("whole"),
        &["whole", "something other than shards"],
    );
    assert_refused(&sandbox, &eval(&["--shard", "1/2"]), &["--out"]);
    for wrong in ["0/2", "3/2", "x"] {
        assert_refused(
            &sandbox,
            &eval(&["--out", "o", "--shard", wrong]),
            &["--shard", "2/8"],
        );
    }
    assert_refused(
        &sandbox,
        &["eval", "--merge", "notes"],
        &["notes", "no shards here"],
    );
    assert_refused(
        &sandbox,
        &eval(&["--merge", "notes"]),
        &["--merge", "cannot be used with"],
    );
    let predict = [
        "predict",
        "--run",
        "run",
        "data/Testing",
        "--out",
        "p.csv",
        "--shard",
        "1/2",
    ];
    assert_refused(&sandbox, &predict, &["--shard"]);
    let multi = eval(&["--out", "o", "--shard", "1/2", "--task", "multi-label"]);
    assert_refused(&sandbox, &multi, &["--shard", "multi-label", "one process"]);
    // A hostile record: no panic, no memory for what it claims.
    let huge = r#"{"format": 1, "version": "0", "shards": 100000000}"#;
    std::fs::create_dir(sandbox.path("hostile")).unwrap();
    sandbox.write("hostile/shards.json", huge);
    assert_refused(
        &sandbox,
        &["eval", "--merge", "hostile"],
        &["hostile/shards.json"],
    );
}

/// Of one that is killed between two shards the first is kept.
#[test]
fn all_shards_one_after_the_other_are_the_bytes_of_one_process_and_go_on_where_they_were() {
    let sandbox = sandbox();
    sandbox.succeeds(&eval(&["--out", "whole"]));
    shard(&sandbox, "2/3", "out", &[]);
    let kept = || std::fs::metadata(sandbox.path("out/shards/2-of-3.safetensors")).unwrap();
    let before = kept().modified().unwrap();
    let lock = Lock::acquire(&sandbox.path("out/shards/3-of-3.lock")).unwrap();
    let elsewhere = sandbox.run(&eval(&["--out", "out", "--shards", "3"]));
    assert_eq!(elsewhere.status.code(), Some(1));
    let stderr = text(&elsewhere.stderr);
    for words in [
        "1 of 3 shards are done already",
        "work on shards 3",
        "--shards 3",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    assert_eq!(kept().modified().unwrap(), before, "not made again");
    drop(lock);
    let found = sandbox.json(&eval(&["--out", "out", "--shards", "3", "--json"]));
    assert_same_files(&sandbox, "out", "whole");
    // Again it has nothing to do, and shows the same.
    let again = sandbox.json(&eval(&["--out", "out", "--shards", "3", "--json"]));
    assert_eq!(found, again);
    let other = eval(&["--out", "out", "--shards", "2"]);
    assert_refused(&sandbox, &other, &["another number of shards"]);
    assert_refused(&sandbox, &eval(&["--shards", "3"]), &["--out"]);
    let both = eval(&["--out", "o", "--shards", "3", "--shard", "1/3"]);
    assert_refused(&sandbox, &both, &["cannot be used with"]);
    assert_refused(
        &sandbox,
        &eval(&["--out", "o", "--launcher", "slurm"]),
        &["--shards"],
    );
    sandbox.write("slurm.toml", "[slurm]\ncores = 3\n");
    let slurm = eval(&["--out", "o", "--shards", "3", "--slurm", "slurm.toml"]);
    assert_refused(&sandbox, &slurm, &["--launcher slurm"]);
    let slurm = [&slurm[..], &["--launcher", "slurm"]].concat();
    assert_refused(&sandbox, &slurm, &["slurm.toml", "cores"]);
}

/// A class whose every image is unreadable is found when all shards are there.
#[test]
fn a_class_without_a_readable_image_is_refused_by_the_merge_as_by_one_process() {
    let sandbox = sandbox();
    for image in names_in(&sandbox.path("data/Testing/glioma")) {
        sandbox.write(&format!("data/Testing/glioma/{image}"), "no image");
    }
    let words = ["data/Testing/glioma: no image of this class folder can be read"];
    assert_refused(&sandbox, &eval(&["--out", "whole"]), &words);
    shard(&sandbox, "1/2", "out", &[]);
    shard(&sandbox, "2/2", "out", &[]);
    assert_refused(&sandbox, &["eval", "--merge", "out"], &words);
    assert!(
        sandbox.path("out/shards/1-of-2.safetensors").exists(),
        "nothing is lost"
    );
}
