//! A report in a real browser: sorting, filtering, phone, dark mode, and no request.
//!
//! Needs Chromium and ChromeDriver; `scripts/test-report.sh` installs them and runs this.

mod driver;
mod languages;
mod saving;
#[path = "../synthetic/mod.rs"]
mod synthetic;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use driver::{Browser, DESKTOP, PHONE};
use mitsume_report::{Page, ReportError, ReportOptions, StudyOptions, study};
use serde_json::Value;
use synthetic::{Plan, evaluation, run};

/// The English page.
fn report(dir: &Path) -> Result<Page, ReportError> {
    mitsume_report::report(dir, &ReportOptions::default())
}

/// A report made of two runs, and the folder it is in.
fn two_runs() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let plain = Plan {
        per_class: 40,
        ..Plan::default()
    };
    let pulled = Plan {
        spread: 1.2,
        wrong_every: 9,
        ..plain.clone()
    };
    run(
        &dir.path().join("out/lambda-0"),
        &dir.path().join("data"),
        0.0,
        &plain,
    );
    run(
        &dir.path().join("out/lambda-50"),
        &dir.path().join("data"),
        50.0,
        &pulled,
    );
    let path = dir.path().join("report.html");
    report(&dir.path().join("out"))
        .unwrap()
        .write(&path)
        .unwrap();
    (dir, path)
}

/// What the two runs show together.
fn two_runs_studied() -> (tempfile::TempDir, PathBuf) {
    let (dir, _) = two_runs();
    let out = dir.path().join("out");
    let page = study(&out, &StudyOptions::default())
        .unwrap()
        .write(&out)
        .unwrap();
    (dir, page)
}

/// A report of a model that takes every image for another class.
fn all_wrong() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let plan = Plan {
        per_class: 4,
        wrong_every: 1,
        ..Plan::default()
    };
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &plan);
    let path = dir.path().join("report.html");
    report(&root).unwrap().write(&path).unwrap();
    (dir, path)
}

/// A report with names that are long, foreign and hostile.
fn hostile() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let plan = Plan {
        classes: vec![
            "<img src=x onerror=window.pwned=1>".to_owned(),
            "\"><script>window.pwned=2</script>\u{2028}".to_owned(),
            "a_class_name_without_any_place_to_break_it_".repeat(4),
            "髄膜腫</option></select>".to_owned(),
        ],
        per_class: 3,
        name: |_, index| match index {
            0 => "\" onfocus=\"window.pwned=3\" autofocus=\".png".to_owned(),
            1 => "</script><script>window.pwned=4</script>.png".to_owned(),
            _ => "x".repeat(180) + ".png",
        },
        ..Plan::default()
    };
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &plan);
    let path = dir.path().join("report.html");
    report(&root).unwrap().write(&path).unwrap();
    (dir, path)
}

/// Leaves pictures of each part of the page for a person to look at.
fn photograph(browser: &Browser, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    for part in [
        "main",
        "randomised",
        "removed",
        "objects",
        "scatters",
        "curves",
        "classes",
        "gallery",
        "tables",
        "runs",
        "reading",
        "made",
    ] {
        let there = browser.run(&format!(
            "const part = document.getElementById('{part}');
             part?.scrollIntoView({{behavior: 'instant'}});
             return part !== null;"
        ));
        if there == true {
            browser.screenshot(&folder.join(format!("{name}-{part}.png")));
        }
    }
}

/// For each visible class, that attribute of its visible cards, in the order shown.
fn cards(browser: &Browser, attribute: &str) -> Vec<Vec<String>> {
    let script = format!(
        "return [...document.querySelectorAll('.class')].filter(s => s.checkVisibility())
           .map(s => [...s.querySelectorAll('.card')].filter(c => c.checkVisibility())
             .map(c => c.dataset.{attribute}));"
    );
    serde_json::from_value(browser.run(&script)).unwrap()
}

fn numbers(browser: &Browser, attribute: &str) -> Vec<Vec<f64>> {
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

fn quiet(browser: &Browser, page: &Path) {
    assert_eq!(browser.console(), [""; 0], "nothing on the console");
    let requests = browser.requests();
    assert_eq!(
        requests,
        [format!("file://{}", page.display())],
        "only the page itself is asked for"
    );
}

#[test]
fn images_are_sorted_and_filtered_and_nothing_is_asked_for() {
    let (_dir, page) = two_runs();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    assert_eq!(
        status(&browser),
        "144 of the 144 images on this page are shown."
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

    browser.choose("result", "wrong");
    let wrong = cards(&browser, "result");
    assert!(wrong.iter().flatten().all(|result| result == "wrong"));
    assert_eq!(wrong.iter().map(Vec::len).collect::<Vec<_>>(), [8; 4]);
    assert!(status(&browser).starts_with("32 of the 144"));
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
fn the_keyboard_is_enough() {
    let (_dir, page) = two_runs();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    let down = "\u{e015}";
    browser.type_into("#sort", down);
    let deviant = numbers(&browser, "deviation");
    assert!(
        deviant
            .iter()
            .all(|class| class.is_sorted_by(|a, b| a >= b)),
        "arrow down sorts"
    );
    let reachable = browser.run(
        "return [...document.querySelectorAll('a,select,summary,.scroll,pre')]
           .filter(e => e.checkVisibility()).every(e => { e.focus(); return document.activeElement === e; })",
    );
    assert_eq!(reachable, true);
    quiet(&browser, &page);
}

#[test]
fn a_phone_shows_it_without_scrolling_sideways() {
    for (name, (_dir, page)) in [
        ("runs", two_runs()),
        ("hostile", hostile()),
        ("study", two_runs_studied()),
    ] {
        let browser = Browser::start(PHONE);
        browser.open(&page);
        browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })");
        let width = browser.run("return document.documentElement.scrollWidth");
        assert_eq!(width, PHONE.width, "{name}");
        let small = browser.run(
            "return [...document.querySelectorAll('select')].filter(s => s.getBoundingClientRect().height < 40).length",
        );
        assert_eq!(small, 0, "controls are large enough for a finger");
        browser.run("document.querySelectorAll('details').forEach(d => { d.open = false; })");
        photograph(&browser, &format!("phone-{name}"));
        quiet(&browser, &page);
    }
}

#[test]
fn text_stands_out_in_light_and_dark() {
    // The second has the strongest shades in its confusion matrix.
    let (right, wrong, studied) = (two_runs(), all_wrong(), two_runs_studied());
    let browser = Browser::start(DESKTOP);
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for (page, least) in [(&right.1, 500), (&wrong.1, 100), (&studied.1, 200)] {
            browser.open(page);
            browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })");
            let result = browser.run(include_str!("contrast.js"));
            assert_eq!(result["bad"], Value::Array(Vec::new()), "{scheme}");
            assert!(result["checked"].as_u64().unwrap() > least);
            browser.run("document.querySelectorAll('details').forEach(d => { d.open = false; })");
        }
        grounds.push(browser.run("return getComputedStyle(document.body).backgroundColor"));
        browser.open(&right.1);
        photograph(&browser, &format!("desktop-{scheme}"));
        browser.open(&studied.1);
        photograph(&browser, &format!("study-{scheme}"));
    }
    assert_ne!(grounds[0], grounds[1], "the dark scheme is in force");
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn hostile_names_run_nothing() {
    let (_dir, page) = hostile();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    assert_eq!(browser.run("return window.pwned ?? null"), Value::Null);
    let shown = browser.run("return document.querySelector('.class h4').textContent");
    assert_eq!(shown, "<img src=x onerror=window.pwned=1>");
    let class = browser.run("const s = document.getElementById('class'); s.selectedIndex = 2; s.dispatchEvent(new Event('change', {bubbles: true})); return s.value");
    assert_eq!(class, "\"><script>window.pwned=2</script>\u{2028}");
    assert_eq!(
        cards(&browser, "result").len(),
        1,
        "filtering works with any name"
    );
    quiet(&browser, &page);
}

#[test]
fn the_page_says_in_words_what_it_shows() {
    let browser = Browser::start(DESKTOP);
    for (_dir, page) in [two_runs(), two_runs_studied()] {
        browser.open(&page);
        let problems = browser.run(
        "const p = [];
         document.querySelectorAll('img:not([alt]), img[alt=\"\"]').forEach(() => p.push('img without alt'));
         document.querySelectorAll('svg:not([aria-hidden]):not([aria-label])').forEach(() => p.push('svg without text'));
         document.querySelectorAll('select').forEach(s => { if (!s.labels.length) p.push('select without label'); });
         document.querySelectorAll('[aria-labelledby]').forEach(e => { if (!document.getElementById(e.getAttribute('aria-labelledby'))) p.push('label missing'); });
         document.querySelectorAll('nav a').forEach(a => { if (!document.querySelector(a.getAttribute('href'))) p.push('dead link ' + a.hash); });
         const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
         if (new Set(ids).size !== ids.length) p.push('an id twice');
         if (document.querySelectorAll('h1').length !== 1) p.push('not one h1');
         [...document.images].forEach(i => { if (!(i.complete && i.naturalWidth > 0) ) p.push('picture does not show'); });
         return p;",
    );
        assert_eq!(problems, Value::Array(Vec::new()));
    }
}

/// What the other tests rely on: a request and an error would be seen, and the page's policy
/// stops a request that something on it tried to make.
#[test]
fn requests_and_errors_would_be_noticed_and_are_blocked_on_the_page() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let reached = Arc::new(AtomicUsize::new(0));
    let address = format!("http://{}/x.png", listener.local_addr().unwrap());
    let count = Arc::clone(&reached);
    std::thread::spawn(move || {
        // Each connection is counted and closed.
        for _connection in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let control = dir.path().join("control.html");
    std::fs::write(
        &control,
        format!("<img src='{address}'><script>nothing.there</script>"),
    )
    .unwrap();

    let browser = Browser::start(DESKTOP);
    browser.open(&control);
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        reached.swap(0, Ordering::SeqCst) > 0,
        "the control page reaches the listener"
    );
    assert!(
        browser.requests().contains(&address),
        "and its request is seen"
    );
    assert!(
        browser
            .console()
            .iter()
            .any(|line| line.contains("nothing is not defined"))
    );

    let (_dir, page) = two_runs();
    browser.open(&page);
    browser.run(&format!(
        "const i = new Image(); i.src = '{address}'; document.body.append(i); fetch('{address}').catch(() => 0);"
    ));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        reached.load(Ordering::SeqCst),
        0,
        "the page's policy lets nothing out"
    );
    assert!(
        browser
            .console()
            .iter()
            .any(|line| line.contains("Content Security Policy"))
    );
}
