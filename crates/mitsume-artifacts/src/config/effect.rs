//! Settings without effect, given the others.

use mitsume::{Curriculum, Reference};

use super::{ConsistencyConfig, RunConfig};

/// Keys that affect only the CAM loss. `method` is not one of them: it also decides which maps are
/// evaluated.
const CAM_LOSS_KEYS: [&str; 6] = [
    "consistency.t0",
    "consistency.t1",
    "consistency.distance",
    "consistency.reference",
    "consistency.ema_decay",
    "consistency.alpha",
];

impl RunConfig {
    /// Dotted keys without effect on this run: with any other value the weights and all recorded
    /// results are the same, bit for bit.
    ///
    /// If lambda is 0 in every epoch ([`ConsistencyConfig::is_plain`]), training computes no maps,
    /// so no key of the CAM loss has an effect, nor a `lambda_max` that is never reached. With the
    /// batch's own mean maps as reference, the decay of the moving average has none. The preset
    /// only decides defaults, which are resolved here. The data set's name, the cache size and
    /// further measures do not change other results.
    pub fn keys_without_effect(&self) -> Vec<&'static str> {
        let mut keys = vec![
            "data.name",
            "data.cache",
            "consistency.preset",
            "evaluation.measures",
        ];
        if self.consistency.is_plain(self.train.epochs) {
            keys.push("consistency.lambda_max");
            keys.extend(CAM_LOSS_KEYS);
        } else if self.consistency.reference == Reference::Batch {
            keys.push("consistency.ema_decay");
        }
        keys.extend(self.train.optimizer.keys_without_effect());
        keys.extend(self.train.schedule.keys_without_effect());
        if !self.evaluation.measures {
            keys.push("evaluation.grid");
        }
        keys
    }
}

impl ConsistencyConfig {
    /// Whether lambda is 0 in each of `epochs` epochs: `lambda_max` is 0, or the ramp (Eq. 18)
    /// begins later.
    pub fn is_plain(&self, epochs: u64) -> bool {
        let epoch = |epoch: u64| u32::try_from(epoch).unwrap_or(u32::MAX);
        let curriculum = Curriculum::new(self.lambda_max, epoch(self.t0), epoch(self.t1));
        // |lambda| never decreases from one epoch to the next.
        curriculum.is_ok_and(|curriculum| curriculum.lambda(epoch(epochs)) == 0.0)
    }
}
