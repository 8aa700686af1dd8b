//! `MITSUME_MAX_ISA`: the CPU kernels limited to an instruction set.

use serde_json::Value;

use crate::support::{Sandbox, text, train_args};

const VARIABLE: &str = "MITSUME_MAX_ISA";
const BENCH: [&str; 11] = [
    "bench",
    "step",
    "--level",
    "1",
    "--batch",
    "1",
    "--size",
    "32",
    "--repeats",
    "1",
    "--json",
];

#[test]
fn the_kernels_run_on_the_set_that_the_variable_names() {
    let sandbox = Sandbox::empty();
    let mut command = sandbox.command(&BENCH);
    let output = command.env(VARIABLE, "fallback").output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["instruction_set"], "fallback");
}

#[test]
fn a_set_that_the_machine_has_not_is_refused_with_those_it_has() {
    let sandbox = Sandbox::empty();
    let mut command = sandbox.command(&BENCH);
    let output = command.env(VARIABLE, "sse9").output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("MITSUME_MAX_ISA: no instruction set \"sse9\"")
            && stderr.contains("fallback"),
        "{stderr}"
    );
}

#[test]
fn a_run_that_goes_on_with_another_set_says_so() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    let train = train_args("run", &["--set", "train.epochs=1"]);
    let mut began = sandbox.command(&train);
    assert!(began.env(VARIABLE, "fallback").status().unwrap().success());
    let environment: Value = serde_json::from_slice(&sandbox.read("run/environment.json")).unwrap();
    assert_eq!(environment["cpu"]["kernels"], "fallback");

    let resume = |epochs: &str, isa: Option<&str>| {
        let mut command = sandbox.command(&["train", "--resume", "run", "--set", epochs]);
        if let Some(isa) = isa {
            command.env(VARIABLE, isa);
        }
        let output = command.output().unwrap();
        assert!(output.status.success());
        text(&output.stderr)
    };
    let same = resume("train.epochs=2", Some("fallback"));
    assert!(!same.contains("this run began on"), "{same}");
    let other = resume("train.epochs=3", None);
    // A machine without vector instructions has no other set.
    let has_other = mitsume_nn::instruction_set() != "fallback";
    assert_eq!(other.contains("this run began on"), has_other, "{other}");
}
