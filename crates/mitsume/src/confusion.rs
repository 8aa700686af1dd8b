//! The confusion matrix and accuracy (Eq. 3).

use crate::kappa::cohens_kappa;

/// Counts of images by true class (rows) and predicted class (columns).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
}

/// A class index, or a matrix, that does not fit the number of classes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfusionError {
    /// A true or predicted class at or beyond the number of classes.
    #[error("class {class} of a matrix of {classes} classes; indices run from 0 to classes - 1")]
    Class {
        /// The index given.
        class: usize,
        /// The number of classes of the matrix.
        classes: usize,
    },
    /// Two matrices of different size cannot be added.
    #[error("a confusion matrix of {other} classes cannot be added to one of {classes}")]
    Merge {
        /// Classes of the matrix added to.
        classes: usize,
        /// Classes of the matrix added.
        other: usize,
    },
}

impl ConfusionMatrix {
    /// An empty matrix of `classes` x `classes`.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Counts one image.
    pub fn add(&mut self, truth: usize, prediction: usize) -> Result<(), ConfusionError> {
        let classes = self.classes;
        if let Some(class) = [truth, prediction]
            .into_iter()
            .find(|&class| class >= classes)
        {
            return Err(ConfusionError::Class { class, classes });
        }
        self.counts[truth * classes + prediction] += 1;
        Ok(())
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: &Self) -> Result<(), ConfusionError> {
        if self.classes != other.classes {
            return Err(ConfusionError::Merge {
                classes: self.classes,
                other: other.classes,
            });
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        Ok(())
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The images of true class `truth` predicted as `prediction`; 0 outside the matrix.
    pub fn count(&self, truth: usize, prediction: usize) -> u64 {
        if truth < self.classes && prediction < self.classes {
            self.counts[truth * self.classes + prediction]
        } else {
            0
        }
    }

    /// The rows, one per true class.
    pub fn rows(&self) -> Vec<Vec<u64>> {
        (0..self.classes)
            .map(|truth| {
                (0..self.classes)
                    .map(|prediction| self.count(truth, prediction))
                    .collect()
            })
            .collect()
    }

    /// All images counted.
    pub fn images(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The correctly classified images: the diagonal.
    pub fn correct(&self) -> u64 {
        (0..self.classes)
            .map(|class| self.count(class, class))
            .sum()
    }

    /// Images per true class: the sums of the rows.
    pub fn truths(&self) -> Vec<u64> {
        (0..self.classes)
            .map(|truth| {
                (0..self.classes)
                    .map(|prediction| self.count(truth, prediction))
                    .sum()
            })
            .collect()
    }

    /// Images per predicted class: the sums of the columns.
    pub fn predictions(&self) -> Vec<u64> {
        (0..self.classes)
            .map(|prediction| {
                (0..self.classes)
                    .map(|truth| self.count(truth, prediction))
                    .sum()
            })
            .collect()
    }

    /// Correct images over all images, in [0, 1] (Eq. 3); 0 where there is no image.
    pub fn accuracy(&self) -> f64 {
        match self.images() {
            0 => 0.0,
            images => self.correct() as f64 / images as f64,
        }
    }

    /// Cohen's kappa (Eq. 4), see [`cohens_kappa`].
    pub fn kappa(&self) -> f64 {
        cohens_kappa(self.correct(), &self.truths(), &self.predictions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_true_classes() {
        let mut matrix = ConfusionMatrix::new(3);
        matrix.add(0, 2).unwrap();
        matrix.add(0, 2).unwrap();
        matrix.add(1, 1).unwrap();
        assert_eq!(matrix.rows(), [[0, 0, 2], [0, 1, 0], [0, 0, 0]]);
        assert_eq!(matrix.truths(), [2, 1, 0]);
        assert_eq!(matrix.predictions(), [0, 1, 2]);
        assert_eq!((matrix.images(), matrix.correct()), (3, 1));
        assert_eq!(matrix.accuracy(), 1.0 / 3.0);
    }

    #[test]
    fn an_empty_matrix_has_accuracy_and_kappa_zero() {
        for classes in [0, 4] {
            let matrix = ConfusionMatrix::new(classes);
            assert_eq!((matrix.accuracy(), matrix.kappa()), (0.0, 0.0));
        }
    }

    #[test]
    fn merged_shards_count_as_one() {
        let pairs = [(0, 0), (1, 0), (1, 1), (0, 1), (1, 1)];
        let mut whole = ConfusionMatrix::new(2);
        let mut shards = [ConfusionMatrix::new(2), ConfusionMatrix::new(2)];
        for (index, (truth, prediction)) in pairs.into_iter().enumerate() {
            whole.add(truth, prediction).unwrap();
            shards[index % 2].add(truth, prediction).unwrap();
        }
        let [mut first, second] = shards;
        first.merge(&second).unwrap();
        assert_eq!(first, whole);
    }

    #[test]
    fn a_class_outside_the_matrix_is_refused_and_counts_nothing() {
        let mut matrix = ConfusionMatrix::new(2);
        assert_eq!(
            matrix.add(0, 2),
            Err(ConfusionError::Class {
                class: 2,
                classes: 2
            })
        );
        assert_eq!(
            matrix.add(5, 0),
            Err(ConfusionError::Class {
                class: 5,
                classes: 2
            })
        );
        assert!(matrix.merge(&ConfusionMatrix::new(3)).is_err());
        assert_eq!(matrix.images(), 0);
    }
}
