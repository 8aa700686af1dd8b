//! Sums over the images of each class's group: mean maps, mean images, surroundings.

use mitsume::ClassMeans;
use mitsume::trust::{Surroundings, SurroundingsSum};
use mitsume_artifacts::{ClassMaps, MapsShape};
use mitsume_data::{ImageTransform, Preprocess};

use crate::Result;

/// One image of a group.
pub(crate) struct GroupImage<'a> {
    /// Its map, [h * w].
    pub map: &'a [f32],
    /// `None` if the map is all zero.
    pub surroundings: Option<Surroundings>,
    /// The network's input, [C, H, W].
    pub pixels: &'a [f32],
}

/// Sums over the images of each class's group so far.
pub(crate) struct GroupSums {
    /// Class mean maps.
    pub means: ClassMeans,
    surroundings: Vec<SurroundingsSum>,
    /// [channels, height, width].
    image: [usize; 3],
    transform: ImageTransform,
    /// By class the sum of the images' pixels in [0, 1].
    image_sums: Vec<Vec<f64>>,
}

impl GroupSums {
    pub fn new(shape: MapsShape, preprocess: &Preprocess) -> Self {
        let image = [preprocess.channels, preprocess.height, preprocess.width];
        Self {
            means: ClassMeans::new(shape.classes, shape.cam),
            surroundings: vec![SurroundingsSum::default(); shape.classes],
            image,
            transform: preprocess.transform,
            image_sums: vec![vec![0.0; image.iter().product()]; shape.classes],
        }
    }

    /// Values of an image, C * H * W.
    pub fn pixels(&self) -> usize {
        self.image.iter().product()
    }

    /// Adds an image to the group of `class`.
    ///
    /// # Errors
    /// A map with a value that is not finite.
    pub fn add(&mut self, class: usize, image: &GroupImage<'_>) -> Result<()> {
        self.means.push(class, image.map)?;
        if let Some(surroundings) = &image.surroundings {
            self.surroundings[class].push(surroundings);
        }
        let plane = self.image[1] * self.image[2];
        let sums = self.image_sums[class].iter_mut().zip(image.pixels);
        for (index, (sum, pixel)) in sums.enumerate() {
            let channel = index / plane;
            let (mean, std) = (self.transform.mean[channel], self.transform.std[channel]);
            *sum += f64::from(*pixel) * f64::from(std) + f64::from(mean);
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

    /// Mean maps and mean images of each class.
    pub fn class_maps(&self) -> ClassMaps {
        let classes = self.means.classes();
        let [h, w] = self.means.shape();
        let mut maps = ClassMaps {
            means: Vec::new(),
            counts: Vec::new(),
            mean_images: Vec::new(),
            image: self.image,
        };
        for class in 0..classes {
            let count = self.means.count(class);
            match self.means.mean(class) {
                Some(mean) => maps.means.extend(mean.iter().map(|value| *value as f32)),
                None => maps.means.extend(std::iter::repeat_n(0.0, h * w)),
            }
            let sums = self.image_sums[class].iter();
            maps.mean_images
                .extend(sums.map(|sum| (sum / count.max(1) as f64) as f32));
            maps.counts.push(count);
        }
        maps
    }
}
