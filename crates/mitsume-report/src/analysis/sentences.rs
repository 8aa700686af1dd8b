//! The findings of an analysis, in sentences that claim no more than the tests show.

use std::collections::BTreeSet;

use mitsume_locale::{Language, text};
use mitsume_stats::Caution;
use mitsume_stats::lambdas::LambdaComparison;
use mitsume_stats::paired::PairedComparison;
use mitsume_stats::run_correlation::ConditionCorrelation;

use super::AnalysisReport;
use super::records::{Measure, Records};
use super::tables::{interval, p, p_relation, signed, signed_short};
use crate::thresholds::SIGNIFICANCE_LEVEL;

/// Correlations with the first measure, effects of lambda on kappa and on that measure, cautions.
pub(crate) fn sentences(report: &AnalysisReport, language: Language) -> Vec<String> {
    let measure = &report.records.measures[0];
    let confidence = report.options.confidence;
    let mut sentences: Vec<String> = report
        .analysis
        .correlations
        .iter()
        .map(|correlation| for_correlation(correlation, measure, confidence, language))
        .collect();
    let kappa = text!(language, "analysis-outcome-kappa");
    let on_kappa = report.analysis.lambdas.iter();
    sentences.extend(on_kappa.map(|comparison| for_lambda(comparison, &kappa, language)));
    let title = measure.name.title(language);
    let moved = report.measures[0].lambdas.iter();
    sentences.extend(moved.map(|comparison| for_lambda(comparison, &title, language)));
    sentences.extend(cautions(report, language));
    sentences.extend(variants(report, language));
    sentences.extend(for_runs(&report.records, language));
    if sentences.is_empty() {
        sentences.push(text!(language, "analysis-nothing"));
    }
    sentences
}

/// The limits of the data.
pub(crate) fn cautions(report: &AnalysisReport, language: Language) -> Vec<String> {
    let cautions = report.analysis.cautions.iter();
    cautions
        .map(|caution| for_caution(caution, language))
        .collect()
}

fn for_caution(caution: &Caution, language: Language) -> String {
    match caution {
        Caution::NoKappa { without, runs } => {
            text!(
                language,
                "analysis-caution-no-kappa",
                without = *without,
                runs = *runs
            )
        }
        Caution::Autocorrelated {
            epochs,
            effective,
            least,
            dataset,
            model,
        } => text!(
            language,
            "analysis-caution-autocorrelated",
            epochs = format!("{epochs:.0}"),
            effective = format!("{effective:.1}"),
            least = format!("{least:.1}"),
            dataset = &dataset[..],
            model = &model[..],
        ),
        Caution::SingleRun(count) => {
            text!(language, "analysis-caution-single-run", count = *count)
        }
        Caution::NoBaseline(baseline) => {
            let baseline = baseline.to_string();
            text!(
                language,
                "analysis-caution-no-baseline",
                baseline = baseline
            )
        }
        Caution::SingleSeed(count) => {
            text!(language, "analysis-caution-single-seed", count = *count)
        }
    }
}

/// Notes on single runs: unfinished ones, those that end before lambda rises, and those that repeat
/// another.
fn for_runs(records: &Records, language: Language) -> Vec<String> {
    const MAX_NAMED: usize = 5;
    let named = |names: &[&str]| {
        let shown = names[..names.len().min(MAX_NAMED)].join(", ");
        let more = if names.len() > MAX_NAMED { ", …" } else { "" };
        format!("{shown}{more}")
    };
    let unfinished = records.names_where(|run| run.unfinished);
    let never = records.names_where(|run| run.lambda != run.lambda_max);
    let repeating = records.names_where(|run| run.repeats);
    let mut sentences = Vec::new();
    if !unfinished.is_empty() {
        let (count, names) = (unfinished.len(), named(&unfinished));
        sentences.push(text!(
            language,
            "analysis-unfinished",
            count = count,
            names = names
        ));
    }
    if !never.is_empty() {
        let (count, names) = (never.len(), named(&never));
        sentences.push(text!(
            language,
            "analysis-lambda-never-reached",
            count = count,
            names = names
        ));
    }
    if !repeating.is_empty() {
        let (count, names) = (repeating.len(), named(&repeating));
        sentences.push(text!(
            language,
            "analysis-repeating",
            count = count,
            names = names
        ));
    }
    sentences
}

/// Pooled pairs are not independent if they come from variants of one model.
fn variants(report: &AnalysisReport, language: Language) -> Option<String> {
    let labels: BTreeSet<&str> = report
        .records
        .runs
        .iter()
        .map(|run| &run.model[..])
        .collect();
    let base = |label: &str| label.split(" (").next().unwrap_or(label).to_owned();
    let bases: BTreeSet<String> = labels.iter().map(|label| base(label)).collect();
    let pooled = report
        .analysis
        .lambdas
        .iter()
        .any(|row| row.model.is_none());
    (pooled && bases.len() < labels.len()).then(|| text!(language, "analysis-variants"))
}

fn subject(dataset: &str, model: &str, lambda: Option<f64>, language: Language) -> String {
    match lambda {
        None => text!(
            language,
            "analysis-subject",
            dataset = dataset,
            model = model
        ),
        Some(lambda) => text!(
            language,
            "analysis-subject-lambda",
            dataset = dataset,
            model = model,
            lambda = lambda.to_string(),
        ),
    }
}

fn for_correlation(
    row: &ConditionCorrelation,
    measure: &Measure,
    confidence: f64,
    language: Language,
) -> String {
    let subject = subject(&row.dataset, &row.model, row.lambda, language);
    let (r, runs) = (signed(row.mean_r), row.runs);
    let Some(range) = row.fisher.and_then(|fisher| fisher.interval) else {
        return text!(
            language,
            "analysis-no-evidence",
            subject = subject,
            r = r,
            runs = runs
        );
    };
    let figures = text!(
        language,
        "analysis-r-figures",
        r = r,
        runs = runs,
        percent = format!("{:.0}", confidence * 100.0),
        interval = interval(Some(range)),
    );
    let excludes_none = range.low > 0.0 || range.high < 0.0;
    if !excludes_none {
        let measure = measure.name.title(language);
        return text!(
            language,
            "analysis-no-relation",
            subject = subject,
            measure = measure,
            figures = figures,
        );
    }
    let together = (row.mean_r > 0.0) == measure.name.higher_is_more_consistent();
    let mut parts = vec![if together {
        text!(
            language,
            "analysis-more-consistent",
            subject = subject,
            figures = figures
        )
    } else {
        text!(
            language,
            "analysis-less-consistent",
            subject = subject,
            figures = figures
        )
    }];
    parts.extend(reservations(row, language));
    join_sentences(&parts, language)
}

/// Reservations about a correlation whose interval excludes 0.
fn reservations(row: &ConditionCorrelation, language: Language) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some(rho) = row.mean_rho
        && rho.abs() < 0.5 * row.mean_r.abs()
    {
        doubts.push(text!(
            language,
            "analysis-extreme-epochs",
            rho = signed(rho)
        ));
    }
    if let Some(r) = row.mean_r_of_changes
        && r.abs() < 0.3 * row.mean_r.abs()
    {
        doubts.push(text!(language, "analysis-shared-trend"));
    }
    if let Some(value) = row.sign_flip_p.filter(|value| *value > SIGNIFICANCE_LEVEL) {
        let least = p(Some(2.0 / 2_f64.powi(row.runs as i32)));
        let (value, runs) = (p_relation(value), row.runs);
        doubts.push(text!(
            language,
            "analysis-not-confirmed",
            p = value,
            runs = runs,
            least = least
        ));
    }
    doubts
}

/// Joins sentences, with a space in English and without in Japanese.
fn join_sentences(sentences: &[String], language: Language) -> String {
    match language {
        Language::English => sentences.join(" "),
        Language::Japanese => sentences.concat(),
    }
}

/// A reservation if the sign-flip test, which does not assume normal differences, is not
/// significant.
fn unconfirmed(test: &PairedComparison, language: Language) -> Option<String> {
    let value = test
        .sign_flip_p
        .filter(|value| *value > SIGNIFICANCE_LEVEL)?;
    let least = p(Some(2.0 / 2_f64.powi(test.pairs as i32)));
    let (value, pairs) = (p_relation(value), test.pairs);
    Some(text!(
        language,
        "analysis-rests-on-normal",
        p = value,
        pairs = pairs,
        least = least
    ))
}

fn for_lambda(row: &LambdaComparison, outcome: &str, language: Language) -> String {
    let together = text!(language, "analysis-all-together");
    let model = row.model.as_deref().unwrap_or(&together);
    let test = &row.final_kappa;
    let subject = subject(&row.dataset, model, Some(row.lambda), language);
    let change = signed_short(test.mean_difference);
    let baseline = row.baseline.to_string();
    let (pairs, range) = (test.pairs, interval(test.interval));
    match row.p_holm {
        None if pairs < 2 => text!(
            language,
            "analysis-single-pair",
            subject = subject,
            outcome = outcome,
            change = change,
            baseline = baseline,
        ),
        None => text!(
            language,
            "analysis-all-alike",
            subject = subject,
            outcome = outcome,
            change = change,
            baseline = baseline,
            pairs = pairs,
        ),
        Some(value) if value < SIGNIFICANCE_LEVEL => {
            let effect = text!(
                language,
                "analysis-effect",
                subject = subject,
                outcome = outcome,
                change = change,
                baseline = baseline,
                pairs = pairs,
                interval = range,
                p = p_relation(value),
            );
            let doubt = unconfirmed(test, language);
            join_sentences(
                &[vec![effect], doubt.into_iter().collect()].concat(),
                language,
            )
        }
        Some(value) => text!(
            language,
            "analysis-no-effect",
            subject = subject,
            outcome = outcome,
            change = change,
            pairs = pairs,
            interval = range,
            p = p_relation(value),
        ),
    }
}
