//! Sums over the images of each class's group: mean maps and surroundings.

use mitsume::ClassMeans;
use mitsume::trust::{Surroundings, SurroundingsSum};
use mitsume_artifacts::{ClassMaps, MapsShape};

use crate::Result;

/// Sums over the images of each class's group so far.
pub(crate) struct GroupSums {
    /// Class mean maps.
    pub means: ClassMeans,
    surroundings: Vec<SurroundingsSum>,
}

impl GroupSums {
    pub fn new(shape: MapsShape) -> Self {
        Self {
            means: ClassMeans::new(shape.classes, shape.cam),
            surroundings: vec![SurroundingsSum::default(); shape.classes],
        }
    }

    /// Adds the map [h * w] of an image to the group of `class`; `surroundings` is `None` if the map
    /// is all zero.
    ///
    /// # Errors
    /// A map with a value that is not finite.
    pub fn add(
        &mut self,
        class: usize,
        map: &[f32],
        surroundings: Option<&Surroundings>,
    ) -> Result<()> {
        self.means.push(class, map)?;
        if let Some(surroundings) = surroundings {
            self.surroundings[class].push(surroundings);
        }
        Ok(())
    }

    /// Surroundings of each class's maps.
    pub fn surroundings(&self) -> &[SurroundingsSum] {
        &self.surroundings
    }

    /// Surroundings of all maps.
    pub fn all_surroundings(&self) -> SurroundingsSum {
        let mut all = SurroundingsSum::default();
        self.surroundings.iter().for_each(|class| all.merge(class));
        all
    }

    /// Mean maps of each class, whose mean images are `image` = [C, H, W].
    pub fn class_maps(&self, image: [usize; 3]) -> ClassMaps {
        let [h, w] = self.means.shape();
        let mut maps = ClassMaps {
            means: Vec::new(),
            counts: Vec::new(),
            image,
        };
        for class in 0..self.means.classes() {
            match self.means.mean(class) {
                Some(mean) => maps.means.extend(mean.iter().map(|value| *value as f32)),
                None => maps.means.extend(std::iter::repeat_n(0.0, h * w)),
            }
            maps.counts.push(self.means.count(class));
        }
        maps
    }
}
