//! The page of a comparison.

use mitsume_locale::Language;
use mitsume_report::{CompareOptions, compare};

use crate::made::{self, Made, two_models};

fn page(models: &[Made], language: Language) -> String {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(models, dir.path());
    let options = CompareOptions {
        resamples: 50,
        language,
        ..CompareOptions::default()
    };
    let out = dir.path().join("out");
    let written = compare(&paths, &options).unwrap().write(&out).unwrap();
    // The images were never drawn.
    assert!(written.images > 0 && written.missing_pictures == written.images);
    std::fs::read_to_string(written.page).unwrap()
}

#[test]
fn the_page_has_every_figure_table_and_picture_in_both_languages() {
    for (language, words) in [
        (
            Language::English,
            [
                "Difference from model-0",
                "Right by model-1, wrong by model-0",
                "Caution:",
            ],
        ),
        (
            Language::Japanese,
            [
                "model-0 との差",
                "model-1 が正解し、model-0 が間違えた画像",
                "注意",
            ],
        ),
    ] {
        let page = page(&two_models(), language);
        for word in words {
            assert!(page.contains(word), "no {word}");
        }
        assert_eq!(page.matches("<figure class=\"chart\">").count(), 4);
        assert_eq!(page.matches("role=\"table\"").count(), 5);
        // Three classes with a mean map of each model.
        assert_eq!(page.matches("width=\"160\"").count(), 6);
        let plain = page.replace("<link", "");
        assert!(
            !plain.contains("http://") && !plain.contains("https://"),
            "a page without network"
        );
    }
}

#[test]
fn names_of_classes_and_images_are_escaped() {
    let mut models = two_models();
    for model in &mut models {
        model.classes[0] = "<script>alert(1)</script>".to_owned();
        model.paths[0] = "\" onerror=\"alert(2)/<b>.png".to_owned();
        model.maps[0] = vec![0.0; 30];
        model.maps[0][if model.predictions[1] == 0 { 0 } else { 29 }] = 1.0;
    }
    let page = page(&models, Language::English);
    assert!(!page.contains("<script>alert(1)") && !page.contains("onerror=\"alert(2)"));
    assert!(page.contains("&#60;script&#62;alert(1)"));
    assert_eq!(
        page.matches("<script>").count(),
        1,
        "only the page's own script"
    );
}

#[test]
fn a_model_without_a_correct_image_of_a_class_has_no_mean_map_there() {
    let mut models = two_models();
    for image in 0..15 {
        models[1].predictions[image] = 1;
    }
    let page = page(&models, Language::English);
    assert!(page.contains("model-1: no correct image"));
}

#[test]
fn every_figure_and_table_is_exported() {
    let dir = tempfile::tempdir().unwrap();
    let paths = made::write_all(&two_models(), dir.path());
    let report = compare(&paths, &CompareOptions::default()).unwrap();
    let exported = report.export_figures(&dir.path().join("figures")).unwrap();
    let count = |extension: &str| {
        let files = exported.files.iter();
        files
            .filter(|file| file.extension().is_some_and(|e| e == extension))
            .count()
    };
    // Four plots and three classes; five tables.
    assert_eq!((count("svg"), count("csv"), count("tex")), (7, 5, 5));
}

#[test]
fn of_many_classes_those_whose_mean_maps_are_least_alike_are_shown() {
    let names: Vec<String> = (0..30).map(|class| format!("class-{class:02}")).collect();
    let names: Vec<&str> = names.iter().map(|name| &name[..]).collect();
    let model = |turned: &[usize]| {
        let mut made = Made::empty(&names, [4, 4]);
        for image in 0..90 {
            let class = image / 3;
            let mut map: Vec<f32> = (0..16)
                .map(|i| ((i * 7 + image) % 16) as f32 / 15.0)
                .collect();
            if turned.contains(&class) {
                map = map.iter().map(|value| 1.0 - value).collect();
            }
            made.labels.push(class);
            made.predictions.push(class);
            made.maps.push(map);
        }
        made.with_paths("")
    };
    let page = page(&[model(&[]), model(&[7, 21])], Language::English);
    assert_eq!(page.matches("width=\"160\"").count(), 2 * 12);
    assert!(page.contains("12 of 30 classes"));
    let table = page.split("Classes</h3>").nth(1).unwrap();
    let rows: Vec<&str> = table.split("scope=\"row\">").skip(1).take(3).collect();
    assert!(
        rows[0].starts_with("class-07") && rows[1].starts_with("class-21"),
        "{rows:?}"
    );
    assert!(rows[2].starts_with("class-00"));
}
