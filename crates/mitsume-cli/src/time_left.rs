//! How long a run will still take.

use std::time::Duration;

use mitsume_stats::median;

/// Estimates from what is done: the median, which a pause of the machine does not move, of the last
/// epochs; in the first epoch of its steps, which leaves out the evaluations.
#[derive(Debug, Default)]
pub struct TimeLeft {
    epochs: u64,
    /// Where the epoch that goes on began, if its first step was seen.
    began: Option<Duration>,
    last_step: Option<Duration>,
    of_steps: Vec<f64>,
    of_epochs: Vec<f64>,
}

/// Epochs that are looked back at: later ones may cost more, once lambda is not 0.
const LOOK_BACK: usize = 5;

impl TimeLeft {
    /// A step is done at the time `now` of any clock; seconds left of the run, where they are known.
    pub fn step(
        &mut self,
        (epoch, epochs): (u64, u64),
        (step, steps): (usize, usize),
        now: Duration,
    ) -> Option<f64> {
        self.epochs = epochs;
        if step == 1 && self.began.is_none() && self.of_epochs.is_empty() {
            self.began = Some(now);
        }
        if let Some(last) = self.last_step.replace(now) {
            self.of_steps.push((now - last).as_secs_f64());
        }
        let steps_left = steps.saturating_sub(step) as f64;
        let epochs_left = epochs.saturating_sub(epoch) as f64;
        match self.of_one_epoch() {
            Some(each) => Some(each * (epochs_left + steps_left / steps.max(1) as f64)),
            None => {
                median(&self.of_steps).map(|each| each * (steps_left + epochs_left * steps as f64))
            }
        }
    }

    /// An epoch is done and evaluated: its seconds, where all of it was seen, and those left.
    pub fn epoch(&mut self, epoch: u64, now: Duration) -> Option<f64> {
        if let Some(began) = self.began {
            self.of_epochs.push((now - began).as_secs_f64());
        }
        // The next one begins where this one ends.
        self.began = Some(now);
        self.last_step = None;
        let left = self.epochs.saturating_sub(epoch) as f64;
        self.of_one_epoch().map(|each| each * left)
    }

    fn of_one_epoch(&self) -> Option<f64> {
        let from = self.of_epochs.len().saturating_sub(LOOK_BACK);
        median(&self.of_epochs[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Epochs of 4 steps and an evaluation of as long as a step.
    fn epochs(left: &mut TimeLeft, from: f64, which: std::ops::RangeInclusive<u64>) -> Option<f64> {
        let mut last = None;
        for (n, epoch) in which.enumerate() {
            for step in 1..=4 {
                left.step((epoch, 10), (step, 4), at(from + (5 * n + step) as f64));
            }
            last = left.epoch(epoch, at(from + (5 * (n + 1)) as f64));
        }
        last
    }

    #[test]
    fn a_steady_run_knows_what_is_left() {
        let mut left = TimeLeft::default();
        assert_eq!(left.step((1, 10), (1, 4), at(1.0)), None);
        // Three steps of this epoch and 36 of the others, a second each.
        let second = left.step((1, 10), (2, 4), at(2.0)).unwrap();
        assert!((second - 38.0).abs() < 1e-9, "{second}");
        let mut left = TimeLeft::default();
        let after_four = epochs(&mut left, 0.0, 1..=4).unwrap();
        assert!((after_four - 6.0 * 5.0).abs() < 1e-9, "{after_four}");
    }

    #[test]
    fn a_pause_does_not_move_it() {
        let mut left = TimeLeft::default();
        epochs(&mut left, 0.0, 1..=3);
        left.step((4, 10), (1, 4), at(16.0));
        // The lid was closed for an hour.
        let after = left.epoch(4, at(3620.0)).unwrap();
        assert!((after - 6.0 * 5.0).abs() < 1e-9, "{after}");
    }

    #[test]
    fn an_epoch_that_was_resumed_in_its_middle_is_not_counted() {
        let mut left = TimeLeft::default();
        left.step((2, 10), (4, 4), at(1.0));
        assert_eq!(left.epoch(2, at(2.0)), None);
        assert_eq!(left.of_epochs.len(), 0);
        left.step((3, 10), (1, 4), at(3.0));
        let after = left.epoch(3, at(7.0)).unwrap();
        assert!((after - 7.0 * 5.0).abs() < 1e-9, "{after}");
    }
}
