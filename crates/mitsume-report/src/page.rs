//! The report page: the runs and evaluations of a folder in one self-contained HTML file.

use std::path::{Path, PathBuf};

use askama::Template;
use mitsume_artifacts::Maps;
use mitsume_locale::{Language, text};

use crate::chart::{Chart, style_classes};
use crate::comparison::compare_entries;
use crate::entries::{Entry, Found, own_name, read_folders};
use crate::export::{ExportLabels, Exported, export};
use crate::file_names::file_stem_from_parts;
use crate::findings::{Findings, findings, title};
use crate::gallery::gallery_limits;
use crate::more_measures::more_measures;
use crate::multi_label::multi_label_page;
use crate::options::ReportOptions;
use crate::run_view::run_view;
use crate::template_data::{ChartView, ComparisonRow, LegendItem, MeasureTable, RunView};
use crate::{Result, curves};

/// A finished page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTML, complete.
    pub html: String,
    /// Names of the runs and evaluations shown, in order.
    pub shown: Vec<String>,
    /// Images in the galleries.
    pub images: usize,
    /// Of these, images with a placeholder because the file is missing or could not be decoded.
    pub missing_pictures: usize,
    /// The findings at the top of the page, a sentence each.
    pub findings: Vec<String>,
}

/// Writes the figures and tables of a page into `out`: every figure as SVG and PNG, every table as
/// CSV and LaTeX, named after their titles, and the class mean maps of each evaluation in `dirs` as
/// `class-means.npy`, or `class-means-RUN.npy` where there are several.
///
/// # Errors
/// As [`report`]; a file that cannot be written.
pub fn export_figures(
    page: &Page,
    dirs: &[PathBuf],
    out: &Path,
    options: &ReportOptions,
) -> Result<Exported> {
    let mut exported = export_page(&page.html, options.language, out)?;
    let found = read_folders(dirs)?;
    let means: Vec<(&str, Option<&Maps>)> = match &found {
        Found::Entries(entries) => entries
            .iter()
            .map(|entry| {
                let kept = entry.evaluation.as_ref().and_then(|e| e.images.as_ref());
                (&entry.name[..], kept.map(|(_, maps)| maps))
            })
            .collect(),
        Found::MultiLabel(entries) => entries
            .iter()
            .map(|entry| (&entry.name[..], entry.maps.as_ref()))
            .collect(),
    };
    for (name, maps) in &means {
        if let Some(maps) = maps {
            let name = match means.len() {
                1 => String::new(),
                _ => format!("-{}", file_stem_from_parts(&[name])),
            };
            let path = out.join(format!("class-means{name}.npy"));
            mitsume_artifacts::write_class_means(&path, maps)?;
            exported.files.push(path);
        }
    }
    Ok(exported)
}

/// Writes every figure of a page in `language` as SVG and PNG, and every table as CSV and LaTeX,
/// into `out`, named after their titles.
///
/// # Errors
/// A file that cannot be written.
pub fn export_page(html: &str, language: Language, out: &Path) -> Result<Exported> {
    export(html, &ExportLabels::new(language).note, out)
}

/// An overridden setting of a model: the value used and the one it was trained with.
pub fn override_text(one: &mitsume_artifacts::Override, language: Language) -> String {
    text!(
        language,
        "command-model-override-short",
        setting = one.key.name(),
        used = one.used_text(),
        trained = one.trained_text()
    )
}

impl Page {
    /// Writes the page atomically.
    ///
    /// # Errors
    /// [`ReportError::Record`](crate::ReportError::Record) naming `path`.
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(mitsume_artifacts::write_atomic(path, self.html.as_bytes())?)
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Document<'a> {
    language: Language,
    title: &'a str,
    export: ExportLabels,
    /// The reported folder's own name.
    folder: &'a str,
    findings: &'a Findings,
    style: &'static str,
    script: &'static str,
    comparison: &'a [ComparisonRow],
    /// Name of the run that changes in the comparison are relative to.
    baseline: Option<&'a str>,
    map_sizes_differ: bool,
    more: Option<MeasureTable>,
    charts: &'a [ChartView],
    runs: &'a [RunView],
    colour_bar: &'a str,
    version: &'static str,
    has_galleries: bool,
    classes: &'a [String],
}

/// Reports on a run directory, an evaluation directory, or a folder with several of them.
///
/// # Errors
/// [`ReportError`](crate::ReportError): nothing found, or a record is damaged; the file is named.
pub fn report(dir: &Path, options: &ReportOptions) -> Result<Page> {
    report_folders(&[dir.to_owned()], options)
}

/// As [`report`], of several directories on one page; each needs a name of its own.
///
/// # Errors
/// As [`report`]; [`ReportError::SameName`](crate::ReportError::SameName).
pub fn report_folders(dirs: &[PathBuf], options: &ReportOptions) -> Result<Page> {
    let names: Vec<String> = dirs.iter().map(|dir| own_name(dir)).collect();
    let folder = names.join(", ");
    match read_folders(dirs)? {
        Found::Entries(entries) => entries_page(entries, &folder, options.language),
        Found::MultiLabel(entries) => multi_label_page(&entries, &folder, options.language),
    }
}

/// The page of runs, and of evaluations of one class for each image.
fn entries_page(mut entries: Vec<Entry>, folder: &str, language: Language) -> Result<Page> {
    order(&mut entries);
    let limits = gallery_limits(&entries);
    let runs: Vec<RunView> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| run_view(index, entry, limits, language))
        .collect::<Result<_>>()?;
    let charts = curves::charts(&entries, language);
    let charts: Vec<ChartView> = charts
        .iter()
        .map(|chart| chart_view(chart, language))
        .collect();
    let comparison = compare_entries(&entries, language);
    let cards = || {
        let evaluations = runs.iter().filter_map(|run| run.evaluation.as_ref());
        evaluations
            .flat_map(|evaluation| &evaluation.galleries)
            .flat_map(|gallery| &gallery.cards)
    };
    let findings = findings(&entries, language);
    let html = Document {
        language,
        export: ExportLabels::new(language),
        title: &title(&entries, language),
        folder,
        findings: &findings,
        style: include_str!("../templates/style.css"),
        script: include_str!("../templates/script.js"),
        comparison: &comparison.rows,
        baseline: comparison.baseline.as_deref(),
        map_sizes_differ: comparison.map_sizes_differ,
        more: more_measures(&entries, language),
        charts: &charts,
        runs: &runs,
        colour_bar: &colour_bar(),
        version: env!("CARGO_PKG_VERSION"),
        has_galleries: cards().next().is_some(),
        classes: &all_classes(&runs),
    }
    .render()?;
    Ok(Page {
        html,
        shown: entries.into_iter().map(|entry| entry.name).collect(),
        images: cards().count(),
        missing_pictures: cards().filter(|card| card.input.is_none()).count(),
        findings: findings.plain_text(language),
    })
}

/// Runs by model, lambda and seed, which sorts -100, 0, 50, 500 as numbers; anything else stays
/// in the order of the folders' names.
fn order(entries: &mut [Entry]) {
    if entries.iter().all(|entry| entry.run.is_some()) {
        entries.sort_by(|a, b| {
            let (Some(a), Some(b)) = (&a.run, &b.run) else {
                return std::cmp::Ordering::Equal;
            };
            let (a, b) = (&a.config, &b.config);
            let lambda = || {
                a.consistency
                    .lambda_max
                    .total_cmp(&b.consistency.lambda_max)
            };
            a.model
                .name
                .cmp(&b.model.name)
                .then_with(lambda)
                .then(a.train.seed.cmp(&b.train.seed))
        });
    }
}

/// The class names of all galleries without repetition, in order of appearance.
fn all_classes(runs: &[RunView]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let evaluations = runs.iter().filter_map(|run| run.evaluation.as_ref());
    for gallery in evaluations.flat_map(|evaluation| &evaluation.galleries) {
        if !names.contains(&gallery.class) {
            names.push(gallery.class.clone());
        }
    }
    names
}

fn chart_view(chart: &Chart, language: Language) -> ChartView {
    let legend = chart.series.iter().map(|series| LegendItem {
        label: series.label.clone(),
        classes: style_classes(series.style),
    });
    ChartView {
        title: chart.title.clone(),
        caption: chart.caption.clone(),
        description: chart.description(language),
        svg: chart.svg(language),
        legend: legend.collect(),
    }
}

/// The map's colours from 0 to 1 as a CSS gradient.
pub(crate) fn colour_bar() -> String {
    let stops = (0..=16).map(|i| {
        let image::Rgb([r, g, b]) = crate::ColourMap::default().colour(i as f32 / 16.0);
        format!("#{r:02x}{g:02x}{b:02x}")
    });
    format!(
        "linear-gradient(to right, {})",
        stops.collect::<Vec<_>>().join(", ")
    )
}
