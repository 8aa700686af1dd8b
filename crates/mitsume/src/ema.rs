//! The class maps that a training step compares with: an exponential moving average (Eq. 17).

use serde::{Deserialize, Serialize};

use crate::deviation::MapLength;

/// Per class, the moving average of the mean maps of its batches; training state.
///
/// Arithmetic is `f32` with factors rounded from `f64`, as PyTorch computes
/// `decay * ema + (1 - decay) * mean`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredEma", into = "StoredEma")]
pub struct EmaMaps {
    decay: f64,
    shape: [usize; 2],
    maps: Vec<Option<Vec<f32>>>,
}

/// Errors of the moving average.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EmaError {
    /// A decay outside [0, 1). With 1 the average would never change.
    #[error("ema_decay = {0}; it must be 0 or more and below 1")]
    Decay(f64),
    /// A class index at or beyond the number of classes.
    #[error("class {class} of {classes} classes; indices run from 0 to classes - 1")]
    Class {
        /// The index given.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A map of another size.
    #[error(transparent)]
    MapLength(#[from] MapLength),
}

impl EmaMaps {
    /// The thesis' decay.
    pub const DEFAULT_DECAY: f64 = 0.9;

    /// An error for a decay outside [0, 1).
    ///
    /// # Errors
    /// [`EmaError::Decay`].
    pub fn check_decay(decay: f64) -> Result<(), EmaError> {
        match (0.0..1.0).contains(&decay) {
            true => Ok(()),
            false => Err(EmaError::Decay(decay)),
        }
    }

    /// Empty, for `classes` classes and maps `[h, w]`.
    pub fn new(decay: f64, classes: usize, shape: [usize; 2]) -> Result<Self, EmaError> {
        Self::from_maps(decay, shape, vec![None; classes])
    }

    /// From a stored state: per class the map [h * w], or `None` if it has none yet.
    pub fn from_maps(
        decay: f64,
        shape: [usize; 2],
        maps: Vec<Option<Vec<f32>>>,
    ) -> Result<Self, EmaError> {
        Self::check_decay(decay)?;
        // A stored shape can be any; saturated it fits no map.
        let expected = shape[0].saturating_mul(shape[1]);
        if let Some(map) = maps.iter().flatten().find(|map| map.len() != expected) {
            return Err(MapLength {
                expected,
                found: map.len(),
            }
            .into());
        }
        Ok(Self { decay, shape, maps })
    }

    /// Updates the average of `class` with a batch's mean map [h * w] and returns it, to be
    /// compared with in the same step. The first mean becomes the average unchanged.
    pub fn update(&mut self, class: usize, mean: &[f32]) -> Result<&[f32], EmaError> {
        let classes = self.maps.len();
        let map = self
            .maps
            .get_mut(class)
            .ok_or(EmaError::Class { class, classes })?;
        let expected = self.shape[0] * self.shape[1];
        if mean.len() != expected {
            return Err(MapLength {
                expected,
                found: mean.len(),
            }
            .into());
        }
        match map {
            Some(average) => {
                let (keep, take) = (self.decay as f32, (1.0 - self.decay) as f32);
                for (average, &mean) in average.iter_mut().zip(mean) {
                    *average = keep * *average + take * mean;
                }
                Ok(average)
            }
            None => Ok(map.insert(mean.to_vec())),
        }
    }

    /// The average map [h * w] of `class`, if it has one.
    pub fn map(&self, class: usize) -> Option<&[f32]> {
        self.maps.get(class)?.as_deref()
    }

    /// The average maps, one entry per class.
    pub fn maps(&self) -> &[Option<Vec<f32>>] {
        &self.maps
    }

    /// Weight of the old average in an update.
    pub fn decay(&self) -> f64 {
        self.decay
    }

    /// The shape `[h, w]` of the maps.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }
}

/// Serialised form; deserialised through [`EmaMaps::from_maps`], which validates it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEma {
    decay: f64,
    shape: [usize; 2],
    maps: Vec<Option<Vec<f32>>>,
}

impl From<EmaMaps> for StoredEma {
    fn from(EmaMaps { decay, shape, maps }: EmaMaps) -> Self {
        Self { decay, shape, maps }
    }
}

impl TryFrom<StoredEma> for EmaMaps {
    type Error = EmaError;

    fn try_from(StoredEma { decay, shape, maps }: StoredEma) -> Result<Self, EmaError> {
        Self::from_maps(decay, shape, maps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mean_is_the_average_and_later_ones_move_it_by_a_tenth() {
        let mut ema = EmaMaps::new(0.9, 3, [1, 2]).unwrap();
        assert_eq!(ema.update(1, &[0.5, 1.0]).unwrap(), [0.5, 1.0]);
        let moved = ema.update(1, &[1.5, 0.0]).unwrap().to_vec();
        // 0.9f * 0.5f + 0.1f * 1.5f and 0.9f * 1f + 0.1f * 0f, in float32.
        assert_eq!(moved, [0.9_f32 * 0.5 + 0.1_f32 * 1.5, 0.9_f32]);
        assert_eq!(ema.map(1), Some(&moved[..]));
        assert_eq!((ema.map(0), ema.map(2), ema.map(9)), (None, None, None));
    }

    #[test]
    fn the_average_of_a_constant_approaches_it_geometrically() {
        let mut ema = EmaMaps::new(0.9, 1, [1, 1]).unwrap();
        ema.update(0, &[1.0]).unwrap();
        for _ in 0..20 {
            ema.update(0, &[0.0]).unwrap();
        }
        // 0.9^20 in exact arithmetic; twenty float32 roundings.
        assert!((f64::from(ema.map(0).unwrap()[0]) / 0.9_f64.powi(20) - 1.0).abs() < 2e-6);
    }

    #[test]
    fn a_stored_state_goes_on_bit_for_bit() {
        let mut ema = EmaMaps::new(0.9, 2, [1, 3]).unwrap();
        ema.update(0, &[0.1, 1.0 / 3.0, 1e-30]).unwrap();
        let mut back: EmaMaps =
            serde_json::from_str(&serde_json::to_string(&ema).unwrap()).unwrap();
        assert_eq!(back, ema);
        let next = [0.7, 0.2, 0.9];
        assert_eq!(
            back.update(0, &next).unwrap(),
            ema.update(0, &next).unwrap()
        );
    }

    #[test]
    fn a_stored_state_that_contradicts_itself_is_refused() {
        for json in [
            r#"{"decay": 0.9, "shape": [2, 2], "maps": [[1.0]]}"#,
            r#"{"decay": 1.5, "shape": [1, 1], "maps": [[1.0]]}"#,
            r#"{"decay": 0.9, "shape": [4294967296, 4294967296], "maps": [[]]}"#,
            r#"{"decay": 0.9, "shape": [1, 1], "maps": [], "more": 1}"#,
        ] {
            assert!(serde_json::from_str::<EmaMaps>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_foreign_class_or_map_changes_nothing() {
        let mut ema = EmaMaps::new(0.9, 1, [1, 2]).unwrap();
        assert!(matches!(
            ema.update(1, &[0.0; 2]),
            Err(EmaError::Class {
                class: 1,
                classes: 1
            })
        ));
        assert!(ema.update(0, &[0.0; 3]).is_err());
        assert_eq!(ema.map(0), None);
        assert!(EmaMaps::new(f64::NAN, 1, [1, 1]).is_err());
    }

    #[test]
    fn a_decay_of_1_which_would_keep_the_first_map_for_ever_is_refused() {
        assert_eq!(EmaMaps::new(1.0, 1, [1, 1]), Err(EmaError::Decay(1.0)));
        assert!(EmaMaps::new(0.0, 1, [1, 1]).is_ok());
    }
}
