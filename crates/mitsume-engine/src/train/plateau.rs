//! The learning-rate schedule ReduceLROnPlateau.

use serde::{Deserialize, Serialize};

/// Smallest relative improvement that counts (PyTorch's default `threshold`).
const THRESHOLD: f64 = 1e-4;
/// Smallest change of the learning rate that is made (PyTorch's default `eps`).
const MIN_CHANGE: f64 = 1e-8;

/// Lowers the learning rate when the validation loss stops falling, like PyTorch's
/// `ReduceLROnPlateau` with its defaults (mode min, relative threshold 1e-4, no cooldown).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Current learning rate.
    pub learning_rate: f64,
    factor: f64,
    patience: u64,
    best: Option<f64>,
    bad_epochs: u64,
}

impl Plateau {
    /// Starts at `learning_rate` and multiplies it by `factor` after more than `patience` epochs
    /// without improvement.
    pub fn new(learning_rate: f64, factor: f64, patience: u64) -> Self {
        Plateau {
            learning_rate,
            factor,
            patience,
            best: None,
            bad_epochs: 0,
        }
    }

    /// Updates the schedule with the validation loss of an epoch.
    pub fn step(&mut self, loss: f64) {
        if self.best.is_none_or(|best| loss < best * (1.0 - THRESHOLD)) {
            self.best = Some(loss);
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
        }
        if self.bad_epochs > self.patience {
            let lower = self.learning_rate * self.factor;
            if self.learning_rate - lower > MIN_CHANGE {
                self.learning_rate = lower;
            }
            self.bad_epochs = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowers_after_more_than_patience_epochs_without_improvement() {
        let mut plateau = Plateau::new(1.0, 0.1, 2);
        let losses = [1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
        let rates: Vec<f64> = losses
            .iter()
            .map(|loss| {
                plateau.step(*loss);
                plateau.learning_rate
            })
            .collect();
        // The third epoch in a row without improvement is the first beyond patience 2.
        assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1 * 0.1]);
    }

    #[test]
    fn an_improvement_below_the_threshold_does_not_count() {
        let mut plateau = Plateau::new(1.0, 0.5, 0);
        plateau.step(1.0);
        plateau.step(1.0 - 0.5e-4);
        assert_eq!(plateau.learning_rate, 0.5);
        plateau.step(1.0 - 2e-4);
        assert_eq!(plateau.learning_rate, 0.5);
    }

    #[test]
    fn negligible_changes_are_not_made() {
        let mut plateau = Plateau::new(1e-8, 0.1, 0);
        plateau.step(1.0);
        plateau.step(1.0);
        assert_eq!(plateau.learning_rate, 1e-8);
    }
}
