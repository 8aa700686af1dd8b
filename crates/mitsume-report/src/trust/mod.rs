//! The page of `mitsume trust`.

mod controls;
mod equivariance;
mod examples;
mod layer_plot;
mod line_plot;
mod sentences;

use askama::Template;
use mitsume::trust::Estimate;
use mitsume_artifacts::{CurveResult, Faithfulness, LocalisationResult, TrustResult};
use mitsume_locale::{Language, text};

use crate::analysis::figure::Figure;
use crate::export::ExportLabels;
use crate::findings::{Finding, surroundings};
use crate::page::override_text;
use crate::{Result, number_format};
use examples::ExampleRow;
use layer_plot::layer_plot;
use line_plot::{PlotLine, PlotTitle, line_plot};

pub use equivariance::movement_name;
pub use examples::CascadeExample;
pub use sentences::verdict_sentence;

#[derive(Template)]
#[template(path = "trust.html")]
struct Document {
    language: Language,
    title: String,
    export: ExportLabels,
    style: &'static str,
    verdict: String,
    surroundings: Vec<Finding>,
    sentences: Vec<String>,
    cascade: Figure,
    stage_columns: [String; 6],
    stages: Vec<Vec<String>>,
    examples: Vec<ExampleRow>,
    single_class: bool,
    other_class_columns: [String; 5],
    other_class: Vec<Vec<String>>,
    noise_columns: [String; 4],
    noise: Vec<Vec<String>>,
    noise_note: String,
    movement_columns: [String; 7],
    movements: Vec<Vec<String>>,
    perturbation_plots: Vec<Figure>,
    faithfulness_columns: [String; 4],
    faithfulness: Vec<Vec<String>>,
    marked_columns: [String; 4],
    marked: Vec<Vec<String>>,
    localisation_columns: [String; 9],
    localisation: Vec<Vec<String>>,
    facts: Vec<(String, String)>,
    version: &'static str,
}

/// One self-contained HTML page in `language`; `examples` of its randomisation test are shown as
/// pictures.
///
/// # Errors
/// A picture that cannot be encoded; a template that fails to render.
pub fn trust_page(
    result: &TrustResult,
    examples: &[CascadeExample],
    language: Language,
) -> Result<String> {
    let model = &result.model;
    let mut facts = vec![
        (text!(language, "trust-model"), model.name.clone()),
        (text!(language, "trust-layer"), model.target_layer.clone()),
        (text!(language, "trust-maps"), model.method.to_string()),
        (
            text!(language, "trust-images"),
            result.data.images.to_string(),
        ),
        (
            text!(language, "trust-data"),
            result.data.named().to_owned(),
        ),
        (text!(language, "trust-seed"), result.seed.to_string()),
    ];
    for one in &model.settings.overrides {
        let name = text!(language, "report-fact-overrides");
        facts.push((name, override_text(one, language)));
    }
    let objects = result.localisation.iter().flatten();
    Ok(Document {
        language,
        title: model.name.clone(),
        export: ExportLabels::new(language),
        style: include_str!("../../templates/style.css"),
        verdict: verdict_sentence(&result.randomisation, language),
        surroundings: surroundings::for_trust(result, language),
        sentences: sentences::sentences(result, language),
        cascade: cascade_figure(result, language),
        stage_columns: stage_columns(language),
        stages: stage_rows(result),
        examples: examples::example_rows(examples, &result.data, language)?,
        single_class: controls::has_single_class(result),
        other_class_columns: controls::other_class_columns(language),
        other_class: controls::other_class_rows(result),
        noise_columns: controls::noise_columns(language),
        noise: controls::noise_rows(result),
        noise_note: controls::noise_note(result, language),
        movement_columns: equivariance::columns(language),
        movements: equivariance::rows(result, language),
        perturbation_plots: perturbation_plots(&result.faithfulness, language),
        faithfulness_columns: faithfulness_columns(language),
        faithfulness: result.faithfulness.iter().map(faithfulness_row).collect(),
        marked_columns: marked_columns(language),
        marked: result.faithfulness.iter().map(marked_row).collect(),
        localisation_columns: localisation_columns(language),
        localisation: objects.map(localisation_row).collect(),
        facts,
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()?)
}

/// Sentences on the mass of the maps on the images' border and uniform background.
pub fn trust_findings(result: &TrustResult, language: Language) -> Vec<String> {
    let found = surroundings::for_trust(result, language);
    let plain_text = found.iter().map(|finding| finding.plain_text(language));
    plain_text.collect()
}

/// A mean with its interval.
pub(crate) fn with_interval(estimate: Option<Estimate>) -> String {
    match estimate {
        None => "–".into(),
        Some(Estimate {
            mean,
            interval: Some([low, high]),
            ..
        }) => {
            let [mean, low, high] = [mean, low, high].map(number_format::significant_4);
            format!("{mean} [{low}, {high}]")
        }
        Some(estimate) => number_format::significant_4(estimate.mean),
    }
}

fn cascade_figure(result: &TrustResult, language: Language) -> Figure {
    let stages = &result.randomisation.stages;
    let line = |label: String, value: &dyn Fn(usize) -> Option<Estimate>| {
        let first = std::iter::once((0.0, 1.0));
        let rest = (0..stages.len()).filter_map(|i| Some((i as f64 + 1.0, value(i)?.mean)));
        PlotLine {
            label,
            points: first.chain(rest).collect(),
        }
    };
    let whole = std::iter::once(text!(language, "trust-the-model"));
    let rows: Vec<String> = whole
        .chain(stages.iter().map(|s| s.layer.clone()))
        .collect();
    layer_plot(
        &PlotTitle {
            title: &text!(language, "trust-similarity-title"),
            caption: &text!(language, "trust-similarity-caption"),
        },
        &text!(language, "trust-similarity"),
        &rows,
        &[
            line(text!(language, "trust-spearman-line"), &|i| {
                stages[i].spearman
            }),
            line(text!(language, "trust-ssim-line"), &|i| stages[i].ssim),
        ],
        language,
    )
}

fn stage_columns(language: Language) -> [String; 6] {
    [
        text!(language, "trust-stage"),
        text!(language, "trust-down-to"),
        text!(language, "trust-spearman"),
        text!(language, "trust-spearman-absolute"),
        "SSIM".to_owned(),
        text!(language, "trust-constant"),
    ]
}

fn stage_rows(result: &TrustResult) -> Vec<Vec<String>> {
    let stages = result.randomisation.stages.iter().enumerate();
    let row = |(i, stage): (usize, &mitsume::trust::Stage)| {
        vec![
            (i + 1).to_string(),
            stage.layer.clone(),
            with_interval(stage.spearman),
            with_interval(stage.absolute_spearman),
            with_interval(stage.ssim),
            stage.undefined.to_string(),
        ]
    };
    stages.map(row).collect()
}

/// The curves of ROAD, deletion and insertion.
fn perturbation_plots(all: &[Faithfulness], language: Language) -> Vec<Figure> {
    let plot = |title: &str, caption: &str, x: &str, lines: &[PlotLine]| {
        let caption = &text!(language, caption);
        let y = text!(language, "trust-probability");
        let title = PlotTitle { title, caption };
        line_plot(&title, &text!(language, x), &y, lines, language)
    };
    let lines = |curve: fn(&Faithfulness) -> &CurveResult| -> Vec<PlotLine> {
        let line = |one: &Faithfulness| PlotLine {
            label: one.method.to_string(),
            points: percent_points(curve(one)),
        };
        all.iter().map(line).collect()
    };
    vec![
        plot(
            "ROAD",
            "trust-road-caption",
            "trust-pixels-removed",
            &road_lines(all, language),
        ),
        plot(
            &text!(language, "trust-deletion"),
            "trust-deletion-caption",
            "trust-pixels-deleted",
            &lines(|one| &one.deletion),
        ),
        plot(
            &text!(language, "trust-insertion"),
            "trust-insertion-caption",
            "trust-pixels-inserted",
            &lines(|one| &one.insertion),
        ),
    ]
}

/// Two lines of each method: the most relevant pixels removed first, and the least relevant first.
fn road_lines(all: &[Faithfulness], language: Language) -> Vec<PlotLine> {
    let lines = all.iter().flat_map(|one| {
        let points = |scores: &[f64]| {
            let removed = one.road.percentiles.iter().map(|&p| 100.0 - f64::from(p));
            let mut points: Vec<(f64, f64)> = removed.zip(scores.iter().copied()).collect();
            points.push((0.0, one.road.original));
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points
        };
        [
            PlotLine {
                label: text!(language, "trust-most-first", method = one.method.name()),
                points: points(&one.road.most_relevant_first),
            },
            PlotLine {
                label: text!(language, "trust-least-first", method = one.method.name()),
                points: points(&one.road.least_relevant_first),
            },
        ]
    });
    lines.collect()
}

/// (per cent of the pixels, score).
fn percent_points(curve: &CurveResult) -> Vec<(f64, f64)> {
    let percents = curve.shares.iter().map(|share| 100.0 * share);
    percents.zip(curve.scores.iter().copied()).collect()
}

fn faithfulness_columns(language: Language) -> [String; 4] {
    [
        text!(language, "trust-maps"),
        text!(language, "trust-road-column"),
        text!(language, "trust-deletion-column"),
        text!(language, "trust-insertion-column"),
    ]
}

/// Of the table of what is left of the parts that maps mark.
fn marked_columns(language: Language) -> [String; 4] {
    [
        text!(language, "trust-maps"),
        text!(language, "trust-drop-column"),
        text!(language, "trust-increase-column"),
        text!(language, "trust-sparseness-column"),
    ]
}

fn marked_row(one: &Faithfulness) -> Vec<String> {
    vec![
        one.method.to_string(),
        with_interval(one.average_drop),
        with_interval(one.average_increase),
        with_interval(one.sparseness),
    ]
}

fn faithfulness_row(one: &Faithfulness) -> Vec<String> {
    vec![
        one.method.to_string(),
        with_interval(one.road.combined),
        with_interval(one.deletion.area),
        with_interval(one.insertion.area),
    ]
}

pub(crate) fn localisation_columns(language: Language) -> [String; 9] {
    [
        text!(language, "trust-maps"),
        text!(language, "trust-images"),
        text!(language, "trust-pointing"),
        text!(language, "trust-by-chance"),
        text!(language, "trust-mass"),
        text!(language, "trust-rank"),
        text!(language, "trust-object-share"),
        text!(language, "trust-iou-half"),
        text!(language, "trust-iou-area"),
    ]
}

pub(crate) fn localisation_row(one: &LocalisationResult) -> Vec<String> {
    let by_chance = one.pointing_by_chance.map(|chance| chance.mean);
    vec![
        one.method.to_string(),
        one.images.to_string(),
        number_format::significant_4_or_dash(one.pointing),
        number_format::significant_4_or_dash(by_chance),
        with_interval(one.mass),
        with_interval(one.rank),
        with_interval(one.mask_share),
        with_interval(one.iou_at_half),
        with_interval(one.iou_at_area),
    ]
}
