//! What the data does and does not show, in words that claim no more than the tests.

use std::collections::BTreeSet;

use mitsume_locale::{Language, text};
use mitsume_stats::lambdas::LambdaComparison;
use mitsume_stats::paired::PairedComparison;
use mitsume_stats::run_correlation::ConditionCorrelation;

use super::Study;
use super::records::{Measure, Records};
use super::tables::{interval, p, signed, signed_short};

/// What is taken for more than chance.
const LEVEL: f64 = 0.05;

/// Correlations with the first measure, then lambdas on kappa and on that measure, then cautions.
pub(crate) fn sentences(study: &Study) -> Vec<String> {
    let measure = &study.records.measures[0];
    let mut sentences: Vec<String> = study
        .analysis
        .correlations
        .iter()
        .map(|correlation| of_correlation(correlation, measure, study.options.confidence))
        .collect();
    let kappa = study.analysis.lambdas.iter();
    sentences.extend(kappa.map(|comparison| of_lambda(comparison, "kappa")));
    let moved = study.measures[0].lambdas.iter();
    sentences.extend(moved.map(|comparison| of_lambda(comparison, measure.title)));
    sentences.extend(study.analysis.cautions.iter().cloned());
    sentences.extend(variants(study));
    sentences.extend(of_runs(&study.records, Language::English));
    if sentences.is_empty() {
        sentences.push("There are too few epochs with kappa to say anything.".to_owned());
    }
    sentences
}

/// What is to be known of single runs: those that are not finished, whose lambda was never anything
/// but 0, or that repeat another.
fn of_runs(records: &Records, language: Language) -> Vec<String> {
    const MOST_NAMED: usize = 5;
    let named = |names: &[&str]| {
        let shown = names[..names.len().min(MOST_NAMED)].join(", ");
        let more = if names.len() > MOST_NAMED {
            ", …"
        } else {
            ""
        };
        format!("{shown}{more}")
    };
    let unfinished = records.names(|run| run.unfinished);
    let never = records.names(|run| run.lambda != run.lambda_max);
    let repeating = records.names(|run| run.repeats);
    let mut sentences = Vec::new();
    if !unfinished.is_empty() {
        let (count, names) = (unfinished.len(), named(&unfinished));
        sentences.push(text!(
            language,
            "study-unfinished",
            count = count,
            names = names
        ));
    }
    if !never.is_empty() {
        let (count, names) = (never.len(), named(&never));
        sentences.push(text!(
            language,
            "study-lambda-never-reached",
            count = count,
            names = names
        ));
    }
    if !repeating.is_empty() {
        let (count, names) = (repeating.len(), named(&repeating));
        sentences.push(text!(
            language,
            "study-repeating",
            count = count,
            names = names
        ));
    }
    sentences
}

/// Pooled pairs are not independent where they come from variants of one model.
fn variants(study: &Study) -> Option<String> {
    let labels: BTreeSet<&str> = study
        .records
        .runs
        .iter()
        .map(|run| &run.model[..])
        .collect();
    let base = |label: &str| label.split(" (").next().unwrap_or(label).to_owned();
    let bases: BTreeSet<String> = labels.iter().map(|label| base(label)).collect();
    let pooled = study.analysis.lambdas.iter().any(|row| row.model.is_none());
    (pooled && bases.len() < labels.len()).then(|| {
        "“All models together” counts variants of one model as if they were different models; runs of \
         one seed are alike in both, so its intervals are too narrow: read the variants one by one."
            .to_owned()
    })
}

fn of_correlation(row: &ConditionCorrelation, measure: &Measure, confidence: f64) -> String {
    let lambda = row
        .lambda
        .map_or(String::new(), |l| format!(", lambda {l}"));
    let subject = format!("{}, {}{lambda}", row.dataset, row.model);
    let Some(range) = row.fisher.and_then(|fisher| fisher.interval) else {
        return format!(
            "{subject}: r = {} over {} run{}; nothing is known of how runs differ, so this is no \
             evidence.",
            signed(row.mean_r),
            row.runs,
            if row.runs == 1 { "" } else { "s" }
        );
    };
    let figures = format!(
        "mean r = {} over {} runs, {:.0} % interval {}",
        signed(row.mean_r),
        row.runs,
        confidence * 100.0,
        interval(Some(range))
    );
    let excludes_none = range.low > 0.0 || range.high < 0.0;
    if !excludes_none {
        return format!(
            "{subject}: no relation of kappa and {} is shown ({figures}); that does not show that \
             there is none.",
            measure.title
        );
    }
    let together = (row.mean_r > 0.0) == measure.more_is_consistent;
    let direction = if together {
        "epochs of higher kappa are those of more consistent maps"
    } else {
        "epochs of higher kappa are those of less consistent maps"
    };
    let trend = match row.mean_r_of_changes {
        Some(r) if r.abs() < 0.3 * row.mean_r.abs() => {
            " Their changes from epoch to epoch hardly go together, so it may be a shared trend of \
             training."
        }
        _ => "",
    };
    let test = match row.sign_flip_p {
        Some(value) if value > LEVEL => format!(
            " The sign-flip test does not confirm it (p = {}; {} runs cannot give less than {}).",
            p(Some(value)),
            row.runs,
            p(Some(2.0 / 2_f64.powi(row.runs as i32)))
        ),
        _ => String::new(),
    };
    let rank = match row.mean_rho {
        Some(rho) if rho.abs() < 0.5 * row.mean_r.abs() => format!(
            " The ranks agree much less (mean rho {}): a few extreme epochs make the r.",
            signed(rho)
        ),
        _ => String::new(),
    };
    format!("{subject}: {direction} ({figures}).{rank}{trend}{test}")
}

/// What the test without an assumption of normal differences says where it does not agree.
fn unconfirmed(test: &PairedComparison) -> String {
    let Some(value) = test.sign_flip_p.filter(|value| *value > LEVEL) else {
        return String::new();
    };
    format!(
        " That rests on differences being normally distributed; the sign-flip test, which does not, \
         gives p = {} ({} pairs cannot give less than {}).",
        p(Some(value)),
        test.pairs,
        p(Some(2.0 / 2_f64.powi(test.pairs as i32)))
    )
}

fn of_lambda(row: &LambdaComparison, outcome: &str) -> String {
    let model = row.model.as_deref().unwrap_or("all models together");
    let test = &row.final_kappa;
    let subject = format!("{}, {model}, lambda {}", row.dataset, row.lambda);
    let change = format!(
        "{outcome} changes by {} against lambda {}",
        signed_short(test.mean_difference),
        row.baseline
    );
    match row.p_holm {
        None if test.pairs < 2 => {
            format!("{subject}: {change} in a single pair of runs; it cannot be told from chance.")
        }
        None => format!("{subject}: {change} in all {} pairs alike.", test.pairs),
        Some(value) if value < LEVEL => format!(
            "{subject}: {change} ({} pairs, interval {}, corrected p = {}).{}",
            test.pairs,
            interval(test.interval),
            p(Some(value)),
            unconfirmed(test)
        ),
        Some(value) => format!(
            "{subject}: no effect on {outcome} is shown ({} over {} pairs, interval {}, corrected \
             p = {}).",
            signed_short(test.mean_difference),
            test.pairs,
            interval(test.interval),
            p(Some(value))
        ),
    }
}
