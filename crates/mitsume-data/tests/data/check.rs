//! The check of a data set finds the problems put into it, and nothing else.

use crate::support::data_set;
use mitsume_data::check::{CheckReport, check, check_splits};
use mitsume_data::phantom::{PhantomClass, draw};
use std::fs;
use std::path::Path;

fn run(dir: &Path) -> CheckReport {
    check(dir, None, &|_, _| ()).unwrap()
}

fn save(path: &Path, class: PhantomClass, index: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let image = draw(class, 64, 3, index).image;
    image::GrayImage::from_raw(64, 64, image)
        .unwrap()
        .save(path)
        .unwrap();
}

fn data_set_with_problems() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for split in ["Training", "Testing"] {
        for (class, name) in [
            (PhantomClass::Glioma, "glioma"),
            (PhantomClass::NoTumor, "notumor"),
        ] {
            for n in 0..4 {
                let index = n + if split == "Training" { 0 } else { 100 };
                save(&at(&format!("{split}/{name}/{n}.png")), class, index);
            }
        }
    }
    // Twice in training and twice in the test split.
    for copy in [
        "Training/glioma/copy.png",
        "Testing/glioma/leak.png",
        "Testing/glioma/leak2.png",
    ] {
        fs::copy(at("Training/glioma/0.png"), at(copy)).unwrap();
    }
    // The same pixels stored as RGB, under another class.
    let grey = image::open(at("Training/notumor/1.png")).unwrap();
    grey.to_rgb8()
        .save(at("Training/glioma/conflict.png"))
        .unwrap();
    // A little brighter: a near duplicate.
    let mut brighter = image::open(at("Testing/notumor/2.png")).unwrap().to_luma8();
    brighter
        .pixels_mut()
        .for_each(|p| p.0[0] = p.0[0].saturating_add(6));
    brighter.save(at("Training/notumor/brighter.png")).unwrap();
    fs::write(at("Testing/notumor/broken.jpg"), b"\xff\xd8\xff").unwrap();
    // Files that are not used as images, and system files, which are not reported.
    fs::write(at("Training/glioma/one.jp2"), b"\0\0\0\x0cjP").unwrap();
    fs::write(at("Testing/glioma/two.jp2"), b"\0\0\0\x0cjP").unwrap();
    fs::copy(at("Training/glioma/1.png"), at("Training/glioma/scan")).unwrap();
    fs::write(at("Training/glioma/notes.txt"), b"notes").unwrap();
    for leaving in ["Thumbs.db", "desktop.ini", ".DS_Store"] {
        fs::write(at("Training/notumor").join(leaving), b"x").unwrap();
    }
    dir
}

#[test]
fn duplicates_leaks_and_conflicts_are_found() {
    let dir = data_set_with_problems();
    let report = run(dir.path());
    let names: Vec<_> = report.splits.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["Training", "Testing"]);
    assert_eq!(report.splits[0].images, 11);
    assert_eq!(report.splits[1].classes["notumor"], 5);
    assert_eq!(report.splits[0].modes["rgb"], 1);
    assert_eq!(report.splits[1].sizes["64x64"], 10);
    assert_eq!(report.unreadable, ["Testing/notumor/broken.jpg"]);
    assert!(report.unreadable_reasons[0].contains("JPEG"));
    let others: Vec<(&str, Vec<&str>)> = report
        .other_files
        .iter()
        .map(|o| {
            (
                o.kind.as_str(),
                o.paths.iter().map(String::as_str).collect(),
            )
        })
        .collect();
    assert_eq!(
        others,
        [
            (
                "JPEG 2000",
                vec!["Training/glioma/one.jp2", "Testing/glioma/two.jp2"]
            ),
            (".txt", vec!["Training/glioma/notes.txt"]),
            ("PNG without .png", vec!["Training/glioma/scan"]),
        ]
    );
    assert_eq!((report.duplicates.groups, report.duplicates.images), (2, 4));
    assert_eq!(report.leaks.images, 2);
    assert_eq!(report.leaks.groups.len(), 1);
    assert_eq!(report.leaks.groups[0].len(), 4);
    assert_eq!(
        report.conflicts,
        [["Training/glioma/conflict.png", "Training/notumor/1.png"]]
    );
    let near = &report.near_duplicates;
    assert_eq!(
        near.paths,
        [["Training/notumor/brighter.png", "Testing/notumor/2.png"]]
    );
    assert_eq!((near.groups, near.images, near.leaking_groups), (1, 2, 1));
}

#[test]
fn the_report_has_the_agreed_keys() {
    let dir = data_set_with_problems();
    let json = serde_json::to_value(run(dir.path())).unwrap();
    assert_eq!(json["splits"][0]["classes"]["glioma"], 6);
    assert_eq!(json["splits"][0]["name"], "Training");
    assert_eq!(json["duplicates"]["groups"], 2);
    assert_eq!(json["duplicates"]["images"], 4);
    assert_eq!(json["leaks"]["images"], 2);
    assert!(json["leaks"]["groups"][0].is_array() && json["conflicts"][0].is_array());
    assert_eq!(json["near_duplicates"]["groups"], 1);
    assert_eq!(json["unreadable"][0], "Testing/notumor/broken.jpg");
}

#[test]
fn the_report_does_not_depend_on_the_number_of_threads() {
    let dir = data_set_with_problems();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| run(dir.path()))
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn a_folder_of_classes_is_one_split() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("hearts");
    data_set(&root, &["ill", "well"], &[2, 3]);
    let report = run(&root);
    assert_eq!(report.splits.len(), 1);
    assert_eq!(
        (report.splits[0].name.as_str(), report.splits[0].images),
        ("hearts", 5)
    );
    assert_eq!(report.duplicates.groups, 0);
}

#[test]
fn folds_with_the_same_classes_are_splits() {
    let dir = tempfile::tempdir().unwrap();
    data_set(&dir.path().join("fold1"), &["ill", "well"], &[2, 2]);
    data_set(&dir.path().join("fold2"), &["ill", "well"], &[2, 2]);
    let report = run(dir.path());
    assert_eq!(report.splits.len(), 2);
    assert_eq!(report.leaks.images, 4);
}

#[test]
fn separate_folders_are_checked_as_splits_of_one_data_set() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (dir.path().join("ours"), dir.path().join("x/theirs"));
    data_set(&ours, &["ill", "well"], &[2, 2]);
    data_set(&theirs, &["ill", "well"], &[3, 2]);
    let report = check_splits(&[ours.clone(), theirs.clone()], None, &|_, _| ()).unwrap();
    assert_eq!(report.splits[1].name, theirs.display().to_string());
    assert_eq!(report.leaks.images, 4);
    let pair = [&ours, &theirs].map(|dir| dir.join("ill/000.png").display().to_string());
    assert_eq!(report.leaks.groups[0], pair);
}

#[test]
fn a_folder_without_images_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert!(check(&dir.path().join("missing"), None, &|_, _| ()).is_err());
    fs::create_dir(dir.path().join("a")).unwrap();
    let error = check(dir.path(), None, &|_, _| ()).unwrap_err();
    assert!(error.to_string().contains("no image"), "{error}");
}
