//! Runs ONNX's test cases of operators: `backend_tests FOLDER`, which holds a folder for each case.
//! Prints how many of each operator passed, were refused or are wrong; fails if any is wrong.
//! `scripts/test-onnx-nodes.sh` fetches the cases.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mitsume_onnx::backend_test::{Case, Outcome, WAYS, operators};

/// How a case ended, over all ways of giving its inputs.
enum Verdict {
    Passed,
    /// Its first output passed; with the others it is refused.
    First,
    Refused(String),
    Wrong(String),
}

#[derive(Default)]
struct Counts {
    passed: usize,
    first: usize,
    refused: usize,
    wrong: usize,
}

impl Counts {
    fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::First => self.first += 1,
            Verdict::Refused(_) => self.refused += 1,
            Verdict::Wrong(_) => self.wrong += 1,
        }
    }

    fn print(&self, operator: &str) {
        println!(
            "{operator:20} {:>7} {:>7} {:>7} {:>7}",
            self.passed, self.first, self.refused, self.wrong
        );
    }
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
    let mut total = Counts::default();
    let (mut other_operators, mut other_types) = (0, 0);
    let mut verdicts: Vec<(String, Verdict)> = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let case = match Case::read(folder) {
            Ok(case) => case,
            Err(error) => {
                verdicts.push((name.into_owned(), Verdict::Wrong(error.to_string())));
                continue;
            }
        };
        let mut used = case.operators.iter().map(String::as_str);
        if used.any(|operator| !table.contains(&operator)) {
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
        let verdict = verdict(case);
        counts.entry(operator).or_default().count(&verdict);
        total.count(&verdict);
        verdicts.push((name.into_owned(), verdict));
    }
    print_verdicts(&verdicts);
    println!(
        "{:20} {:>7} {:>7} {:>7} {:>7}",
        "operator", "passed", "first", "refused", "wrong"
    );
    for (operator, counts) in &counts {
        counts.print(operator);
    }
    total.print("all");
    println!(
        "first: passed with the first output alone; the others are refused\n\
         not run: {other_operators} cases of other operators, {other_types} of other data types"
    );
    let is_wrong = |(_, verdict): &(String, Verdict)| matches!(verdict, Verdict::Wrong(_));
    match verdicts.iter().any(is_wrong) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// A line for each case, those that passed first.
fn print_verdicts(verdicts: &[(String, Verdict)]) {
    let lines = |line: fn(&str, &Verdict) -> Option<String>| {
        for (name, verdict) in verdicts {
            if let Some(line) = line(name, verdict) {
                println!("{line}");
            }
        }
    };
    lines(|name, verdict| matches!(verdict, Verdict::Passed).then(|| format!("passed  {name}")));
    lines(|name, verdict| matches!(verdict, Verdict::First).then(|| format!("first   {name}")));
    lines(|name, verdict| match verdict {
        Verdict::Refused(reason) => Some(format!("refused {name}: {reason}")),
        _ => None,
    });
    lines(|name, verdict| match verdict {
        Verdict::Wrong(reason) => Some(format!("WRONG   {name}: {reason}")),
        _ => None,
    });
}

fn verdict(case: Case) -> Verdict {
    let refusal = match outcome(&case) {
        Outcome::Passed => return Verdict::Passed,
        Outcome::Wrong(reason) => return Verdict::Wrong(reason),
        Outcome::Refused(reason) => reason,
    };
    match case.first_output().map(|case| outcome(&case)) {
        Some(Outcome::Passed) => Verdict::First,
        Some(Outcome::Wrong(reason)) => Verdict::Wrong(reason),
        Some(Outcome::Refused(_)) | None => Verdict::Refused(refusal),
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
