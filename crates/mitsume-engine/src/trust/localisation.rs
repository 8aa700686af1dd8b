//! Localisation: maps compared with object masks.

use mitsume::methods::Method;
use mitsume::trust::{Estimate, Localisation, Pointing, localisation, pointing, pointing_accuracy};
use mitsume_artifacts::LocalisationResult;

use crate::Result;

/// Pixels of at least this fraction of the map's maximum count as its bright part.
const IOU_FRACTION: f64 = 0.5;
/// Tolerance of the pointing game as a fraction of the image's shorter side: 15 of 224 pixels.
const TOLERANCE: f64 = pointing::TOLERANCE / 224.0;

/// Collects the results of all images for one method.
pub(crate) struct LocalisationTest {
    method: Method,
    points: Vec<Pointing>,
    localisations: Vec<Localisation>,
    /// Images without a mask.
    without_mask: usize,
}

impl LocalisationTest {
    pub fn new(method: Method) -> Self {
        Self {
            method,
            points: Vec::new(),
            localisations: Vec::new(),
            without_mask: 0,
        }
    }

    /// Adds a map at the image's size, with its mask if there is one.
    pub fn add(&mut self, map: &[f32], mask: Option<&[bool]>, size: [usize; 2]) -> Result<()> {
        let Some(mask) = mask.filter(|mask| mask.contains(&true)) else {
            self.without_mask += 1;
            return Ok(());
        };
        let tolerance = TOLERANCE * size[0].min(size[1]) as f64;
        let point = pointing(map, mask, size, tolerance)?;
        // A constant map points nowhere.
        if point.maxima < map.len() {
            self.points.push(point);
        }
        self.localisations
            .push(localisation(map, mask, size, IOU_FRACTION)?);
        Ok(())
    }

    /// Whether any image had a mask with an object.
    pub fn has_objects(&self) -> bool {
        !self.localisations.is_empty()
    }

    pub fn result(&self, seed: u64) -> LocalisationResult {
        let mean = |measure: &dyn Fn(&Localisation) -> Option<f64>| {
            let values: Vec<f64> = self.localisations.iter().filter_map(measure).collect();
            Estimate::bootstrap_mean(&values, seed)
        };
        let chances: Vec<f64> = self.points.iter().map(|point| point.chance).collect();
        LocalisationResult {
            method: self.method,
            images: self.localisations.len(),
            without: self.without_mask,
            mask_share: mean(&|one| Some(one.mask_share)),
            pointing: pointing_accuracy(&self.points),
            pointing_by_chance: Estimate::bootstrap_mean(&chances, seed),
            mass: mean(&|one| one.mass),
            rank: mean(&|one| one.rank),
            iou_at_half: mean(&|one| one.iou_at_fraction),
            iou_at_area: mean(&|one| one.iou_at_area),
        }
    }
}
