//! The mean over images.

use serde::{Deserialize, Serialize};

use super::{Region, Surroundings};

/// Mean shares over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanSurroundings {
    /// Number of images, without those whose map is all zero.
    pub images: u64,
    /// Number of those with an empty background.
    pub with_background: u64,
    /// The outermost tenth of each side.
    pub border: Region,
    /// The empty background; 0 for an image without one.
    pub background: Region,
}

/// Sums over images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SurroundingsSum {
    images: u64,
    with_background: u64,
    border: Region,
    background: Region,
}

impl SurroundingsSum {
    /// Adds an image.
    pub fn push(&mut self, one: &Surroundings) {
        self.images += 1;
        self.with_background += u64::from(one.background.area > 0.0);
        for (sum, region) in [
            (&mut self.border, one.border),
            (&mut self.background, one.background),
        ] {
            sum.mass += region.mass;
            sum.area += region.area;
        }
    }

    /// Adds the images of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.images += other.images;
        self.with_background += other.with_background;
        for (sum, region) in [
            (&mut self.border, other.border),
            (&mut self.background, other.background),
        ] {
            sum.mass += region.mass;
            sum.area += region.area;
        }
    }

    /// The means; `None` without an image.
    pub fn mean(&self) -> Option<MeanSurroundings> {
        let n = self.images as f64;
        let mean = |sum: Region| Region {
            mass: (sum.mass / n).min(1.0),
            area: (sum.area / n).min(1.0),
        };
        (self.images > 0).then(|| MeanSurroundings {
            images: self.images,
            with_background: self.with_background,
            border: mean(self.border),
            background: mean(self.background),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_weighs_the_same() {
        let of = |mass: f64, area: f64| Surroundings {
            border: Region {
                mass: 0.5,
                area: 0.36,
            },
            background: Region { mass, area },
        };
        let mut sum = SurroundingsSum::default();
        assert_eq!(sum.mean(), None);
        sum.push(&of(0.75, 0.5));
        let mut other = SurroundingsSum::default();
        other.push(&of(0.0, 0.0));
        other.push(&of(0.0, 0.25));
        sum.merge(&other);
        let mean = sum.mean().unwrap();
        assert_eq!((mean.images, mean.with_background), (3, 2));
        assert_eq!(
            mean.background,
            Region {
                mass: 0.25,
                area: 0.25
            }
        );
        assert_eq!(mean.border.mass, 0.5);
        assert!((mean.border.area - 0.36).abs() < 1e-12);
    }
}
