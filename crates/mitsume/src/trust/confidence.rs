//! Average drop and increase in confidence (Chattopadhay et al. 2018, "Grad-CAM++", section 4.1).
//!
//! The image is multiplied by its map, so that only what the map marks is left, and scored again. How
//! much of the score is lost, and for how many images it rises? The paper's "win %" compares two
//! methods by the same numbers.
//!
//! A map of ones loses nothing, so the numbers reward broad maps: read them beside the same maps'
//! [`sparseness`](super::sparseness()) and beside those of a random control.

use serde::{Deserialize, Serialize};

use super::error::check;
use super::{Image, TrustError};

/// What becomes of the score of one image when only what its map marks is left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceChange {
    /// `max(0, Y - O) / Y` with the score Y of the image and O of what is left, in [0, 1]; 0 where Y
    /// is 0. Its mean over images is the average drop; the smaller the better.
    pub drop: f64,
    /// Whether O exceeds Y. The share of images is the average increase; the larger the better.
    pub increases: bool,
}

impl ConfidenceChange {
    /// From the scores, probabilities of the explained class, of the image and of what is left.
    ///
    /// # Errors
    /// A score outside [0, 1].
    pub fn new(original: f64, left: f64) -> Result<Self, TrustError> {
        for score in [original, left] {
            if !(0.0..=1.0).contains(&score) {
                return Err(TrustError::Setting {
                    name: "a probability",
                    found: score.to_string(),
                    right: "it must be in [0, 1]",
                });
            }
        }
        let lost = (original - left).max(0.0);
        Ok(Self {
            drop: if original > 0.0 { lost / original } else { 0.0 },
            increases: left > original,
        })
    }
}

/// The image with every channel multiplied by `map`, [C, H, W]: in the network's input space, so that
/// what the map does not mark becomes 0, usually the mean colour. `map` is [H, W], in [0, 1].
///
/// # Errors
/// A map of another size, or with a value outside [0, 1].
pub fn marked_part(image: &Image, map: &[f32]) -> Result<Vec<f32>, TrustError> {
    check("the map", map, &image.shape())?;
    if let Some(value) = map.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(TrustError::Setting {
            name: "a value of the map",
            found: value.to_string(),
            right: "it must be in [0, 1]",
        });
    }
    let planes = image.values().chunks_exact(image.pixels());
    let marked = planes.flat_map(|plane| plane.iter().zip(map).map(|(pixel, share)| pixel * share));
    Ok(marked.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_no_drop_and_a_loss_is_relative() {
        let change = |original, left| ConfidenceChange::new(original, left).unwrap();
        assert_eq!(change(0.5, 0.125).drop, 0.75);
        assert!(!change(0.5, 0.125).increases);
        let risen = change(0.5, 0.75);
        assert_eq!((risen.drop, risen.increases), (0.0, true));
        let same = change(0.5, 0.5);
        assert_eq!((same.drop, same.increases), (0.0, false));
        assert_eq!(change(0.0, 0.0).drop, 0.0);
        for wrong in [f64::NAN, -0.1, 1.1] {
            assert!(ConfidenceChange::new(wrong, 0.5).is_err());
            assert!(ConfidenceChange::new(0.5, wrong).is_err());
        }
    }

    #[test]
    fn every_channel_is_multiplied_and_nothing_else_is_taken_for_a_map() {
        let image = Image::new(&[1.0, -2.0, 4.0, 8.0], 2, [1, 2]).unwrap();
        assert_eq!(
            marked_part(&image, &[0.5, 0.0]).unwrap(),
            [0.5, 0.0, 2.0, 0.0]
        );
        assert_eq!(marked_part(&image, &[1.0, 1.0]).unwrap(), image.values());
        assert!(marked_part(&image, &[0.5]).is_err());
        assert!(marked_part(&image, &[0.5, 1.5]).is_err());
        assert!(marked_part(&image, &[0.5, f32::NAN]).is_err());
    }
}
