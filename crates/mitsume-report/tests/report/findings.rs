//! The findings at the top of the report: what they claim, and what they must not claim.

use std::path::{Path, PathBuf};

use crate::synthetic::{self, Plan};
use mitsume::trust::MeanSurroundings;
use mitsume::trust::surroundings::Region;
use mitsume_artifacts::RunDir;
use mitsume_locale::Language;
use mitsume_report::{Page, ReportOptions, report};

/// A folder to put runs in.
struct Runs(tempfile::TempDir);

impl Runs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    /// A finished run, with `changes` made to its configuration.
    fn add(&self, name: &str, lambda: f64, plan: &Plan, changes: &[(&str, &str)]) -> PathBuf {
        let root = self.out().join(name);
        synthetic::run(&root, &self.0.path().join("brain/Testing"), lambda, plan);
        synthetic::change_config(&root, changes);
        root
    }

    fn said(&self) -> Vec<String> {
        page(&self.out(), Language::English).findings
    }
}

fn page(dir: &Path, language: Language) -> Page {
    report(dir, &ReportOptions { language }).unwrap()
}

fn spread(spread: f32) -> Plan {
    Plan {
        spread,
        ..Plan::default()
    }
}

fn has(said: &[String], what: &str) -> bool {
    said.iter().any(|sentence| sentence.contains(what))
}

fn surroundings(border: f64, background: (f64, f64)) -> Plan {
    let (mass, area) = background;
    let found = MeanSurroundings {
        images: 36,
        with_background: 36,
        border: Region {
            mass: border,
            area: 0.36,
        },
        background: Region { mass, area },
    };
    Plan {
        surroundings: Some(found),
        ..Plan::default()
    }
}

#[test]
fn the_title_is_data_set_and_model_with_the_folder_below() {
    let runs = Runs::new();
    runs.add("lambda-0", 0.0, &Plan::default(), &[]);
    let html = page(&runs.out(), Language::English).html;
    assert!(
        html.contains("<h1>Testing: level2</h1>"),
        "a run names its data set"
    );
    assert!(html.contains("folder out"));
    let root = runs.0.path().join("looked");
    synthetic::evaluation(
        &root,
        &runs.0.path().join("brain/Testing"),
        &Plan::default(),
    );
    let html = page(&root, Language::English).html;
    assert!(html.contains("<h1>brain/Testing: level2</h1>"));
}

#[test]
fn one_plain_run_is_described_without_lambda() {
    let runs = Runs::new();
    runs.add("lambda-0", 0.0, &Plan::default(), &[]);
    let said = runs.said();
    assert!(
        said[0].starts_with("level2 classifies 83.3 % of the 48 images"),
        "{said:?}"
    );
    assert!(said[1].contains("over 40 images"), "{said:?}");
    assert!(
        has(&said, "class mean maps correlate with r = "),
        "{said:?}"
    );
    assert!(!has(&said, "lambda"), "{said:?}");
    let html = page(&runs.out(), Language::English).html;
    assert!(html.contains("<dt>Class mean map</dt>"));
}

#[test]
fn one_seed_gives_the_changes_and_a_caution() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &spread(3.0), &[]);
    runs.add("consistent", 50.0, &spread(1.0), &[]);
    let said = runs.said();
    assert!(has(
        &said,
        "With lambda 50 instead of 0, all else being the same (seed 0)"
    ));
    assert!(has(&said, "more consistent: squared-l2"), "{said:?}");
    assert!(has(&said, "Caution: This is one seed."));
    assert!(has(
        &said,
        "Between lambda 0 and lambda 50 the class mean map of "
    ));
    let html = page(&runs.out(), Language::English).html;
    assert!(html.find("id=\"findings\"").unwrap() < html.find("id=\"h-figures\"").unwrap());
    assert!(html.contains("<dt>Lambda</dt>"));
}

#[test]
fn a_negative_lambda_and_a_lower_consistency_are_named_as_such() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &spread(1.0), &[]);
    runs.add("diverse", -100.0, &spread(3.0), &[]);
    let said = runs.said();
    assert!(has(&said, "With lambda −100 instead of 0"), "{said:?}");
    assert!(has(&said, "less consistent: squared-l2"), "{said:?}");
}

#[test]
fn several_seeds_are_tested_without_the_caution_for_one_seed() {
    let runs = Runs::new();
    for seed in 0..4 {
        let name = format!("seed = {seed}");
        let change = [("seed = 0", &name[..])];
        let more = seed as f32 / 20.0;
        runs.add(&format!("plain-{seed}"), 0.0, &spread(3.0 + more), &change);
        runs.add(
            &format!("consistent-{seed}"),
            50.0,
            &spread(1.0 - more),
            &change,
        );
    }
    let said = runs.said();
    let of_squared = said
        .iter()
        .find(|one| one.contains("squared-l2 changed by −"));
    let of_squared = of_squared.unwrap_or_else(|| panic!("{said:?}"));
    assert!(of_squared.contains("over 4 seeds"), "{of_squared}");
    assert!(
        of_squared.contains("more than the seeds alone explain"),
        "{of_squared}"
    );
    // Kappa is the same in all of them: equal differences have no test.
    assert!(has(&said, "by the same amount for each seed"), "{said:?}");
    assert!(!has(&said, "This is one seed"), "{said:?}");
}

/// The configuration names the file with its folder, the page without it.
#[test]
fn seeds_of_an_onnx_file_are_compared_together() {
    let runs = Runs::new();
    for seed in 0..3 {
        let seed_line = format!("seed = {seed}");
        let changes = [
            ("seed = 0", &seed_line[..]),
            (
                "[model]\nname = \"level2\"\ndropout = 0.5",
                "[data.preprocessing]\npreset = \"imagenet\"\n[model]\nname = \"models/net.onnx\"\ndropout = 0.0",
            ),
        ];
        let more = seed as f32 / 20.0;
        runs.add(&format!("a-{seed}"), 0.0, &spread(3.0 + more), &changes);
        runs.add(&format!("b-{seed}"), 50.0, &spread(1.0 - more), &changes);
    }
    let said = runs.said();
    assert!(has(&said, "over 3 seeds"), "{said:?}");
    assert!(!has(&said, "This is one seed"), "{said:?}");
}

#[test]
fn without_a_run_at_lambda_0_no_effect_of_lambda_is_claimed() {
    let runs = Runs::new();
    runs.add("a", 50.0, &Plan::default(), &[]);
    runs.add("b", 100.0, &Plan::default(), &[]);
    let said = runs.said();
    assert!(
        has(&said, "Caution: No run without the loss (lambda 0)"),
        "{said:?}"
    );
    assert!(!has(&said, "instead of 0"), "{said:?}");
}

#[test]
fn runs_that_differ_in_more_than_lambda_are_not_compared() {
    let learning_rate = [("learning_rate = 0.0001", "learning_rate = 0.001")];
    let runs = Runs::new();
    runs.add("plain", 0.0, &Plan::default(), &[]);
    runs.add("same", 50.0, &Plan::default(), &[]);
    runs.add("faster", 100.0, &Plan::default(), &learning_rate);
    let said = runs.said();
    assert!(has(&said, "With lambda 50 instead of 0") && !has(&said, "With lambda 100"));
    assert!(
        has(&said, "One run with the loss is compared with none"),
        "{said:?}"
    );
}

#[test]
fn a_setting_without_effect_at_lambda_0_does_not_prevent_pairing() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &Plan::default(), &[("t1 = 10", "t1 = 12")]);
    runs.add("consistent", 50.0, &Plan::default(), &[]);
    assert!(has(&runs.said(), "With lambda 50 instead of 0"));
}

#[test]
fn a_guessing_model_is_named_as_such_and_its_maps_are_not_described() {
    let wrong = Plan {
        wrong_every: 1,
        ..Plan::default()
    };
    let runs = Runs::new();
    runs.add("plain", 0.0, &wrong, &[]);
    let said = runs.said();
    assert!(
        has(&said, "Caution: plain is no better than guessing"),
        "{said:?}"
    );
    assert!(!has(&said, "class mean maps correlate") && !has(&said, "least consistent"));
    runs.add("consistent", 50.0, &Plan::default(), &[]);
    let said = runs.said();
    assert!(
        has(&said, "With lambda 50 the consistency is not compared"),
        "{said:?}"
    );
    assert!(!has(&said, "more consistent: squared-l2"), "{said:?}");
}

#[test]
fn a_single_class_is_cautioned() {
    let runs = Runs::new();
    let plan = Plan {
        classes: vec!["glioma".into()],
        ..Plan::default()
    };
    runs.add("plain", 0.0, &plan, &[]);
    let said = runs.said();
    assert!(
        has(&said, "Caution: plain knows one class only, glioma"),
        "{said:?}"
    );
    assert!(!has(&said, "class mean maps correlate"), "{said:?}");
}

#[test]
fn unfinished_runs_are_named_and_not_compared() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &Plan::default(), &[]);
    let going = RunDir::new(runs.add("going", 50.0, &Plan::default(), &[]));
    std::fs::remove_dir_all(going.evaluation()).unwrap();
    let epochs = std::fs::read_to_string(going.epochs()).unwrap();
    let kept: Vec<&str> = epochs.lines().take(8).collect();
    std::fs::write(going.epochs(), kept.join("\n") + "\n").unwrap();
    let said = runs.said();
    assert!(
        has(&said, "Caution: going has done 7 of 20 epochs"),
        "{said:?}"
    );
    assert!(!has(&said, "instead of 0"), "{said:?}");
    // A run that has only begun is accepted.
    std::fs::remove_file(going.epochs()).unwrap();
    assert!(has(&runs.said(), "going has done 0 of 20 epochs"));
}

#[test]
fn an_evaluation_without_a_run_has_no_lambda() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("looked");
    synthetic::evaluation(&root, &dir.path().join("data"), &Plan::default());
    let made = page(&root, Language::English);
    assert!(!made.html.contains("<dt>Lambda</dt>"));
    let said = made.findings;
    assert!(said[0].starts_with("level2 classifies"), "{said:?}");
    assert!(!has(&said, "lambda") && !has(&said, "seed"), "{said:?}");
}

#[test]
fn hundreds_of_runs_give_few_sentences() {
    let runs = Runs::new();
    let plan = Plan {
        classes: vec!["a".into(), "b".into()],
        per_class: 16,
        ..Plan::default()
    };
    for lambda in 0..20 {
        for seed in 0..5 {
            let name = format!("seed = {seed}");
            let change = [("seed = 0", &name[..])];
            let folder = format!("{lambda}-{seed}");
            runs.add(&folder, f64::from(lambda) * 10.0, &plan, &change);
        }
    }
    let said = runs.said();
    assert!(said.len() < 24, "{} sentences", said.len());
    assert!(said[0].starts_with("100 evaluations: kappa"), "{said:?}");
    assert!(has(&said, "13 more lambdas were compared"), "{said:?}");
}

#[test]
fn mass_on_border_and_background_is_given_beside_that_of_an_even_map() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &surroundings(0.55, (0.42, 0.4)), &[]);
    let said = runs.said();
    let border = "Caution: 55.0 % of the maps of level2 lies on the images’ border";
    assert!(has(&said, border), "{said:?}");
    let background =
        "Caution: 42.0 % of the maps of level2 lies on empty background, which is 40.0 %";
    assert!(has(&said, background), "{said:?}");
    let runs = Runs::new();
    runs.add("plain", 0.0, &surroundings(0.2, (0.05, 0.4)), &[]);
    let said = runs.said();
    assert!(
        has(
            &said,
            "5.0 % of the maps of level2 lies on empty background"
        ),
        "{said:?}"
    );
    assert!(
        !has(&said, "Caution: 5.0 %") && !has(&said, "Caution: 20.0 %"),
        "{said:?}"
    );
}

#[test]
fn an_evaluation_without_measured_surroundings_is_reported_as_such() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &Plan::default(), &[]);
    assert!(has(
        &runs.said(),
        "was not measured; mitsume eval measures it"
    ));
}

#[test]
fn several_evaluations_give_the_range_of_border_and_background() {
    let runs = Runs::new();
    for (index, mass) in [0.1, 0.3, 0.5].into_iter().enumerate() {
        let plan = surroundings(0.2, (mass, 0.4));
        runs.add(&format!("run-{index}"), 0.0, &plan, &[]);
    }
    let said = runs.said();
    assert!(
        has(&said, "between 10.0 % (run-0) and 50.0 % (run-2"),
        "{said:?}"
    );
    assert!(has(&said, "of 2 evaluations this is too much"), "{said:?}");
}

#[test]
fn every_sentence_and_term_has_a_japanese_text() {
    let runs = Runs::new();
    runs.add("plain", 0.0, &surroundings(0.5, (0.5, 0.4)), &[]);
    let consistent = Plan {
        spread: 1.0,
        ..surroundings(0.2, (0.1, 0.4))
    };
    runs.add("consistent", 50.0, &consistent, &[]);
    let made = page(&runs.out(), Language::Japanese);
    assert!(made.findings.len() > 7, "{:?}", made.findings);
    let japanese = |text: &String| text.chars().any(|c| ('ぁ'..='ん').contains(&c));
    assert!(made.findings.iter().all(japanese), "{:?}", made.findings);
    assert!(has(&made.findings, "シードは 1 個だけです"));
    assert!(
        made.html
            .contains("<h2 id=\"h-findings\">分かったこと</h2>")
    );
    assert!(made.html.contains("<dt>クラス平均マップ</dt>"));
    assert!(!made.html.contains("findings-"), "no identifier is shown");
}
