//! Findings about lambda: runs with the consistency loss, paired with runs without it.

use mitsume_artifacts::Evaluation;
use mitsume_locale::{Language, text};
use mitsume_stats::holm::holm;
use mitsume_stats::paired::{PairedComparison, paired_comparison};

use super::Finding;
use super::metrics::is_uninformative;
use crate::entries::{Entry, Run};
use crate::number_format;
use crate::settings::{Settings, effective_lambda};
use crate::thresholds::SIGNIFICANCE_LEVEL;

/// Comparisons with a sentence of their own.
const MAX_COMPARISONS: usize = 6;
/// Confidence level of the intervals.
const CONFIDENCE: f64 = 0.95;
/// Resamples of the sign-flip test, whose result is not shown.
const DRAWS: usize = 1;

/// Runs of one lambda, each paired with the run of the same seed without the loss.
#[derive(Debug)]
pub(super) struct LambdaRuns<'a> {
    pub lambda: f64,
    /// Without the loss, and with it.
    pub pairs: Vec<[&'a Entry; 2]>,
    settings: Settings,
}

/// A finished run with its evaluation.
fn finished(entry: &Entry) -> Option<(&Run, &Evaluation)> {
    let run = entry.run.as_ref()?;
    let done = run.config.train.is_done(&run.epochs);
    let evaluated = entry.evaluation.as_ref().filter(|_| done)?;
    Some((run, &evaluated.summary))
}

/// Whether two runs differ in nothing but lambda.
fn alike(a: &Run, b: &Run) -> bool {
    let (own, other) = (&a.config, &b.config);
    own.data.train == other.data.train
        && own.data.valid == other.data.valid
        && own.model.name == other.model.name
        && own.train.seed == other.train.seed
        && Settings::from_config(own).agrees_with(&Settings::from_config(other))
}

/// Pairs the runs of every lambda with those without the loss, in the order of the entries.
pub(super) fn comparisons(entries: &[Entry]) -> Vec<LambdaRuns<'_>> {
    let runs: Vec<(&Entry, &Run)> = entries
        .iter()
        .filter_map(|entry| Some((entry, finished(entry)?.0)))
        .collect();
    let mut comparisons: Vec<LambdaRuns> = Vec::new();
    for &(entry, run) in runs
        .iter()
        .filter(|(_, run)| effective_lambda(&run.config) != 0.0)
    {
        let plain = |other: &&(&Entry, &Run)| {
            effective_lambda(&other.1.config) == 0.0 && alike(other.1, run)
        };
        let Some(&(base, _)) = runs.iter().find(plain) else {
            continue;
        };
        let settings = Settings::from_config(&run.config);
        let same = |known: &&mut LambdaRuns| {
            let first = known.pairs[0][1].run.as_ref().map(|run| &run.config);
            known.lambda == effective_lambda(&run.config)
                && known.settings == settings
                && first.is_some_and(|first| {
                    first.model.name == run.config.model.name
                        && first.data.train == run.config.data.train
                        && first.data.valid == run.config.data.valid
                })
        };
        match comparisons.iter_mut().find(same) {
            // A seed counts once.
            Some(known) => {
                if !known.pairs.iter().any(|pair| std::ptr::eq(pair[0], base)) {
                    known.pairs.push([base, entry]);
                }
            }
            None => comparisons.push(LambdaRuns {
                lambda: effective_lambda(&run.config),
                pairs: vec![[base, entry]],
                settings,
            }),
        }
    }
    comparisons
}

pub(super) fn sentences(
    entries: &[Entry],
    comparisons: &[LambdaRuns],
    language: Language,
) -> Vec<Finding> {
    let with_loss = entries.iter().filter(|entry| {
        let run = finished(entry).map(|(run, _)| run);
        run.is_some_and(|run| effective_lambda(&run.config) != 0.0)
    });
    let with_loss = with_loss.count();
    if with_loss == 0 {
        return Vec::new();
    }
    if comparisons.is_empty() {
        let text = text!(language, "findings-no-baseline");
        return vec![Finding::caution(text)];
    }
    let several = {
        let models = comparisons.iter().map(|one| &one.pairs[0][1]);
        let mut models: Vec<&str> = models.map(|entry| super::model(entry)).collect();
        models.dedup();
        models.len() > 1
    };
    let changes: Vec<Changes> = comparisons.iter().map(Changes::from_runs).collect();
    let corrected = holm_corrected(&changes);
    let mut sentences: Vec<Finding> = Vec::new();
    let shown = comparisons.iter().zip(&changes).zip(&corrected);
    for ((comparison, changes), p) in shown.take(MAX_COMPARISONS) {
        let subject = subject(comparison, several, language);
        sentences.extend(match &comparison.pairs[..] {
            [pair] => for_one_seed(&subject, *pair, language),
            _ => for_several_seeds(&subject, changes, *p, language),
        });
    }
    if comparisons.len() > MAX_COMPARISONS {
        let more = comparisons.len() - MAX_COMPARISONS;
        sentences.push(Finding::plain(text!(
            language,
            "findings-more",
            count = more
        )));
    }
    if comparisons.iter().any(|one| one.pairs.len() == 1) {
        sentences.push(Finding::caution(text!(language, "findings-one-seed")));
    }
    let compared: usize = comparisons.iter().map(|one| one.pairs.len()).sum();
    if with_loss > compared {
        let left = with_loss - compared;
        sentences.push(Finding::caution(text!(
            language,
            "findings-not-alike",
            count = left
        )));
    }
    sentences
}

/// The lambda, and the model where there are several.
fn subject(comparison: &LambdaRuns, several: bool, language: Language) -> String {
    let value = number_format::setting(comparison.lambda).replace('-', "−");
    if several {
        let model = super::model(comparison.pairs[0][1]);
        text!(
            language,
            "findings-lambda-of-model",
            lambda = value,
            model = model
        )
    } else {
        text!(language, "findings-lambda", lambda = value)
    }
}

fn summaries(pair: [&Entry; 2]) -> Option<[&Evaluation; 2]> {
    Some([finished(pair[0])?.1, finished(pair[1])?.1])
}

/// The consistencies of a pair, if they are over the same classes and neither model guesses.
fn consistencies([base, own]: [&Evaluation; 2]) -> Option<[f64; 2]> {
    let classes = |summary: &Evaluation| -> Vec<bool> {
        summary
            .per_class
            .iter()
            .map(|class| class.counted() > 0)
            .collect()
    };
    let comparable =
        classes(base) == classes(own) && !is_uninformative(base) && !is_uninformative(own);
    let both = base.consistency.squared_l2.zip(own.consistency.squared_l2);
    let (base, own) = both.filter(|_| comparable)?;
    Some([base, own])
}

fn for_one_seed(subject: &str, pair: [&Entry; 2], language: Language) -> Vec<Finding> {
    let Some([base, own]) = summaries(pair) else {
        return Vec::new();
    };
    let seed = pair[1].run.as_ref().map_or(0, |run| run.config.train.seed);
    let mut sentences = vec![Finding::plain(text!(
        language,
        "findings-one-kappa",
        subject = subject,
        seed = seed.to_string(),
        from = number_format::significant_4(base.kappa),
        to = number_format::significant_4(own.kappa),
        accuracy_from = number_format::percent(base.accuracy),
        accuracy_to = number_format::percent(own.accuracy),
    ))];
    sentences.push(match consistencies([base, own]) {
        Some([from, to]) => Finding::plain(text!(
            language,
            "findings-one-change",
            subject = subject,
            direction = direction(to - from),
            change = relative(from, to),
            from = number_format::significant_4(from),
            to = number_format::significant_4(to),
        )),
        None => Finding::caution(text!(language, "findings-not-compared", subject = subject)),
    });
    sentences
}

/// Selector of a message.
fn direction(change: f64) -> &'static str {
    match change {
        c if c < 0.0 => "down",
        c if c > 0.0 => "up",
        _ => "same",
    }
}

/// Size of a change, in per cent of the initial value.
fn relative(from: f64, to: f64) -> String {
    if from == 0.0 {
        return number_format::significant_4((to - from).abs());
    }
    format!("{:.0} %", ((to - from) / from * 100.0).abs())
}

/// Paired differences over the seeds.
struct Changes {
    kappa: Option<PairedComparison>,
    squared_l2: Option<PairedComparison>,
}

impl Changes {
    fn from_runs(comparison: &LambdaRuns) -> Self {
        let pairs: Vec<[&Evaluation; 2]> = comparison
            .pairs
            .iter()
            .filter_map(|pair| summaries(*pair))
            .collect();
        let kappa: Vec<f64> = pairs
            .iter()
            .map(|[base, own]| own.kappa - base.kappa)
            .collect();
        let consistencies = pairs.iter().map(|pair| consistencies(*pair));
        let squared_l2: Option<Vec<f64>> = consistencies
            .map(|both| both.map(|[base, own]| own - base))
            .collect();
        let test = |differences: &[f64]| paired_comparison(differences, CONFIDENCE, DRAWS, 0);
        Self {
            kappa: test(&kappa),
            squared_l2: squared_l2.and_then(|differences| test(&differences)),
        }
    }

    fn p(&self) -> [Option<f64>; 2] {
        let p = |test: &Option<PairedComparison>| test.as_ref().and_then(|test| test.p);
        [p(&self.kappa), p(&self.squared_l2)]
    }
}

/// P values of kappa and squared-l2 of each comparison, with Holm's correction over all of the
/// page.
fn holm_corrected(changes: &[Changes]) -> Vec<[Option<f64>; 2]> {
    let known: Vec<f64> = changes.iter().flat_map(Changes::p).flatten().collect();
    let mut corrected = holm(&known).into_iter();
    let mut next = |p: Option<f64>| p.and_then(|_| corrected.next());
    changes
        .iter()
        .map(|changes| changes.p().map(&mut next))
        .collect()
}

fn for_several_seeds(
    subject: &str,
    changes: &Changes,
    p: [Option<f64>; 2],
    language: Language,
) -> Vec<Finding> {
    let tests = [
        ("kappa", changes.kappa.as_ref(), p[0]),
        ("squared-l2", changes.squared_l2.as_ref(), p[1]),
    ];
    let mut sentences = Vec::new();
    for (quantity, test, p) in tests {
        let Some(test) = test else {
            let text = text!(language, "findings-not-compared", subject = subject);
            sentences.push(Finding::caution(text));
            continue;
        };
        let signed = |value: f64| {
            let sign = if value > 0.0 { "+" } else { "" };
            format!("{sign}{}", number_format::significant_4(value)).replace('-', "−")
        };
        let (low, high) = test.interval.map_or(("–".into(), "–".into()), |interval| {
            (signed(interval.low), signed(interval.high))
        });
        let verdict = match p {
            Some(p) if p < SIGNIFICANCE_LEVEL => "beyond",
            Some(_) => "within",
            None => "equal",
        };
        sentences.push(Finding::plain(text!(
            language,
            "findings-seeds",
            subject = subject,
            seeds = test.pairs,
            quantity = quantity,
            change = signed(test.mean_difference),
            low = low,
            high = high,
            verdict = verdict,
            p = p.map_or_else(|| "–".to_owned(), number_format::significant_4),
        )));
    }
    sentences
}
