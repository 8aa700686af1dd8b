//! Pages in a real browser: phone, paper, dark mode, keyboard, and no request.
//!
//! Needs Chromium and ChromeDriver; `scripts/test-report.sh` installs them and runs this.

mod driver;
mod gallery;
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
use gallery::numbers;
use mitsume_locale::Language;
use mitsume_report::{AnalysisReportOptions, CompareOptions, ReportOptions, analyze_path, compare};
use serde_json::Value;
use synthetic::pages::report;
use synthetic::{Plan, evaluation, run};

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

/// The analysis of the two runs, and the folder it is in.
fn two_runs_analyzed() -> (tempfile::TempDir, PathBuf) {
    let (dir, _) = two_runs();
    let out = dir.path().join("out");
    let page = analyze_path(&out, &AnalysisReportOptions::default())
        .unwrap()
        .write(&out)
        .unwrap();
    (dir, page)
}

/// The two runs compared image by image, and the folder it is in.
fn two_runs_compared() -> (tempfile::TempDir, PathBuf) {
    let (dir, _) = two_runs();
    let runs = ["lambda-0", "lambda-50"].map(|run| dir.path().join("out").join(run));
    let options = CompareOptions {
        resamples: 200,
        ..CompareOptions::default()
    };
    let report = compare(&runs, &options).unwrap();
    let page = report.write(&dir.path().join("compared")).unwrap().page;
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

/// A report of a thousand classes.
fn thousand_classes() -> (tempfile::TempDir, PathBuf) {
    let plan = Plan {
        classes: (0..1000).map(|i| format!("class {i:04}")).collect(),
        per_class: 7,
        wrong_every: 7,
        ..Plan::default()
    };
    page_of(&plan, Language::English)
}

fn page_of(plan: &Plan, language: Language) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), plan);
    let path = dir.path().join("report.html");
    let options = ReportOptions { language };
    mitsume_report::report(&root, &options)
        .unwrap()
        .write(&path)
        .unwrap();
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

/// Saves screenshots of each part of the page, for inspection.
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
        "figures",
        "right",
        "maps",
        "images",
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

/// For each visible class, that attribute of its cards in the order shown, over all its pages.
fn cards(browser: &Browser, attribute: &str) -> Vec<Vec<String>> {
    let script = format!(
        "return [...document.querySelectorAll('.class')].filter(s => s.checkVisibility()).map(s => {{
           const found = [], next = s.querySelector('.next'), previous = s.querySelector('.previous');
           const rewind = () => {{ while (previous.checkVisibility() && !previous.disabled) previous.click(); }};
           rewind();
           for (;;) {{
             found.push(...[...s.querySelectorAll('.card')].filter(c => c.checkVisibility())
               .map(c => c.dataset.{attribute}));
             if (!next.checkVisibility() || next.disabled) break;
             next.click();
           }}
           rewind();
           return found;
         }});"
    );
    serde_json::from_value(browser.run(&script)).unwrap()
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
fn any_of_a_thousand_classes_is_found() {
    let (_dir, page) = thousand_classes();
    let browser = Browser::start(DESKTOP);
    browser.open(&page);
    let nodes = browser.run("return document.getElementsByTagName('*').length");
    assert!(nodes.as_u64().unwrap() < 4000, "{nodes} elements");
    let rows =
        "return [...document.querySelectorAll('.find tbody tr')].map(r => r.cells[0].textContent)";
    assert_eq!(browser.run(rows), serde_json::json!([]));
    browser.type_into(".find input", "CLASS 0731");
    assert_eq!(browser.run(rows), serde_json::json!(["class 0731"]));
    let words = "return document.querySelector('.find [role=status]').textContent";
    assert_eq!(browser.run(words), "1 of 1000 classes match; 1 are shown.");
    browser.run("const i = document.querySelector('.find input'); i.value = '99'; i.dispatchEvent(new Event('input'))");
    assert_eq!(
        browser.run(words),
        "19 of 1000 classes match; 19 are shown."
    );
    let classes =
        "return [...document.querySelectorAll('.class')].filter(s => s.checkVisibility()).length";
    assert_eq!(browser.run(classes), 6, "classes are paged too");
    browser.click("#groups .next");
    let range = "return document.querySelector('#groups .range').textContent";
    assert_eq!(browser.run(range), "classes 7–12 of 24");
    quiet(&browser, &page);
}

#[test]
fn the_page_is_of_bounded_height_on_a_phone() {
    for (name, (_dir, page), most) in [
        ("runs", two_runs(), 17_000),
        ("thousand", thousand_classes(), 20_000),
    ] {
        let browser = Browser::start(PHONE);
        browser.open(&page);
        let height = browser.run("return document.documentElement.scrollHeight");
        assert!(height.as_u64().unwrap() < most, "{name}: {height}");
        let width = browser.run("return document.documentElement.scrollWidth");
        assert_eq!(width, PHONE.width, "{name}");
        photograph(&browser, &format!("phone-{name}"));
    }
}

#[test]
fn printed_tables_are_complete_and_on_few_sheets() {
    for (name, (_dir, page), most) in [
        ("runs", two_runs(), 12),
        ("hostile", hostile(), 8),
        ("thousand", thousand_classes(), 14),
        ("compared", two_runs_compared(), 12),
    ] {
        let browser = Browser::start(DESKTOP);
        browser.open(&page);
        browser.print_media(718);
        browser.run("dispatchEvent(new Event('beforeprint'))");
        let cut = browser.run(
            "return [...document.querySelectorAll('.scroll, .chart, .card, .classmaps figure, .meanmaps figure')]
               .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
               .map(e => (e.getAttribute('aria-label') ?? e.className) + ' ' + e.scrollWidth)",
        );
        assert_eq!(cut, Value::Array(Vec::new()), "{name}");
        let width = browser.run("return document.documentElement.scrollWidth");
        assert!(width.as_u64().unwrap() <= 718, "{name}: {width}");
        browser.run("dispatchEvent(new Event('afterprint'))");
        let sheets = browser.pdf_pages();
        assert!((1..=most).contains(&sheets), "{name}: {sheets} sheets");
    }
}

#[test]
fn the_page_can_be_used_by_keyboard() {
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
fn a_phone_does_not_scroll_sideways() {
    for (name, (_dir, page)) in [
        ("runs", two_runs()),
        ("hostile", hostile()),
        ("analysis", two_runs_analyzed()),
        ("compared", two_runs_compared()),
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
        // Long names may need a confusion matrix that scrolls.
        let cut = browser.run(
            "return [...document.querySelectorAll('.compare, .confusion')].filter(t => t.checkVisibility())
               .filter(t => t.scrollWidth > t.closest('.scroll').clientWidth + 1).map(t => t.className)",
        );
        if name != "hostile" {
            assert_eq!(cut, Value::Array(Vec::new()), "{name}");
        }
        browser.run("document.querySelectorAll('details').forEach(d => { d.open = false; })");
        photograph(&browser, &format!("phone-{name}"));
        quiet(&browser, &page);
    }
}

#[test]
fn text_has_enough_contrast_in_light_and_dark() {
    // The second has the strongest shades in its confusion matrix.
    let (right, wrong, analysis) = (two_runs(), all_wrong(), two_runs_analyzed());
    let compared = two_runs_compared();
    let browser = Browser::start(DESKTOP);
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for (page, least) in [
            (&right.1, 500),
            (&wrong.1, 100),
            (&analysis.1, 200),
            (&compared.1, 200),
        ] {
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
        browser.open(&analysis.1);
        photograph(&browser, &format!("analysis-{scheme}"));
        browser.open(&compared.1);
        photograph(&browser, &format!("compared-{scheme}"));
    }
    assert_ne!(grounds[0], grounds[1], "the dark scheme is in force");
    assert_eq!(browser.console(), [""; 0]);
}

#[test]
fn hostile_names_are_not_executed() {
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
fn images_figures_and_controls_have_labels() {
    let browser = Browser::start(DESKTOP);
    for (_dir, page) in [two_runs(), two_runs_analyzed(), two_runs_compared()] {
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

/// The other tests rely on this: requests and errors are detected, and the page's policy blocks
/// requests.
#[test]
fn requests_and_errors_are_detected_and_the_page_blocks_requests() {
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
