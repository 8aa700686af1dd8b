//! Lists of images with several labels.

use std::fs;
use std::path::Path;

use crate::support::data_set;
use mitsume_data::{ListLabels, MultiLabelData};

const IMAGES: [&str; 4] = ["a/000.png", "a/001.png", "a/002.png", "a/003.png"];

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["a"], &[4]);
    dir
}

fn csv(dir: &Path, header: &str, rows: [&str; 4]) -> std::path::PathBuf {
    let rows = IMAGES
        .iter()
        .zip(rows)
        .map(|(path, row)| format!("{path},{row}\n"));
    let file = dir.join("list.csv");
    fs::write(
        &file,
        format!("path,{header}\n{}", rows.collect::<String>()),
    )
    .unwrap();
    file
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn findings(data: &MultiLabelData) -> Vec<Vec<usize>> {
    let images = 0..data.folder.samples.len();
    images.map(|image| data.findings(image).to_vec()).collect()
}

fn error(file: &Path, findings: Option<&[String]>) -> String {
    MultiLabelData::open(file, findings)
        .unwrap_err()
        .to_string()
}

/// The same labels as columns, as names in a column, and in JSON.
#[test]
fn every_form_of_a_list_has_the_same_findings() {
    let dir = folder();
    let expected = [vec![0, 1], vec![1], vec![], vec![]];
    let columns = csv(
        dir.path(),
        "Effusion, Mass",
        ["1,1", "0,1.0", "0,0", "0.0,0"],
    );
    assert_eq!(ListLabels::of(&columns).unwrap(), ListLabels::Multi);
    let data = MultiLabelData::open(&columns, None).unwrap();
    assert_eq!(data.folder.classes, ["Effusion", "Mass"]);
    assert_eq!((findings(&data), data.labels()), (expected.to_vec(), 3));
    let samples = data.folder.samples;
    let rows = ["Mass | Effusion", "Mass|Mass", "", "No Finding"];
    let listed = csv(dir.path(), "labels", rows);
    assert_eq!(ListLabels::of(&listed).unwrap(), ListLabels::Multi);
    let data = MultiLabelData::open(&listed, None).unwrap();
    assert_eq!(data.folder.classes, ["Effusion", "Mass"]);
    assert_eq!(findings(&data), expected);
    assert_eq!(data.folder.samples, samples);
    let json = serde_json::json!([
        { "path": IMAGES[0], "labels": ["Mass", "Effusion"] },
        { "path": IMAGES[1], "labels": "Mass" },
        { "path": IMAGES[2], "labels": [] },
        { "path": IMAGES[3], "labels": null },
    ]);
    let file = dir.path().join("list.json");
    fs::write(&file, json.to_string()).unwrap();
    assert_eq!(ListLabels::of(&file).unwrap(), ListLabels::Multi);
    let data = MultiLabelData::open(&file, None).unwrap();
    assert_eq!(findings(&data), expected);
}

#[test]
fn the_names_given_are_the_findings_in_their_order() {
    let dir = folder();
    let rows = ["63,1,1", "70,0,1", "9,0,0", "55,0,0"];
    let columns = csv(dir.path(), "Age,Effusion,Mass", rows);
    let given = names(&["Mass", "Effusion"]);
    let data = MultiLabelData::open(&columns, Some(&given)).unwrap();
    assert_eq!(data.folder.classes, given);
    assert_eq!(findings(&data), [vec![0, 1], vec![0], vec![], vec![]]);
    let found = error(&columns, None);
    assert!(
        found.contains("line 2, column Age") && found.contains("\"63\""),
        "{found}"
    );
    let found = error(&columns, Some(&names(&["Mass", "Hernia"])));
    assert!(found.contains("no column Hernia"), "{found}");
    let rows = ["1,Mass|Effusion", "0,Mass", "1,", "0,No finding"];
    let listed = csv(dir.path(), "sex,label", rows);
    let data = MultiLabelData::open(&listed, Some(&given)).unwrap();
    assert_eq!(findings(&data), [vec![0, 1], vec![0], vec![], vec![]]);
    let data = MultiLabelData::open(&listed, None).unwrap();
    assert_eq!(
        data.folder.classes,
        ["Effusion", "Mass"],
        "a column label before others"
    );
    let found = error(&listed, Some(&names(&["Mass"])));
    assert!(
        found.contains("line 2, column label") && found.contains("Effusion"),
        "{found}"
    );
}

#[test]
fn columns_tell_whether_an_image_has_one_label() {
    let dir = folder();
    let of = |header: &str, row: &str| {
        let file = csv(dir.path(), header, [row; 4]);
        ListLabels::of(&file).unwrap()
    };
    assert_eq!(of("label", "a"), ListLabels::Single);
    assert_eq!(of("label,Mass", "a,1"), ListLabels::Single);
    assert_eq!(of("label,labels", "a,b"), ListLabels::Both);
    assert_eq!(of("patient,split", "a,test"), ListLabels::Single);
    assert_eq!(of("Mass", "1"), ListLabels::Multi);
    assert_eq!(ListLabels::of(dir.path()).unwrap(), ListLabels::Single);
}

#[test]
fn a_split_of_a_list_is_read_with_the_findings_of_the_whole() {
    let dir = folder();
    let rows = ["test,Mass", "train,Hernia", "test,", "train,Mass"];
    let file = csv(dir.path(), "split,labels", rows);
    let found = error(&file, None);
    assert!(found.contains("train, test"), "{found}");
    let data = MultiLabelData::open(&file.join("test"), None).unwrap();
    assert_eq!(data.folder.named, file.join("test"));
    assert_eq!(data.folder.classes, ["Hernia", "Mass"]);
    assert_eq!(findings(&data), [vec![1], vec![]]);
    let samples = data.folder.samples.iter();
    let paths = samples.map(|s| s.path.strip_prefix(dir.path()).unwrap().to_owned());
    assert_eq!(
        paths.collect::<Vec<_>>(),
        [Path::new(IMAGES[0]), Path::new(IMAGES[2])]
    );
}

#[test]
fn lists_that_are_no_labels_are_refused_with_place_and_reason() {
    let dir = folder();
    let uncertain = csv(dir.path(), "Mass", ["1", "-1", "0", "0"]);
    let found = error(&uncertain, None);
    assert!(
        found.contains("line 3, column Mass") && found.contains("\"-1\""),
        "{found}"
    );
    let none = csv(dir.path(), "patient", ["x"; 4]);
    assert!(error(&none, None).contains("0 findings"));
    let empty = csv(dir.path(), "labels", ["", "", "", "No Finding"]);
    assert!(error(&empty, None).contains("0 findings"));
    let twice = csv(dir.path(), "Mass,Mass", ["1,0"; 4]);
    assert!(error(&twice, None).contains("two columns are named Mass"));
    assert!(error(dir.path(), None).contains("in a list"));
    let file = dir.path().join("list.json");
    fs::write(
        &file,
        format!("[{{\"path\": \"{}\", \"labels\": 3}}]", IMAGES[0]),
    )
    .unwrap();
    assert!(error(&file, None).contains("entry 1, key labels: 3 is neither"));
    // As a list of one label for each image.
    let listed = csv(dir.path(), "labels", ["Mass"; 4]);
    let single = mitsume_data::ImageFolder::open(&listed)
        .unwrap_err()
        .to_string();
    assert!(
        single.contains("no column label") && single.contains("(labels)"),
        "{single}"
    );
}
