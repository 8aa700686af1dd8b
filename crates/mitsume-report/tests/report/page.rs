//! The HTML of a report.

use crate::synthetic::pages::{count, markup, page, report};
use crate::synthetic::{Plan, evaluation, run};
use mitsume_artifacts::{EvaluationDir, RunDir};
use mitsume_locale::Language;
use mitsume_report::ReportOptions;

#[test]
fn a_japanese_page_is_marked_and_written_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &Plan::default());
    let options = ReportOptions {
        language: Language::Japanese,
    };
    let html = mitsume_report::report(&root, &options).unwrap().html;
    assert!(html.contains("<html lang=\"ja\">"));
    assert!(html.contains("混同行列") && !html.contains("Confusion matrix"));
}

#[test]
fn an_evaluation_without_a_run_has_metrics_classes_and_images_but_no_curves() {
    let page = page(&Plan::default());
    assert_eq!(page.shown, ["evaluation"]);
    assert_eq!((page.images, page.missing_pictures), (48, 0));
    assert_eq!(count(&page.html, "<li class=\"card"), 48);
    assert_eq!(count(&page.html, "<li class=\"card iswrong"), 8);
    assert_eq!(count(&page.html, "class=\"chart\""), 0);
    assert!(page.html.contains("All 12 images; 2 wrong in all."));
    assert!(page.html.contains("<td class=\"num hit\""));
}

#[test]
fn a_run_adds_curves_configuration_and_environment() {
    let dir = tempfile::tempdir().unwrap();
    let root = run(
        &dir.path().join("lambda-50"),
        &dir.path().join("data"),
        50.0,
        &Plan::default(),
    );
    let page = report(&root).unwrap();
    for title in [
        "Loss",
        "Accuracy and kappa",
        "Gaze consistency, squared-l2",
        "Gaze consistency, l2",
        "Weight of the CAM loss",
        "CAM loss",
        "Learning rate",
    ] {
        assert!(
            page.html.contains(&format!("<figcaption><b>{title}</b>")),
            "{title}"
        );
    }
    assert!(
        page.html.contains("lambda_max = 50.0"),
        "the configuration is there"
    );
    assert!(page.html.contains("fingerprint 9f86d081884c7d65"));
    assert!(page.html.contains("published: l2, ema, alpha detached"));
}

#[test]
fn runs_without_the_consistency_loss_have_no_chart_of_its_weight() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let title = "<figcaption><b>Weight of the CAM loss</b>";
    for (name, lambda) in [("one", 0.0), ("two", 0.0), ("three", 50.0)] {
        run(
            &dir.path().join("out").join(name),
            &data,
            lambda,
            &Plan::default(),
        );
        let html = report(&dir.path().join("out")).unwrap().html;
        assert_eq!(html.contains(title), lambda != 0.0, "{name}");
    }
}

#[test]
fn several_runs_are_compared_in_the_order_of_lambda() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let tight = Plan {
        spread: 1.0,
        wrong_every: 6,
        ..Plan::default()
    };
    run(&dir.path().join("out/lambda-50"), &data, 50.0, &tight);
    run(&dir.path().join("out/lambda-100"), &data, 100.0, &tight);
    run(
        &dir.path().join("out/lambda-0"),
        &data,
        0.0,
        &Plan::default(),
    );
    std::fs::create_dir(dir.path().join("out/.tmp-half")).unwrap();
    std::fs::write(dir.path().join("out/.tmp-half/eval.json"), "{").unwrap();
    let page = report(&dir.path().join("out")).unwrap();
    assert_eq!(page.shown, ["lambda-0", "lambda-50", "lambda-100"]);
    assert!(page.html.contains("Changes are against lambda-0."));
    // With one seed each none is best, and the page says so.
    assert_eq!(count(&page.html, "<span class=\"flag\">"), 0);
    assert!(
        page.html
            .contains("<small class=\"standing\">lowest; one seed</small>")
    );
    assert_eq!(count(&page.html, "class=\"gallery\" data-run="), 3);
    assert!(page.html.contains("<figcaption><b>Validation kappa</b>"));
}

#[test]
fn a_lambda_better_in_every_seed_is_best_and_changes_are_against_its_own_seed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for seed in 0..3 {
        for (lambda, spread) in [(0.0, 3.0), (50.0, 1.0)] {
            let plan = Plan {
                spread: spread + [0.0, 0.11, 0.05][seed],
                ..Plan::default()
            };
            let root = run(
                &dir.path().join(format!("out/l{lambda}-s{seed}")),
                &data,
                lambda,
                &plan,
            );
            let config = root.join("config.toml");
            let text = std::fs::read_to_string(&config).unwrap();
            let seeded = text.replace("\nseed = 0\n", &format!("\nseed = {seed}\n"));
            std::fs::write(&config, seeded).unwrap();
        }
    }
    let html = report(&dir.path().join("out")).unwrap().html;
    // Both forms of the consistency of three runs; the accuracies are equal.
    assert_eq!(
        count(&html, "<span class=\"flag\"> best mean of 3 seeds</span>"),
        6
    );
    assert_eq!(count(&html, "<small class=\"standing\">"), 0);
    assert!(
        html.contains("Changes are against the run without CAM loss of the same model and seed.")
    );
}

#[test]
fn an_unfinished_run_is_shown_as_far_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let root = run(
        &dir.path().join("run"),
        &dir.path().join("data"),
        0.0,
        &Plan::default(),
    );
    let paths = RunDir::new(&root);
    std::fs::remove_dir_all(paths.evaluation()).unwrap();
    std::fs::remove_file(paths.environment()).unwrap();
    let page = report(&root).unwrap();
    assert!(page.html.contains("Not evaluated yet"));
    assert!(page.html.contains("<figcaption><b>Loss</b>"));
    std::fs::remove_file(paths.epochs()).unwrap();
    assert!(report(&root).unwrap().html.contains("0 of 20"));
}

#[test]
fn an_evaluation_without_images_and_maps_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &Plan::default());
    std::fs::remove_file(EvaluationDir::new(&root).images_path()).unwrap();
    std::fs::remove_file(EvaluationDir::new(&root).maps_path()).unwrap();
    let page = report(&root).unwrap();
    assert_eq!(page.images, 0);
    assert!(page.html.contains("Confusion matrix") && !page.html.contains("id=\"controls\""));
}

#[test]
fn a_large_evaluation_gives_a_small_page_that_counts_what_is_left_out() {
    let page = page(&Plan {
        per_class: 90,
        ..Plan::default()
    });
    assert_eq!(page.images, 4 * 36);
    assert!(page.html.contains("36 of 90 images: wrong ones preferred"));
    let wrong = "18 of 18 wrong ones are among them. The rest are in images.csv.";
    assert_eq!(count(&page.html, wrong), 4);
    let printed = "8 of them are shown on paper and without JavaScript.";
    assert_eq!(count(&page.html, printed), 4);
    assert!(page.html.len() < 4 << 20, "{} bytes", page.html.len());
}

#[test]
fn many_classes_share_the_gallery_limit_and_get_a_list_of_mistakes() {
    let classes = (0..60).map(|i| format!("class {i}")).collect();
    let page = page(&Plan {
        classes,
        per_class: 10,
        ..Plan::default()
    });
    assert_eq!(page.images, 24 * 7);
    assert!(page.html.contains("Images of 24 of 60 classes"));
    assert!(page.html.contains("Most frequent mistakes"));
}

#[test]
fn a_thousand_classes_give_a_small_page_with_extreme_classes_and_a_search() {
    let page = page(&Plan {
        classes: (0..1000).map(|i| format!("class {i}")).collect(),
        per_class: 7,
        wrong_every: 7,
        ..Plan::default()
    });
    assert_eq!(page.images, 24 * 7);
    assert!(page.html.len() < 3 << 20, "{} bytes", page.html.len());
    for words in [
        "Least consistent classes",
        "Most consistent classes",
        "Most frequent mistakes",
        "Of 1000 classes, the 1000 with at least 5 correctly classified images are ranked",
        "Mean maps of 12 of 1000 classes",
        "class 731",
    ] {
        assert!(page.html.contains(words), "{words}");
    }
    let boxes = count(&page.html, "class=\"missing\"");
    assert_eq!(boxes, 0, "no empty box");
}

#[test]
fn a_consistency_over_few_images_or_classes_is_cautioned() {
    let few = page(&Plan {
        per_class: 2,
        wrong_every: 0,
        ..Plan::default()
    });
    // Each class in the table, twice; all eight images in the tiles.
    assert_eq!(count(&few.html, "over 2 images only"), 8);
    assert_eq!(count(&few.html, "over 8 images only"), 2);
    let one = page(&Plan {
        classes: vec!["only".to_owned()],
        wrong_every: 0,
        ..Plan::default()
    });
    assert_eq!(count(&one.html, "over 1 class only"), 2);
    let enough = page(&Plan::default());
    assert_eq!(count(&enough.html, "class=\"note caution\""), 0);
    assert_eq!(count(&enough.html, "<small class=\"caution\""), 0);
}

#[test]
fn a_class_without_a_correct_image_has_no_mean_map() {
    let page = page(&Plan {
        per_class: 3,
        wrong_every: 1,
        ..Plan::default()
    });
    assert_eq!(
        count(&page.html, "no correctly classified image, so no mean map"),
        4
    );
    assert!(page.html.contains("deviation –"));
}

#[test]
fn the_page_has_no_network_address() {
    let html = page(&Plan::default()).html;
    assert!(html.contains("default-src 'none'; img-src data:;"));
    for scheme in ["http:", "https:", "url(", "@import", "src=\"//"] {
        assert!(!html.contains(scheme), "{scheme}");
    }
}

#[test]
fn the_same_folder_gives_the_same_page() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &Plan::default());
    assert!(report(&root).unwrap().html == report(&root).unwrap().html);
}

#[test]
fn a_page_is_written_completely() {
    let dir = tempfile::tempdir().unwrap();
    let page = page(&Plan {
        per_class: 1,
        ..Plan::default()
    });
    let path = dir.path().join("new/report.html");
    page.write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page.html);
}

#[test]
fn the_structure_of_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let plan = Plan {
        classes: vec!["a".to_owned(), "b".to_owned()],
        per_class: 2,
        ..Plan::default()
    };
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &plan);
    let html = report(&root).unwrap().html;
    let markup = markup(&html).replace(dir.path().to_str().unwrap(), "[folder]");
    let lines: Vec<&str> = markup
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn maps_of_different_sizes_are_not_compared_by_l2() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let plan = Plan {
        per_class: 2,
        wrong_every: 0,
        ..Plan::default()
    };
    for name in ["a", "b"] {
        evaluation(&dir.path().join("out").join(name), &data, &plan);
    }
    let same = report(&dir.path().join("out")).unwrap().html;
    assert!(!same.contains("differ in size"));
    // Only metrics, of a model with larger maps.
    let other = EvaluationDir::new(dir.path().join("out/b"));
    std::fs::remove_file(other.images_path()).unwrap();
    std::fs::remove_file(other.maps_path()).unwrap();
    let mut summary = other.summary().unwrap();
    summary.model.cam_size = [112, 112];
    mitsume_artifacts::write_evaluation(&other.summary_path(), &summary).unwrap();
    let html = report(&dir.path().join("out")).unwrap().html;
    assert!(html.contains("The maps of these runs differ in size, so their l2 values cannot"));
}

#[test]
fn further_measures_are_shown_where_they_were_taken() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &Plan::default());
    let without = report(&root).unwrap().html;
    assert!(!without.contains("chance-corrected"));
    let path = root.join("eval.json");
    let mut json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    json["measures"] = serde_json::json!({
        "grid": [7, 7], "grid_squared_l2": 0.0125, "grid_l2": 0.0161, "chance_corrected": 0.875,
        "chance_p": null, "cosine": 0.25, "jensen_shannon": null, "earth_mover": null,
        "pearson": null, "ssim": null,
    });
    std::fs::write(&path, json.to_string()).unwrap();
    let html = report(&root).unwrap().html;
    assert!(html.contains("On the grid (7 × 7), maps"));
    assert!(html.contains("<td class=\"num\">0.8750</td>"));
    assert!(
        !html.contains("1 − SSIM"),
        "what nobody measured is left out"
    );
}
