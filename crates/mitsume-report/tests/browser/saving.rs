//! The buttons that save figures and tables, in the three pages.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use image::{GenericImageView, Rgba};
use mitsume::trust::{Estimate, Randomisation, Stage, UndecidedReason, Verdict};
use mitsume_artifacts::{
    CurveResult, DataSummary, Faithfulness, ModelSummary, RoadResult, TrustResult,
};
use mitsume_locale::Language;
use mitsume_report::{ActivationMap, CascadeExample, ReportOptions, export_figures, trust_page};
use serde_json::Value;

use crate::driver::{Browser, DESKTOP};
use crate::synthetic::pages::report;
use crate::{hostile, two_runs, two_runs_analyzed};

/// A page of `mitsume trust` with a figure, pictures and a table of each kind.
fn trusted() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let estimate = |mean: f64| {
        Some(Estimate {
            mean,
            interval: Some([mean - 0.1, mean + 0.1]),
            images: 12,
        })
    };
    let curve = |area: f64| CurveResult {
        shares: vec![0.0, 0.5, 1.0],
        scores: vec![0.9, area, 0.1],
        area: estimate(area),
    };
    let result = TrustResult {
        model: ModelSummary {
            name: "level2".to_owned(),
            parameters: 389_828,
            target_layer: "features.13".to_owned(),
            method: Default::default(),
            flip: false,
            single_logit: false,
            explain: Default::default(),
            cam_size: [2, 2],
            image_size: None,
            settings: Default::default(),
        },
        data: DataSummary {
            root: "nowhere".to_owned(),
            list: None,
            images: 12,
            classes: vec!["a".to_owned(), "b".to_owned()],
            transform: None,
            other_files: Default::default(),
            skipped: vec![],
        },
        seed: 0,
        randomisation: Randomisation {
            images: 12,
            constant_originals: 0,
            stages: vec![Stage {
                layer: "a_layer & more".to_owned(),
                spearman: estimate(-0.25),
                absolute_spearman: estimate(0.5),
                ssim: None,
                undefined: 1,
            }],
            verdict: Verdict::Undecided(UndecidedReason::AcrossThreshold),
        },
        faithfulness: vec![Faithfulness {
            method: Default::default(),
            road: RoadResult {
                percentiles: vec![20, 80],
                original: 0.9,
                most_relevant_first: vec![0.2, 0.7],
                least_relevant_first: vec![0.5, 0.9],
                combined: estimate(0.2),
            },
            deletion: curve(0.3),
            insertion: curve(0.7),
            average_drop: estimate(0.4),
            average_increase: estimate(0.1),
            sparseness: None,
        }],
        localisation: None,
        surroundings: Default::default(),
        random_logit: Default::default(),
        max_sensitivity: Default::default(),
        equivariance: Default::default(),
    };
    let map = |value: f32| ActivationMap::new(vec![value; 4], 2, 2).unwrap();
    let example = CascadeExample {
        path: "a/x.png".to_owned(),
        class: "a".to_owned(),
        maps: vec![map(0.5), map(0.25)],
        spearman: vec![Some(0.5)],
    };
    let page = dir.path().join("trust.html");
    std::fs::write(
        &page,
        trust_page(&result, &[example], Language::English).unwrap(),
    )
    .unwrap();
    (dir, page)
}

/// Presses every button named `format` and returns the names and contents (base64) of the saved
/// files, in the order of the page.
fn saved(browser: &Browser, format: &str) -> Vec<(String, Vec<u8>)> {
    let script = r#"
        const blobs = new Map(), saved = [];
        const [create, click] = [URL.createObjectURL, HTMLAnchorElement.prototype.click];
        URL.createObjectURL = (blob) => { const url = "blob:" + blobs.size; blobs.set(url, blob); return url; };
        HTMLAnchorElement.prototype.click = function () { saved.push([this.download, blobs.get(this.getAttribute("href"))]); };
        const buttons = [...document.querySelectorAll(".export button")].filter((b) => b.textContent === "FORMAT");
        return (async () => {
          for (const button of buttons) {
            const before = saved.length;
            button.click();
            for (let i = 0; saved.length === before && i < 200; i++) await new Promise((go) => setTimeout(go, 20));
          }
          [URL.createObjectURL, HTMLAnchorElement.prototype.click] = [create, click];
          const bytes = async (blob) => { let text = ""; for (const b of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(b); return btoa(text); };
          return Promise.all(saved.map(async ([name, blob]) => [name, await bytes(blob)]));
        })();"#;
    let found = browser.run(&script.replace("FORMAT", format));
    let found: Vec<(String, String)> = serde_json::from_value(found).unwrap();
    let engine = base64::engine::general_purpose::STANDARD;
    found
        .into_iter()
        .map(|(name, text)| (name, engine.decode(text).unwrap()))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.trim_start_matches('\u{feff}').to_owned()
}

fn count(browser: &Browser, selector: &str) -> usize {
    let script = format!("return document.querySelectorAll('{selector}').length");
    browser.run(&script).as_u64().unwrap() as usize
}

/// The buttons and `report --figures` write the same.
#[test]
fn tables_saved_on_the_page_are_those_saved_without_a_browser() {
    let browser = Browser::start(DESKTOP);
    for ((dir, page), folder, least) in [(two_runs(), "out", 6), (hostile(), "evaluation", 2)] {
        let folder = dir.path().join(folder);
        let options = ReportOptions::default();
        let out = dir.path().join("figures");
        let exported = export_figures(
            &report(&folder).unwrap(),
            std::slice::from_ref(&folder),
            &out,
            &options,
        )
        .unwrap();
        browser.open(&page);
        assert!(count(&browser, "table") >= least);
        for (format, extension) in [("CSV", "csv"), ("LaTeX", "tex")] {
            let here = saved(&browser, format);
            assert_eq!(here.len(), count(&browser, "table"), "{format}");
            let there = exported
                .files
                .iter()
                .filter(|file| file.extension().unwrap() == extension);
            let there: Vec<String> = there
                .map(|file| std::fs::read_to_string(file).unwrap())
                .collect();
            assert_eq!(
                here.iter()
                    .map(|(_, bytes)| text(bytes))
                    .collect::<Vec<_>>(),
                there
            );
            for (name, bytes) in &here {
                assert!(
                    name.ends_with(&format!(".{extension}")) && !name.contains(['/', '<', '"']),
                    "{name}"
                );
                // Spreadsheets need a byte order mark for text beyond ASCII.
                let marked = bytes.starts_with("\u{feff}".as_bytes());
                assert_eq!(
                    marked,
                    extension == "csv" && !text(bytes).is_ascii(),
                    "{name}"
                );
            }
        }
        assert_eq!(browser.console(), [""; 0]);
    }
}

#[test]
fn tables_of_the_other_pages_are_saved_completely() {
    let browser = Browser::start(DESKTOP);
    for (_dir, page) in [two_runs_analyzed(), trusted()] {
        browser.open(&page);
        let tables = count(&browser, "table");
        assert!(tables >= 2);
        let rows =
            browser.run("return [...document.querySelectorAll('table')].map(t => t.rows.length)");
        let rows: Vec<usize> = serde_json::from_value(rows).unwrap();
        let saved_csv = saved(&browser, "CSV");
        let lines: Vec<usize> = saved_csv
            .iter()
            .map(|(_, bytes)| text(bytes).matches("\r\n").count())
            .collect();
        assert_eq!(lines, rows, "a line per row");
        for (_, bytes) in saved(&browser, "LaTeX") {
            let text = text(&bytes);
            assert!(
                text.contains("\\toprule") && text.ends_with("\\end{tabular}\n"),
                "{text}"
            );
        }
    }
    let latex = saved(&browser, "LaTeX");
    let stages = latex
        .iter()
        .map(|(_, bytes)| text(bytes))
        .find(|text| text.contains("a\\_layer"));
    let stages = stages.expect("the table of stages");
    assert!(
        stages.contains("  1 & a\\_layer \\& more & -0.2500 ["),
        "{stages}"
    );
}

#[test]
fn figures_are_saved_in_the_colours_of_paper_whatever_the_screen_shows() {
    let browser = Browser::start(DESKTOP);
    browser.scheme("dark");
    for (_dir, page) in [two_runs(), two_runs_analyzed(), trusted()] {
        browser.open(&page);
        let vectors = saved(&browser, "SVG");
        assert_eq!(vectors.len(), count(&browser, "figure"));
        for (name, bytes) in &vectors {
            let svg = text(bytes);
            for unwanted in [
                "var(",
                "rgb(",
                "currentcolor",
                "<style",
                "class=",
                "#56b4e9",
                "#e9eaec",
                "system-ui",
            ] {
                assert!(!svg.contains(unwanted), "{name}: {unwanted}");
            }
            assert!(
                svg.contains("mm\"") && svg.contains("font-family=\"Helvetica"),
                "{name}"
            );
            let parsed = format!(
                "return new DOMParser().parseFromString({}, 'image/svg+xml').querySelector('parsererror') === null",
                Value::String(svg)
            );
            assert_eq!(browser.run(&parsed), true, "{name} is XML");
        }
        assert!(
            text(&vectors[0].1).contains("#0072b2"),
            "the light scheme's first colour"
        );

        let pixels = saved(&browser, "PNG");
        assert_eq!(pixels.len(), vectors.len());
        for (name, bytes) in &pixels {
            let picture = image::load_from_memory(bytes).unwrap();
            assert!(picture.width() >= 800, "{name}: twice the drawing's size");
            assert_eq!(
                picture.get_pixel(0, 0),
                Rgba([255; 4]),
                "{name}: white ground"
            );
            let ink = picture
                .pixels()
                .filter(|(_, _, p)| p.0[..3].iter().all(|c| *c < 100))
                .count();
            assert!(ink > 200, "{name}: letters are drawn");
        }
        browser.run("document.querySelectorAll('.export input').forEach(i => { i.value = 1234; })");
        let picture = image::load_from_memory(&saved(&browser, "PNG")[0].1).unwrap();
        assert_eq!(picture.width(), 1234);
        assert_eq!(browser.console(), [""; 0]);
    }
}

/// Waits for a finished file with this ending. The browser may name the file before its content is
/// written: it is finished when it is not empty and there is no partial download.
fn downloaded(folder: &Path, extension: &str) -> Vec<u8> {
    let begin = Instant::now();
    loop {
        let files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let ends = |wanted: &str| {
            files
                .iter()
                .find(|file| file.extension().is_some_and(|e| e == wanted))
        };
        if let (Some(file), None) = (ends(extension), ends("crdownload")) {
            // The browser may rename it between the listing and the reading.
            let bytes = std::fs::read(file).unwrap_or_default();
            if !bytes.is_empty() {
                return bytes;
            }
        }
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "no .{extension} came: {files:?}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Nothing is replaced here: the browser writes files, under the page's policy.
#[test]
fn the_browser_writes_the_files_under_the_pages_policy() {
    let browser = Browser::start(DESKTOP);
    for (dir, page) in [two_runs(), two_runs_analyzed(), trusted()] {
        let folder = dir.path().join("downloads");
        std::fs::create_dir(&folder).unwrap();
        browser.download_to(&folder);
        browser.open(&page);
        browser.click("figure .export summary");
        browser.click("figure .export button");
        assert!(downloaded(&folder, "svg").starts_with(b"<svg"));
        browser.click("figure .export button + button");
        assert!(downloaded(&folder, "png").starts_with(b"\x89PNG"));
        browser.click(".scroll + .export summary");
        browser.click(".scroll + .export button + button");
        assert!(text(&downloaded(&folder, "tex")).contains("\\bottomrule"));
        assert_eq!(browser.console(), [""; 0]);
    }
}
