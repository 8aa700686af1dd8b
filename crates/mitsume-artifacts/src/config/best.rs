//! The keys of `[train]` about the best epoch.

use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use super::train::{TrainConfig, TrainKeys};
use crate::{EpochRow, Result};

/// What makes an epoch the best, on the validation images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Best {
    /// The largest kappa.
    #[default]
    Kappa,
    /// The smallest validation loss.
    Loss,
}

/// Which epoch is the best, and when none is expected to be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BestConfig {
    /// Default `kappa`. Its weights are kept beside the last ones.
    #[serde(rename = "best")]
    pub criterion: Best,
    /// Training ends after this many epochs without a better one. Default: it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<u64>,
}

pub(super) fn resolve(raw: &TrainKeys, source: ConfigSource) -> Result<BestConfig> {
    let patience = raw
        .early_stopping
        .map(|epochs| source.range("train.early_stopping", epochs, 1..=1_000_000));
    Ok(BestConfig {
        criterion: raw.best.unwrap_or_default(),
        early_stopping: patience.transpose()?,
    })
}

impl Best {
    /// The best of the epochs, the first of equals; none where no value is a number.
    pub fn best_epoch(self, epochs: &[EpochRow]) -> Option<&EpochRow> {
        let larger_is_better = |row: &EpochRow| match self {
            Best::Kappa => row.kappa,
            Best::Loss => -row.val_loss,
        };
        let numbers = epochs.iter().filter(|row| !larger_is_better(row).is_nan());
        numbers.reduce(|best, row| {
            let better = larger_is_better(row) > larger_is_better(best);
            if better { row } else { best }
        })
    }
}

impl std::fmt::Display for Best {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Best::Kappa => "kappa",
            Best::Loss => "loss",
        })
    }
}

impl TrainConfig {
    /// Whether a run with these epochs behind it stopped early: none of the last `early_stopping`
    /// was better than an earlier one.
    pub fn stopped_early(&self, epochs: &[EpochRow]) -> bool {
        let best = self.best.criterion.best_epoch(epochs);
        let without_improvement = epochs.len() as u64 - best.map_or(0, |row| row.epoch);
        let patience = self.best.early_stopping;
        patience.is_some_and(|patience| without_improvement >= patience)
    }

    /// Whether a run with these epochs behind it has all it is to have.
    pub fn is_done(&self, epochs: &[EpochRow]) -> bool {
        epochs.len() as u64 >= self.epochs || self.stopped_early(epochs)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::RunConfig;

    fn rows(kappas: &[f64]) -> Vec<EpochRow> {
        let numbered = kappas.iter().zip(1..);
        let row = |(kappa, epoch): (&f64, u64)| EpochRow {
            epoch,
            kappa: *kappa,
            val_loss: 2.0 * epoch as f64,
            ..EpochRow::default()
        };
        numbered.map(row).collect()
    }

    #[test]
    fn the_first_of_the_best_epochs_is_the_best() {
        let rows = rows(&[0.1, f64::NAN, 0.5, 0.3, 0.5]);
        assert_eq!(Best::Kappa.best_epoch(&rows).unwrap().epoch, 3);
        assert_eq!(Best::Loss.best_epoch(&rows).unwrap().epoch, 1);
        assert!(Best::Kappa.best_epoch(&rows[1..2]).is_none());
        assert!(Best::Loss.best_epoch(&[]).is_none());
    }

    #[test]
    fn a_run_is_done_after_its_epochs_or_when_none_gets_better() {
        let train = |more: &str| {
            let text = format!("[data]\ntrain='a'\nvalid='b'\n[model]\nname='level1'\n{more}");
            RunConfig::from_toml(&text, Path::new("run.toml"))
                .unwrap()
                .train
        };
        let kappas = rows(&[0.1, 0.5, 0.3, 0.5, 0.2, 0.6]);
        let done = |train: &TrainConfig| (0..=6).find(|&n| train.is_done(&kappas[..n]));
        assert_eq!(done(&train("[train]\nepochs = 6")), Some(6));
        assert_eq!(done(&train("[train]\nepochs = 7")), None);
        assert_eq!(done(&train("[train]\nearly_stopping = 1")), Some(3));
        assert_eq!(done(&train("[train]\nearly_stopping = 3")), Some(5));
        assert_eq!(done(&train("[train]\nearly_stopping = 4")), None);
        let by_loss = train("[train]\nearly_stopping = 4\nbest = \"loss\"");
        assert_eq!(done(&by_loss), Some(5));
        assert!(!by_loss.stopped_early(&kappas[..4]));
    }
}
