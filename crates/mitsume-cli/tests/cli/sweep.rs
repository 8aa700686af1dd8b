//! Sweeps and their analysis from the command line.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, text};

const SWEEP: &str = "models = [\"level1\"]\nlambdas = [0, 50]\nseeds = [0, 1]\n\
    [data.phantoms]\ntrain = \"data/Training\"\nvalid = \"data/Testing\"\n\
    [run.data]\nimage_size = 32\n[run.train]\nepochs = 3\nbatch_size = 8\n\
    [run.consistency]\nt0 = 1\nt1 = 2\n";
const ARGS: [&str; 5] = ["sweep", "--config", "sweep.toml", "--out", "out"];

fn sandbox_with_sweep() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("sweep.toml", SWEEP);
    sandbox
}

fn sweep_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ARGS.iter().chain(more).copied().collect()
}

#[test]
fn a_sweep_killed_in_the_middle_goes_on_to_the_same_numbers() {
    let sandbox = sandbox_with_sweep();
    sandbox.succeeds(&["sweep", "--config", "sweep.toml", "--out", "whole"]);
    let mut child = sandbox
        .command(&sweep_args(&["--jobs", "2"]))
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = sandbox.path("out/runs/phantoms-level1-lambda0-seed0/checkpoint/progress.json");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !begun.exists() {
        assert!(Instant::now() < deadline, "no checkpoint within a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    // Without --config: the folder knows.
    let again = sandbox.json(&["sweep", "--out", "out", "--json"]);
    let cells = again["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 4);
    for cell in cells {
        assert_eq!(cell["state"], "finished", "{cell}");
        let name = cell["name"].as_str().unwrap();
        let run = |out: &str| sandbox.results(&format!("{out}/runs/{name}"));
        assert_eq!(run("out"), run("whole"), "{name}");
    }
    for file in ["report.html", "analysis.json", "sweep.toml"] {
        assert!(sandbox.path("out").join(file).is_file(), "{file}");
    }
    let page = text(&sandbox.read("out/report.html"));
    let link = "./runs/phantoms-level1-lambda50-seed1/report.html";
    assert!(page.contains(&format!("href=\"{link}\"")));
    assert!(sandbox.path("out").join(link).is_file());
}

#[test]
fn a_dry_run_lists_the_cells_and_writes_nothing() {
    let sandbox = sandbox_with_sweep();
    let plan = sandbox.json(&sweep_args(&["--dry-run", "--json"]));
    assert_eq!(plan["cells"].as_array().unwrap().len(), 4);
    assert!(plan["estimated_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(plan["cells"][0]["state"], "waiting");
    assert!(!sandbox.path("out").exists());
}

#[test]
fn a_preset_prints_a_sweep_that_can_be_changed_and_run() {
    let sandbox = sandbox_with_sweep();
    let args = [
        "sweep",
        "--preset",
        "learning",
        "--quick",
        "--data",
        "mine=data",
        "--print",
    ];
    let printed = sandbox.succeeds(&args);
    sandbox.write("mine.toml", &printed.stdout);
    let plan = [
        "sweep",
        "--config",
        "mine.toml",
        "--out",
        "mine",
        "--set",
        "data.image_size=32",
        "--dry-run",
        "--json",
    ];
    assert_eq!(sandbox.json(&plan)["cells"].as_array().unwrap().len(), 15);
}

#[test]
fn wrong_sweeps_are_refused() {
    let sandbox = sandbox_with_sweep();
    assert_refused(
        &sandbox,
        &["sweep", "--out", "nothing"],
        &["nothing/sweep.toml", "--config"],
    );
    assert_refused(
        &sandbox,
        &["sweep", "--preset", "x", "--data", "data", "--out", "o"],
        &["analytic"],
    );
    assert_refused(
        &sandbox,
        &["sweep", "--config", "no.toml", "--out", "o"],
        &["no.toml"],
    );
    assert_refused(
        &sandbox,
        &sweep_args(&["--set", "train.epohs=3"]),
        &["train.epochs"],
    );
    assert_refused(
        &sandbox,
        &sweep_args(&["--cell", "no-such"]),
        &["no-such", "named like phantoms-level1"],
    );
    sandbox.write("gone.toml", SWEEP.replace("data/Testing", "data/Gone"));
    assert_refused(
        &sandbox,
        &["sweep", "--config", "gone.toml", "--out", "o"],
        &["data/Gone"],
    );
    assert!(
        !sandbox.path("o").exists(),
        "nothing is left of a sweep that cannot be"
    );
    sandbox.write("bad.toml", SWEEP.replace("seeds", "sedes"));
    assert_refused(
        &sandbox,
        &["sweep", "--config", "bad.toml", "--out", "o"],
        &["bad.toml", "sedes"],
    );
    assert_refused(
        &sandbox,
        &["sweep", "--config", "sweep.toml", "--out", "data"],
        &["data", "--out"],
    );
}

#[test]
fn without_a_cluster_the_launcher_says_so_and_leaves_the_script() {
    let sandbox = sandbox_with_sweep();
    let mut command = sandbox.command(&sweep_args(&["--launcher", "slurm"]));
    let output = command.env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("sbatch") && stderr.contains("array.sh"),
        "{stderr}"
    );
    assert!(sandbox.path("out/slurm/array.sh").is_file());
}

const TABLE: &str = "dataset,run,model,epoch,kappa,consistency\n\
    d,a,m,1,0.1,0.9\nd,a,m,2,0.4,0.7\nd,a,m,3,0.5,0.2\nd,b,m,1,0.2,0.8\nd,b,m,2,0.3,0.9\n\
    d,b,m,3,0.6,0.1\nd,c,m,1,,0.5\n";

#[test]
fn a_table_is_analysed_to_json_tables_and_a_page() {
    let sandbox = Sandbox::new();
    sandbox.write("epochs.csv", TABLE);
    let analysis = sandbox.json(&["analyze", "epochs.csv", "--json", "--out", "out"]);
    let first = &analysis["correlations"][0];
    assert_eq!(
        (&first["dataset"], &first["model"]),
        (&"d".into(), &"m".into())
    );
    assert_eq!(first["runs"], 2);
    assert!(first["mean_r"].as_f64().unwrap() < -0.9);
    assert_eq!(analysis["lambdas"], Value::Array(Vec::new()));
    for file in [
        "report.html",
        "analysis.json",
        "figures/scatter-consistency-d.svg",
    ] {
        assert!(sandbox.path("out").join(file).is_file(), "{file}");
    }
    let shown = sandbox.run(&["analyze", "epochs.csv"]);
    assert!(
        text(&shown.stdout).contains("mean r"),
        "{}",
        text(&shown.stdout)
    );
}

#[test]
fn damaged_tables_are_refused_with_file_and_line() {
    let sandbox = Sandbox::new();
    assert_refused(&sandbox, &["analyze", "none.csv"], &["none.csv"]);
    assert_refused(&sandbox, &["analyze", "data"], &["data", "config.toml"]);
    sandbox.write("a.csv", TABLE.replace("kappa", "cappa"));
    assert_refused(&sandbox, &["analyze", "a.csv"], &["a.csv", "\"kappa\""]);
    sandbox.write("b.csv", TABLE.replace("0.4", "four"));
    assert_refused(
        &sandbox,
        &["analyze", "b.csv"],
        &["b.csv", "line 3", "kappa", "four"],
    );
    sandbox.write("c.csv", TABLE.replace("d,a,m,2", "d,a,m,1"));
    assert_refused(
        &sandbox,
        &["analyze", "c.csv"],
        &["c.csv", "epoch 1", "twice"],
    );
    sandbox.write("d.csv", [0xff, 0xfe, 0, 0]);
    assert_refused(&sandbox, &["analyze", "d.csv"], &["d.csv"]);
    sandbox.write("e.csv", TABLE);
    assert_refused(
        &sandbox,
        &["analyze", "e.csv", "--confidence", "1.5"],
        &["--confidence"],
    );
}
