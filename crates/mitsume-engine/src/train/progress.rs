//! Counters of a run, and sums over its current epoch.

use mitsume_artifacts::TrainingMeans;
use serde::{Deserialize, Serialize};

use super::Plateau;

/// State of a run that is not a tensor; `progress.json` of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// Epochs finished.
    pub epochs_done: u64,
    /// Batches of the current epoch finished.
    pub batches_done: usize,
    /// Steps of the whole run finished: how often the optimiser moved the parameters.
    pub steps_done: u64,
    /// By how many batches the steps of the whole run had more than one each.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub accumulated_batches: u64,
    /// Learning-rate schedule.
    pub plateau: Plateau,
    /// Sums over the current epoch.
    pub sums: EpochSums,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Progress {
    /// Batches of the whole run finished.
    pub fn batches_in_all(&self) -> u64 {
        self.steps_done + self.accumulated_batches
    }

    /// Counts a step of `batches` batches.
    pub fn count_step(&mut self, batches: usize) {
        self.steps_done += 1;
        self.batches_done += batches;
        self.accumulated_batches += batches as u64 - 1;
    }
}

/// Sums over the images of an unfinished epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochSums {
    images: u64,
    correct: u64,
    loss: f64,
    cross_entropy: f64,
    cam_loss: f64,
    /// Time of the steps.
    pub seconds: f64,
}

/// Results of one step; the losses are means over its images.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StepResult {
    pub batches: usize,
    pub images: usize,
    pub correct: usize,
    pub loss: f64,
    pub cross_entropy: f64,
    pub cam_loss: Option<f64>,
}

impl EpochSums {
    /// Adds a step. Its losses are means over its images, so they are weighted by their number.
    pub fn add(&mut self, step: &StepResult, seconds: f64) {
        let n = step.images as f64;
        self.images += step.images as u64;
        self.correct += step.correct as u64;
        self.loss += n * step.loss;
        self.cross_entropy += n * step.cross_entropy;
        self.cam_loss += n * step.cam_loss.unwrap_or(0.0);
        self.seconds += seconds;
    }

    /// Means over the images. Without lambda the CAM loss was not computed.
    pub fn means(&self, lambda: f64) -> TrainingMeans {
        let n = self.images.max(1) as f64;
        TrainingMeans {
            loss: self.loss / n,
            cross_entropy: self.cross_entropy / n,
            cam_loss: (lambda != 0.0).then_some(self.cam_loss / n),
            accuracy: self.correct as f64 / n,
        }
    }
}
