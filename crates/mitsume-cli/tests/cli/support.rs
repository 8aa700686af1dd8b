//! Test support: a temporary folder with phantoms and configurations, and the program to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;

pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    /// With phantoms of 32x32 under `data`: 12 training and 5 test images in each of 4 classes.
    pub fn new() -> Self {
        let sandbox = Sandbox::empty();
        sandbox.succeeds(&[
            "data", "synth", "data", "--train", "12", "--test", "5", "--size", "32",
        ]);
        sandbox
    }

    /// With phantoms and `run`: `model` trained for `epochs` epochs, with `train` settings of the
    /// configuration.
    pub fn trained(model: &str, epochs: usize, train: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.configure(model, train);
        sandbox.train("run", &["--set", &format!("train.epochs={epochs}")]);
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
        // Independent of the locale of the machine.
        command.env("LC_ALL", "C");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the program and expects it to succeed.
    #[track_caller]
    pub fn succeeds(&self, args: &[&str]) -> Output {
        let output = self.run(args);
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        output
    }

    /// Runs the program and expects it to succeed with one JSON value on stdout.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let stdout = self.succeeds(args).stdout;
        serde_json::from_slice(&stdout).unwrap_or_else(|error| {
            panic!("stdout must be one JSON value: {error}: {}", text(&stdout))
        })
    }

    /// Copies a model of mitsume-onnx's tests into the folder.
    pub fn copy_onnx_model(&self, name: &str) {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mitsume-onnx/tests/models");
        std::fs::copy(models.join(name), self.path(name)).unwrap();
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

    /// Trains `run.toml` to the end.
    pub fn train(&self, out: &str, args: &[&str]) {
        self.succeeds(&train_args(out, args));
    }

    /// Column `name` of a run's epochs.csv.
    pub fn column(&self, run: &str, name: &str) -> Vec<f64> {
        let cells = self.cells(&format!("{run}/epochs.csv"), name);
        cells.iter().map(|cell| cell.parse().unwrap()).collect()
    }

    /// The fields of column `name` of a CSV file without quotes.
    pub fn cells(&self, file: &str, name: &str) -> Vec<String> {
        let table = text(&self.read(file));
        let header = table.lines().next().unwrap();
        let index = header.split(',').position(|column| column == name).unwrap();
        let cell = |line: &str| line.split(',').nth(index).unwrap().to_owned();
        table.lines().skip(1).map(cell).collect()
    }

    /// What must be the same in two runs: `steps.csv`, the weights, and `epochs.csv` without times.
    pub fn results(&self, run: &str) -> (String, Vec<u8>, Vec<Vec<String>>) {
        let mut epochs = csv::Reader::from_path(self.path(&format!("{run}/epochs.csv"))).unwrap();
        let names = epochs.headers().unwrap().clone();
        let untimed = |row: csv::StringRecord| -> Vec<String> {
            let cells = names.iter().zip(row.iter());
            let cells = cells.filter(|(name, _)| *name != "seconds");
            cells.map(|(name, cell)| format!("{name} {cell}")).collect()
        };
        let epochs = epochs.records().map(|row| untimed(row.unwrap())).collect();
        let steps = String::from_utf8(self.read(&format!("{run}/steps.csv"))).unwrap();
        let weights = self.read(&format!("{run}/weights.safetensors"));
        (steps, weights, epochs)
    }
}

/// Arguments that train `run.toml`, and more.
pub fn train_args<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["train", "--config", "run.toml", "--out", out], more].concat()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the program and expects a refusal: exit code 2, and all of `words` on stderr.
#[track_caller]
pub fn assert_refused(sandbox: &Sandbox, args: &[&str], words: &[&str]) {
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
