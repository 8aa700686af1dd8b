//! Marks the best value of a column, or says why none is significant.

use std::collections::BTreeMap;

use mitsume::kappa::kappa_error_by_chance;
use mitsume_artifacts::{EpochRow, Evaluation};
use mitsume_locale::{Language, text};
use mitsume_stats::holm::holm;
use mitsume_stats::paired::paired_comparison;

use crate::entries::{Entry, Run};
use crate::settings::{Settings, effective_lambda};
use crate::thresholds::{
    MIN_CORRECT_IMAGES, MIN_COUNTED_CLASSES, MIN_EVALUATED_IMAGES, SIGNIFICANCE_LEVEL,
};

/// Upper 5 % quantile of the standard normal distribution. A kappa of fewer standard errors (by
/// chance) is not distinguishable from guessing.
pub(crate) const CHANCE_Z: f64 = 1.645;

/// A column of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Accuracy,
    Kappa,
    SquaredL2,
    L2,
}

impl Quantity {
    pub fn is_consistency(self) -> bool {
        matches!(self, Self::SquaredL2 | Self::L2)
    }
}

/// Why a value is not compared, or why no value is best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    // For one row.
    AtChance,
    OneClass,
    FewImages,
    // For all rows.
    NotEvaluated,
    DataDiffer,
    EpochsDiffer,
    MethodsDiffer,
    ExplainedDiffer,
    SizesDiffer,
    LayersDiffer,
    ClassesDiffer,
    OneSeed,
    WithinChance,
}

/// Rank of a value among the compared rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ranking {
    /// Not marked.
    Plain,
    /// Significantly the best mean over this many seeds.
    Best { seeds: usize },
    /// The best value, not significantly so.
    BestNotSignificant { lowest: bool, reason: Reason },
    /// Not compared.
    NotComparable(Reason),
}

/// An entry and its value of the quantity.
pub(crate) type EntryValue<'a> = (&'a Entry, Option<f64>);

/// The ranking of each row in `quantity`.
pub(crate) fn rankings(lines: &[EntryValue], quantity: Quantity) -> Vec<Ranking> {
    let mut rankings = vec![Ranking::Plain; lines.len()];
    let mut competing = Vec::new();
    for (index, (entry, value)) in lines.iter().enumerate() {
        match (value, row_problem(entry, quantity)) {
            (None, _) => {}
            (Some(_), Some(reason)) => rankings[index] = Ranking::NotComparable(reason),
            (Some(value), None) => competing.push((index, *entry, *value)),
        }
    }
    let sign = if quantity.is_consistency() { -1.0 } else { 1.0 };
    let Some(best) = competing.iter().map(|line| sign * line.2).reduce(f64::max) else {
        return rankings;
    };
    // If all are equal, none is marked.
    if competing.iter().all(|line| sign * line.2 == best) {
        return rankings;
    }
    let entries: Vec<&Entry> = competing.iter().map(|line| line.1).collect();
    let values: Vec<f64> = competing.iter().map(|line| sign * line.2).collect();
    let verdict = match comparison_problem(&entries, quantity) {
        Some(reason) => Err(reason),
        None => over_seeds(&entries, &values),
    };
    match verdict {
        Ok((members, seeds)) => members
            .into_iter()
            .for_each(|member| rankings[competing[member].0] = Ranking::Best { seeds }),
        Err(reason) => {
            let lowest = quantity.is_consistency();
            for (index, _, value) in &competing {
                if sign * value == best {
                    rankings[*index] = Ranking::BestNotSignificant { lowest, reason };
                }
            }
        }
    }
    rankings
}

/// Why a row's value is not meaningful by itself.
fn row_problem(entry: &Entry, quantity: Quantity) -> Option<Reason> {
    let Some(evaluated) = &entry.evaluation else {
        let run = entry.run.as_ref();
        let last = run.and_then(|run| EpochRow::last_evaluated(&run.epochs));
        return last
            .and_then(|row| row.kappa)
            .filter(|kappa| *kappa <= 0.0)
            .map(|_| Reason::AtChance);
    };
    let summary = &evaluated.summary;
    if at_chance(summary) {
        return Some(Reason::AtChance);
    }
    if !quantity.is_consistency() {
        return (summary.data.images < MIN_EVALUATED_IMAGES).then_some(Reason::FewImages);
    }
    let classes = counted_classes(summary, quantity).len();
    if classes < MIN_COUNTED_CLASSES {
        return Some(Reason::OneClass);
    }
    let per_class = summary.consistency.counted as f64 / classes as f64;
    (per_class < MIN_CORRECT_IMAGES as f64).then_some(Reason::FewImages)
}

/// Whether kappa is not distinguishable from guessing (Fleiss et al. 1969).
pub(crate) fn at_chance(summary: &Evaluation) -> bool {
    let truths: Vec<u64> = summary.per_class.iter().map(|class| class.images).collect();
    let column = |class: usize| summary.confusion.iter().map(|row| row[class]).sum();
    let predictions: Vec<u64> = (0..truths.len()).map(column).collect();
    summary.kappa <= CHANCE_Z * kappa_error_by_chance(&truths, &predictions)
}

/// The classes that the consistency is over.
fn counted_classes(summary: &Evaluation, quantity: Quantity) -> Vec<&str> {
    let least = if quantity == Quantity::L2 { 2 } else { 1 };
    let classes = summary.per_class.iter();
    let counted = classes.filter(|class| class.counted() >= least);
    counted.map(|class| &class.class[..]).collect()
}

/// Why the values are not comparable.
fn comparison_problem(entries: &[&Entry], quantity: Quantity) -> Option<Reason> {
    let evaluations: Vec<&Evaluation> = entries
        .iter()
        .filter_map(|entry| Some(&entry.evaluation.as_ref()?.summary))
        .collect();
    let runs: Vec<&Run> = entries
        .iter()
        .filter_map(|entry| entry.run.as_ref())
        .collect();
    let unfinished = |run: &&Run| !run.config.train.is_done(&run.epochs);
    if differ(&runs, |run| run.epochs.len()) || runs.iter().any(unfinished) {
        return Some(Reason::EpochsDiffer);
    }
    if differ(entries, |entry| evaluated_images(entry)) {
        return Some(Reason::DataDiffer);
    }
    if !quantity.is_consistency() {
        return None;
    }
    if evaluations.len() < entries.len() {
        return Some(Reason::NotEvaluated);
    }
    let model = |summary: &&Evaluation| summary.model.clone();
    let checks = [
        (
            differ(&evaluations, |e| (model(e).method, model(e).flip)),
            Reason::MethodsDiffer,
        ),
        (
            differ(&evaluations, |e| model(e).explain),
            Reason::ExplainedDiffer,
        ),
        (
            differ(&evaluations, |e| model(e).cam_size),
            Reason::SizesDiffer,
        ),
        (
            differ(&evaluations, |e| model(e).target_layer),
            Reason::LayersDiffer,
        ),
        (
            differ(&evaluations, |e| counted_classes(e, quantity)),
            Reason::ClassesDiffer,
        ),
    ];
    let first = checks.into_iter().find(|(differ, _)| *differ);
    first.map(|(_, reason)| reason)
}

/// Whether a property is not the same of all items.
fn differ<'a, T, P: PartialEq>(items: &'a [T], of: impl Fn(&'a T) -> P) -> bool {
    items.windows(2).any(|pair| of(&pair[0]) != of(&pair[1]))
}

/// The images of an entry's metrics: folder or list, number of images and classes.
pub(crate) fn evaluated_images(entry: &Entry) -> (String, Option<(u64, &[String])>) {
    match (&entry.evaluation, &entry.run) {
        (Some(evaluated), _) => {
            let data = &evaluated.summary.data;
            (data.named().to_owned(), Some((data.images, &data.classes)))
        }
        (None, Some(run)) => (run.config.data.valid.display().to_string(), None),
        (None, None) => (String::new(), None),
    }
}

/// Runs equal in this differ at most in the seed.
#[derive(PartialEq)]
struct Repeated<'a> {
    model: &'a str,
    train: &'a std::path::Path,
    lambda: f64,
    settings: Settings,
}

fn repeated(run: &Run) -> Repeated<'_> {
    Repeated {
        model: &run.config.model.name,
        train: &run.config.data.train,
        lambda: effective_lambda(&run.config),
        settings: Settings::from_config(&run.config),
    }
}

/// Rows by seed; the seed of an evaluation without its run is unknown.
type BySeed = BTreeMap<Option<u64>, usize>;

/// The rows of each setting; an evaluation without its run is a setting of its own.
fn groups(entries: &[&Entry]) -> Vec<BySeed> {
    let mut groups: Vec<(Option<Repeated>, BySeed)> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let run = entry.run.as_ref();
        let key = run.map(repeated);
        let seed = run.map(|run| run.config.train.seed);
        let known = groups
            .iter()
            .position(|(known, _)| key.is_some() && *known == key);
        let at = known.unwrap_or_else(|| {
            groups.push((key, BySeed::new()));
            groups.len() - 1
        });
        // The same run twice counts once.
        groups[at].1.entry(seed).or_insert(index);
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// The rows of the setting that is significantly better than every other, and its number of seeds:
/// by paired t-tests over shared seeds with Holm's correction. Higher is better in `values`.
fn over_seeds(entries: &[&Entry], values: &[f64]) -> Result<(Vec<usize>, usize), Reason> {
    let groups = groups(entries);
    let mean =
        |group: &BySeed| group.values().map(|line| values[*line]).sum::<f64>() / group.len() as f64;
    let best = (0..groups.len())
        .max_by(|a, b| mean(&groups[*a]).total_cmp(&mean(&groups[*b])))
        .ok_or(Reason::OneSeed)?;
    let mut ps = Vec::new();
    for other in (0..groups.len()).filter(|other| *other != best) {
        let shared = groups[best].iter().filter(|(seed, _)| seed.is_some());
        let differences: Vec<f64> = shared
            .filter_map(|(seed, line)| Some(values[*line] - values[*groups[other].get(seed)?]))
            .collect();
        if differences.len() < 2 {
            return Err(Reason::OneSeed);
        }
        // The t-test needs no resampling.
        let test = paired_comparison(&differences, 1.0 - SIGNIFICANCE_LEVEL, 1, 0);
        ps.push(test.and_then(|test| test.p).unwrap_or(1.0));
    }
    let seeds = groups[best].len();
    if ps.is_empty() {
        // All runs are of one setting and differ only in the seed.
        return Err(Reason::WithinChance);
    }
    if holm(&ps).iter().any(|p| *p >= SIGNIFICANCE_LEVEL) {
        return Err(Reason::WithinChance);
    }
    Ok((groups[best].values().copied().collect(), seeds))
}

impl Ranking {
    /// Text of a cell; empty for [`Ranking::Plain`].
    pub fn text(self, language: Language) -> String {
        match self {
            Self::Plain => String::new(),
            Self::Best { seeds } => text!(language, "report-ranking-best", seeds = seeds),
            Self::BestNotSignificant { lowest, reason } => {
                let reason = reason.text(language);
                if lowest {
                    text!(language, "report-ranking-lowest", reason = reason)
                } else {
                    text!(language, "report-ranking-highest", reason = reason)
                }
            }
            Self::NotComparable(reason) => reason.text(language),
        }
    }
}

impl Reason {
    fn text(self, language: Language) -> String {
        match self {
            Self::AtChance => text!(language, "report-ranking-at-chance"),
            Self::OneClass => text!(language, "report-ranking-one-class"),
            Self::FewImages => text!(language, "report-ranking-few-images"),
            Self::NotEvaluated => text!(language, "report-ranking-not-evaluated"),
            Self::DataDiffer => text!(language, "report-ranking-data-differ"),
            Self::EpochsDiffer => text!(language, "report-ranking-epochs-differ"),
            Self::MethodsDiffer => text!(language, "report-ranking-methods-differ"),
            Self::ExplainedDiffer => text!(language, "report-ranking-explained-differ"),
            Self::SizesDiffer => text!(language, "report-ranking-sizes-differ"),
            Self::LayersDiffer => text!(language, "report-ranking-layers-differ"),
            Self::ClassesDiffer => text!(language, "report-ranking-classes-differ"),
            Self::OneSeed => text!(language, "report-ranking-one-seed"),
            Self::WithinChance => text!(language, "report-ranking-within-chance"),
        }
    }
}

#[cfg(test)]
mod tests;
