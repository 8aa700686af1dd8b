//! The page of `mitsume controls`: what every measure says of maps that mean nothing.

use askama::Template;
use mitsume::controls::{Control, ControlVerdict};
use mitsume::measures::Direction;
use mitsume_artifacts::{ControlledMeasure, ControlledValue, ControlsResult};
use mitsume_locale::{Language, text};

use crate::export::ExportLabels;
use crate::trust::{localisation_columns, localisation_row};
use crate::{Result, number_format};

/// With fewer images counted, the page warns.
const FEW_IMAGES: u64 = 40;

#[derive(Template)]
#[template(path = "controls.html")]
struct Document {
    language: Language,
    title: String,
    export: ExportLabels,
    style: &'static str,
    sentences: Vec<String>,
    value_columns: Vec<String>,
    values: Vec<Vec<String>>,
    values_note: String,
    set_columns: Vec<String>,
    sets: Vec<Vec<String>>,
    localisation_columns: [String; 9],
    localisation: Vec<Vec<String>>,
    facts: Vec<(String, String)>,
    version: &'static str,
}

/// One self-contained HTML page in `language`.
///
/// # Errors
/// A template that fails to render.
pub fn controls_page(result: &ControlsResult, language: Language) -> Result<String> {
    let objects = result.localisation.iter();
    Ok(Document {
        language,
        title: result.model.name.clone(),
        export: ExportLabels::new(language),
        style: include_str!("../templates/style.css"),
        sentences: controls_sentences(result, language),
        value_columns: value_columns(result, language),
        values: control_rows(result, language),
        values_note: text!(language, "controls-values-note", counted = result.counted),
        set_columns: vec![
            text!(language, "controls-set"),
            text!(language, "controls-what"),
            text!(language, "controls-constant"),
        ],
        sets: set_rows(result, language),
        localisation_columns: localisation_columns(language),
        localisation: objects.map(localisation_row).collect(),
        facts: facts(result, language),
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()?)
}

/// What a control is called.
pub fn control_name(control: Control, language: Language) -> String {
    match control {
        Control::RandomWeights => text!(language, "controls-random-weights"),
        Control::Centre => text!(language, "controls-centre"),
        Control::Diffuse => text!(language, "controls-diffuse"),
        Control::Shuffled => text!(language, "controls-shuffled"),
    }
}

/// What a measure is called; the metric's two forms are called the same in every language.
pub(crate) fn measure_name(name: &str, language: Language) -> String {
    match name {
        "squared_l2" => "squared-l2 ↓".to_owned(),
        "l2" => "l2 ↓".to_owned(),
        // In lists of measures it is not below the one that it belongs to.
        "chance_p" => text!(language, "controls-chance-p"),
        name => language.measure(name),
    }
}

/// Header of [`control_rows`].
fn value_columns(result: &ControlsResult, language: Language) -> Vec<String> {
    let mut columns = vec![
        text!(language, "controls-measure"),
        text!(language, "controls-own"),
    ];
    let controls = result.controls.iter();
    columns.extend(controls.map(|set| control_name(set.control, language)));
    columns
}

/// A row for each measure: its name, its value on the model's own maps and on each control, with
/// the verdict where it is not that of a measure that passes.
pub fn control_rows(result: &ControlsResult, language: Language) -> Vec<Vec<String>> {
    let row = |one: &ControlledMeasure| {
        let number = number_format::significant_4_or_dash;
        let mut row = vec![measure_name(&one.measure, language), number(one.own)];
        row.extend(one.controls.iter().map(|found| {
            let value = number(found.value);
            let verdict = match found.verdict {
                ControlVerdict::Fails => text!(language, "controls-fails"),
                ControlVerdict::MostlyConstant => text!(language, "controls-mostly-constant"),
                ControlVerdict::Passes | ControlVerdict::Undefined => return value,
            };
            text!(language, "controls-cell", value = value, verdict = verdict)
        }));
        row
    };
    result.measures.iter().map(row).collect()
}

/// The table for a terminal: header and rows.
pub fn control_table(result: &ControlsResult, language: Language) -> Vec<Vec<String>> {
    let mut rows = vec![value_columns(result, language)];
    rows.extend(control_rows(result, language));
    rows
}

fn set_rows(result: &ControlsResult, language: Language) -> Vec<Vec<String>> {
    let own = vec![
        text!(language, "controls-own"),
        text!(language, "controls-own-what"),
        result.constant.to_string(),
    ];
    let what = |control: Control| match control {
        Control::RandomWeights => text!(language, "controls-random-weights-what"),
        Control::Centre => text!(language, "controls-centre-what"),
        Control::Diffuse => text!(language, "controls-diffuse-what"),
        Control::Shuffled => text!(language, "controls-shuffled-what"),
    };
    let sets = result.controls.iter().map(|set| {
        vec![
            control_name(set.control, language),
            what(set.control),
            set.constant.to_string(),
        ]
    });
    std::iter::once(own).chain(sets).collect()
}

fn facts(result: &ControlsResult, language: Language) -> Vec<(String, String)> {
    let model = &result.model;
    vec![
        (text!(language, "trust-model"), model.name.clone()),
        (text!(language, "trust-layer"), model.target_layer.clone()),
        (text!(language, "trust-maps"), model.method.to_string()),
        (
            text!(language, "trust-images"),
            result.data.images.to_string(),
        ),
        (
            text!(language, "controls-fact-counted"),
            result.counted.to_string(),
        ),
        (
            text!(language, "analysis-outcome-kappa"),
            number_format::significant_4(result.kappa),
        ),
        (
            text!(language, "trust-data"),
            result.data.named().to_owned(),
        ),
        (text!(language, "trust-seed"), result.seed.to_string()),
    ]
}

/// What was found, a sentence each.
pub fn controls_sentences(result: &ControlsResult, language: Language) -> Vec<String> {
    let names = |names: &[&str]| {
        let names = names.iter().map(|name| measure_name(name, language));
        names.collect::<Vec<_>>().join("; ")
    };
    let mut sentences = Vec::new();
    for (index, set) in result.controls.iter().enumerate() {
        let control = control_name(set.control, language);
        let found: Vec<(&str, ControlVerdict)> = result
            .measures
            .iter()
            .map(|one| (&one.measure[..], one.controls[index].verdict))
            .collect();
        let with = |verdict| {
            let those = found.iter().filter(|(_, found)| *found == verdict);
            those.map(|(name, _)| *name).collect::<Vec<_>>()
        };
        let (failing, passing) = (with(ControlVerdict::Fails), with(ControlVerdict::Passes));
        let judged = failing.len() + passing.len();
        if judged == 0 {
            sentences.push(text!(
                language,
                "controls-sentence-constant",
                control = control,
                constant = set.constant,
                counted = result.counted
            ));
        } else if failing.is_empty() {
            sentences.push(text!(
                language,
                "controls-sentence-none",
                control = control,
                judged = judged
            ));
        } else {
            sentences.push(text!(
                language,
                "controls-sentence-fails",
                control = control,
                failing = failing.len(),
                judged = judged,
                names = names(&failing)
            ));
        }
    }
    let passing: Vec<&str> = result
        .measures
        .iter()
        .filter(|one| passes_all(one))
        .map(|one| &one.measure[..])
        .collect();
    sentences.push(match passing.is_empty() {
        true => text!(language, "controls-sentence-pass-none"),
        false => text!(
            language,
            "controls-sentence-pass-all",
            names = names(&passing)
        ),
    });
    let shuffled = |set: &mitsume_artifacts::ControlSet| set.control == Control::Shuffled;
    if !result.controls.iter().any(shuffled) {
        sentences.push(text!(language, "controls-sentence-no-shuffled"));
    }
    if result.counted < FEW_IMAGES {
        sentences.push(text!(
            language,
            "controls-sentence-few",
            counted = result.counted
        ));
    }
    sentences
}

/// Whether a measure passes every control that is judged, and one at least.
fn passes_all(measure: &ControlledMeasure) -> bool {
    let judged = |found: &&ControlledValue| {
        matches!(
            found.verdict,
            ControlVerdict::Passes | ControlVerdict::Fails
        )
    };
    let mut judged = measure.controls.iter().filter(judged).peekable();
    measure.direction != Direction::Control
        && judged.peek().is_some()
        && judged.all(|found| found.verdict == ControlVerdict::Passes)
}
