//! The figures that matter, one line per run, compared with each other.

use mitsume::{AlphaGradient as Alpha, Distance, Preset, Reference};
use mitsume_artifacts::ConsistencyConfig;
use mitsume_locale::{Language, text};

use crate::entries::{Entry, Run};
use crate::ranking::{EntryValue, Quantity, Ranking, evaluated_images, rankings};
use crate::settings::{Settings, effective_lambda};
use crate::template_data::{ComparisonRow, MetricCell};
use crate::{caution, number_format};

/// The lines of the comparison.
#[derive(Debug)]
pub(crate) struct ComparisonTable {
    pub lines: Vec<ComparisonRow>,
    /// What changes are against, in words.
    pub baseline: Option<String>,
    /// Then `l2` cannot be compared between the lines.
    pub map_sizes_differ: bool,
}

/// The figures of one line; from the evaluation, or else from the last epoch.
#[derive(Debug, Clone, Copy, Default)]
struct EntryMetrics {
    accuracy: Option<f64>,
    kappa: Option<f64>,
    squared_l2: Option<f64>,
    l2: Option<f64>,
    counted: Option<u64>,
}

pub(crate) fn compare_entries(entries: &[Entry], language: Language) -> ComparisonTable {
    let figures: Vec<EntryMetrics> = entries.iter().map(figures).collect();
    let mut sizes = entries
        .iter()
        .filter_map(|entry| entry.evaluation.as_ref())
        .map(|evaluated| evaluated.summary.model.cam_size);
    let first_size = sizes.next();
    let map_sizes_differ = sizes.any(|size| Some(size) != first_size);
    let bases: Vec<Option<usize>> = (0..entries.len()).map(|line| base(entries, line)).collect();
    let column = |value: fn(&EntryMetrics) -> Option<f64>, quantity: Quantity, comparable: bool| {
        let lines: Vec<EntryValue> = entries.iter().zip(figures.iter().map(value)).collect();
        compare_column(&lines, &bases, comparable, (quantity, language)).into_iter()
    };
    let mut accuracy = column(|f| f.accuracy, Quantity::Accuracy, true);
    let mut kappa = column(|f| f.kappa, Quantity::Kappa, true);
    let mut squared_l2 = column(|f| f.squared_l2, Quantity::SquaredL2, true);
    let mut l2 = column(|f| f.l2, Quantity::L2, !map_sizes_differ);
    let lines = entries
        .iter()
        .zip(&figures)
        .map(|(entry, figures)| ComparisonRow {
            name: entry.name.clone(),
            model: model(entry),
            lambda: entry.run.as_ref().map_or_else(
                || "–".to_owned(),
                |run| {
                    run.config
                        .consistency
                        .lambda_max
                        .to_string()
                        .replace('-', "−")
                },
            ),
            loss: entry
                .run
                .as_ref()
                .map_or_else(String::new, |run| loss(&run.config.consistency, language)),
            epochs: entry
                .run
                .as_ref()
                .map_or_else(|| "–".to_owned(), |run| epochs(run, language)),
            accuracy: accuracy.next().unwrap_or_default(),
            kappa: kappa.next().unwrap_or_default(),
            squared_l2: squared_l2.next().unwrap_or_default(),
            l2: l2.next().unwrap_or_default(),
            counted: figures
                .counted
                .map_or_else(|| "–".to_owned(), number_format::count),
            caution: caution::entry_caution(entry, figures.counted, language),
        });
    ComparisonTable {
        lines: lines.collect(),
        baseline: baseline(entries, &bases, language),
        map_sizes_differ,
    }
}

/// The line that a line is compared with: of the same model on the same images, for a run the one
/// of its seed trained without CAM loss that nothing else with an effect sets apart, for an
/// evaluation the first trained so; or else the first. `None` for that line itself.
fn base(entries: &[Entry], line: usize) -> Option<usize> {
    let own = &entries[line];
    let alike = |i: &usize| {
        let other = &entries[*i];
        model(other) == model(own)
            && evaluated_images(other) == evaluated_images(own)
            && same_seed(other, own)
    };
    let same = || (0..entries.len()).filter(alike);
    let is_plain = |i: &usize| {
        let run = entries[*i].run.as_ref();
        run.is_some_and(|run| effective_lambda(&run.config) == 0.0)
    };
    let base = same().find(is_plain).or_else(|| same().next());
    base.filter(|base| *base != line)
}

/// Whether two runs have the same seed and training images, and nothing with an effect on both
/// differs; nothing is known of an evaluation without its run.
fn same_seed(a: &Entry, b: &Entry) -> bool {
    let (Some(a), Some(b)) = (&a.run, &b.run) else {
        return true;
    };
    let (a, b) = (&a.config, &b.config);
    a.train.seed == b.train.seed
        && a.data.train == b.data.train
        && Settings::from_config(a).agrees_with(&Settings::from_config(b))
}

fn baseline(entries: &[Entry], bases: &[Option<usize>], language: Language) -> Option<String> {
    let mut used: Vec<usize> = bases.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    match used[..] {
        [] => None,
        [one] => Some(entries[one].name.clone()),
        _ => Some(text!(language, "report-baseline-of-each")),
    }
}

fn figures(entry: &Entry) -> EntryMetrics {
    if let Some(evaluated) = &entry.evaluation {
        let summary = &evaluated.summary;
        return EntryMetrics {
            accuracy: Some(summary.accuracy),
            kappa: Some(summary.kappa),
            squared_l2: summary.consistency.squared_l2,
            l2: summary.consistency.l2,
            counted: Some(summary.consistency.counted),
        };
    }
    let last = entry.run.as_ref().and_then(|run| run.epochs.last());
    last.map_or_else(EntryMetrics::default, |row| EntryMetrics {
        accuracy: Some(row.val_accuracy),
        kappa: Some(row.kappa),
        squared_l2: row.consistency_squared_l2,
        l2: row.consistency_l2,
        counted: Some(row.counted),
    })
}

fn model(entry: &Entry) -> String {
    let evaluated = entry
        .evaluation
        .as_ref()
        .map(|evaluated| &evaluated.summary.model.name);
    let trained = entry.run.as_ref().map(|run| &run.config.model.name);
    evaluated.or(trained).cloned().unwrap_or_default()
}

/// Epochs done of those planned.
pub(crate) fn epochs(run: &Run, language: Language) -> String {
    let (done, planned) = (run.epochs.len(), run.config.train.epochs);
    text!(
        language,
        "report-epochs-of",
        done = done.to_string(),
        planned = planned.to_string()
    )
}

/// The loss in words: the preset, or what differs from it.
fn loss(config: &ConsistencyConfig, language: Language) -> String {
    if config.lambda_max == 0.0 {
        return text!(language, "report-cross-entropy-only");
    }
    let preset = match config.preset {
        Preset::Thesis => "thesis",
        Preset::Published => "published",
    };
    let distance = match config.distance {
        Distance::SquaredL2 => "squared-l2",
        Distance::L2 => "l2",
    };
    let reference = match config.reference {
        Reference::Ema => "ema",
        Reference::Batch => "batch",
    };
    let alpha = match config.alpha {
        Alpha::Full => "full",
        Alpha::Detached => "detached",
    };
    format!("{preset}: {distance}, {reference}, alpha {alpha}")
}

/// A column; `bases` names for each line the one it is compared with.
fn compare_column(
    lines: &[EntryValue],
    bases: &[Option<usize>],
    comparable: bool,
    (quantity, language): (Quantity, Language),
) -> Vec<MetricCell> {
    let figure = |((line, base), ranking): ((&EntryValue, &Option<usize>), Ranking)| {
        let Some(value) = line.1 else {
            return MetricCell {
                text: "–".to_owned(),
                ..MetricCell::default()
            };
        };
        let shown = match quantity {
            Quantity::Accuracy => number_format::percent(value),
            Quantity::Kappa | Quantity::SquaredL2 | Quantity::L2 => {
                number_format::significant_4(value)
            }
        };
        let from = base.filter(|_| comparable).and_then(|base| lines[base].1);
        MetricCell {
            text: shown,
            best: matches!(ranking, Ranking::Best { .. }),
            ranking: ranking.text(language),
            change: from
                .map(|from| difference(from, value, quantity, language))
                .unwrap_or_default(),
        }
    };
    let rankings = rankings(lines, quantity);
    lines.iter().zip(bases).zip(rankings).map(figure).collect()
}

fn difference(from: f64, to: f64, quantity: Quantity, language: Language) -> String {
    let change = match quantity {
        Quantity::Accuracy => {
            let points = format!("{:+.1}", (to - from) * 100.0);
            text!(language, "report-points", points = points)
        }
        Quantity::Kappa => format!("{:+.4}", to - from),
        Quantity::SquaredL2 | Quantity::L2 if from == 0.0 => return String::new(),
        Quantity::SquaredL2 | Quantity::L2 => format!("{:+.0} %", (to - from) / from * 100.0),
    };
    change.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            name: "x".to_owned(),
            run: None,
            evaluation: None,
        }
    }

    fn changes(values: &[f64], comparable: bool, quantity: Quantity) -> Vec<String> {
        let entries: Vec<Entry> = values.iter().map(|_| entry()).collect();
        let values = values.iter().map(|value| Some(*value));
        let lines: Vec<EntryValue> = entries.iter().zip(values).collect();
        let bases: Vec<_> = (0..lines.len()).map(|i| (i > 0).then_some(0)).collect();
        let figures = compare_column(&lines, &bases, comparable, (quantity, Language::English));
        figures.into_iter().map(|figure| figure.change).collect()
    }

    #[test]
    fn changes_are_against_the_base() {
        assert_eq!(
            changes(&[0.04, 0.03], true, Quantity::SquaredL2),
            ["", "−25 %"]
        );
        assert_eq!(
            changes(&[0.9, 0.95], true, Quantity::Accuracy),
            ["", "+5.0 points"]
        );
        assert_eq!(
            changes(&[0.5, 0.25], true, Quantity::Kappa),
            ["", "−0.2500"]
        );
    }

    #[test]
    fn what_cannot_be_compared_has_no_change_and_what_is_not_there_is_a_dash() {
        assert_eq!(changes(&[0.5, 0.4], false, Quantity::L2), ["", ""]);
        let (present, missing) = (entry(), entry());
        let lines = [(&present, Some(0.5)), (&missing, None)];
        let bases = [None, Some(0)];
        let figures = compare_column(&lines, &bases, true, (Quantity::L2, Language::English));
        assert_eq!(figures[1].text, "–");
        assert!(figures[1].change.is_empty() && figures[1].ranking.is_empty());
    }
}
