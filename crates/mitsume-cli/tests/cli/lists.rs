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
