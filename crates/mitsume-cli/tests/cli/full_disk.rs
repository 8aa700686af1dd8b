//! Full disks: the error names the file, what is saved, and how to resume.

use std::process::Output;

use crate::support::{Sandbox, files_below, text};

/// Runs the program with a limit on the size of files: writing beyond it is an error, as on a full
/// disk. Needs a shell, but no privileges.
fn run_with_file_limit(sandbox: &Sandbox, kilobytes: usize, args: &[&str]) -> Output {
    let program = sandbox.command(args);
    let mut shell = std::process::Command::new("sh");
    // 25 is SIGXFSZ on Linux and macOS; a POSIX block has 512 bytes.
    shell.arg("-c").arg(format!(
        "ulimit -f {} && trap '' 25 && exec \"$@\"",
        2 * kilobytes
    ));
    shell.arg("sh").arg(program.get_program()).args(args);
    shell.current_dir(program.get_current_dir().unwrap());
    shell.env("LC_ALL", "C").output().unwrap()
}

#[track_caller]
fn assert_failed(output: &Output, words: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for words in words {
        assert!(stderr.contains(words), "no \"{words}\" in: {stderr}");
    }
    assert!(!stderr.contains(".tmp-"), "{stderr}");
}

fn assert_no_temporary_files(sandbox: &Sandbox, dir: &str) {
    let files = files_below(&sandbox.path(dir));
    let temporary = |path: &&std::path::PathBuf| path.to_string_lossy().contains(".tmp-");
    assert_eq!(files.iter().find(temporary), None);
}

#[test]
fn a_run_says_which_file_and_goes_on_to_the_same_bits() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", "");
    sandbox.train("whole", &[]);
    sandbox.train("my run", &["--set", "train.epochs=1"]);
    let resume = ["train", "--resume", "my run", "--set", "train.epochs=3"];
    let output = run_with_file_limit(&sandbox, 200, &resume);
    assert_failed(
        &output,
        &[
            "cannot write my run/checkpoint/weights.safetensors: ",
            "What was written before is whole",
            "saved up to step 6, with 1 of 3 epochs done",
            "go on with: mitsume train --resume 'my run'\n",
        ],
    );
    assert_no_temporary_files(&sandbox, "my run");
    sandbox.succeeds(&["train", "--resume", "my run"]);
    assert_eq!(sandbox.results("my run"), sandbox.results("whole"));
}

#[test]
fn a_run_that_could_save_nothing_begins_anew() {
    let sandbox = Sandbox::new();
    sandbox.configure("level2", "");
    sandbox.train("whole", &[]);
    let output = run_with_file_limit(
        &sandbox,
        200,
        &["train", "--config", "run.toml", "--out", "run"],
    );
    let go_on = "go on with: mitsume train --resume run\n";
    assert_failed(
        &output,
        &[
            "run/checkpoint/weights.safetensors",
            "no step of the run is saved",
            go_on,
        ],
    );
    sandbox.succeeds(&["train", "--resume", "run"]);
    assert_eq!(sandbox.results("run"), sandbox.results("whole"));
    // Before there is a run at all.
    let output = run_with_file_limit(
        &sandbox,
        0,
        &["train", "--config", "run.toml", "--out", "none"],
    );
    assert_failed(
        &output,
        &[
            "cannot write none/config.toml: ",
            "give the same command again",
        ],
    );
}

/// The operating system's own "no space left on device".
#[cfg(target_os = "linux")]
#[test]
fn a_device_without_space_is_named_as_such() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    sandbox.train("whole", &[]);
    sandbox.train("run", &["--set", "train.epochs=1"]);
    // As if it had been interrupted before its first checkpoint.
    std::fs::remove_dir_all(sandbox.path("run/checkpoint")).unwrap();
    std::fs::remove_file(sandbox.path("run/steps.csv")).unwrap();
    std::os::unix::fs::symlink("/dev/full", sandbox.path("run/steps.csv")).unwrap();
    let output = sandbox.run(&["train", "--resume", "run", "--set", "train.epochs=3"]);
    assert_failed(
        &output,
        &[
            "cannot write run/steps.csv: No space left on device",
            "The disk is full",
            "--resume run\n",
        ],
    );
    std::fs::remove_file(sandbox.path("run/steps.csv")).unwrap();
    sandbox.succeeds(&["train", "--resume", "run", "--set", "train.epochs=3"]);
    assert_eq!(sandbox.results("run"), sandbox.results("whole"));
}

#[test]
fn a_sweep_ends_at_once_and_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "sweep.toml",
        "models = [\"level2\"]\nseeds = [0, 1]\n[data.phantoms]\ntrain = \"data/Training\"\n\
         valid = \"data/Testing\"\n[run.data]\nimage_size = 32\n[run.train]\nepochs = 1\n",
    );
    let sweep = ["sweep", "--config", "sweep.toml", "--out", "my sweep"];
    let output = run_with_file_limit(&sandbox, 200, &sweep);
    assert_failed(
        &output,
        &[
            "my sweep/runs/phantoms-level2-lambda0-seed0/checkpoint/weights.safetensors: ",
            "finished cells, and the last checkpoints of the others",
            "my sweep'\n",
        ],
    );
    assert!(!text(&output.stderr).contains("failures"), "{output:?}");
    assert!(
        !sandbox
            .path("my sweep/runs/phantoms-level2-lambda0-seed1")
            .exists()
    );
    let again = sandbox.succeeds(&["sweep", "--out", "my sweep", "--json"]);
    assert_eq!(text(&again.stdout).matches("\"finished\"").count(), 2);
}

#[test]
fn an_evaluation_and_pictures_name_the_file_that_was_to_be() {
    let sandbox = Sandbox::trained("level2", 1, "");
    let eval = [
        "eval",
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--out",
        "looked",
    ];
    let again = "give the same command again";
    let output = run_with_file_limit(
        &sandbox,
        16,
        &[&eval[..], &["--cams", "cams.safetensors"]].concat(),
    );
    assert_failed(&output, &["looked/maps.safetensors: ", again]);
    assert!(!sandbox.path("looked").exists() && !sandbox.path("cams.safetensors").exists());
    let output = run_with_file_limit(
        &sandbox,
        8,
        &[
            "explain",
            "--run",
            "run",
            "data/Testing",
            "--out",
            "explained",
        ],
    );
    assert_failed(
        &output,
        &["cannot write explained/", ".explained.png: ", again],
    );
    let output = run_with_file_limit(&sandbox, 8, &["report", "run"]);
    assert_failed(&output, &["cannot write run/report.html: ", again]);
    assert_no_temporary_files(&sandbox, "");
}

/// Other than a file that cannot be written to its end.
#[test]
fn a_file_too_large_to_be_read_is_a_wrong_request() {
    let sandbox = Sandbox::trained("level1", 1, "");
    for name in ["environment.json", "epochs.csv"] {
        let path = sandbox.path("run").join(name);
        let whole = std::fs::read(&path).unwrap();
        // Takes no room on the disk.
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        let epochs = if name == "epochs.csv" { "2" } else { "1" };
        let set = format!("train.epochs={epochs}");
        let output = sandbox.run(&["train", "--resume", "run", "--set", &set]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(
            stderr.contains(name) && !stderr.contains("disk is full"),
            "{stderr}"
        );
        std::fs::write(&path, whole).unwrap();
    }
}
