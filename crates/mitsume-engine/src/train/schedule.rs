//! The learning rate of each epoch.

use std::f64::consts::PI;

use mitsume_artifacts::{Schedule, TrainConfig};

use super::plateau::Plateau;

/// The learning rates of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LearningRates {
    /// Of all parameters, but for the last linear layer if that has one of its own.
    pub base: f64,
    /// Of the last linear layer, if it has one of its own.
    pub head: Option<f64>,
}

/// The learning rates of an epoch, counted from 1. That of the head follows the same schedule from its
/// own beginning, as parameter groups do in PyTorch.
pub(super) fn learning_rates(train: &TrainConfig, plateau: &Plateau, epoch: u64) -> LearningRates {
    LearningRates {
        base: scheduled(train, train.learning_rate, plateau, epoch),
        head: train
            .head_learning_rate
            .map(|initial| scheduled(train, initial, plateau, epoch)),
    }
}

/// The learning rate of an epoch, counted from 1, that begins at `initial`: PyTorch's `LinearLR(start_factor = 1 / (w + 1),
/// total_iters = w)` for `w` epochs of warm-up, then the schedule from its beginning, as
/// `SequentialLR` chains them.
///
/// - `plateau`: where that schedule stands; [`plateau_takes`] says which epochs it is told of.
fn scheduled(train: &TrainConfig, initial: f64, plateau: &Plateau, epoch: u64) -> f64 {
    let schedule = &train.schedule;
    let warmup = schedule.warmup_epochs;
    if epoch <= warmup {
        return initial * epoch as f64 / (warmup + 1) as f64;
    }
    let done = (epoch - 1 - warmup) as f64;
    match schedule.kind {
        Schedule::Plateau => plateau.learning_rate * (initial / train.learning_rate),
        Schedule::Constant => initial,
        Schedule::Cosine => {
            let epochs = (train.epochs - warmup) as f64;
            let lowest = schedule.min_learning_rate;
            let share = (1.0 + (PI * done / epochs).cos()) / 2.0;
            lowest + (initial - lowest) * share
        }
        Schedule::Step => {
            let size = schedule.step_size.expect("required of this schedule") as f64;
            initial * schedule.gamma.powf((done / size).floor())
        }
    }
}

/// Whether the plateau counts an epoch that was evaluated: not while the learning rate still rises.
pub(super) fn plateau_takes(train: &TrainConfig, epoch: u64) -> bool {
    epoch > train.schedule.warmup_epochs
}
