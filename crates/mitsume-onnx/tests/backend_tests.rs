//! ONNX's own test cases of operators, and some like them: what is in `tests/nodes`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use mitsume_onnx::backend_test::{Case, Outcome, WAYS, operators};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/nodes")
}

fn cases() -> Vec<(String, Case)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut cases: Vec<(String, Case)> = paths
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, Case::read(&path).unwrap())
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// Inputs as run-time values, as constants and where they are differentiated. What is refused which
/// way is listed in `tests/nodes/refused.txt`, so that nothing is refused unseen.
#[test]
fn operators_give_what_onnx_expects_however_their_inputs_come() {
    let mut refused = Vec::new();
    for (name, case) in cases() {
        let mut passed = 0;
        for way in WAYS {
            match case.run(way) {
                Outcome::Passed => passed += 1,
                Outcome::Refused(_) => refused.push(format!("{name} {way:?}")),
                Outcome::Wrong(difference) => panic!("{name}, {way:?}: {difference}"),
            }
        }
        assert!(passed > 0, "{name} is refused whatever way its inputs come");
    }
    let expected = std::fs::read_to_string(folder().join("refused.txt")).unwrap();
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(refused, expected, "{}", refused.join("\n"));
}

/// Operators whose results are random numbers; `stochastic_depth.rs` tests them.
const RANDOM: [&str; 2] = ["Bernoulli", "RandomUniformLike"];

#[test]
fn every_operator_of_the_table_has_a_test_case() {
    let cases = cases();
    let tested: BTreeSet<&str> = cases
        .iter()
        .flat_map(|(_, case)| &case.operators)
        .map(String::as_str)
        .chain(RANDOM)
        .collect();
    let all: BTreeSet<&str> = operators().into_iter().collect();
    let missing: Vec<&&str> = all.difference(&tested).collect();
    assert!(missing.is_empty(), "no case in tests/nodes of {missing:?}");
}

#[test]
fn a_wrong_value_a_wrong_shape_and_a_wrong_type_are_seen() {
    let read = |name: &str| Case::read(&folder().join(name)).unwrap();
    let (sum, difference) = (read("test_add"), read("test_sub_example"));
    assert_eq!(sum.run(WAYS[0]), Outcome::Passed);
    for other in ["test_sub_example", "test_shape_example"] {
        let swapped = sum.clone().expecting(&read(other));
        assert!(matches!(swapped.run(WAYS[0]), Outcome::Wrong(_)), "{other}");
    }
    // Ten times the tolerance at 1.
    let moved = difference.first_value_moved(1e-2);
    assert!(matches!(moved.run(WAYS[0]), Outcome::Wrong(_)));
}
