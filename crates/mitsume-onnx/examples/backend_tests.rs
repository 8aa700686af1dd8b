//! Runs ONNX's test cases of operators: `backend_tests FOLDER`, which holds a folder for each case.
//! Prints how many of each operator passed, were refused or are wrong; fails if any is wrong.
//! `scripts/test-onnx-nodes.sh` fetches the cases.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mitsume_onnx::backend_test::{Case, Outcome, WAYS, operators};

#[derive(Default)]
struct Counts {
    passed: usize,
    first: usize,
    refused: usize,
    wrong: usize,
}

fn main() -> ExitCode {
    let Some(root) = std::env::args_os().nth(1) else {
        eprintln!("backend_tests FOLDER");
        return ExitCode::from(2);
    };
    match folders(Path::new(&root)) {
        Ok(folders) => run(&folders),
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&root).display());
            ExitCode::from(2)
        }
    }
}

fn folders(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path.join("model.onnx").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

fn run(folders: &[PathBuf]) -> ExitCode {
    let table = operators();
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    let (mut other_operators, mut other_types, mut wrong) = (0, 0, Vec::new());
    let mut total = Counts::default();
    let (mut passed, mut first, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let case = match Case::read(folder) {
            Ok(case) => case,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        if case
            .operators
            .iter()
            .any(|op| !table.contains(&op.as_str()))
        {
            other_operators += 1;
            continue;
        }
        if case.other_type.is_some() {
            other_types += 1;
            continue;
        }
        // A case made of several operators is a function's body.
        let operator = match &case.operators[..] {
            [one] => one.clone(),
            _ => "(several)".to_owned(),
        };
        let of = counts.entry(operator).or_default();
        match outcome(&case) {
            Outcome::Passed => {
                of.passed += 1;
                total.passed += 1;
                passed.push(name.into_owned());
            }
            Outcome::Refused(reason) => match case.first_output().map(|case| outcome(&case)) {
                Some(Outcome::Passed) => {
                    of.first += 1;
                    total.first += 1;
                    first.push(name.into_owned());
                }
                Some(Outcome::Wrong(reason)) => {
                    of.wrong += 1;
                    total.wrong += 1;
                    wrong.push(format!("{name}: {reason}"));
                }
                Some(Outcome::Refused(_)) | None => {
                    of.refused += 1;
                    total.refused += 1;
                    refused.push(format!("{name}: {reason}"));
                }
            },
            Outcome::Wrong(reason) => {
                of.wrong += 1;
                total.wrong += 1;
                wrong.push(format!("{name}: {reason}"));
            }
        }
    }
    for name in &passed {
        println!("passed  {name}");
    }
    for name in &first {
        println!("first   {name}");
    }
    for line in &refused {
        println!("refused {line}");
    }
    for line in &wrong {
        println!("WRONG   {line}");
    }
    let row = |operator: &str, of: &Counts| {
        println!(
            "{operator:20} {:>7} {:>7} {:>7} {:>7}",
            of.passed, of.first, of.refused, of.wrong
        );
    };
    println!(
        "{:20} {:>7} {:>7} {:>7} {:>7}",
        "operator", "passed", "first", "refused", "wrong"
    );
    for (operator, of) in &counts {
        row(operator, of);
    }
    row("all", &total);
    println!(
        "first: passed with the first output alone; the others are refused\n\
         not run: {other_operators} cases of other operators, {other_types} of other data types"
    );
    match wrong.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Passed if it passes some way and is wrong in none; refused if every way is.
fn outcome(case: &Case) -> Outcome {
    let mut passed = false;
    let mut refused = String::new();
    for way in WAYS {
        let outcome = catch_unwind(AssertUnwindSafe(|| case.run(way)));
        match outcome.unwrap_or_else(|_| Outcome::Wrong("it panics".into())) {
            Outcome::Passed => passed = true,
            Outcome::Refused(reason) => refused = reason,
            Outcome::Wrong(reason) => return Outcome::Wrong(format!("{way:?}: {reason}")),
        }
    }
    match passed {
        true => Outcome::Passed,
        false => Outcome::Refused(refused),
    }
}
