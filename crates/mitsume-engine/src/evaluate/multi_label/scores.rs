//! Labels and probabilities of all images, and the scores of each finding.

use mitsume::multi_label::{FindingCounts, average_precision, macro_average as mean, roc_auc};
use mitsume_artifacts::{FindingResult, FindingScores};

/// Labels and outputs of the images so far.
pub(super) struct Scores {
    threshold: f64,
    /// Number of findings K.
    findings: usize,
    /// [N, K], row by row.
    logits: Vec<f32>,
    /// The findings of each image, ascending.
    labels: Vec<Vec<usize>>,
    cross_entropy: f64,
}

impl Scores {
    pub fn new(findings: usize, threshold: f64) -> Self {
        Self {
            threshold,
            findings,
            logits: Vec::new(),
            labels: Vec::new(),
            cross_entropy: 0.0,
        }
    }

    /// Adds an image with its outputs `[K]` and the findings that it has.
    pub fn add(&mut self, logits: &[f32], findings: &[usize]) {
        for (finding, &logit) in logits.iter().enumerate() {
            let label = findings.binary_search(&finding).is_ok();
            self.cross_entropy += binary_cross_entropy(f64::from(logit), label);
        }
        self.logits.extend_from_slice(logits);
        self.labels.push(findings.to_vec());
    }

    /// Probability from which a finding is found.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Mean over images and findings.
    pub fn binary_cross_entropy(&self) -> f64 {
        self.cross_entropy / self.logits.len().max(1) as f64
    }

    /// Probabilities `[K]` of image `position`.
    pub fn probabilities(&self, position: usize) -> impl Iterator<Item = f64> + '_ {
        let logits = &self.logits[position * self.findings..][..self.findings];
        logits.iter().map(|&logit| sigmoid(logit))
    }

    /// Probabilities `[K]` of the image added last.
    pub fn last_probabilities(&self) -> Vec<f32> {
        let probabilities = self.probabilities(self.labels.len() - 1);
        probabilities
            .map(|probability| probability as f32)
            .collect()
    }

    /// Whether a finding is found in the image added last.
    pub fn is_found_in_last(&self, finding: usize) -> bool {
        let logit = self.logits[self.logits.len() - self.findings + finding];
        sigmoid(logit) >= self.threshold
    }

    /// Counts of a finding over all images.
    pub fn counts(&self, finding: usize) -> FindingCounts {
        let mut counts = FindingCounts::default();
        for (probability, label) in self.column(finding) {
            counts.add(label, probability >= self.threshold);
        }
        counts
    }

    /// The scores of a finding over all images.
    pub fn of(&self, finding: usize) -> FindingScores {
        let (probabilities, labels): (Vec<f64>, Vec<bool>) = self.column(finding).unzip();
        FindingScores {
            auc: roc_auc(&probabilities, &labels),
            average_precision: average_precision(&probabilities, &labels),
            f1: self.counts(finding).f1(),
        }
    }

    /// Probability and label of a finding in each image.
    fn column(&self, finding: usize) -> impl Iterator<Item = (f64, bool)> + '_ {
        let rows = self.logits.chunks_exact(self.findings).zip(&self.labels);
        rows.map(move |(logits, labels)| {
            (
                sigmoid(logits[finding]),
                labels.binary_search(&finding).is_ok(),
            )
        })
    }
}

/// Means over the findings for which a score is defined.
pub(super) fn macro_average(findings: &[FindingResult]) -> FindingScores {
    let over = |score: fn(&FindingScores) -> Option<f64>| {
        mean(findings.iter().map(|finding| score(&finding.scores)))
    };
    FindingScores {
        auc: over(|scores| scores.auc),
        average_precision: over(|scores| scores.average_precision),
        f1: over(|scores| scores.f1),
    }
}

/// In `f64`, where outputs up to 36 still differ from 1.
fn sigmoid(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}

/// `-log p` of the label, without cancellation: PyTorch's `binary_cross_entropy_with_logits`.
fn binary_cross_entropy(logit: f64, label: bool) -> f64 {
    let wrong = if label { -logit } else { logit };
    wrong.max(0.0) + (-logit.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_is_that_of_the_sigmoid_and_finite_for_any_logit() {
        for (logit, label) in [(0.0, true), (2.0, false), (-3.0, true), (1.5, true)] {
            let p = sigmoid(logit);
            let expected = if label { -p.ln() } else { -(1.0 - p).ln() };
            let found = binary_cross_entropy(f64::from(logit), label);
            assert!((found - expected).abs() < 1e-12);
        }
        assert_eq!(binary_cross_entropy(1e4, false), 1e4);
        assert_eq!(binary_cross_entropy(1e4, true), 0.0);
        assert_eq!(sigmoid(-1e4), 0.0);
    }
}
