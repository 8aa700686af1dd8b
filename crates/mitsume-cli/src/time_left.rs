//! Estimates the remaining time of a run.

use std::time::Duration;

use mitsume_stats::median;

/// Estimates the remaining time from the median epoch, which a pause does not change much. In the
/// first epoch it uses the median step, without the evaluations.
#[derive(Debug, Default)]
pub struct TimeLeft {
    epochs: u64,
    /// Start of the current epoch; `None` if its first step was not seen.
    epoch_start: Option<Duration>,
    last_step: Option<Duration>,
    step_seconds: Vec<f64>,
    epoch_seconds: Vec<f64>,
}

/// Position of a finished step in a run.
pub struct StepPosition {
    /// Epoch, from 1, of `epochs`.
    pub epoch: u64,
    /// Epochs of the run.
    pub epochs: u64,
    /// Step within the epoch, from 1, of `steps`.
    pub step: usize,
    /// Steps of the epoch.
    pub steps: usize,
}

/// Number of recent epochs in the median. Later epochs can take longer, once lambda is not 0.
const MAX_EPOCHS: usize = 5;

impl TimeLeft {
    /// Adds a step that was finished at the time `now` of any clock. Returns the remaining seconds
    /// of the run, if they are known.
    pub fn step(&mut self, position: &StepPosition, now: Duration) -> Option<f64> {
        self.epochs = position.epochs;
        if position.step == 1 && self.epoch_start.is_none() && self.epoch_seconds.is_empty() {
            self.epoch_start = Some(now);
        }
        if let Some(last) = self.last_step.replace(now) {
            self.step_seconds.push((now - last).as_secs_f64());
        }
        let steps = position.steps;
        let steps_left = steps.saturating_sub(position.step) as f64;
        let epochs_left = position.epochs.saturating_sub(position.epoch) as f64;
        match self.median_epoch() {
            Some(seconds) => Some(seconds * (epochs_left + steps_left / steps.max(1) as f64)),
            None => median(&self.step_seconds)
                .map(|seconds| seconds * (steps_left + epochs_left * steps as f64)),
        }
    }

    /// Adds an epoch that was finished, with its evaluation, at the time `now`. Returns the
    /// remaining seconds of the run, if they are known.
    pub fn epoch(&mut self, epoch: u64, now: Duration) -> Option<f64> {
        if let Some(start) = self.epoch_start {
            self.epoch_seconds.push((now - start).as_secs_f64());
        }
        // The next epoch starts where this one ends.
        self.epoch_start = Some(now);
        self.last_step = None;
        let left = self.epochs.saturating_sub(epoch) as f64;
        self.median_epoch().map(|seconds| seconds * left)
    }

    /// Median seconds of the recent epochs.
    fn median_epoch(&self) -> Option<f64> {
        let from = self.epoch_seconds.len().saturating_sub(MAX_EPOCHS);
        median(&self.epoch_seconds[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Step of epoch 1 to 10 with 4 steps each.
    fn position(epoch: u64, step: usize) -> StepPosition {
        StepPosition {
            epoch,
            epochs: 10,
            step,
            steps: 4,
        }
    }

    /// Epochs of 4 steps and an evaluation that takes as long as a step.
    fn epochs(left: &mut TimeLeft, from: f64, which: std::ops::RangeInclusive<u64>) -> Option<f64> {
        let mut last = None;
        for (n, epoch) in which.enumerate() {
            for step in 1..=4 {
                left.step(
                    &position(epoch, step),
                    seconds(from + (5 * n + step) as f64),
                );
            }
            last = left.epoch(epoch, seconds(from + (5 * (n + 1)) as f64));
        }
        last
    }

    #[test]
    fn the_remaining_time_of_a_steady_run_is_exact() {
        let mut left = TimeLeft::default();
        assert_eq!(left.step(&position(1, 1), seconds(1.0)), None);
        // Three steps of this epoch and 36 of the others, a second each.
        let second = left.step(&position(1, 2), seconds(2.0)).unwrap();
        assert!((second - 38.0).abs() < 1e-9, "{second}");
        let mut left = TimeLeft::default();
        let after_four = epochs(&mut left, 0.0, 1..=4).unwrap();
        assert!((after_four - 6.0 * 5.0).abs() < 1e-9, "{after_four}");
    }

    #[test]
    fn a_pause_does_not_change_the_estimate() {
        let mut left = TimeLeft::default();
        epochs(&mut left, 0.0, 1..=3);
        left.step(&position(4, 1), seconds(16.0));
        // A pause of an hour.
        let after = left.epoch(4, seconds(3620.0)).unwrap();
        assert!((after - 6.0 * 5.0).abs() < 1e-9, "{after}");
    }

    #[test]
    fn an_epoch_that_was_resumed_in_its_middle_is_not_counted() {
        let mut left = TimeLeft::default();
        left.step(&position(2, 4), seconds(1.0));
        assert_eq!(left.epoch(2, seconds(2.0)), None);
        assert_eq!(left.epoch_seconds.len(), 0);
        left.step(&position(3, 1), seconds(3.0));
        let after = left.epoch(3, seconds(7.0)).unwrap();
        assert!((after - 7.0 * 5.0).abs() < 1e-9, "{after}");
    }
}
