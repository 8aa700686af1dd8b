//! Which settings do nothing, given the others.

use mitsume::{Curriculum, Reference};

use super::{ConsistencyConfig, RunConfig};

/// What only shapes the CAM loss. `method` is not among them: it also says which maps are evaluated.
const CAM_LOSS_KEYS: [&str; 6] = [
    "consistency.t0",
    "consistency.t1",
    "consistency.distance",
    "consistency.reference",
    "consistency.ema_decay",
    "consistency.alpha",
];

impl RunConfig {
    /// Dotted keys that have no effect on this run: with any other value the weights and every
    /// figure that is recorded are the same, bit for bit.
    ///
    /// Where lambda is 0 in every epoch ([`ConsistencyConfig::is_plain`]) no map is made in
    /// training, so nothing that shapes the CAM loss matters, a `lambda_max` that is never reached
    /// among it. The batch's own mean maps need no moving average. The preset only chose the
    /// defaults of settings that are written out here; a name and the size of a cache change no
    /// figure, and whether more measures are recorded changes none of the others.
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
        if !self.evaluation.measures {
            keys.push("evaluation.grid");
        }
        keys
    }
}

impl ConsistencyConfig {
    /// Whether lambda is 0 in each of `epochs` epochs: it is never anything else, or the ramp
    /// (Eq. 18) begins after them.
    pub fn is_plain(&self, epochs: u64) -> bool {
        let epoch = |epoch: u64| u32::try_from(epoch).unwrap_or(u32::MAX);
        let curriculum = Curriculum::new(self.lambda_max, epoch(self.t0), epoch(self.t1));
        // Its size never falls from one epoch to the next.
        curriculum.is_ok_and(|curriculum| curriculum.lambda(epoch(epochs)) == 0.0)
    }
}
