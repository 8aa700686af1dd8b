//! Which classes a page shows if there are too many to show all.

use mitsume_artifacts::Evaluation;

use crate::confusion::frequent_mistakes;
use crate::thresholds::MIN_CORRECT_IMAGES;

/// With more classes than this a page shows the most and the least consistent ones and a search.
pub(crate) const MAX_CLASSES_IN_FULL: usize = 24;
/// Classes in each of the two tables.
const CLASSES_PER_END: usize = 10;
/// Classes with pictures, of the most and of the least consistent each.
const PICTURED_PER_END: usize = 6;

/// The most and the least consistent classes.
#[derive(Debug)]
pub(crate) struct Extremes {
    /// Correctly classified images that a class needs to be ranked.
    pub min_correct: u64,
    /// Classes that have them.
    pub ranked: usize,
    /// The most consistent classes, the most consistent one first.
    pub most: Vec<usize>,
    /// The least consistent classes, the least consistent one first.
    pub least: Vec<usize>,
}

/// The extremes by squared-l2 of an evaluation of many classes; `None` if all classes are shown. A
/// class with few correctly classified images is extreme by chance, so such classes are ranked only
/// if there are too few others.
pub(crate) fn extremes(evaluation: &Evaluation) -> Option<Extremes> {
    if evaluation.per_class.len() <= MAX_CLASSES_IN_FULL {
        return None;
    }
    let ranked_with = |min_correct: u64| -> Vec<usize> {
        let mut classes: Vec<usize> = (0..evaluation.per_class.len())
            .filter(|class| {
                let class = &evaluation.per_class[*class];
                class.squared_l2.is_some() && class.counted() >= min_correct
            })
            .collect();
        let value = |class: usize| evaluation.per_class[class].squared_l2.unwrap_or(f64::NAN);
        classes.sort_by(|a, b| value(*a).total_cmp(&value(*b)).then(a.cmp(b)));
        classes
    };
    // Lower limits are tried if the classes are small.
    let (min_correct, classes) = [MIN_CORRECT_IMAGES, MIN_CORRECT_IMAGES / 2, 2]
        .into_iter()
        .map(|min_correct| (min_correct, ranked_with(min_correct)))
        .find(|(_, classes)| classes.len() >= 2 * CLASSES_PER_END)
        .unwrap_or_else(|| (1, ranked_with(1)));
    // No class is in both tables.
    let each = CLASSES_PER_END.min(classes.len() / 2);
    Some(Extremes {
        min_correct,
        ranked: classes.len(),
        most: classes[..each].to_vec(),
        least: classes.iter().rev().take(each).copied().collect(),
    })
}

impl Extremes {
    /// The classes whose mean maps are shown: the most, then the least consistent.
    pub(crate) fn pictured(&self) -> Vec<usize> {
        let most = self.most.iter().take(PICTURED_PER_END);
        most.chain(self.least.iter().take(PICTURED_PER_END))
            .copied()
            .collect()
    }
}

/// The classes whose images are shown, in the order of the classes: all, or of many the extremes
/// and the most often misclassified ones.
pub(crate) fn classes_with_images(evaluation: &Evaluation) -> Vec<usize> {
    let Some(extremes) = extremes(evaluation) else {
        return (0..evaluation.per_class.len()).collect();
    };
    let mut classes = extremes.pictured();
    for (_, truth, _) in frequent_mistakes(evaluation) {
        if classes.len() < MAX_CLASSES_IN_FULL && !classes.contains(&truth) {
            classes.push(truth);
        }
    }
    classes.sort_unstable();
    classes
}
