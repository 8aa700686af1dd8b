//! Which class is taken for which.

use mitsume_record::Evaluation;

use crate::number;
use crate::view::{Confusion, ConfusionCell, ConfusionRow, Mistake};

/// With more classes a matrix is unreadable, and the most frequent mistakes are listed instead.
const LARGEST_MATRIX: usize = 24;
const MISTAKES: usize = 30;

/// The confusion matrix, or the most frequent mistakes.
pub(crate) fn confusion(evaluation: &Evaluation) -> Confusion {
    let classes = &evaluation.data.classes;
    if classes.len() > LARGEST_MATRIX {
        return Confusion::Mistakes(mistakes(evaluation));
    }
    let rows = evaluation.confusion.iter().enumerate().map(|(truth, row)| {
        let total: u64 = row.iter().sum();
        let cell = |(predicted, n): (usize, &u64)| ConfusionCell {
            count: number::count(*n),
            share: format!("{:.3}", *n as f64 / total.max(1) as f64),
            percent: number::percent(*n as f64 / total.max(1) as f64),
            correct: predicted == truth,
        };
        ConfusionRow {
            class: classes[truth].clone(),
            cells: row.iter().enumerate().map(cell).collect(),
            total: number::count(total),
        }
    });
    Confusion::Matrix(rows.collect())
}

fn mistakes(evaluation: &Evaluation) -> Vec<Mistake> {
    let mut all: Vec<(u64, usize, usize)> = Vec::new();
    for (truth, row) in evaluation.confusion.iter().enumerate() {
        let wrong = row
            .iter()
            .enumerate()
            .filter(|(predicted, n)| *predicted != truth && **n > 0);
        all.extend(wrong.map(|(predicted, n)| (*n, truth, predicted)));
    }
    all.sort_by_key(|(n, truth, predicted)| (std::cmp::Reverse(*n), *truth, *predicted));
    all.truncate(MISTAKES);
    let name = |class: usize| evaluation.data.classes[class].clone();
    all.into_iter()
        .map(|(n, truth, predicted)| Mistake {
            count: number::count(n),
            truth: name(truth),
            predicted: name(predicted),
        })
        .collect()
}
