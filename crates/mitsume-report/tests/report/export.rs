//! The files of `report --figures`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::synthetic::{Plan, evaluation, run};
use mitsume_artifacts::EvaluationDir;
use mitsume_report::{Exported, ReportOptions, export_figures, report};

fn exported(dir: &Path, out: &Path) -> Exported {
    let options = ReportOptions::default();
    let page = report(dir, &options).unwrap();
    export_figures(&page, &[dir.to_owned()], out, &options).unwrap()
}

fn one_run(plan: &Plan) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = run(
        &dir.path().join("lambda-50"),
        &dir.path().join("data"),
        50.0,
        plan,
    );
    (dir, root)
}

#[test]
fn every_figure_is_written_as_svg_and_png_with_text() {
    let (dir, root) = one_run(&Plan::default());
    let out = dir.path().join("figures");
    let exported = exported(&root, &out);
    assert!(exported.without_png.is_empty());
    let figures: Vec<&PathBuf> = exported
        .files
        .iter()
        .filter(|file| file.extension().unwrap() == "svg")
        .collect();
    let html = report(&root, &ReportOptions::default()).unwrap().html;
    assert_eq!(figures.len(), html.matches("<figure").count());
    assert!(figures.len() > 8, "charts and class maps");
    for svg in figures {
        let text = std::fs::read_to_string(svg).unwrap();
        assert!(
            !text.contains("var(") && !text.contains("system-ui"),
            "{text}"
        );
        assert!(text.contains("mm\" height=") && text.contains("font-family=\"Helvetica, Arial"));
        let picture = image::open(svg.with_extension("png")).unwrap().to_rgb8();
        // 0.2 mm a unit at 300 dots an inch.
        let units: f64 = text
            .split("viewBox=\"0 0 ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(picture.width(), (units * 0.2 / 25.4 * 300.0).round() as u32);
        let title = (0..60).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
        let ink = title.filter(|(x, y)| picture.get_pixel(*x, *y).0.iter().all(|c| *c < 100));
        assert!(ink.count() > 100, "{}: the title is drawn", svg.display());
    }
}

#[test]
fn lines_keep_their_colours_in_the_png() {
    let (dir, root) = one_run(&Plan::default());
    exported(&root, &dir.path().join("figures"));
    let picture = image::open(dir.path().join("figures/Accuracy-and-kappa.png"))
        .unwrap()
        .to_rgb8();
    let colours: BTreeSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    for wanted in [[0x00, 0x72, 0xb2], [0xd5, 0x5e, 0x00], [0x00, 0x9e, 0x73]] {
        assert!(colours.contains(&wanted), "{wanted:?}");
    }
}

#[test]
fn tables_are_written_as_csv_and_latex() {
    let (dir, root) = one_run(&Plan::default());
    let out = dir.path().join("figures");
    let exported = exported(&root, &out);
    let csv = std::fs::read_to_string(out.join("Figures-per-class.csv")).unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "Class,Images,Correct,Share,squared-l2,l2");
    assert!(lines[1].starts_with("glioma,12,10,83.3 %,0.0"), "{csv}");
    let latex = std::fs::read_to_string(out.join("Figures-per-class.tex")).unwrap();
    assert!(
        latex.contains("\\begin{tabular}{lrrrrr}\n  \\toprule\n  Class & Images"),
        "{latex}"
    );
    assert!(
        latex.contains("  glioma & 12 & 10 & 83.3 \\% & "),
        "{latex}"
    );
    for table in exported
        .files
        .iter()
        .filter(|file| file.extension().unwrap() == "csv")
    {
        assert!(exported.files.contains(&table.with_extension("tex")));
    }
}

#[test]
fn figures_and_tables_of_several_runs_are_named_after_their_run() {
    let (dir, _) = one_run(&Plan::default());
    let data = dir.path().join("data");
    run(&dir.path().join("lambda-0"), &data, 0.0, &Plan::default());
    let exported = exported(dir.path(), &dir.path().join("figures"));
    let names = exported.files.iter().map(|file| file.file_stem().unwrap());
    let names: BTreeSet<&str> = names.map(|name| name.to_str().unwrap()).collect();
    for name in ["glioma-of-lambda-0", "glioma-of-lambda-50"] {
        assert!(names.contains(name), "{names:?}");
    }
    let numbered = names.iter().find(|name| name.ends_with("-2"));
    assert_eq!(numbered, None);
}

#[test]
fn class_means_are_those_of_the_evaluation() {
    let (dir, root) = one_run(&Plan::default());
    let out = dir.path().join("figures");
    exported(&root, &out);
    let bytes = std::fs::read(out.join("class-means.npy")).unwrap();
    let (values, _) = bytes[128..].as_chunks::<4>();
    let (_, _, maps) = EvaluationDir::new(root.join("evaluation")).read().unwrap();
    let first: Vec<f32> = values
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .take(28 * 28)
        .collect();
    assert_eq!(first, maps.class_mean(0).unwrap());
    assert_eq!(values.len(), 4 * 28 * 28);
}

/// A name with characters that the built-in font lacks: drawn in a system font, or no PNG and the
/// characters reported.
#[test]
fn characters_without_a_font_are_reported_and_never_drawn_as_boxes() {
    let dir = tempfile::tempdir().unwrap();
    let plan = Plan {
        classes: vec!["\u{e123}".to_owned(), "plain".to_owned()],
        ..Plan::default()
    };
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), &plan);
    let exported = exported(&root, &dir.path().join("figures"));
    // Only symbol fonts have private-use characters.
    let without: Vec<&PathBuf> = exported.without_png.iter().map(|(svg, _)| svg).collect();
    for (svg, characters) in &exported.without_png {
        assert!(svg.exists() && !svg.with_extension("png").exists());
        assert_eq!(*characters, BTreeSet::from(['\u{e123}']));
    }
    let svgs = exported
        .files
        .iter()
        .filter(|file| file.extension().unwrap() == "svg");
    for svg in svgs {
        assert_ne!(without.contains(&svg), svg.with_extension("png").exists());
    }
}
