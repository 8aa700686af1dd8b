//! Lists of images in place of class folders.

use serde_json::Value;

use crate::support::{Sandbox, assert_refused, text};

/// A list of the phantoms: Training as `train`, Testing as `valid` and `test` by turns if
/// `three_splits`; image k of every class and folder is of patient k.
fn write_list(sandbox: &Sandbox, three_splits: bool) {
    let mut rows = String::from("split,patient,path,label\n");
    for (folder, split) in [("Testing", "valid"), ("Training", "train")] {
        for class in std::fs::read_dir(sandbox.path("data").join(folder)).unwrap() {
            let class = class.unwrap();
            let label = class.file_name().into_string().unwrap();
            let mut names: Vec<_> = std::fs::read_dir(class.path())
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            for (k, name) in names.iter().enumerate() {
                let split = match (split, k % 2) {
                    ("valid", 1) if three_splits => "test",
                    (split, _) => split,
                };
                rows += &format!("{split},{k},data/{folder}/{label}/{name},{label}\n");
            }
        }
    }
    sandbox.write("list.csv", rows);
}

#[test]
fn a_run_on_a_list_is_the_run_on_the_folders_bit_for_bit() {
    let sandbox = Sandbox::trained("level1", 1, "learning_rate = 1e-3");
    write_list(&sandbox, false);
    let of_list = [
        "--set",
        "train.epochs=1",
        "--set",
        "data.train=list.csv",
        "--set",
        "data.valid=list.csv",
    ];
    sandbox.train("listed", &of_list);
    for file in ["steps.csv", "evaluation/class_means.npy"] {
        let (a, b) = (format!("run/{file}"), format!("listed/{file}"));
        assert!(sandbox.read(&a) == sandbox.read(&b), "{file}");
    }
    let read = |run: &str| -> Value {
        serde_json::from_slice(&sandbox.read(&format!("{run}/evaluation/eval.json"))).unwrap()
    };
    let (of_folders, of_list) = (read("run"), read("listed"));
    for key in ["accuracy", "cross_entropy", "consistency", "confusion"] {
        assert_eq!(of_folders[key], of_list[key], "{key}");
    }
    assert!(of_folders["data"].get("list").is_none());
    let list = of_list["data"]["list"].as_str().unwrap();
    assert!(list.ends_with("list.csv/valid"), "{list}");
    // The pictures of a page are found from the list's folder.
    sandbox.succeeds(&["report", "listed", "-o", "report.html"]);
    let page = sandbox.read("report.html");
    assert!(text(&page).contains("list.csv/valid"));
}

#[test]
fn every_command_on_images_takes_a_split_of_a_list() {
    let sandbox = Sandbox::trained("level1", 1, "learning_rate = 1e-3");
    write_list(&sandbox, true);
    let evaluate = |data: &str| sandbox.json(&["eval", "--run", "run", "--data", data, "--json"]);
    assert_eq!(evaluate("list.csv/test")["data"]["images"], 8);
    assert_eq!(evaluate("list.csv/valid")["data"]["images"], 12);
    let whole = ["eval", "--run", "run", "--data", "list.csv"];
    assert_refused(&sandbox, &whole, &["train, valid, test", "list.csv/test"]);
    let explained = sandbox.json(&[
        "explain",
        "--run",
        "run",
        "list.csv/test",
        "--out",
        "explained",
        "--json",
    ]);
    assert_eq!(explained["images"].as_array().unwrap().len(), 8);
    sandbox.succeeds(&[
        "trust",
        "--run",
        "run",
        "--data",
        "list.csv/test",
        "--images",
        "4",
        "--out",
        "trusted",
    ]);
    let checked = sandbox.json(&["data", "check", "list.csv", "--json"]);
    assert_eq!(checked["splits"][0]["name"], "train");
    // Patients 0 to 4 are in Testing, by turns in valid and test, and all in Training.
    assert_eq!(checked["patients"]["patients"], 12);
    assert_eq!(checked["patients"]["shared"].as_array().unwrap().len(), 5);
    let words = sandbox.succeeds(&["data", "check", "list.csv"]).stdout;
    assert!(
        text(&words).contains("  0: train 4, valid 4"),
        "{}",
        text(&words)
    );
    sandbox.write("broken.csv", "path,label\ndata/none.png,a\n");
    for command in [
        &["eval", "--run", "run", "--data", "broken.csv"][..],
        &["data", "check", "broken.csv"],
        &[
            "trust",
            "--run",
            "run",
            "--data",
            "broken.csv",
            "--out",
            "t",
        ],
    ] {
        let place = "broken.csv: line 2, column path: there is no file";
        assert_refused(&sandbox, command, &[place]);
    }
}

#[test]
fn a_divided_data_set_is_trained_and_evaluated_from_its_list() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    let split = [
        "data", "split", "data", "--pool", "--test", "0.25", "--json",
    ];
    let of_file = |out: &'static str| [&split[..], &["--out", out]].concat();
    let divided = sandbox.json(&of_file("list.csv"));
    let splits = &divided["lists"][0]["splits"];
    // 17 images of each class, of phantoms 0 to 11 and 0 to 4; shares 0.55, 0.2, 0.25.
    assert_eq!(splits["train"]["classes"]["pituitary"], 10);
    assert_eq!(
        (&splits["valid"]["images"], &splits["test"]["images"]),
        (&12.into(), &16.into())
    );
    sandbox.json(&of_file("again.csv"));
    assert!(
        sandbox.read("list.csv") == sandbox.read("again.csv"),
        "the same seed"
    );
    assert_refused(
        &sandbox,
        &of_file("list.csv"),
        &["list.csv is there already"],
    );
    sandbox.train(
        "run",
        &[
            "--set",
            "train.epochs=1",
            "--set",
            "data.train=list.csv",
            "--set",
            "data.valid=list.csv",
        ],
    );
    let evaluation = sandbox.json(&["eval", "--run", "run", "--data", "list.csv/test", "--json"]);
    assert_eq!(evaluation["data"]["images"], 16);
    let folds = [&split[..], &["--folds", "3", "--out", "cv.csv"]].concat();
    let folds = sandbox.json(&folds);
    assert_eq!(folds["lists"].as_array().unwrap().len(), 3);
    sandbox.json(&["data", "check", "cv-fold3.csv", "--json"]);
}

#[test]
fn a_division_says_what_it_knows_of_patients_and_refuses_what_it_cannot_do() {
    let sandbox = Sandbox::new();
    let split = |more: &[&'static str]| {
        [
            &["data", "split", "data/Training", "--out", "list.csv"],
            more,
        ]
        .concat()
    };
    let output = sandbox.succeeds(&split(&[]));
    assert!(
        text(&output.stderr).contains("no patient is known"),
        "{}",
        text(&output.stderr)
    );
    let shown = text(&output.stdout);
    assert!(shown.contains("list.csv\ntrain: 40 images\n"), "{shown}");
    std::fs::remove_file(sandbox.path("list.csv")).unwrap();
    // Phantom k of every class as patient k.
    let output = sandbox.succeeds(&split(&["--patient-regex", r"\d+\.\w+$"]));
    assert_eq!(text(&output.stderr), "");
    let shown = text(&output.stdout);
    assert!(shown.contains("valid: 8 images of 2 patients\n"), "{shown}");
    for (arguments, words) in [
        (&["--patient-regex", "("][..], "--patient-regex: "),
        (&["--patient-regex", "glioma"], "finds none in"),
        (&["--folds", "1"], "1 folds"),
        (&["--folds", "13"], "fewer folds"),
        (&["--valid", "1.5"], "shares of 1.5"),
        (&["--valid", "NaN"], "shares of NaN"),
        (&["--keep-test"], "no test to keep"),
    ] {
        std::fs::remove_file(sandbox.path("list.csv")).ok();
        assert_refused(&sandbox, &split(arguments), &[words]);
        assert!(!sandbox.path("list.csv").exists(), "{arguments:?}");
    }
    let both = ["data", "split", "data", "--out", "list.csv"];
    assert_refused(
        &sandbox,
        &both,
        &["Training, Testing", "--keep-test", "--pool"],
    );
    let elsewhere = ["data", "split", "data", "--pool", "--out", "other/list.csv"];
    assert_refused(&sandbox, &elsewhere, &["folder above the images"]);
    let text_file = ["data", "split", "data", "--pool", "--out", "list.txt"];
    assert_refused(&sandbox, &text_file, &["ends in .csv"]);
}

#[test]
fn a_run_says_which_patients_are_in_training_and_in_validation() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    write_list(&sandbox, false);
    let train = ["train", "--config", "run.toml", "--out", "run", "--quiet"];
    let lists = [
        "--set",
        "train.epochs=1",
        "--set",
        "data.train=list.csv",
        "--set",
        "data.valid=list.csv",
    ];
    let output = sandbox.succeeds(&[&train[..], &lists].concat());
    let said = text(&output.stderr);
    assert!(
        said.contains("5 patients of the validation images have training images, too (20 of 20"),
        "{said}"
    );
    assert!(said.contains("  0, 1, 2, 3, 4\n"), "{said}");
    assert!(said.contains("list.csv/valid --json"), "{said}");
    let record: Value = serde_json::from_slice(&sandbox.read("run/environment.json")).unwrap();
    assert_eq!(record["data"][1]["of_training_patients"], 20);
    sandbox.succeeds(&["report", "run"]);
    let page = text(&sandbox.read("run/report.html"));
    assert!(page.contains("20 of 20 validation images are of patients with training images"));
    // The names of folders and files, where no list tells.
    let check = [
        "data",
        "check",
        "data",
        "--patient-regex",
        r"\d+\.\w+$",
        "--json",
    ];
    assert_eq!(
        sandbox.json(&check)["patients"]["shared"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
}
