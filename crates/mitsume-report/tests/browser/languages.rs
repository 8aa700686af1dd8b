//! The pages in both languages.

use std::path::PathBuf;

use mitsume_artifacts::TrustResult;
use mitsume_locale::Language;
use mitsume_report::{AnalysisReportOptions, ReportOptions, analyze_path, trust_page};
use serde_json::{Value, json};

use crate::driver::{Browser, DESKTOP, Screen};
use crate::synthetic::{Plan, run};
use crate::{photograph, quiet, two_runs};

const PHONE: Screen = Screen {
    width: 390,
    height: 844,
    phone: true,
};

/// Names that are the same in every language: the program, measures, methods, models, layers,
/// files, people, and names of the test's data.
const NAMES: [&str; 57] = [
    "SVG",
    "PNG",
    "CSV",
    "LaTeX",
    "mitsume",
    "analyze",
    "trust",
    "squared",
    "l2",
    "kappa",
    "report",
    "html",
    "figures",
    "analysis",
    "json",
    "consistency",
    "Cohen",
    "Pearson",
    "Spearman",
    "Fisher",
    "Holm",
    "Hedges",
    "lambda",
    "level1",
    "level2",
    "data",
    "SSIM",
    "ROAD",
    "IoU",
    "Adebayo",
    "Chattopadhay",
    "Sixt",
    "Yeh",
    "Gini",
    "et",
    "al",
    "random",
    "grad",
    "cam",
    "features",
    "Conv",
    "output",
    "backbone",
    "layer",
    "logits",
    "images",
    "conv1",
    "conv2",
    "fc",
    "conv",
    "layer4",
    "glioma",
    "the",
    "out",
    "Eq",
    "z",
    "seed",
];

/// Words in Latin letters on the Japanese report that are names: of classes, files, measures, the
/// data folder and commands.
const REPORT_NAMES: [&str; 33] = [
    "out",
    "glioma",
    "meningioma",
    "notumor",
    "pituitary",
    "mitsume",
    "squared",
    "lambda",
    "Lambda",
    "kappa",
    "Cohen",
    "Grad",
    "CAM",
    "JavaScript",
    "png",
    "level",
    "image",
    "csv",
    "images",
    "alpha",
    "published",
    "detached",
    "ema",
    "evaluation",
    "SVG",
    "PNG",
    "CSV",
    "LaTeX",
    "data",
    "sweep",
    "analyze",
    "eval",
    "Pearson",
];

fn estimate(mean: f64) -> Value {
    json!({"mean": mean, "interval": [mean - 0.05, mean + 0.05], "images": 48})
}

/// A result with every part, and names of layers as long as those of exported models.
fn trusted() -> TrustResult {
    let stage = |layer: &str, mean: f64| {
        json!({"layer": layer, "spearman": estimate(mean), "absolute_spearman": estimate(mean),
               "ssim": estimate(mean / 2.0), "undefined": 3})
    };
    let faithful = |method: &str| {
        let curve =
            json!({"shares": [0.0, 0.5, 1.0], "scores": [0.9, 0.4, 0.2], "area": estimate(0.4)});
        json!({"method": method, "deletion": curve, "insertion": curve,
               "road": {"percentiles": [20, 40, 60, 80], "original": 0.9,
                        "most_relevant_first": [0.3, 0.4, 0.5, 0.7],
                        "least_relevant_first": [0.6, 0.7, 0.8, 0.9], "combined": estimate(0.2)}})
    };
    let object = |method: &str| {
        json!({"method": method, "images": 40, "without": 8, "pointing": 0.7, "pointing_by_chance": estimate(0.2),
               "mass": estimate(0.4), "rank": estimate(0.5), "mask_share": estimate(0.1),
               "iou_at_half": estimate(0.3), "iou_at_area": estimate(0.3)})
    };
    let other_class = |method: &str| json!({"method": method, "images": 48, "undefined": 3, "spearman": estimate(0.4), "ssim": estimate(0.5)});
    let moved = |method: &str| {
        json!({"method": method, "movements": [
        {"direction": "flip-horizontally", "pixels": 0, "cells": 0, "images": 48, "undefined": 3,
         "spearman": estimate(0.4), "ssim": estimate(0.5), "in_place": estimate(0.6)},
        {"direction": "shift-down", "pixels": 32, "cells": 1, "images": 48, "undefined": 3,
         "spearman": estimate(0.4), "ssim": estimate(0.5), "in_place": estimate(0.3)}]})
    };
    let noisy = |method: &str| json!({"method": method, "images": 48, "undefined": 1, "largest_change": estimate(0.1)});
    serde_json::from_value(json!({
        "model": {"name": "level2", "parameters": 1, "target_layer": "layer4", "method": "grad-cam",
                  "cam_size": [7, 7]},
        "data": {"root": "/data", "images": 48, "classes": ["glioma"], "skipped": ["glioma/1.png"]},
        "seed": 0,
        "randomisation": {"images": 48, "constant_originals": 0, "verdict": "passes", "stages": [
            stage("fc", 0.8), stage("/backbone/features/features.13/conv/Conv_output_0", 0.3),
            stage("conv1", 0.1)]},
        "faithfulness": [faithful("grad-cam"), faithful("random")],
        "localisation": [object("grad-cam"), object("random")],
        "random_logit": [other_class("grad-cam"), other_class("random")],
        "max_sensitivity": {"radius": 0.02, "samples": 10, "methods": [noisy("grad-cam"), noisy("random")]},
        "equivariance": [moved("grad-cam"), moved("random")],
    }))
    .unwrap()
}

/// Name and file of each page.
fn pages(language: Language) -> (tempfile::TempDir, Vec<(&'static str, PathBuf)>) {
    let (dir, _) = two_runs();
    let out = dir.path().join("out");
    let options = AnalysisReportOptions {
        language,
        ..AnalysisReportOptions::default()
    };
    let analysis = analyze_path(&out, &options).unwrap().write(&out).unwrap();
    let trust = dir.path().join("trust.html");
    std::fs::write(&trust, trust_page(&trusted(), &[], language).unwrap()).unwrap();
    (dir, vec![("analysis", analysis), ("trust", trust)])
}

/// Words in Latin letters that are shown or read by screen readers, without [`NAMES`].
fn latin_words(browser: &Browser) -> Vec<String> {
    let text = browser.run(
        "const said = ['aria-label', 'alt', 'title'].flatMap(name =>
           [...document.body.querySelectorAll(`[${name}]`)].map(e => e.getAttribute(name)));
         const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
         while (walker.nextNode()) if (walker.currentNode.parentNode.localName !== 'script') said.push(walker.currentNode.textContent);
         return said.join('\\n');",
    );
    let text = text.as_str().unwrap();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_word = |word: &&str| {
        word.len() > 1
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && !NAMES.contains(word)
    };
    words.filter(is_word).map(str::to_owned).collect()
}

#[test]
fn both_pages_are_in_one_language_and_fit_a_phone() {
    for language in Language::ALL {
        let (_dir, pages) = pages(language);
        let browser = Browser::start(PHONE);
        for (name, page) in pages {
            browser.open(&page);
            let tag = browser.run("return document.documentElement.lang");
            assert_eq!(tag, language.tag(), "{name}");
            let width = browser.run("return document.documentElement.scrollWidth");
            assert_eq!(width, PHONE.width, "{name}, {}", language.tag());
            let words = latin_words(&browser);
            match language {
                Language::English => assert!(words.len() > 200, "{name}: {words:?}"),
                Language::Japanese => assert_eq!(words, [""; 0], "{name}"),
            }
            // Text in figures is large enough.
            let smallest = browser.run(
                "return Math.min(...[...document.querySelectorAll('.chart > svg text')]
                   .map(t => 13 * t.ownerSVGElement.getScreenCTM().a));",
            );
            assert!(smallest.as_f64().unwrap() > 8.0, "{name}: {smallest}");
            // No text leaves its figure.
            let cut = browser.run(
                "return [...document.querySelectorAll('.chart > svg text')].filter(t => {
                   const [a, b] = [t.getBoundingClientRect(), t.ownerSVGElement.getBoundingClientRect()];
                   return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
                 }).map(t => t.textContent);",
            );
            assert_eq!(cut, Value::Array(Vec::new()), "{name}, {}", language.tag());
            photograph(&browser, &format!("phone-{name}-{}", language.tag()));
            quiet(&browser, &page);
        }
    }
}

/// Words of three Latin letters or more that the report shows or that screen readers read, without
/// file names and recorded facts.
fn report_words(browser: &Browser) -> Vec<String> {
    let found = browser.run(
        "const words = new Set();
         const take = (text) => text.replace(/\\S*[/.=-]\\S*/g, ' ').match(/[A-Za-z]{3,}/g)?.forEach(w => words.add(w));
         const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
         while (walk.nextNode()) {
           if (!walk.currentNode.parentElement.closest('script, pre, .facts dd, .files')) take(walk.currentNode.data);
         }
         document.querySelectorAll('[aria-label], [alt], [title], [data-label]').forEach(e =>
           ['aria-label', 'alt', 'title', 'data-label'].forEach(a => take(e.getAttribute(a) ?? '')));
         Object.values(document.getElementById('status').dataset).forEach(text => take(text.replace(/\\{\\w+\\}/g, '')));
         return [...words];",
    );
    serde_json::from_value(found).unwrap()
}

#[test]
fn the_japanese_page_has_no_english_but_names() {
    let plan = Plan {
        per_class: 14,
        ..Plan::default()
    };
    let dir = tempfile::tempdir().unwrap();
    for lambda in [0.0, 50.0] {
        let root = dir.path().join(format!("out/lambda-{lambda}"));
        run(&root, &dir.path().join("data"), lambda, &plan);
    }
    let path = dir.path().join("report.html");
    let options = ReportOptions {
        language: Language::Japanese,
    };
    mitsume_report::report(&dir.path().join("out"), &options)
        .unwrap()
        .write(&path)
        .unwrap();
    let browser = Browser::start(DESKTOP);
    browser.open(&path);
    assert_eq!(browser.run("return document.documentElement.lang"), "ja");
    browser.choose("result", "wrong");
    let found = report_words(&browser);
    let english: Vec<&String> = found
        .iter()
        .filter(|word| !REPORT_NAMES.contains(&word.as_str()))
        .collect();
    assert!(english.is_empty(), "{english:?}");
    photograph(&browser, "desktop-ja");
    quiet(&browser, &path);
}
