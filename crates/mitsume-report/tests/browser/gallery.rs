//! The gallery: sorting, filtering and paging through images.

use std::path::PathBuf;

use mitsume_locale::Language;

use crate::driver::{Browser, DESKTOP};
use crate::synthetic::Plan;
use crate::{cards, page_of, quiet, two_runs};

/// A report of more wrong images than a gallery holds.
fn mostly_wrong() -> (tempfile::TempDir, PathBuf) {
    let plan = Plan {
        per_class: 60,
        wrong_every: 2,
        ..Plan::default()
    };
    page_of(&plan, Language::English)
}

pub fn numbers(browser: &Browser, attribute: &str) -> Vec<Vec<f64>> {
    let parse = |text: String| text.parse().unwrap();
    let classes = cards(browser, attribute).into_iter();
    classes
        .map(|class| class.into_iter().map(parse).collect())
        .collect()
}

fn status(browser: &Browser) -> String {
    let text = browser.run("return document.getElementById('status').textContent");
    text.as_str().unwrap().to_owned()
}

#[test]
fn images_are_sorted_without_network_requests() {
    let (_dir, page) = two_runs();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    assert_eq!(
        status(&browser),
        "144 of 160 images are on this page. The rest are in images.csv."
    );
    assert!(
        numbers(&browser, "deviation")
            .iter()
            .all(|class| class.is_sorted())
    );
    assert_eq!(numbers(&browser, "deviation").len(), 4);

    browser.choose("sort", "-deviation");
    let deviant = numbers(&browser, "deviation");
    assert!(
        deviant
            .iter()
            .all(|class| class.is_sorted_by(|a, b| a >= b) && class.len() == 36)
    );
    browser.choose("sort", "probability");
    assert!(
        numbers(&browser, "probability")
            .iter()
            .all(|class| class.is_sorted())
    );
    browser.choose("sort", "-probability");
    assert!(
        numbers(&browser, "probability")
            .iter()
            .all(|c| c.is_sorted_by(|a, b| a >= b))
    );
    browser.choose("sort", "name");
    assert!(
        cards(&browser, "name")
            .iter()
            .all(|class| class.is_sorted())
    );
    quiet(&browser, &page);
}

#[test]
fn images_are_filtered_without_network_requests() {
    let (_dir, page) = two_runs();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    browser.choose("result", "wrong");
    let wrong = cards(&browser, "result");
    assert!(wrong.iter().flatten().all(|result| result == "wrong"));
    assert_eq!(wrong.iter().map(Vec::len).collect::<Vec<_>>(), [8; 4]);
    assert_eq!(status(&browser), "32 of 32 wrong images are on this page.");
    browser.choose("result", "correct");
    assert!(
        cards(&browser, "result")
            .iter()
            .flatten()
            .all(|result| result == "correct")
    );
    browser.choose("class", "notumor");
    assert_eq!(cards(&browser, "result").len(), 1);
    browser.choose("class", "");

    browser.choose("result", "wrong");
    browser.choose("run", "1");
    assert_eq!(
        cards(&browser, "result")
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>(),
        [4; 4]
    );
    browser.choose("picture", "overlay");
    let inputs = "return [...document.querySelectorAll('img.input')].filter(i => i.checkVisibility()).length";
    assert_eq!(browser.run(inputs), 0);
    quiet(&browser, &page);
}

#[test]
fn every_image_of_a_class_is_on_exactly_one_page() {
    let (_dir, page) = two_runs();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    let shown = "return [...document.querySelectorAll('.class')].filter(s => s.checkVisibility())
        .map(s => s.querySelectorAll('.card').length)";
    assert_eq!(browser.run(shown), serde_json::json!([12, 12, 12, 12]));
    let range = "return document.querySelector('.class .range').textContent";
    assert_eq!(browser.run(range), "1–12 of 36");
    browser.click(".class .next");
    assert_eq!(browser.run(range), "13–24 of 36");
    for class in cards(&browser, "name") {
        let different: std::collections::BTreeSet<&String> = class.iter().collect();
        assert_eq!((class.len(), different.len()), (36, 36));
    }
    // A filter begins at its first page.
    browser.click(".class .next");
    browser.choose("result", "correct");
    assert_eq!(browser.run(range), "1–12 of 28");
    quiet(&browser, &page);
}

#[test]
fn a_filter_gives_the_number_of_its_images_in_all_and_on_the_page() {
    let (_dir, page) = mostly_wrong();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    browser.choose("result", "wrong");
    assert_eq!(cards(&browser, "result"), vec![vec!["wrong"; 27]; 4]);
    assert_eq!(
        status(&browser),
        "108 of 120 wrong images are on this page. The rest are in images.csv."
    );
    let caption = "return document.querySelector('.class .caption').textContent";
    assert_eq!(
        browser.run(caption),
        "27 of 30 wrong images are on this page. The rest are in images.csv."
    );
    browser.choose("class", "notumor");
    assert!(status(&browser).starts_with("27 of 30 wrong images"));
    browser.choose("result", "");
    assert!(status(&browser).starts_with("36 of 60 images"));
}
