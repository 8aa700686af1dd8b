//! A temporary folder with phantoms and configurations, and the program to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    /// With phantoms of 32x32 under `data`: 12 training and 5 test images in each of 4 classes.
    pub fn new() -> Self {
        let sandbox = Sandbox::empty();
        let made = sandbox.run(&[
            "data", "synth", "data", "--train", "12", "--test", "5", "--size", "32",
        ]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        sandbox
    }

    /// Without any data.
    pub fn empty() -> Self {
        Sandbox {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin("mitsume"));
        command.current_dir(self.dir.path()).args(args);
        // The language of whoever runs the tests must not matter.
        command.env("LC_ALL", "C");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// run.toml for a level; 48 images make 6 steps of 8 an epoch.
    pub fn configure(&self, model: &str, more: &str) {
        self.write(
            "run.toml",
            format!(
                "[data]\ntrain = \"data/Training\"\nvalid = \"data/Testing\"\nimage_size = 32\n\
                 [model]\nname = \"{model}\"\n\
                 [train]\nepochs = 3\nbatch_size = 8\nseed = 7\n{more}\n"
            ),
        );
    }

    /// Trains to the end.
    pub fn train(&self, out: &str, args: &[&str]) {
        let mut all = vec!["train", "--config", "run.toml", "--out", out];
        all.extend(args);
        let output = self.run(&all);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    /// Steps, weights, and epochs but for their wall time: what must be the same in two runs.
    pub fn results(&self, run: &str) -> (String, Vec<u8>, Vec<String>) {
        let epochs = String::from_utf8(self.read(&format!("{run}/epochs.csv"))).unwrap();
        let epochs = epochs
            .lines()
            .map(|line| line.rsplit_once(',').unwrap().0.into())
            .collect();
        let steps = String::from_utf8(self.read(&format!("{run}/steps.csv"))).unwrap();
        (
            steps,
            self.read(&format!("{run}/weights.safetensors")),
            epochs,
        )
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the program and expects a refusal: exit code 2, and all of `words` on stderr.
#[track_caller]
pub fn refused(sandbox: &Sandbox, args: &[&str], words: &[&str]) {
    let output = sandbox.run(args);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    for word in words {
        assert!(
            stderr.contains(word),
            "{args:?}: no \"{word}\" in: {stderr}"
        );
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path))
        } else {
            files.push(path)
        }
    }
    files.sort();
    files
}
