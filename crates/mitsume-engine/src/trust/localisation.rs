//! Maps against masks.

use mitsume::methods::Method;
use mitsume::trust::{Estimate, Localisation, Pointing, localisation, pointing, pointing_accuracy};
use mitsume_artifacts::LocalisationResult;

use crate::Result;

/// A map's pixels of at least this share of its maximum are its region.
const IOU_FRACTION: f64 = 0.5;
/// How near the object a map may point, as a share of the image's shorter side: the pointing game's 15 pixels
/// of an image of 224.
const TOLERANCE: f64 = pointing::TOLERANCE / 224.0;

/// Gathers every image for one method.
pub(super) struct LocalisationTest {
    method: Method,
    points: Vec<Pointing>,
    places: Vec<Localisation>,
    without: usize,
}

impl LocalisationTest {
    pub fn new(method: Method) -> Self {
        Self {
            method,
            points: Vec::new(),
            places: Vec::new(),
            without: 0,
        }
    }

    /// A map at the image's size, and the mask where there is one.
    pub fn add(&mut self, map: &[f32], mask: Option<&[bool]>, size: [usize; 2]) -> Result<()> {
        let Some(mask) = mask.filter(|mask| mask.contains(&true)) else {
            self.without += 1;
            return Ok(());
        };
        let tolerance = TOLERANCE * size[0].min(size[1]) as f64;
        let point = pointing(map, mask, size, tolerance)?;
        // A map that is the same everywhere points nowhere.
        if point.maxima < map.len() {
            self.points.push(point);
        }
        self.places
            .push(localisation(map, mask, size, IOU_FRACTION)?);
        Ok(())
    }

    /// Whether any image had an object.
    pub fn any(&self) -> bool {
        !self.places.is_empty()
    }

    pub fn result(&self, seed: u64) -> LocalisationResult {
        let mean = |of: &dyn Fn(&Localisation) -> Option<f64>| {
            let values: Vec<f64> = self.places.iter().filter_map(of).collect();
            Estimate::bootstrap_mean(&values, seed)
        };
        let chances: Vec<f64> = self.points.iter().map(|point| point.chance).collect();
        LocalisationResult {
            method: self.method,
            images: self.places.len(),
            without: self.without,
            mask_share: mean(&|place| Some(place.mask_share)),
            pointing: pointing_accuracy(&self.points),
            pointing_by_chance: Estimate::bootstrap_mean(&chances, seed),
            mass: mean(&|place| place.mass),
            rank: mean(&|place| place.rank),
            iou_at_half: mean(&|place| place.iou_at_fraction),
            iou_at_area: mean(&|place| place.iou_at_area),
        }
    }
}
