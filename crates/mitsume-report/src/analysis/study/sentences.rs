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

/// So many names are always written out.
const FEW_NAMES: usize = 3;

/// Names, or where they are most of `all` the others: "all", "all but these", "none".
fn listed(names: &[String], all: &[String], language: Language) -> String {
    if names.is_empty() {
        return text!(language, "study-none");
    }
    let others: Vec<&str> = all
        .iter()
        .filter(|name| !names.contains(name))
        .map(|name| &name[..])
        .collect();
    match others.len() {
        _ if names.len() <= FEW_NAMES => names.join("; "),
        0 => text!(language, "study-all", count = names.len()),
        few if few * 2 < names.len() => {
            text!(language, "study-all-but", names = others.join("; "))
        }
        _ => names.join("; "),
    }
}

fn with_outcome(study: &Study, outcome: &Quantity, language: Language) -> Option<String> {
    let compared = |wanted: Option<bool>| {
        let those = study.measures().filter_map(|measure| {
            let agreement = study.pooled(outcome.name, measure.name)?;
            let tau = agreement.tau?;
            let name = quantity_name(measure.name, language);
            (sign(Some(agreement)) == wanted).then(|| format!("{name} ({})", signed(tau)))
        });
        those.collect::<Vec<_>>()
    };
    let name = quantity_name(outcome.name, language);
    let (with, against, neither) = (compared(Some(true)), compared(Some(false)), compared(None));
    let all = [&with[..], &against, &neither].concat();
    (!all.is_empty()).then(|| {
        text!(
            language,
            "study-sentence-outcome",
            outcome = name,
            with = listed(&with, &all, language),
            against = listed(&against, &all, language),
            neither = neither.len()
        )
    })
}

fn of_controls(study: &Study, language: Language) -> Vec<String> {
    let mut sentences = vec![text!(
        language,
        "study-sentence-controls",
        runs = study.controlled_runs
    )];
    for control in mitsume::controls::Control::ALL {
        let counts = || study.controls.iter().filter(|one| one.control == control);
        let Some(judged) = counts().map(|one| one.judged).max() else {
            continue;
        };
        let with = |of: &dyn Fn(usize, usize) -> bool| -> Vec<String> {
            let those = counts().filter(|one| of(one.fails, one.judged));
            those
                .map(|one| quantity_name(one.measure, language))
                .collect()
        };
        let all = with(&|_, _| true);
        let named = |of: &dyn Fn(usize, usize) -> bool| listed(&with(of), &all, language);
        sentences.push(text!(
            language,
            "study-sentence-control",
            control = crate::controls::control_name(control, language),
            runs = judged,
            most = named(&|fails, judged| 2 * fails > judged),
            never = named(&|fails, _| fails == 0)
        ));
    }
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
