//! Hostile names, missing pictures, and folders and files that are refused.

use std::path::Path;

use crate::synthetic::pages::{count, markup, page, report};
use crate::synthetic::{Plan, evaluation, run};
use mitsume_artifacts::{EvaluationDir, RunDir};

#[test]
fn hostile_names_are_escaped() {
    let plan = Plan {
        classes: vec![
            "<img src=x onerror=alert(1)>".to_owned(),
            "\"><script>alert(2)</script>".to_owned(),
            "</option></select>'&amp;\u{2028}\n目".to_owned(),
        ],
        per_class: 3,
        name: |_, index| match index {
            0 => "<svg onload=alert(3)>.png".to_owned(),
            1 => "\" autofocus onfocus=\"alert(4)\u{2028}.png".to_owned(),
            _ => "line\nbreak </title></script><script>alert(5)</script>.png".to_owned(),
        },
        ..Plan::default()
    };
    let page = page(&plan);
    let markup = markup(&page.html);
    assert_eq!(
        count(&page.html, "<script>"),
        1,
        "only the page's own script"
    );
    assert_eq!(count(&page.html, "</script>"), 1);
    for tag in ["<img src=x", "<svg onload", "<script>alert"] {
        assert!(!markup.contains(tag), "{tag}");
    }
    assert!(
        !markup.contains("\" autofocus"),
        "no attribute is broken out of"
    );
    assert!(
        !markup.contains("'&amp;\u{2028}"),
        "quotes and ampersands are escaped"
    );
    assert!(
        markup.contains("&#60;img src=x onerror=alert(1)&#62;"),
        "and still shown"
    );
}

#[test]
fn a_missing_picture_gets_a_placeholder_and_its_map() {
    let dir = tempfile::tempdir().unwrap();
    let (root, data) = (dir.path().join("evaluation"), dir.path().join("data"));
    evaluation(&root, &data, &Plan::default());
    std::fs::remove_file(data.join("0/image-003.png")).unwrap();
    std::fs::write(data.join("1/image-003.png"), "no png").unwrap();
    let page = report(&root).unwrap();
    assert_eq!((page.images, page.missing_pictures), (48, 2));
    assert_eq!(count(&page.html, "picture not found"), 2);
}

#[test]
fn a_record_cannot_make_the_page_show_other_files() {
    let dir = tempfile::tempdir().unwrap();
    let (root, data) = (dir.path().join("evaluation"), dir.path().join("data"));
    evaluation(
        &root,
        &data,
        &Plan {
            per_class: 2,
            wrong_every: 0,
            ..Plan::default()
        },
    );
    let secret = dir.path().join("secret.png");
    std::fs::copy(data.join("0/image-000.png"), &secret).unwrap();
    let images = EvaluationDir::new(&root).images_path();
    let csv = std::fs::read_to_string(&images).unwrap();
    let csv = csv
        .replace("0/image-000.png", "../secret.png")
        .replace("0/image-001.png", secret.to_str().unwrap());
    std::fs::write(&images, csv).unwrap();
    assert_eq!(report(&root).unwrap().missing_pictures, 2);
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_is_read() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff<b>\xfe");
    let folder = dir.path().join(name);
    evaluation(
        &folder.join("a"),
        &dir.path().join("data"),
        &Plan::default(),
    );
    let page = report(&folder).unwrap();
    assert_eq!(page.shown, ["a"]);
    assert!(page.html.contains("folder \u{fffd}&#60;b&#62;\u{fffd}</p>"));
}

#[test]
fn a_folder_without_runs_or_evaluations_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let error = report(dir.path())
        .map(|page| page.shown)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(dir.path().to_str().unwrap()) && error.contains("no run"),
        "{error}"
    );
    let error = report(Path::new("/nowhere/at/all"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("/nowhere/at/all"), "{error}");
}

#[test]
fn a_damaged_record_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let root = run(
        &dir.path().join("run"),
        &dir.path().join("data"),
        50.0,
        &Plan::default(),
    );
    let paths = RunDir::new(&root);
    let evaluation = EvaluationDir::new(paths.evaluation());
    for path in [
        evaluation.maps_path(),
        evaluation.images_path(),
        evaluation.summary_path(),
        paths.epochs(),
        paths.environment(),
    ] {
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let error = report(&root)
            .map(|page| page.shown)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(path.to_str().unwrap()),
            "{}: {error}",
            path.display()
        );
        std::fs::write(&path, whole).unwrap();
    }
    std::fs::write(paths.config(), "[train]\nepochs = 0").unwrap();
    let error = report(&root)
        .map(|page| page.shown)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("config.toml: data.train: missing"),
        "{error}"
    );
}
