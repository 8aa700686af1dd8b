//! Ctrl-C during evaluations, explanations and trust tests.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, files_below, text};

/// A trained run, and `many` with 2,000 images.
fn sandbox_with_run() -> Sandbox {
    let sandbox = Sandbox::trained("level1", 1, "");
    let many = [
        "data", "synth", "many", "--train", "1", "--test", "500", "--size", "32",
    ];
    sandbox.succeeds(&many);
    sandbox
}

/// Starts the program and sends SIGINT as soon as a file with `part` in its name exists.
fn run_and_interrupt(sandbox: &Sandbox, args: &[&str], part: &str) -> Output {
    let child = sandbox
        .command(args)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let there = || {
        let mut files = files_below(&sandbox.path("")).into_iter();
        files.any(|path: PathBuf| path.to_string_lossy().contains(part))
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < deadline, "no {part} within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    child.wait_with_output().unwrap()
}

#[test]
fn an_evaluation_leaves_nothing() {
    let sandbox = sandbox_with_run();
    let eval = [
        "eval",
        "--run",
        "run",
        "--data",
        "many/Testing",
        "--batch-size",
        "1",
        "--out",
        "looked",
        "--cams",
        "cams.safetensors",
    ];
    let output = run_and_interrupt(&sandbox, &eval, ".tmp-");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("nothing of this was kept"), "{stderr}");
    assert!(output.stdout.is_empty());
    assert!(!sandbox.path("looked").exists());
    let files = files_below(&sandbox.path(""));
    let left = |path: &&PathBuf| {
        let name = path.to_string_lossy();
        name.contains(".tmp-") || name.contains("cams.safetensors")
    };
    assert_eq!(files.iter().find(left), None);
}

#[test]
fn what_was_explained_has_its_table_and_page() {
    let sandbox = sandbox_with_run();
    let explain = [
        "explain",
        "--run",
        "run",
        "many/Testing",
        "--out",
        "explained",
    ];
    let output = run_and_interrupt(&sandbox, &explain, ".explained.png");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(
        stderr.contains("of 2000 images are done; explained/explained.html"),
        "{stderr}"
    );
    let files = files_below(&sandbox.path("explained"));
    let pictures = files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "png"));
    let rows = csv::Reader::from_path(sandbox.path("explained/explained.csv"))
        .unwrap()
        .records()
        .count();
    assert!(rows > 0 && rows < 2000);
    assert_eq!(pictures.count(), rows);
    assert!(
        text(&sandbox.read("explained/explained.html"))
            .trim_end()
            .ends_with("</html>")
    );
}

#[test]
fn a_trust_test_leaves_no_page() {
    let sandbox = sandbox_with_run();
    let trust = [
        "trust",
        "--run",
        "run",
        "--data",
        "many/Testing",
        "--images",
        "2000",
        "--out",
        "trusted",
    ];
    let child = sandbox
        .command(&trust)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !sandbox.path("trusted").exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert_eq!(files_below(&sandbox.path("trusted")), Vec::<PathBuf>::new());
}
