//! What the study of the measures shows, in sentences that claim no more than the intervals do.

use mitsume_locale::{Language, text};
use mitsume_stats::agreement::Agreement;

use super::tables::quantity_name;
use super::{Quantity, Study};
use crate::analysis::run_values::ValuesOf;
use crate::analysis::tables::signed;
use crate::number_format;

/// Agreement with each outcome, the controls, and which measures stand by both.
pub(crate) fn sentences(study: &Study, language: Language) -> Vec<String> {
    if study.is_empty() {
        return Vec::new();
    }
    let mut sentences = Vec::new();
    if study.pooled.iter().any(|pair| pair.agreement.tau.is_some()) {
        let of = match study.values_of {
            ValuesOf::Evaluation => "evaluation",
            ValuesOf::LastEpoch => "last-epoch",
        };
        sentences.push(text!(
            language,
            "study-sentence-runs",
            runs = study.runs,
            strata = study.strata.len(),
            of = of,
            percent = number_format::setting(100.0 * study.confidence)
        ));
    }
    for outcome in study.outcomes() {
        sentences.extend(with_outcome(study, outcome, language));
    }
    if !study.controls.is_empty() {
        sentences.extend(of_controls(study, language));
        sentences.push(standing(study, language));
    }
    sentences
}

fn sign(agreement: Option<&Agreement>) -> Option<bool> {
    let interval = agreement?.interval?;
    match (interval.low > 0.0, interval.high < 0.0) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn with_outcome(study: &Study, outcome: &Quantity, language: Language) -> Vec<String> {
    let listed = |wanted: Option<bool>| {
        let those = study.measures().filter_map(|measure| {
            let agreement = study.pooled(outcome.name, measure.name)?;
            let tau = agreement.tau?;
            let name = quantity_name(measure.name, language);
            (sign(Some(agreement)) == wanted).then(|| format!("{name} ({})", signed(tau)))
        });
        those.collect::<Vec<_>>()
    };
    let name = quantity_name(outcome.name, language);
    let (with, against, neither) = (listed(Some(true)), listed(Some(false)), listed(None));
    let none = text!(language, "study-none");
    let all = |names: &[String]| match names.is_empty() {
        true => none.clone(),
        false => names.join("; "),
    };
    if with.is_empty() && against.is_empty() && neither.is_empty() {
        return Vec::new();
    }
    vec![text!(
        language,
        "study-sentence-outcome",
        outcome = name,
        with = all(&with),
        against = all(&against),
        neither = all(&neither)
    )]
}

fn of_controls(study: &Study, language: Language) -> Vec<String> {
    let mut sentences = Vec::new();
    for control in mitsume::controls::Control::ALL {
        let counts = || study.controls.iter().filter(|one| one.control == control);
        if counts().next().is_none() {
            continue;
        }
        let named = |of: &dyn Fn(usize, usize) -> bool| {
            let those = counts().filter(|one| of(one.fails, one.judged));
            let names = those.map(|one| quantity_name(one.measure, language));
            let names: Vec<String> = names.collect();
            match names.is_empty() {
                true => text!(language, "study-none"),
                false => names.join("; "),
            }
        };
        sentences.push(text!(
            language,
            "study-sentence-control",
            control = crate::controls::control_name(control, language),
            most = named(&|fails, judged| 2 * fails > judged),
            some = named(&|fails, judged| fails > 0 && 2 * fails <= judged),
            never = named(&|fails, _| fails == 0)
        ));
    }
    sentences.insert(
        0,
        text!(
            language,
            "study-sentence-controls",
            runs = study.controlled_runs
        ),
    );
    sentences
}

/// The measures that agree with kappa and fail no control in more than half of the runs.
fn standing(study: &Study, language: Language) -> String {
    let stands = |measure: &&Quantity| {
        let mut counts = study
            .controls
            .iter()
            .filter(|one| one.measure == measure.name);
        let judged = counts.clone().next().is_some();
        judged
            && counts.all(|one| 2 * one.fails <= one.judged)
            && sign(study.pooled("kappa", measure.name)) == Some(true)
    };
    let names: Vec<String> = study
        .measures()
        .filter(stands)
        .map(|measure| quantity_name(measure.name, language))
        .collect();
    match names.is_empty() {
        true => text!(language, "study-sentence-none-stands"),
        false => text!(language, "study-sentence-stands", names = names.join("; ")),
    }
}
