//! The figures that matter, one line per run, compared with each other.

use mitsume::{AlphaGradient as Alpha, Distance, Preset, Reference};
use mitsume_locale::{Language, text};
use mitsume_record::ConsistencyConfig;

use crate::source::{Entry, Run};
use crate::view::{Figure, Summary};
use crate::{caution, number};

/// The lines of the comparison.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub lines: Vec<Summary>,
    /// What changes are against, in words.
    pub baseline: Option<String>,
    /// Then `l2` cannot be compared between the lines.
    pub map_sizes_differ: bool,
}

/// The figures of one line; from the evaluation, or else from the last epoch.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    accuracy: Option<f64>,
    kappa: Option<f64>,
    squared_l2: Option<f64>,
    l2: Option<f64>,
    counted: Option<u64>,
}

pub(crate) fn summaries(entries: &[Entry], language: Language) -> Comparison {
    let figures: Vec<Figures> = entries.iter().map(figures).collect();
    let mut sizes = entries
        .iter()
        .filter_map(|entry| entry.evaluation.as_ref())
        .map(|evaluated| evaluated.summary.model.cam_size);
    let first_size = sizes.next();
    let map_sizes_differ = sizes.any(|size| Some(size) != first_size);
    let bases: Vec<Option<usize>> = (0..entries.len()).map(|line| base(entries, line)).collect();
    let column = |value: fn(&Figures) -> Option<f64>, show: Show, comparable: bool| {
        let values: Vec<Option<f64>> = figures.iter().map(value).collect();
        compare(&values, &bases, comparable, show, language)
    };
    let mut accuracy = column(|f| f.accuracy, Show::Share, true).into_iter();
    let mut kappa = column(|f| f.kappa, Show::Kappa, true).into_iter();
    let mut squared_l2 = column(|f| f.squared_l2, Show::Deviation, true).into_iter();
    let mut l2 = column(|f| f.l2, Show::Deviation, !map_sizes_differ).into_iter();
    let lines = entries
        .iter()
        .zip(&figures)
        .map(|(entry, figures)| Summary {
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
                .map_or_else(|| "–".to_owned(), number::count),
            caution: caution::of_entry(entry, figures.counted, language),
        });
    Comparison {
        lines: lines.collect(),
        baseline: baseline(entries, &bases, language),
        map_sizes_differ,
    }
}

/// The line that a line is compared with: of the same model, the first trained without CAM loss,
/// or else the first; `None` for that line itself.
fn base(entries: &[Entry], line: usize) -> Option<usize> {
    let same = || (0..entries.len()).filter(|i| model(&entries[*i]) == model(&entries[line]));
    let is_plain = |i: &usize| {
        let run = entries[*i].run.as_ref();
        run.is_some_and(|run| run.config.consistency.lambda_max == 0.0)
    };
    let base = same().find(is_plain).or_else(|| same().next());
    base.filter(|base| *base != line)
}

fn baseline(entries: &[Entry], bases: &[Option<usize>], language: Language) -> Option<String> {
    let mut used: Vec<usize> = bases.iter().flatten().copied().collect();
    used.dedup();
    match used[..] {
        [] => None,
        [one] => Some(entries[one].name.clone()),
        _ => Some(text!(language, "report-baseline-of-model")),
    }
}

fn figures(entry: &Entry) -> Figures {
    if let Some(evaluated) = &entry.evaluation {
        let summary = &evaluated.summary;
        return Figures {
            accuracy: Some(summary.accuracy),
            kappa: Some(summary.kappa),
            squared_l2: summary.consistency.squared_l2,
            l2: summary.consistency.l2,
            counted: Some(summary.consistency.counted),
        };
    }
    let last = entry.run.as_ref().and_then(|run| run.epochs.last());
    last.map_or_else(Figures::default, |row| Figures {
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

#[derive(Debug, Clone, Copy, PartialEq)]
enum Show {
    Share,
    Kappa,
    Deviation,
}

/// A column; `bases` names for each line the one it is compared with.
fn compare(
    values: &[Option<f64>],
    bases: &[Option<usize>],
    comparable: bool,
    show: Show,
    language: Language,
) -> Vec<Figure> {
    let defined = values.iter().flatten().copied();
    let best = match show {
        Show::Deviation => defined.reduce(f64::min),
        Show::Share | Show::Kappa => defined.reduce(f64::max),
    };
    // Equal values leave nothing to mark.
    let differ = values.iter().flatten().any(|value| Some(*value) != best);
    let figure = |(value, base): (&Option<f64>, &Option<usize>)| {
        let Some(value) = *value else {
            return Figure {
                text: "–".to_owned(),
                ..Figure::default()
            };
        };
        let text = match show {
            Show::Share => number::percent(value),
            Show::Kappa | Show::Deviation => number::short(value),
        };
        let from = base.filter(|_| comparable).and_then(|base| values[base]);
        Figure {
            text,
            best: comparable && differ && best == Some(value),
            change: from
                .map(|from| difference(from, value, show, language))
                .unwrap_or_default(),
        }
    };
    values.iter().zip(bases).map(figure).collect()
}

fn difference(from: f64, to: f64, show: Show, language: Language) -> String {
    let text = match show {
        Show::Share => text!(
            language,
            "report-points",
            change = format!("{:+.1}", (to - from) * 100.0)
        ),
        Show::Kappa => format!("{:+.4}", to - from),
        Show::Deviation if from == 0.0 => return String::new(),
        Show::Deviation => format!("{:+.0} %", (to - from) / from * 100.0),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_deviation_and_higher_kappa_are_best() {
        let bases = [None, Some(0), Some(0)];
        let values = [Some(0.04), None, Some(0.03)];
        let deviation = compare(&values, &bases, true, Show::Deviation, Language::English);
        assert_eq!(deviation[2].change, "−25 %");
        assert!(deviation[2].best && !deviation[0].best);
        assert_eq!(
            (deviation[0].change.as_str(), deviation[1].text.as_str()),
            ("", "–")
        );
        let accuracy = compare(
            &[Some(0.9), Some(0.95)],
            &bases[..2],
            true,
            Show::Share,
            Language::English,
        );
        assert_eq!(accuracy[1].change, "+5.0 points");
        assert!(accuracy[1].best);
    }

    #[test]
    fn what_cannot_be_compared_has_no_best_and_no_change() {
        assert!(!compare(&[Some(0.5)], &[None], true, Show::Kappa, Language::English)[0].best);
        let equal = compare(
            &[Some(0.5), Some(0.5)],
            &[None, Some(0)],
            true,
            Show::Kappa,
            Language::English,
        );
        assert!(equal.iter().all(|figure| !figure.best));
        let sizes = compare(
            &[Some(0.5), Some(0.4)],
            &[None, Some(0)],
            false,
            Show::Deviation,
            Language::English,
        );
        assert!(
            sizes
                .iter()
                .all(|figure| !figure.best && figure.change.is_empty())
        );
    }
}
