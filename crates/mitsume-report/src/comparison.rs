//! The comparison table: accuracy, kappa and consistency of each entry, and the best of each.

use mitsume::{AlphaGradient as Alpha, Preset, Reference};
use mitsume_artifacts::{ConsistencyConfig, EpochRow, ExplainedClass};
use mitsume_locale::{Language, text};

use crate::entries::{Entry, Run};
use crate::ranking::{EntryValue, Quantity, Ranking, evaluated_images, rankings};
use crate::settings::{Settings, effective_lambda};
use crate::template_data::{ComparisonRow, MetricCell};
use crate::{caution, number_format};

/// One row per entry.
#[derive(Debug)]
pub(crate) struct ComparisonTable {
    pub rows: Vec<ComparisonRow>,
    /// Name of the run that the changes are relative to; `None` if nothing is compared.
    pub baseline: Option<String>,
    /// If so, `l2` cannot be compared between the rows.
    pub map_sizes_differ: bool,
}

/// Metrics of an entry: of its evaluation, or else of its last epoch.
#[derive(Debug, Clone, Copy, Default)]
struct EntryMetrics {
    accuracy: Option<f64>,
    kappa: Option<f64>,
    squared_l2: Option<f64>,
    l2: Option<f64>,
    counted: Option<u64>,
}

pub(crate) fn compare_entries(entries: &[Entry], language: Language) -> ComparisonTable {
    let metrics: Vec<EntryMetrics> = entries.iter().map(entry_metrics).collect();
    let mut sizes = entries
        .iter()
        .filter_map(|entry| entry.evaluation.as_ref())
        .map(|evaluated| evaluated.summary.model.cam_size);
    let first_size = sizes.next();
    let map_sizes_differ = sizes.any(|size| Some(size) != first_size);
    let baselines: Vec<Option<usize>> = (0..entries.len())
        .map(|row| baseline_of(entries, row))
        .collect();
    let column = |value: fn(&EntryMetrics) -> Option<f64>, quantity: Quantity, comparable: bool| {
        let values: Vec<EntryValue> = entries.iter().zip(metrics.iter().map(value)).collect();
        column_cells(&values, &baselines, comparable, quantity, language).into_iter()
    };
    let mut accuracy = column(|m| m.accuracy, Quantity::Accuracy, true);
    let mut kappa = column(|m| m.kappa, Quantity::Kappa, true);
    let mut squared_l2 = column(|m| m.squared_l2, Quantity::SquaredL2, true);
    let mut l2 = column(|m| m.l2, Quantity::L2, !map_sizes_differ);
    let rows = entries.iter().zip(&metrics).map(|(entry, metrics)| {
        let run = entry.run.as_ref();
        let dash = || "–".to_owned();
        let lambda = |run: &Run| run.config.consistency.lambda_max.to_string();
        ComparisonRow {
            name: entry.name.clone(),
            model: model(entry),
            lambda: run.map_or_else(dash, |run| lambda(run).replace('-', "−")),
            loss: run.map_or_else(String::new, |run| loss(&run.config.consistency, language)),
            epochs: run.map_or_else(dash, |run| epochs(run, language)),
            accuracy: accuracy.next().unwrap_or_default(),
            kappa: kappa.next().unwrap_or_default(),
            squared_l2: squared_l2.next().unwrap_or_default(),
            l2: l2.next().unwrap_or_default(),
            counted: metrics.counted.map_or_else(dash, number_format::count),
            explained: explained(entry).kind(),
            caution: caution::entry_caution(entry, metrics.counted, language),
        }
    });
    ComparisonTable {
        rows: rows.collect(),
        baseline: baseline_name(entries, &baselines, language),
        map_sizes_differ,
    }
}

/// Index of the entry that `row` is compared with: of the same model, evaluated on the same images
/// with maps of the same classes.
/// For a run it is the run of the same seed trained without CAM loss and with otherwise the same
/// effective settings; for an evaluation the first one trained without CAM loss. If there is none,
/// the first such entry of any lambda. `None` if that is `row` itself.
fn baseline_of(entries: &[Entry], row: usize) -> Option<usize> {
    let own = &entries[row];
    let alike = |i: &usize| {
        let other = &entries[*i];
        model(other) == model(own)
            && evaluated_images(other) == evaluated_images(own)
            && explained(other) == explained(own)
            && same_seed_and_settings(other, own)
    };
    let same = || (0..entries.len()).filter(alike);
    let is_plain = |i: &usize| {
        let run = entries[*i].run.as_ref();
        run.is_some_and(|run| effective_lambda(&run.config) == 0.0)
    };
    let baseline = same().find(is_plain).or_else(|| same().next());
    baseline.filter(|baseline| *baseline != row)
}

/// Which class's map is computed for each image; that of a run is the true class.
fn explained(entry: &Entry) -> &ExplainedClass {
    let evaluated = entry.evaluation.as_ref();
    evaluated.map_or(&ExplainedClass::Label, |evaluated| {
        &evaluated.summary.model.explain
    })
}

/// Whether two runs have the same seed, training images and settings, ignoring settings without
/// effect on one of them. True for an evaluation without its run, whose settings are unknown.
fn same_seed_and_settings(a: &Entry, b: &Entry) -> bool {
    let (Some(a), Some(b)) = (&a.run, &b.run) else {
        return true;
    };
    let (a, b) = (&a.config, &b.config);
    a.train.seed == b.train.seed
        && a.data.train == b.data.train
        && Settings::from_config(a).agrees_with(&Settings::from_config(b))
}

fn baseline_name(
    entries: &[Entry],
    baselines: &[Option<usize>],
    language: Language,
) -> Option<String> {
    let mut used: Vec<usize> = baselines.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    match used[..] {
        [] => None,
        [one] => Some(entries[one].name.clone()),
        _ => Some(text!(language, "report-baseline-of-each")),
    }
}

fn entry_metrics(entry: &Entry) -> EntryMetrics {
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
    let run = entry.run.as_ref();
    let last = run.and_then(|run| EpochRow::last_evaluated(&run.epochs));
    last.map_or_else(EntryMetrics::default, |row| EntryMetrics {
        accuracy: row.val_accuracy,
        kappa: row.kappa,
        squared_l2: row.consistency_squared_l2,
        l2: row.consistency_l2,
        counted: row.counted,
    })
}

fn model(entry: &Entry) -> String {
    let evaluated = entry
        .evaluation
        .as_ref()
        .map(|evaluated| evaluated.summary.model.name.as_str());
    let trained = entry.run.as_ref().map(|run| run.config.model.title());
    evaluated.or(trained).unwrap_or_default().to_owned()
}

/// Epochs done, of those configured.
pub(crate) fn epochs(run: &Run, language: Language) -> String {
    let (done, planned) = (run.epochs.len(), run.config.train.epochs);
    text!(
        language,
        "report-epochs-of",
        done = done.to_string(),
        planned = planned.to_string()
    )
}

/// The consistency loss: preset, distance, reference and alpha.
fn loss(config: &ConsistencyConfig, language: Language) -> String {
    if config.lambda_max == 0.0 {
        return text!(language, "report-cross-entropy-only");
    }
    let preset = match config.preset {
        Preset::Thesis => "thesis",
        Preset::Published => "published",
    };
    let distance = config.distance;
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

/// The cells of one column. `baselines` gives for each row the row that it is compared with;
/// without `comparable` no changes are shown.
fn column_cells(
    values: &[EntryValue],
    baselines: &[Option<usize>],
    comparable: bool,
    quantity: Quantity,
    language: Language,
) -> Vec<MetricCell> {
    let cell = |((entry_value, baseline), ranking): ((&EntryValue, &Option<usize>), Ranking)| {
        let Some(value) = entry_value.1 else {
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
        let from = baseline
            .filter(|_| comparable)
            .and_then(|baseline| values[baseline].1);
        MetricCell {
            text: shown,
            best: matches!(ranking, Ranking::Best { .. }),
            ranking: ranking.text(language),
            change: from
                .map(|from| difference(from, value, quantity, language))
                .unwrap_or_default(),
        }
    };
    let rankings = rankings(values, quantity);
    values
        .iter()
        .zip(baselines)
        .zip(rankings)
        .map(cell)
        .collect()
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
        let values: Vec<EntryValue> = entries.iter().zip(values).collect();
        let baselines: Vec<_> = (0..values.len()).map(|i| (i > 0).then_some(0)).collect();
        let cells = column_cells(&values, &baselines, comparable, quantity, Language::English);
        cells.into_iter().map(|cell| cell.change).collect()
    }

    #[test]
    fn changes_are_relative_to_the_baseline() {
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
    fn incomparable_values_have_no_change_and_missing_values_are_dashes() {
        assert_eq!(changes(&[0.5, 0.4], false, Quantity::L2), ["", ""]);
        let (present, missing) = (entry(), entry());
        let values = [(&present, Some(0.5)), (&missing, None)];
        let baselines = [None, Some(0)];
        let cells = column_cells(&values, &baselines, true, Quantity::L2, Language::English);
        assert_eq!(cells[1].text, "–");
        assert!(cells[1].change.is_empty() && cells[1].ranking.is_empty());
    }
}
