//! Listing and fingerprints.

use crate::support::data_set;
use mitsume_data::{DataError, ImageFolder};
use std::fs;
use std::path::Path;

fn touch(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, b"x").unwrap();
}

fn names(folder: &ImageFolder) -> Vec<String> {
    let relative = folder
        .samples
        .iter()
        .map(|s| s.path.strip_prefix(&folder.root).unwrap());
    relative.map(|p| p.to_string_lossy().into_owned()).collect()
}

/// The order Python's `sorted(os.walk())` gives: folders compared as strings (`-` is below `/`),
/// then file names.
#[test]
fn order_is_that_of_torchvision() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "b/z.png",
        "a/10.png",
        "a/2.JPG",
        "a/B.jpeg",
        "a/a.png",
        "a/p/q/1.png",
        "a/p-1/1.png",
        "a/p/9.png",
        "Z/1.bmp",
    ] {
        touch(&dir.path().join(name));
    }
    let folder = ImageFolder::open(dir.path()).unwrap();
    assert_eq!(folder.classes, ["Z", "a", "b"]);
    assert_eq!(
        names(&folder),
        [
            "Z/1.bmp",
            "a/10.png",
            "a/2.JPG",
            "a/B.jpeg",
            "a/a.png",
            "a/p/9.png",
            "a/p-1/1.png",
            "a/p/q/1.png",
            "b/z.png",
        ]
    );
    let classes: Vec<usize> = folder.samples.iter().map(|s| s.class).collect();
    assert_eq!(classes, [0, 1, 1, 1, 1, 1, 1, 1, 2]);
}

#[test]
fn hidden_names_and_other_files_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "a/1.png",
        "a/.ipynb_checkpoints/1-checkpoint.png",
        "a/._1.png",
        "a/notes.txt",
        ".git/x.png",
        "top.png",
    ] {
        touch(&dir.path().join(name));
    }
    let folder = ImageFolder::open(dir.path()).unwrap();
    assert_eq!(names(&folder), ["a/1.png"]);
    // Files that are not used are listed.
    let others = folder.other_files();
    let others: Vec<_> = others
        .iter()
        .map(|o| (&o.kind[..], &o.paths[0][..]))
        .collect();
    assert_eq!(
        others,
        [
            (".txt", "a/notes.txt"),
            ("image beside the class folders", "top.png")
        ]
    );
}

fn reason(root: &Path) -> String {
    let error: DataError = ImageFolder::open(root).unwrap_err();
    error.to_string()
}

#[test]
fn layouts_that_are_no_data_set_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    assert!(reason(&root.join("missing")).contains("missing"));
    assert!(reason(root).contains("no class folder"));
    touch(&root.join("1.png"));
    assert!(reason(root).contains("1 image files but no class folder"));
    assert!(reason(&root.join("1.png")).contains("1.png"));
    fs::create_dir(root.join("empty")).unwrap();
    let message = reason(root);
    assert!(
        message.contains("empty") && message.contains("no image file"),
        "{message}"
    );
    fs::write(root.join("empty/1.jp2"), b"\0\0\0\x0cjP").unwrap();
    assert!(
        reason(root).contains("no image file in this class folder (1 JPEG 2000)"),
        "{}",
        reason(root)
    );
    let splits = tempfile::tempdir().unwrap();
    touch(&splits.path().join("Training/a/1.png"));
    touch(&splits.path().join("Testing/a/1.png"));
    assert!(reason(splits.path()).contains("Testing"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_are_cut() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("set");
    touch(&dir.path().join("elsewhere/1.png"));
    touch(&root.join("a/0.png"));
    symlink(dir.path().join("elsewhere"), root.join("b")).unwrap();
    symlink(dir.path().join("elsewhere"), root.join("a/more")).unwrap();
    symlink(dir.path().join("elsewhere/1.png"), root.join("a/link.png")).unwrap();
    symlink(&root, root.join("a/loop")).unwrap();
    symlink("nowhere", root.join("a/dangling.png")).unwrap();
    let folder = ImageFolder::open(&root).unwrap();
    assert_eq!(folder.classes, ["a", "b"]);
    assert_eq!(
        names(&folder),
        [
            "a/0.png",
            "a/dangling.png",
            "a/link.png",
            "a/more/1.png",
            "b/1.png"
        ]
    );
    // A dangling link counts as unreadable: the fingerprint exists, and changes when the link is
    // repaired.
    let before = folder.fingerprint().unwrap();
    fs::write(root.join("a/nowhere"), b"now").unwrap();
    assert_ne!(folder.fingerprint().unwrap(), before);
}

#[test]
fn fingerprints_follow_content_names_and_classes_but_not_the_place() {
    let make = |change: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        data_set(dir.path(), &["a", "b"], &[3, 2]);
        change(dir.path());
        ImageFolder::open(dir.path())
            .unwrap()
            .fingerprint()
            .unwrap()
    };
    let same = make(&|_| ());
    assert_eq!(same.len(), 64);
    assert_eq!(same, make(&|_| ()));
    assert_ne!(
        same,
        make(&|p| fs::rename(p.join("a/000.png"), p.join("a/009.png")).unwrap())
    );
    assert_ne!(
        same,
        make(&|p| fs::rename(p.join("b"), p.join("c")).unwrap())
    );
    assert_ne!(
        same,
        make(&|p| fs::remove_file(p.join("a/000.png")).unwrap())
    );
    let flip_a_bit = |p: &Path| {
        let mut bytes = fs::read(p.join("b/001.png")).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(p.join("b/001.png"), bytes).unwrap();
    };
    assert_ne!(same, make(&flip_a_bit));
}
