//! The page: everything a folder holds, in one HTML file without network.

use std::path::Path;

use askama::Template;
use mitsume_locale::{Language, text};

use crate::chart::{Chart, style_classes};
use crate::export::{ExportWords, Exported, export};
use crate::more_measures::more_measures;
use crate::options::ReportOptions;
use crate::source::{Entry, Evaluated, Run};
use crate::study::figure::file_name;
use crate::summary::summaries;
use crate::view::{
    ChartView, EpochTable, EvaluationView, LegendItem, MeasureTable, PerClass, RunView, Summary,
};
use crate::{Result, class_maps, confusion, curves, gallery, number, source};

/// Images in all galleries of a page together, at about 10 KB each.
const MOST_IMAGES: usize = 480;
/// Images of one class in one gallery.
const MOST_PER_CLASS: usize = 36;
/// Skipped files named on the page.
const MOST_SKIPPED: usize = 20;

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
    let note = ExportWords::new(options.language).note;
    let mut exported = export(&page.html, &note, out)?;
    let entries = source::read(dir)?;
    for entry in &entries {
        let maps = entry.evaluation.as_ref().and_then(|e| e.images.as_ref());
        if let Some((_, maps)) = maps {
            let name = match entries.len() {
                1 => String::new(),
                _ => format!("-{}", file_name(&[&entry.name])),
            };
            let path = out.join(format!("class-means{name}.npy"));
            mitsume_record::write_class_means(&path, maps)?;
            exported.files.push(path);
        }
    }
    Ok(exported)
}

impl Page {
    /// Writes the page whole.
    ///
    /// # Errors
    /// [`ReportError::Record`](crate::ReportError::Record) naming `path`.
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(mitsume_record::write_bytes(path, self.html.as_bytes())?)
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Document<'a> {
    language: Language,
    title: &'a str,
    export: ExportWords,
    style: &'static str,
    script: &'static str,
    summaries: &'a [Summary],
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
    let mut entries = source::read(dir)?;
    order(&mut entries);
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let title = whole
        .file_name()
        .map_or("/".into(), |name| name.to_string_lossy().into_owned());
    let galleries: usize = entries.iter().map(classes_of).sum();
    let per_class = (MOST_IMAGES / galleries.max(1)).clamp(1, MOST_PER_CLASS);
    let runs: Vec<RunView> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| run_view(index, entry, per_class))
        .collect::<Result<_>>()?;
    let charts: Vec<ChartView> = curves::charts(&entries).iter().map(chart_view).collect();
    let comparison = summaries(&entries, language);
    let cards = || {
        let evaluations = runs.iter().filter_map(|run| run.evaluation.as_ref());
        evaluations
            .flat_map(|evaluation| &evaluation.galleries)
            .flat_map(|gallery| &gallery.cards)
    };
    let html = Document {
        language,
        title: &title,
        export: ExportWords::new(language),
        style: include_str!("../templates/style.css"),
        script: include_str!("../templates/script.js"),
        summaries: &comparison.lines,
        baseline: comparison.baseline.as_deref(),
        map_sizes_differ: comparison.map_sizes_differ,
        more: more_measures(&entries),
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

fn classes_of(entry: &Entry) -> usize {
    let evaluation = entry
        .evaluation
        .as_ref()
        .filter(|evaluated| evaluated.images.is_some());
    evaluation.map_or(0, |evaluated| evaluated.summary.data.classes.len())
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

fn run_view(index: usize, entry: &Entry, per_class: usize) -> Result<RunView> {
    let run = entry.run.as_ref();
    Ok(RunView {
        index,
        name: entry.name.clone(),
        facts: facts(entry),
        environment: run.map(environment).unwrap_or_default(),
        config: run.map(|run| run.config_text.clone()),
        epochs: run.filter(|run| !run.epochs.is_empty()).map(epoch_table),
        evaluation: entry
            .evaluation
            .as_ref()
            .map(|evaluated| evaluation_view(evaluated, per_class))
            .transpose()?,
    })
}

fn facts(entry: &Entry) -> Vec<(String, String)> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(evaluated) = &entry.evaluation {
        let (model, data) = (&evaluated.summary.model, &evaluated.summary.data);
        let [height, width] = model.cam_size;
        facts.push(("model", model.name.clone()));
        facts.push(("parameters", number::count(model.parameters)));
        facts.push(("hooked layer", model.target_layer.clone()));
        facts.push(("maps", model.method.to_string()));
        facts.push(("map size", format!("{height} × {width}")));
        facts.push(("evaluated images", number::count(data.images)));
        facts.push(("evaluated folder", data.root.clone()));
    }
    if let Some(run) = &entry.run {
        let config = &run.config;
        if entry.evaluation.is_none() {
            facts.push(("model", config.model.name.clone()));
        }
        let side = config.data.image_size;
        facts.push((
            "input",
            format!("{side} × {side}, {} channel(s)", config.data.channels),
        ));
        facts.push(("training folder", config.data.train.display().to_string()));
        facts.push((
            "epochs",
            format!("{} of {}", run.epochs.len(), config.train.epochs),
        ));
        facts.push(("batch size", config.train.batch_size.to_string()));
        facts.push(("seed", config.train.seed.to_string()));
    }
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn environment(run: &Run) -> Vec<(String, String)> {
    let Some(environment) = &run.environment else {
        return Vec::new();
    };
    let cpu = &environment.cpu;
    let mut rows = vec![
        ("mitsume".to_owned(), environment.version.clone()),
        ("command".to_owned(), environment.command.join(" ")),
        (
            "device".to_owned(),
            format!("{}, {} thread(s)", environment.device, environment.threads),
        ),
        ("platform".to_owned(), environment.platform.clone()),
        (
            "processor".to_owned(),
            format!("{} ({})", cpu.model, cpu.features.join(", ")),
        ),
    ];
    for data in &environment.data {
        let text = format!("{} images, fingerprint {}", data.images, data.fingerprint);
        rows.push((format!("{} data", data.role), text));
    }
    rows
}

fn epoch_table(run: &Run) -> EpochTable {
    let rows = run.epochs.iter().map(|row| {
        vec![
            row.epoch.to_string(),
            number::setting(row.learning_rate),
            number::setting(row.lambda),
            number::short(row.train_cross_entropy),
            number::short_or_dash(row.train_cam_loss),
            number::percent(row.train_accuracy),
            number::short(row.val_loss),
            number::percent(row.val_accuracy),
            number::short(row.kappa),
            number::short_or_dash(row.consistency_squared_l2),
            number::short_or_dash(row.consistency_l2),
            number::count(row.counted),
            format!("{:.1}", row.seconds),
        ]
    });
    EpochTable {
        rows: rows.collect(),
    }
}

fn evaluation_view(evaluated: &Evaluated, per_class: usize) -> Result<EvaluationView> {
    let summary = &evaluated.summary;
    let classes = summary.per_class.iter().map(|class| PerClass {
        class: class.class.clone(),
        images: number::count(class.images),
        correct: number::count(class.correct),
        share: number::percent(class.correct as f64 / class.images.max(1) as f64),
        squared_l2: number::short_or_dash(class.squared_l2),
        l2: number::short_or_dash(class.l2),
    });
    let skipped = &summary.data.skipped;
    Ok(EvaluationView {
        classes: summary.data.classes.clone(),
        confusion: confusion::confusion(summary),
        per_class: classes.collect(),
        class_maps: class_maps::class_maps(evaluated)?,
        galleries: gallery::galleries(evaluated, per_class)?,
        skipped: skipped.iter().take(MOST_SKIPPED).cloned().collect(),
        skipped_more: skipped.len().saturating_sub(MOST_SKIPPED),
    })
}

fn chart_view(chart: &Chart) -> ChartView {
    let legend = chart.series.iter().map(|series| LegendItem {
        label: series.label.clone(),
        classes: style_classes(series.style),
    });
    ChartView {
        title: chart.title.clone(),
        caption: chart.caption.clone(),
        description: chart.description(),
        svg: chart.svg(),
        legend: legend.collect(),
    }
}

/// The map's colours from 0 to 1 as a CSS gradient.
fn colour_bar() -> String {
    let stops = (0..=16).map(|i| {
        let image::Rgb([r, g, b]) = crate::colour_map::colour(i as f32 / 16.0);
        format!("#{r:02x}{g:02x}{b:02x}")
    });
    format!(
        "linear-gradient(to right, {})",
        stops.collect::<Vec<_>>().join(", ")
    )
}
