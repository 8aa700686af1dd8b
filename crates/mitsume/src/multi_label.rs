//! How well one finding of a multi-label model is found: area under the ROC curve, average precision,
//! F1.
//!
//! As scikit-learn defines them (`roc_auc_score`, `average_precision_score`, `f1_score`). Where it
//! warns that a score is not defined, that is `None` here. Tests compare with its numbers.

/// The groups of images with equal scores, from the highest score down: `[with, without]` the
/// finding.
///
/// # Panics
/// If there are not as many labels as scores.
fn tied_counts(scores: &[f64], labels: &[bool]) -> Vec<[u64; 2]> {
    assert_eq!(scores.len(), labels.len(), "one label for each score");
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let groups = order.chunk_by(|&a, &b| scores[a] == scores[b]);
    groups
        .map(|group| {
            let with = group.iter().filter(|&&i| labels[i]).count() as u64;
            [with, group.len() as u64 - with]
        })
        .collect()
}

/// Area under the ROC curve: the probability that an image with the finding has a higher score than
/// one without it, equal scores counting half. `None` if all images have the finding, or none.
///
/// # Panics
/// If there are not as many labels as scores.
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let groups = tied_counts(scores, labels);
    let mut without_above: u128 = 0;
    let without: u128 = groups.iter().map(|group| u128::from(group[1])).sum();
    let with: u128 = groups.iter().map(|group| u128::from(group[0])).sum();
    if with == 0 || without == 0 {
        return None;
    }
    // Twice the number of pairs in the right order, as an exact integer.
    let mut twice: u128 = 0;
    for [with, tied] in groups.into_iter().map(|group| group.map(u128::from)) {
        let below = without - without_above - tied;
        twice += with * (2 * below + tied);
        without_above += tied;
    }
    Some(twice as f64 / (2 * with * without) as f64)
}

/// Average precision: the precision at each score as a threshold, weighted by how much recall grows
/// there. `None` if no image has the finding.
///
/// # Panics
/// If there are not as many labels as scores.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let all = labels.iter().filter(|&&label| label).count();
    let (mut with, mut images, mut sum) = (0, 0, 0.0);
    for [more, without] in tied_counts(scores, labels) {
        with += more;
        images += more + without;
        sum += more as f64 * (with as f64 / images as f64);
    }
    (all > 0).then(|| sum / all as f64)
}

/// Images of one finding by label and decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Images with the finding.
    pub positives: u64,
    /// Images in which the model finds it.
    pub predicted: u64,
    /// Images of both.
    pub true_positives: u64,
}

impl FindingCounts {
    /// Adds an image.
    pub fn add(&mut self, label: bool, predicted: bool) {
        self.positives += u64::from(label);
        self.predicted += u64::from(predicted);
        self.true_positives += u64::from(label && predicted);
    }

    /// Harmonic mean of precision and recall. `None` if no image has the finding and the model
    /// finds none.
    pub fn f1(&self) -> Option<f64> {
        let both = self.positives + self.predicted;
        (both > 0).then(|| 2.0 * self.true_positives as f64 / both as f64)
    }
}

/// Mean over the findings for which a score is defined; `None` without one.
pub fn macro_average(scores: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let defined: Vec<f64> = scores.into_iter().flatten().collect();
    (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores with many ties, and without, of 50 images each.
    fn findings() -> [(Vec<f64>, Vec<bool>); 2] {
        let tied = |i: u32| {
            let score = f64::from((i * 37 + i * i * 11) % 17) / 16.0;
            (score, (i * 7 + i * i * 5) % 11 < 4)
        };
        let distinct = |i: u32| {
            let score = f64::from((i * 7919 + i * i * 31) % 1009) / 1008.0;
            (score, score + f64::from((i * 13) % 29) / 29.0 > 0.9)
        };
        [(0..50).map(tied).unzip(), (0..50).map(distinct).unzip()]
    }

    fn f1(scores: &[f64], labels: &[bool]) -> Option<f64> {
        let mut counts = FindingCounts::default();
        for (score, label) in scores.iter().zip(labels) {
            counts.add(*label, *score >= 0.5);
        }
        counts.f1()
    }

    /// scikit-learn 1.9.1 on the same numbers; it sums in float64 in another order.
    #[test]
    fn scores_are_those_of_scikit_learn() {
        let expected = [
            [
                0.645_292_207_792_207_9,
                0.694_119_937_080_463_5,
                0.583_333_333_333_333_3,
            ],
            [
                0.819_805_194_805_194_8,
                0.887_395_938_478_654,
                0.775_510_204_081_632_6,
            ],
        ];
        let found = findings().map(|(scores, labels)| {
            [
                roc_auc(&scores, &labels),
                average_precision(&scores, &labels),
                f1(&scores, &labels),
            ]
        });
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            let found = found.unwrap();
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        let macro_averages = [
            0.732_548_701_298_701_3,
            0.790_757_937_779_558_7,
            0.679_421_768_707_483,
        ];
        for (score, expected) in macro_averages.into_iter().enumerate() {
            let found = macro_average(found.iter().map(|finding| finding[score])).unwrap();
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn what_is_not_defined_is_none_and_left_out_of_the_mean() {
        let scores = [0.1, 0.9];
        assert_eq!(roc_auc(&scores, &[true, true]), None);
        assert_eq!(roc_auc(&scores, &[false, false]), None);
        assert_eq!(average_precision(&scores, &[false, false]), None);
        assert_eq!(average_precision(&scores, &[true, true]), Some(1.0));
        assert_eq!(f1(&[0.1], &[false]), None);
        assert_eq!(f1(&[0.9], &[false]), Some(0.0));
        assert_eq!(macro_average([None, Some(0.5), Some(1.0)]), Some(0.75));
        assert_eq!(macro_average([None]), None);
    }

    #[test]
    fn equal_scores_say_nothing() {
        let labels = [true, false, false, true];
        assert_eq!(roc_auc(&[0.5; 4], &labels), Some(0.5));
        assert_eq!(average_precision(&[0.5; 4], &labels), Some(0.5));
        assert_eq!(roc_auc(&[0.9, 0.1, 0.2, 0.8], &labels), Some(1.0));
        assert_eq!(roc_auc(&[0.1, 0.9, 0.8, 0.2], &labels), Some(0.0));
    }
}
