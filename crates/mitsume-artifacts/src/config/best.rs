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
    /// None is chosen.
    None,
}

/// Which epoch is the best, and when none is expected to be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BestConfig {
    /// Default `kappa`. Its weights are kept beside the last ones; with `none` only the last are.
    #[serde(rename = "best")]
    pub criterion: Best,
    /// Training ends after this many evaluated epochs without a better one. Default: it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<u64>,
}

pub(super) fn resolve(raw: &TrainKeys, source: ConfigSource) -> Result<BestConfig> {
    let criterion = raw.best.unwrap_or_default();
    if criterion == Best::None && raw.early_stopping.is_some() {
        let problem = "needs a best epoch: set train.best to \"kappa\" or \"loss\", or leave \
                       early_stopping out";
        return Err(source.error("train.early_stopping", problem));
    }
    let patience = raw
        .early_stopping
        .map(|epochs| source.range("train.early_stopping", epochs, 1..=1_000_000));
    Ok(BestConfig {
        criterion,
        early_stopping: patience.transpose()?,
    })
}

impl Best {
    /// The best of the epochs, the first of equals; none where no value is a number, or none is to be
    /// chosen.
    pub fn best_epoch(self, epochs: &[EpochRow]) -> Option<&EpochRow> {
        let numbers = epochs.iter().filter_map(|row| Some((row, self.rank(row)?)));
        let best = numbers.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(row, _)| row)
    }

    /// A number that is the larger, the better an epoch is.
    fn rank(self, row: &EpochRow) -> Option<f64> {
        let rank = match self {
            Best::Kappa => row.kappa,
            Best::Loss => row.val_loss.map(|loss| -loss),
            Best::None => None,
        };
        rank.filter(|rank| !rank.is_nan())
    }
}

impl std::fmt::Display for Best {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Best::Kappa => "kappa",
            Best::Loss => "loss",
            Best::None => "none",
        })
    }
}

impl TrainConfig {
    /// Whether a run with these epochs behind it stopped early: none of the last `early_stopping` that
    /// were evaluated was better than an earlier one.
    pub fn stopped_early(&self, epochs: &[EpochRow]) -> bool {
        let best = self.best.criterion.best_epoch(epochs);
        let best = best.map_or(0, |row| row.epoch);
        let later = epochs.iter().filter(|row| row.epoch > best);
        let without_improvement = later.filter(|row| row.is_evaluated()).count() as u64;
        let patience = self.best.early_stopping;
        patience.is_some_and(|patience| without_improvement >= patience)
    }

    /// Whether the validation images are evaluated after this epoch, counted from 1.
    pub fn evaluates(&self, epoch: u64) -> bool {
        epoch.is_multiple_of(self.evaluate_every) || epoch >= self.epochs
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
            kappa: Some(*kappa),
            val_loss: Some(2.0 * epoch as f64),
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
        assert!(Best::None.best_epoch(&rows).is_none());
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

    #[test]
    fn epochs_that_were_not_evaluated_do_not_count() {
        let text = "[data]\ntrain='a'\nvalid='b'\n[model]\nname='level1'\n[train]\nevaluate_every = 2\n\
                    early_stopping = 2\nepochs = 9";
        let train = RunConfig::from_toml(text, Path::new("run.toml"))
            .unwrap()
            .train;
        let evaluated: Vec<u64> = (1..=9).filter(|&epoch| train.evaluates(epoch)).collect();
        assert_eq!(evaluated, [2, 4, 6, 8, 9]);
        let mut rows = rows(&[0.9, 0.5, 0.9, 0.4, 0.9, 0.5, 0.9]);
        for row in rows.iter_mut().step_by(2) {
            (row.kappa, row.val_loss) = (None, None);
        }
        assert_eq!(Best::Kappa.best_epoch(&rows).unwrap().epoch, 2);
        assert!(!train.stopped_early(&rows[..5]));
        assert!(train.stopped_early(&rows[..6]));
    }
}
