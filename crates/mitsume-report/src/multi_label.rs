//! The page of the evaluations of multi-label models.

use askama::Template;
use mitsume_artifacts::{Maps, MultiLabelEvaluation};
use mitsume_locale::{Language, text};

use crate::class_maps::mean_pictures;
use crate::export::ExportLabels;
use crate::findings::surroundings_sentences;
use crate::page::{colour_bar, override_text};
use crate::thresholds::MIN_CORRECT_IMAGES;
use crate::{Page, Result, number_format};

/// One evaluation of a multi-label model.
#[derive(Debug)]
pub(crate) struct MultiLabelEntry {
    /// Folder relative to the reported one, or its own name.
    pub name: String,
    pub summary: MultiLabelEvaluation,
    /// `None` if only the scores were written.
    pub maps: Option<Maps>,
}

#[derive(Template)]
#[template(path = "multi_label.html")]
struct Document<'a> {
    language: Language,
    title: String,
    export: ExportLabels,
    style: &'static str,
    folder: &'a str,
    terms: Vec<(String, String)>,
    evaluations: Vec<View>,
    colour_bar: String,
    version: &'static str,
}

/// What the page shows of an evaluation.
struct View {
    name: String,
    sentences: Vec<String>,
    tiles: Vec<(String, String)>,
    columns: [String; 9],
    rows: Vec<Vec<String>>,
    maps: Vec<FindingMap>,
    skipped: Vec<String>,
    facts: Vec<(String, String)>,
}

/// The mean map of a finding.
struct FindingMap {
    finding: String,
    caption: String,
    /// Mean image, and the mean map over it.
    pictures: Option<(String, String)>,
}

/// The page of all `entries`, of which there is at least one, found in `folder`.
///
/// # Errors
/// A picture that cannot be encoded; a template that fails to render.
pub(crate) fn multi_label_page(
    entries: &[MultiLabelEntry],
    folder: &str,
    language: Language,
) -> Result<Page> {
    let views: Result<Vec<View>> = entries.iter().map(|entry| view(entry, language)).collect();
    let views = views?;
    let models: Vec<&str> = entries.iter().map(|e| &e.summary.model.name[..]).collect();
    let mut title: Vec<&str> = models.clone();
    title.dedup();
    let sentences = views.iter().flat_map(|view| view.sentences.clone());
    let findings = sentences.collect();
    let html = Document {
        language,
        title: title.join(", "),
        export: ExportLabels::new(language),
        style: include_str!("../templates/style.css"),
        folder,
        terms: terms(language),
        evaluations: views,
        colour_bar: colour_bar(),
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()?;
    Ok(Page {
        html,
        shown: entries.iter().map(|entry| entry.name.clone()).collect(),
        images: 0,
        missing_pictures: 0,
        findings,
    })
}

fn score(value: Option<f64>) -> String {
    number_format::significant_4_or_dash(value)
}

fn view(entry: &MultiLabelEntry, language: Language) -> Result<View> {
    let summary = &entry.summary;
    let scores = &summary.macro_average;
    let tile = |name: &str, value: Option<f64>| (text!(language, name), score(value));
    Ok(View {
        name: entry.name.clone(),
        sentences: sentences(summary, language),
        tiles: vec![
            tile("multi-label-mean-auc", scores.auc),
            tile("multi-label-mean-precision", scores.average_precision),
            tile("multi-label-mean-f1", scores.f1),
            tile(
                "report-consistency-squared-l2",
                summary.consistency.squared_l2,
            ),
            tile("report-consistency-l2", summary.consistency.l2),
        ],
        columns: [
            text!(language, "command-finding"),
            text!(language, "command-positives"),
            text!(language, "command-found"),
            text!(language, "command-true-positives"),
            "AUC".to_owned(),
            text!(language, "multi-label-precision"),
            "F1".to_owned(),
            "squared-l2 ↓".to_owned(),
            "l2 ↓".to_owned(),
        ],
        rows: rows(summary),
        maps: finding_maps(entry, language)?,
        skipped: summary.data.skipped.clone(),
        facts: facts(summary, language),
    })
}

fn rows(summary: &MultiLabelEvaluation) -> Vec<Vec<String>> {
    let row = |one: &mitsume_artifacts::FindingResult| {
        let counts = [one.positives, one.predicted, one.true_positives];
        let mut row = vec![one.finding.clone()];
        row.extend(counts.map(number_format::count));
        let scores = &one.scores;
        let values = [
            scores.auc,
            scores.average_precision,
            scores.f1,
            one.squared_l2,
            one.l2,
        ];
        row.extend(values.map(score));
        row
    };
    summary.per_finding.iter().map(row).collect()
}

fn sentences(summary: &MultiLabelEvaluation, language: Language) -> Vec<String> {
    let model = &summary.model.name[..];
    let mut sentences = vec![text!(
        language,
        "multi-label-found",
        model = model,
        findings = summary.per_finding.len(),
        images = number_format::count(summary.data.images),
        data = summary.data.named(),
        auc = score(summary.macro_average.auc),
    )];
    if let Some(squared_l2) = summary.consistency.squared_l2 {
        sentences.push(text!(
            language,
            "multi-label-consistency",
            squared = number_format::significant_4(squared_l2),
            counted = number_format::count(summary.consistency.counted),
        ));
    }
    let few = summary.per_finding.iter();
    let few: Vec<&str> = few
        .filter(|one| one.true_positives < MIN_CORRECT_IMAGES)
        .map(|one| &one.finding[..])
        .collect();
    if !few.is_empty() {
        sentences.push(text!(
            language,
            "multi-label-few",
            findings = few.join(", "),
            least = MIN_CORRECT_IMAGES,
        ));
    }
    if let Some(found) = &summary.surroundings {
        sentences.extend(surroundings_sentences(model, found, language));
    }
    sentences
}

fn finding_maps(entry: &MultiLabelEntry, language: Language) -> Result<Vec<FindingMap>> {
    let Some(maps) = &entry.maps else {
        return Ok(Vec::new());
    };
    let results = entry.summary.per_finding.iter().enumerate();
    results
        .map(|(finding, result)| {
            Ok(FindingMap {
                finding: result.finding.clone(),
                caption: text!(
                    language,
                    "multi-label-mean-caption",
                    count = result.true_positives,
                    deviation = score(result.squared_l2)
                ),
                pictures: mean_pictures(maps, finding)?,
            })
        })
        .collect()
}

fn facts(summary: &MultiLabelEvaluation, language: Language) -> Vec<(String, String)> {
    let (model, data) = (&summary.model, &summary.data);
    let [height, width] = model.cam_size;
    let fact = |name: &str, value: String| (text!(language, name), value);
    let mut facts = vec![
        fact("report-fact-model", model.name.clone()),
        fact(
            "report-fact-parameters",
            number_format::count(model.parameters),
        ),
        fact("report-fact-layer", model.target_layer.clone()),
        fact("report-fact-maps", model.method.to_string()),
        fact("report-fact-map-size", format!("{height} × {width}")),
        fact(
            "report-fact-evaluated-images",
            number_format::count(data.images),
        ),
        fact("report-fact-evaluated-folder", data.named().to_owned()),
        fact("multi-label-fact-threshold", summary.threshold.to_string()),
        fact(
            "multi-label-fact-loss",
            number_format::significant_4(summary.binary_cross_entropy),
        ),
    ];
    for one in &model.settings.overrides {
        facts.push(fact("report-fact-overrides", override_text(one, language)));
    }
    facts
}

fn terms(language: Language) -> Vec<(String, String)> {
    let terms = [
        ("findings-term-map", "findings-map-means"),
        ("multi-label-term-counted", "multi-label-counted-means"),
        ("findings-term-squared", "findings-squared-means"),
        ("findings-term-l2", "findings-l2-means"),
        ("multi-label-term-auc", "multi-label-auc-means"),
        ("multi-label-term-precision", "multi-label-precision-means"),
        ("multi-label-term-f1", "multi-label-f1-means"),
    ];
    let terms = terms.into_iter();
    terms
        .map(|(term, meaning)| (text!(language, term), text!(language, meaning)))
        .collect()
}
