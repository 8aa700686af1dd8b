//! The confusion matrix, or the most frequent mistakes.

use mitsume_artifacts::Evaluation;

use crate::extremes::MAX_CLASSES_IN_FULL;
use crate::number_format;
use crate::template_data::{Confusion, ConfusionCell, ConfusionRow, Mistake};

const MAX_MISTAKES: usize = 30;

/// The confusion matrix, or the most frequent mistakes if there are too many classes for a matrix.
pub(crate) fn confusion(evaluation: &Evaluation) -> Confusion {
    let classes = &evaluation.data.classes;
    if classes.len() > MAX_CLASSES_IN_FULL {
        return Confusion::Mistakes(mistakes(evaluation));
    }
    let rows = evaluation.confusion.iter().enumerate().map(|(truth, row)| {
        let total: u64 = row.iter().sum();
        let cell = |(predicted, n): (usize, &u64)| ConfusionCell {
            count: number_format::count(*n),
            share: format!("{:.3}", *n as f64 / total.max(1) as f64),
            percent: number_format::percent(*n as f64 / total.max(1) as f64),
            correct: predicted == truth,
        };
        ConfusionRow {
            class: classes[truth].clone(),
            cells: row.iter().enumerate().map(cell).collect(),
            total: number_format::count(total),
        }
    });
    Confusion::Matrix(rows.collect())
}

/// `(images, true class, predicted class)` of the most frequent mistakes, the most frequent first.
pub(crate) fn frequent_mistakes(evaluation: &Evaluation) -> Vec<(u64, usize, usize)> {
    let mut all: Vec<(u64, usize, usize)> = Vec::new();
    for (truth, row) in evaluation.confusion.iter().enumerate() {
        let wrong = row
            .iter()
            .enumerate()
            .filter(|(predicted, n)| *predicted != truth && **n > 0);
        all.extend(wrong.map(|(predicted, n)| (*n, truth, predicted)));
    }
    all.sort_by_key(|(n, truth, predicted)| (std::cmp::Reverse(*n), *truth, *predicted));
    all.truncate(MAX_MISTAKES);
    all
}

fn mistakes(evaluation: &Evaluation) -> Vec<Mistake> {
    let name = |class: usize| evaluation.data.classes[class].clone();
    frequent_mistakes(evaluation)
        .into_iter()
        .map(|(n, truth, predicted)| Mistake {
            count: number_format::count(n),
            truth: name(truth),
            predicted: name(predicted),
        })
        .collect()
}
