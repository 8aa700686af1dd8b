//! `predict` on folders, lists, and images some of which cannot be read.

use std::collections::HashMap;

use crate::support::{Sandbox, assert_refused, files_below, text, train_args};

type Row = HashMap<String, String>;

fn table(sandbox: &Sandbox, name: &str) -> Vec<Row> {
    let bytes = sandbox.read(name);
    let mut csv = csv::Reader::from_reader(&bytes[..]);
    csv.deserialize().map(Result::unwrap).collect()
}

fn number(row: &Row, column: &str) -> f64 {
    row[column]
        .parse()
        .unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

#[test]
fn the_table_says_what_eval_says_of_every_image() {
    let sandbox = Sandbox::trained("level1", 1, "learning_rate = 1e-3");
    sandbox.succeeds(&[
        "eval",
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--out",
        "looked",
    ]);
    let args = [
        "predict",
        "--run",
        "run",
        "data/Testing",
        "--out",
        "p.csv",
        "--batch-size",
        "7",
    ];
    let output = sandbox.succeeds(&args);
    assert!(text(&output.stdout).contains("p.csv"));
    let (ours, theirs) = (
        table(&sandbox, "p.csv"),
        table(&sandbox, "looked/images.csv"),
    );
    assert_eq!((ours.len(), theirs.len()), (20, 20));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours["image"], format!("data/Testing/{}", theirs["path"]));
        assert_eq!(ours["predicted"], theirs["predicted"]);
        for column in ["p0:glioma", "p3:pituitary", "probability"] {
            // The same sums in batches of another size.
            assert!((number(ours, column) - number(theirs, column)).abs() < 1e-5);
        }
        assert_eq!(
            (&*ours["squared_l2"], &*ours["map"], &*ours["error"]),
            ("", "", "")
        );
    }
}

#[test]
fn maps_and_deviations_are_those_of_explain() {
    let sandbox = Sandbox::trained("level1", 2, "learning_rate = 1e-3");
    let common = [
        "--run",
        "run",
        "data/Testing",
        "--reference",
        "run",
        "--json",
        "--out",
    ];
    let explain = [&["explain", "--raw-maps"][..], &common, &["explained"]].concat();
    sandbox.json(&explain);
    let predict = [&["predict", "--maps", "maps"][..], &common, &["p.csv"]].concat();
    let json = sandbox.json(&predict);
    let (ours, theirs) = (
        table(&sandbox, "p.csv"),
        table(&sandbox, "explained/explained.csv"),
    );
    let mut compared = 0;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours["image"], theirs["image"]);
        assert_eq!(
            ours["squared_l2"].is_empty(),
            theirs["squared_l2"].is_empty()
        );
        if !ours["squared_l2"].is_empty() {
            compared += 1;
            for column in ["squared_l2", "l2"] {
                let (a, b) = (number(ours, column), number(theirs, column));
                assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "{column}: {a} {b}");
            }
        }
        let (a, b) = (
            sandbox.read(&ours["map"]),
            sandbox.read(&format!("explained/{}", theirs["map"])),
        );
        assert_eq!((a.len(), &a[..80]), (b.len(), &b[..80]), "the same shape");
    }
    assert!(compared > 0);
    assert_eq!(files_below(&sandbox.path("maps")).len(), 20);
    let images: u64 = json["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["images"].as_u64().unwrap())
        .sum();
    assert_eq!((images, json["images"].as_u64()), (20, Some(20)));
}

#[test]
fn an_image_that_cannot_be_read_has_a_row_in_its_place() {
    let sandbox = Sandbox::trained("level1", 1, "");
    std::fs::create_dir_all(sandbox.path("scans/later")).unwrap();
    for (from, to) in [
        ("glioma/0000.png", "a.png"),
        ("notumor/0000.png", "c.png"),
        ("notumor/0001.png", "later/d.png"),
    ] {
        std::fs::copy(
            sandbox.path("data/Testing").join(from),
            sandbox.path("scans").join(to),
        )
        .unwrap();
    }
    sandbox.write("scans/b.png", "no image");
    sandbox.write("list.csv", "path\nscans/c.png\nscans/b.png\nscans/a.png\n");
    let output = sandbox.run(&[
        "predict",
        "--run",
        "run",
        "scans",
        "missing.png",
        "list.csv",
        "--out",
        "p.csv",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("3 of 8 could not be read"),
        "{}",
        text(&output.stderr)
    );
    let rows = table(&sandbox, "p.csv");
    let images: Vec<(&str, bool)> = rows
        .iter()
        .map(|row| (&*row["image"], row["error"].is_empty()))
        .collect();
    let expected = [
        ("scans/a.png", true),
        ("scans/b.png", false),
        ("scans/c.png", true),
        ("scans/later/d.png", true),
        ("missing.png", false),
        ("./scans/c.png", true),
        ("./scans/b.png", false),
        ("./scans/a.png", true),
    ];
    assert_eq!(images, expected);
    assert!(rows[1]["predicted"].is_empty() && rows[1]["error"].contains("neither PNG"));
}

#[test]
fn requests_that_cannot_be_met_leave_no_table() {
    let sandbox = Sandbox::trained("level1", 1, "");
    sandbox.write("broken.png", "no image");
    for (arguments, words) in [
        (&["broken.png"][..], "neither PNG"),
        (&["none"], "none"),
        (&["data/Testing", "--reference", "data"], "eval.json"),
        (
            &["data/Testing", "--reference", "run", "--flip"],
            "without --flip",
        ),
    ] {
        let command = [
            &["predict", "--run", "run", "--out", "p.csv"][..],
            arguments,
        ]
        .concat();
        assert_refused(&sandbox, &command, &[words]);
        assert!(!sandbox.path("p.csv").exists(), "{arguments:?}");
    }
}

#[test]
fn that_the_first_of_several_frames_is_used_is_said_once() {
    let sandbox = Sandbox::new();
    let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../mitsume-data/tests/files/formats");
    for folder in ["Training", "Testing"] {
        let to = sandbox.path("data").join(folder).join("glioma/moving.gif");
        std::fs::copy(files.join("frames.gif"), to).unwrap();
    }
    sandbox.configure("level1", "");
    let words = "of several frames or pages the first is used: 1 image (";
    let said = |args: &[&str]| text(&sandbox.succeeds(args).stderr).matches(words).count();
    // Once for each of the two data sets, and not again in every epoch.
    assert_eq!(said(&train_args("run", &["--set", "train.epochs=2"])), 2);
    assert_eq!(said(&["eval", "--run", "run", "--data", "data/Testing"]), 1);
    assert_eq!(
        said(&["predict", "--run", "run", "data/Testing", "--out", "p.csv"]),
        1
    );
    assert_eq!(
        said(&[
            "explain",
            "--run",
            "run",
            "data/Testing/glioma",
            "--out",
            "explained"
        ]),
        1
    );
    let check = sandbox.json(&["data", "check", "data", "--json"]);
    assert_eq!(check["more_frames"].as_array().unwrap().len(), 2);
}
