//! Lists of images in place of class folders.

use std::fs;
use std::path::Path;

use crate::support::data_set;
use mitsume_data::check::check;
use mitsume_data::{ImageFolder, Split};

/// Class folders, and a CSV list of the same images in reverse order.
fn listed_set() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["b", "a-1", "a"], &[3, 2, 4]);
    let folder = ImageFolder::open(dir.path()).unwrap();
    let rows = folder.samples.iter().rev().map(|sample| {
        let path = sample.path.strip_prefix(dir.path()).unwrap();
        format!("{},./{}\n", folder.classes[sample.class], path.display())
    });
    let rows: String = rows.collect();
    fs::write(dir.path().join("list.csv"), format!("label,path\n{rows}")).unwrap();
    dir
}

fn error(dir: &Path, file: &str, content: &str) -> String {
    fs::write(dir.join(file), content).unwrap();
    ImageFolder::open(&dir.join(file)).unwrap_err().to_string()
}

#[test]
fn a_list_of_class_folders_is_the_same_data_set() {
    let dir = listed_set();
    let folder = ImageFolder::open(dir.path()).unwrap();
    let list = ImageFolder::open(&dir.path().join("list.csv")).unwrap();
    assert_eq!(list.classes, folder.classes);
    assert_eq!(list.samples, folder.samples);
    assert_eq!(list.fingerprint().unwrap(), folder.fingerprint().unwrap());
    let listed = folder.samples.iter().map(|sample| {
        let path = sample.path.strip_prefix(dir.path()).unwrap();
        serde_json::json!({ "path": path, "label": folder.classes[sample.class], "age": 3 })
    });
    let json = serde_json::Value::Array(listed.collect()).to_string();
    let file = dir.path().join("list.json");
    fs::write(&file, json).unwrap();
    assert_eq!(ImageFolder::open(&file).unwrap().samples, folder.samples);
}

#[test]
fn a_split_is_named_after_the_list_or_taken_by_its_role() {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["a", "b"], &[3, 3]);
    let file = dir.path().join("list.csv");
    let rows = "path,label,split\na/000.png,a,train\nb/000.png,b,Training\na/001.png,a,val\n\
                b/001.png,b,valid\nb/002.png,b,test\na/002.png,a,test\n";
    fs::write(&file, format!("\u{feff}{rows}")).unwrap();
    let names = |folder: ImageFolder| -> Vec<String> {
        let names = folder.samples.iter();
        let names = names.map(|s| {
            s.path
                .strip_prefix(dir.path())
                .unwrap()
                .display()
                .to_string()
        });
        names.collect()
    };
    let test = ImageFolder::open(&file.join("test")).unwrap();
    assert_eq!(test.named, file.join("test"));
    assert_eq!(names(test), ["a/002.png", "b/002.png"]);
    let valid = ImageFolder::open_split(&file, Split::Valid).unwrap();
    assert_eq!(names(valid), ["a/001.png", "b/001.png"]);
    let named_wins = ImageFolder::open_split(&file.join("test"), Split::Train).unwrap();
    assert_eq!(names(named_wins), ["a/002.png", "b/002.png"]);
    let several = ImageFolder::open(&file).unwrap_err().to_string();
    assert!(
        several.contains("train, valid, test") && several.contains("list.csv/test"),
        "{several}"
    );
    let unknown = ImageFolder::open(&file.join("fold1"))
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("\"fold1\" is no split"), "{unknown}");
    let whole = ImageFolder::unlabelled(&file).unwrap();
    assert_eq!(whole.samples.len(), 6);
    let class = error(
        dir.path(),
        "class.csv",
        &rows.replace("b/002.png,b,test\n", ""),
    );
    assert!(class.contains("holds several"), "{class}");
    let class = ImageFolder::open(&dir.path().join("class.csv/test"))
        .unwrap_err()
        .to_string();
    assert!(
        class.contains("class.csv/test: no image with the label b"),
        "{class}"
    );
    let only_test = dir.path().join("test.csv");
    fs::write(&only_test, "path,label,split\na/000.png,a,test\n").unwrap();
    assert_eq!(names(ImageFolder::open(&only_test).unwrap()), ["a/000.png"]);
    let role = ImageFolder::open_split(&only_test, Split::Valid)
        .unwrap_err()
        .to_string();
    assert!(
        role.contains("no image of the split valid: it holds test"),
        "{role}"
    );
}

#[test]
fn an_error_names_file_line_and_column() {
    let dir = listed_set();
    let cases = [
        ("", "x.csv: line 1: no column path"),
        ("path,label\n", "no image in this list"),
        ("file;label\na/000.png;a\n", "it has file;label"),
        (
            "path,label,path\na/000.png,a,a\n",
            "line 1: two columns are named path",
        ),
        (
            "path,label\na/000.png\n",
            "line 2: 1 values, but the first line names 2",
        ),
        (
            "path,label\na/000.png,\n",
            "line 2, column label: a/000.png has no label",
        ),
        ("path,label\n,a\n", "line 2, column path: no path"),
        (
            "path,label\na/000.png,a\n\na/9.png,a\n",
            "line 4, column path: there is no file",
        ),
        (
            "path,label\r\na/000.png,a\r\n\r\na/9.png,a\r\n",
            "line 4, column path: there is no file",
        ),
        ("path,label\na/000.png,a\n\n\nb\n", "line 5: 1 values"),
        ("path,label\na,a\n", "line 2, column path: there is no file"),
        ("path,label\na\\000.png,a\n", "between folders stands /"),
        (
            "path,label\na/000.png,a\na/001.png,a\n./a//000.png,b\n",
            "line 4, column path: ./a//000.png stands in line 2 too",
        ),
        (
            "path,label\n/etc/passwd,a\n",
            "line 2, column path: /etc/passwd leads out of the list's folder",
        ),
        (
            "path,label\na/../../x.png,a\n",
            "a/../../x.png leads out of",
        ),
        (
            "path,label,split\na/000.png,a,fold1\n",
            "line 2, column split: \"fold1\" is no split",
        ),
        (
            "path,label,split\na/000.png,a,\n",
            "line 2, column split: a/000.png has no split",
        ),
        (
            "path,label\na/000.png,\"a\tb\"\n",
            "line 2, column label: \"a\\tb\" has a control",
        ),
    ];
    for (content, expected) in cases {
        let message = error(dir.path(), "x.csv", content);
        assert!(message.contains(expected), "{content:?}: {message}");
        assert!(message.contains("x.csv"), "{message}");
    }
    let cases = [
        ("{}", "line 1, column 0: invalid type: map"),
        ("[{\"path\": \"a/000.png\"", "line 1, column"),
        (
            "[{\"path\": \"a/000.png\"}]",
            "entry 1, column label: a/000.png has no label",
        ),
        (
            "[{\"path\": [1], \"label\": 3}]",
            "entry 1, key path: [1] is neither",
        ),
        (
            "[{\"path\": \"a/000.png\", \"label\": 0, \"split\": \"test\"},\n{\"path\": \"a/001.png\", \"label\": 1}]",
            "entry 2, column split: a/001.png has no split",
        ),
    ];
    for (content, expected) in cases {
        let message = error(dir.path(), "x.json", content);
        assert!(message.contains(expected), "{content:?}: {message}");
    }
    fs::write(
        dir.path().join("latin.csv"),
        b"path,label\na/000.png,caf\xe9\n",
    )
    .unwrap();
    let latin = ImageFolder::open(&dir.path().join("latin.csv"))
        .unwrap_err()
        .to_string();
    assert!(latin.contains("line 2: not UTF-8"), "{latin}");
}

#[test]
fn a_check_finds_patients_in_several_splits() {
    let dir = tempfile::tempdir().unwrap();
    data_set(dir.path(), &["a", "b"], &[3, 3]);
    let file = dir.path().join("list.csv");
    let rows = "path,label,split,patient\na/000.png,a,train,p1\nb/000.png,b,train,p2\n\
                a/001.png,a,test,p1\nb/001.png,b,test,p3\nb/002.png,b,test,p3\na/002.png,a,test,\n";
    fs::write(&file, rows).unwrap();
    let report = check(&file, None, &|_, _| {}).unwrap();
    let counts: Vec<_> = report
        .splits
        .iter()
        .map(|s| (&s.name[..], s.images))
        .collect();
    assert_eq!(counts, [("train", 2), ("test", 4)]);
    let patients = report.patients.unwrap();
    assert_eq!((patients.patients, patients.images_without_patient), (3, 1));
    assert_eq!(patients.shared.len(), 1);
    assert_eq!(patients.shared[0].patient, "p1");
    let splits: Vec<_> = patients.shared[0]
        .splits
        .iter()
        .map(|(s, n)| (&s[..], *n))
        .collect();
    assert_eq!(splits, [("test", 1), ("train", 1)]);
    assert_eq!(
        check(&dir.path().join("list.csv/test"), None, &|_, _| {})
            .unwrap()
            .splits[0]
            .images,
        4
    );
    assert!(
        check(dir.path(), None, &|_, _| {})
            .unwrap()
            .patients
            .is_none()
    );
}
