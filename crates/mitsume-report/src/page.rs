//! The page: everything a folder holds, in one HTML file without network.

use std::path::Path;

use askama::Template;
use mitsume_artifacts::{ClassResult, Evaluation};
use mitsume_locale::{Language, text};

use crate::analysis::figure::file_name;
use crate::caution;
use crate::chart::{Chart, style_classes};
use crate::comparison::{self, summaries};
use crate::entries::{Entry, Evaluated, Run};
use crate::export::{ExportLabels, Exported, export};
use crate::extremes::{MANY, classes_with_images, extremes};
use crate::findings::{Findings, findings, title};
use crate::gallery::GalleryLimits;
use crate::more_measures::more_measures;
use crate::options::ReportOptions;
use crate::template_data::{
    ChartView, ComparisonRow, EpochTable, EvaluationView, LegendItem, ManyClasses, MeasureTable,
    PerClass, RunView,
};
use crate::{Result, class_maps, confusion, curves, entries::read_entries, gallery, number_format};

/// Images in all galleries of a page together, at about 10 KB each; fewer where there are many
/// classes, whose pages are to stay below 3 MB.
const MAX_IMAGES: usize = 480;
const MAX_IMAGES_OF_MANY: usize = 168;
/// Images of one class in one gallery.
const MAX_PER_CLASS: usize = 36;
/// Images of all galleries on paper, and of one class.
const MAX_PRINTED: usize = 96;
const MAX_PRINTED_PER_CLASS: usize = 8;
/// Skipped files named on the page.
const MAX_SKIPPED: usize = 20;

/// A finished page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTML, complete.
    pub html: String,
    /// Names of the runs and evaluations shown, in order.
    pub shown: Vec<String>,
    /// Images in the galleries.
    pub images: usize,
    /// Of them with a placeholder, because the file was not found or could not be decoded.
    pub missing_pictures: usize,
    /// What was found, in sentences: those at the top of the page.
    pub findings: Vec<String>,
}

/// Writes what a page shows as files into `out`: every figure as SVG and PNG, every table as CSV and
/// LaTeX, named after their titles, and the class mean maps of each evaluation in `dir` as
/// `class-means.npy`, or `class-means-RUN.npy` where there are several.
///
/// # Errors
/// As [`report`]; a file that cannot be written.
pub fn export_figures(
    page: &Page,
    dir: &Path,
    out: &Path,
    options: &ReportOptions,
) -> Result<Exported> {
    let mut exported = export_page(&page.html, options.language, out)?;
    let entries = read_entries(dir)?;
    for entry in &entries {
        let maps = entry.evaluation.as_ref().and_then(|e| e.images.as_ref());
        if let Some((_, maps)) = maps {
            let name = match entries.len() {
                1 => String::new(),
                _ => format!("-{}", file_name(&[&entry.name])),
            };
            let path = out.join(format!("class-means{name}.npy"));
            mitsume_artifacts::write_class_means(&path, maps)?;
            exported.files.push(path);
        }
    }
    Ok(exported)
}

/// Writes every figure of a page in `language` as SVG and PNG, and every table as CSV and LaTeX, into
/// `out`, named after their titles.
///
/// # Errors
/// A file that cannot be written.
pub fn export_page(html: &str, language: Language, out: &Path) -> Result<Exported> {
    export(html, &ExportLabels::new(language).note, out)
}

/// A setting of a model that is not the one it was trained with: both values.
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
    /// Writes the page whole.
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
    summaries: &'a [ComparisonRow],
    /// Name of the run that changes in the comparison are against.
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
    let language = options.language;
    let mut entries = read_entries(dir)?;
    order(&mut entries);
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let folder = whole
        .file_name()
        .map_or("/".into(), |name| name.to_string_lossy().into_owned());
    let limits = gallery_limits(&entries);
    let runs: Vec<RunView> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| run_view((index, entry), limits, language))
        .collect::<Result<_>>()?;
    let charts = curves::charts(&entries, language);
    let charts: Vec<ChartView> = charts
        .iter()
        .map(|chart| chart_view(chart, language))
        .collect();
    let comparison = summaries(&entries, language);
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
        folder: &folder,
        findings: &findings,
        style: include_str!("../templates/style.css"),
        script: include_str!("../templates/script.js"),
        summaries: &comparison.lines,
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

/// The limits for each gallery, so that all of them together keep to the page's bounds.
fn gallery_limits(entries: &[Entry]) -> GalleryLimits {
    let kept = entries
        .iter()
        .filter_map(|entry| entry.evaluation.as_ref())
        .filter(|evaluated| evaluated.images.is_some());
    let many = kept
        .clone()
        .any(|evaluated| evaluated.summary.per_class.len() > MANY);
    let galleries: usize = kept
        .map(|evaluated| classes_with_images(&evaluated.summary).len())
        .sum();
    let most = if many { MAX_IMAGES_OF_MANY } else { MAX_IMAGES };
    let each = |most: usize, limit: usize| (most / galleries.max(1)).clamp(1, limit);
    GalleryLimits {
        per_class: each(most, MAX_PER_CLASS),
        first: each(MAX_PRINTED, MAX_PRINTED_PER_CLASS),
    }
}

/// Every class name of every gallery once, in the order met.
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

fn run_view(
    (index, entry): (usize, &Entry),
    limits: GalleryLimits,
    language: Language,
) -> Result<RunView> {
    let run = entry.run.as_ref();
    Ok(RunView {
        index,
        name: entry.name.clone(),
        facts: facts(entry, language)
            .into_iter()
            .chain(run.map(|run| data_facts(run, language)).unwrap_or_default())
            .collect(),
        environment: run
            .map(|run| environment(run, language))
            .unwrap_or_default(),
        config: run.map(|run| run.config_text.clone()),
        epochs: run.filter(|run| !run.epochs.is_empty()).map(epoch_table),
        evaluation: entry
            .evaluation
            .as_ref()
            .map(|evaluated| evaluation_view(evaluated, limits, language))
            .transpose()?,
    })
}

fn facts(entry: &Entry, language: Language) -> Vec<(String, String)> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(evaluated) = &entry.evaluation {
        let (model, data) = (&evaluated.summary.model, &evaluated.summary.data);
        let [height, width] = model.cam_size;
        facts.push(("report-fact-model", model.name.clone()));
        facts.push((
            "report-fact-parameters",
            number_format::count(model.parameters),
        ));
        facts.push(("report-fact-layer", model.target_layer.clone()));
        facts.push(("report-fact-maps", model.method.to_string()));
        facts.push(("report-fact-map-size", format!("{height} × {width}")));
        facts.push((
            "report-fact-evaluated-images",
            number_format::count(data.images),
        ));
        facts.push(("report-fact-evaluated-folder", data.root.clone()));
        for one in &model.settings.overrides {
            facts.push(("report-fact-overrides", override_text(one, language)));
        }
    }
    if let Some(run) = &entry.run {
        let config = &run.config;
        if entry.evaluation.is_none() {
            facts.push(("report-fact-model", config.model.name.clone()));
        }
        let side = config.data.image_size;
        facts.push((
            "report-fact-input",
            text!(
                language,
                "report-fact-input-size",
                side = side.to_string(),
                channels = config.data.channels.to_string()
            ),
        ));
        facts.push((
            "report-fact-training-folder",
            config.data.train.display().to_string(),
        ));
        facts.push(("report-fact-epochs", comparison::epochs(run, language)));
        facts.push(("report-fact-batch", config.train.batch_size.to_string()));
        facts.push(("report-fact-seed", config.train.seed.to_string()));
    }
    facts
        .into_iter()
        .map(|(name, value)| (text!(language, name), value))
        .collect()
}

/// What is odd about the data of a run; nothing where nobody looked.
fn data_facts(run: &Run, language: Language) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for data in run
        .environment
        .iter()
        .flat_map(|environment| &environment.data)
    {
        let kinds = data.other_files.iter();
        let kinds: Vec<String> = kinds.map(|(kind, n)| format!("{n} {kind}")).collect();
        if !kinds.is_empty() {
            let files = format!("{} ({})", kinds.join(", "), data.root);
            facts.push((text!(language, "report-other-files"), files));
        }
        let leaks = match data.also_trained_on {
            None => continue,
            Some(0) => text!(language, "report-leaks-none"),
            Some(images) => {
                text!(
                    language,
                    "report-leaks-value",
                    images = images,
                    of = data.images
                )
            }
        };
        facts.push((text!(language, "report-leaks"), leaks));
    }
    facts
}

fn environment(run: &Run, language: Language) -> Vec<(String, String)> {
    let Some(environment) = &run.environment else {
        return Vec::new();
    };
    let cpu = &environment.cpu;
    let mut rows = vec![
        ("mitsume".to_owned(), environment.version.clone()),
        (
            text!(language, "report-fact-command"),
            environment.command.join(" "),
        ),
        (
            text!(language, "report-fact-device"),
            text!(
                language,
                "report-fact-threads",
                device = &environment.device,
                threads = environment.threads.to_string()
            ),
        ),
        (
            text!(language, "report-fact-platform"),
            environment.platform.clone(),
        ),
        (
            text!(language, "report-fact-processor"),
            format!("{} ({})", cpu.model, cpu.features.join(", ")),
        ),
    ];
    for data in &environment.data {
        let value = text!(
            language,
            "report-fact-fingerprint",
            images = data.images.to_string(),
            fingerprint = &data.fingerprint
        );
        // Records name the roles "train" and "valid".
        let role = match data.role.as_str() {
            "train" => text!(language, "report-fact-data-train"),
            "valid" => text!(language, "report-fact-data-valid"),
            other => other.to_owned(),
        };
        rows.push((role, value));
    }
    rows
}

fn epoch_table(run: &Run) -> EpochTable {
    let rows = run.epochs.iter().map(|row| {
        vec![
            row.epoch.to_string(),
            number_format::setting(row.learning_rate),
            number_format::setting(row.lambda),
            number_format::significant_4(row.train_cross_entropy),
            number_format::significant_4_or_dash(row.train_cam_loss),
            number_format::percent(row.train_accuracy),
            number_format::significant_4(row.val_loss),
            number_format::percent(row.val_accuracy),
            number_format::significant_4(row.kappa),
            number_format::significant_4_or_dash(row.consistency_squared_l2),
            number_format::significant_4_or_dash(row.consistency_l2),
            number_format::count(row.counted),
            format!("{:.1}", row.seconds),
        ]
    });
    EpochTable {
        rows: rows.collect(),
    }
}

fn evaluation_view(
    evaluated: &Evaluated,
    limits: GalleryLimits,
    language: Language,
) -> Result<EvaluationView> {
    let summary = &evaluated.summary;
    let many = many_classes(summary, language);
    let all = many.is_none();
    let classes = summary.per_class.iter().filter(|_| all);
    let skipped = &summary.data.skipped;
    Ok(EvaluationView {
        classes: summary.data.classes.clone(),
        confusion: confusion::confusion(summary),
        per_class: classes.map(|class| per_class(class, language)).collect(),
        many,
        class_maps: class_maps::class_maps(evaluated)?,
        galleries: gallery::galleries(evaluated, limits)?,
        skipped: skipped.iter().take(MAX_SKIPPED).cloned().collect(),
        skipped_more: skipped.len().saturating_sub(MAX_SKIPPED),
    })
}

fn per_class(class: &ClassResult, language: Language) -> PerClass {
    PerClass {
        class: class.class.clone(),
        images: number_format::count(class.images),
        correct: number_format::count(class.correct),
        share: number_format::percent(class.correct as f64 / class.images.max(1) as f64),
        squared_l2: number_format::significant_4_or_dash(class.squared_l2),
        l2: number_format::significant_4_or_dash(class.l2),
        caution: caution::few_images_caution(class.correct, language),
    }
}

/// The ends of the order of consistency, and every class in compact form; none where there are
/// few enough classes for one table.
fn many_classes(evaluation: &Evaluation, language: Language) -> Option<ManyClasses> {
    let ends = extremes(evaluation)?;
    let view = |class: &usize| per_class(&evaluation.per_class[*class], language);
    let cells = evaluation.per_class.iter().map(|class| {
        let class = per_class(class, language);
        let (value, note) = (class.squared_l2, class.caution);
        [
            class.class,
            class.images,
            class.correct,
            class.share,
            value,
            class.l2,
            note,
        ]
    });
    let cells: Vec<[String; 7]> = cells.collect();
    Some(ManyClasses {
        total: cells.len(),
        ranked: ends.ranked,
        needed: ends.needed,
        most: ends.most.iter().map(view).collect(),
        least: ends.least.iter().map(view).collect(),
        cells: serde_json::to_string(&cells).expect("texts are JSON"),
        pictured: classes_with_images(evaluation).len(),
    })
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
fn colour_bar() -> String {
    let stops = (0..=16).map(|i| {
        let image::Rgb([r, g, b]) = crate::ColourMap::default().colour(i as f32 / 16.0);
        format!("#{r:02x}{g:02x}{b:02x}")
    });
    format!(
        "linear-gradient(to right, {})",
        stops.collect::<Vec<_>>().join(", ")
    )
}
