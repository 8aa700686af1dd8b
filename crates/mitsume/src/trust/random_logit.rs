//! The random logit test (Sixt, Granz and Landgraf 2020, "When Explanations Lie: Why Many Modified BP
//! Attributions Fail", section 4.3): does a map depend on the class that it explains?
//!
//! The map of an image's label is compared with that of another class, drawn at random, of the same
//! image and network. A map that shows the image, or whatever the network sees, is the same for
//! both: similarity 1. Class activation maps with weights of no class (Eigen-CAM, the random
//! control) are, trivially.
//!
//! The paper compares by SSIM. Here it is the [`similarity()`] of the randomisation test, Spearman's
//! correlation with SSIM beside it, for the reasons given there: two maps that are dark in most
//! places have a high SSIM. No limit is named, in the paper or here: classes may share features, so
//! their maps may rightly be alike to some degree.
//!
//! A class that nothing in the image speaks for often has a map that is all zero after the ReLU.
//! Similarity to it is undefined; it is counted.

use mitsume_random::RandomStream;
use serde::{Deserialize, Serialize};

use super::similarity::{Similarity, mean_over_images, similarity, undefined};
use super::{Estimate, TrustError};

/// A class other than `class` among `classes`, each with the same probability, determined by `seed`
/// and `image`, the image's number; `None` if there is no other.
///
/// # Errors
/// A `class` that is not below `classes`.
pub fn other_class(
    classes: usize,
    class: usize,
    seed: u64,
    image: u64,
) -> Result<Option<usize>, TrustError> {
    if class >= classes {
        return Err(TrustError::Setting {
            name: "the class",
            found: class.to_string(),
            right: "it must be below the number of classes",
        });
    }
    if classes < 2 {
        return Ok(None);
    }
    let mut random = RandomStream::new("random logit", &[seed, image]);
    let drawn = random.below(classes - 1);
    Ok(Some(drawn + usize::from(drawn >= class)))
}

/// Collects the similarities of every image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RandomLogitTest {
    images: Vec<Similarity>,
}

/// Similarity of the maps of the labels to those of another class, over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomLogit {
    /// Images tested.
    pub images: usize,
    /// Images of which one map or both are constant, so that similarity is undefined; they are in
    /// no mean.
    pub undefined: usize,
    /// Mean Spearman correlation, 1 for maps that do not depend on the class; `None` if no image
    /// has one.
    pub spearman: Option<Estimate>,
    /// Mean structural similarity.
    pub ssim: Option<Estimate>,
}

impl RandomLogitTest {
    /// Adds an image: its map of the label and its map of another class, both [h, w] = `shape`.
    ///
    /// # Errors
    /// A map that does not fit the shape, or a value that is not finite. The image is then not
    /// added.
    pub fn add(&mut self, own: &[f32], other: &[f32], shape: [usize; 2]) -> Result<(), TrustError> {
        self.images.push(similarity(own, other, shape)?);
        Ok(())
    }

    /// Means over the images so far. `seed` is of the bootstrap.
    pub fn result(&self, seed: u64) -> RandomLogit {
        RandomLogit {
            images: self.images.len(),
            undefined: undefined(&self.images),
            spearman: mean_over_images(&self.images, |one| one.spearman, seed),
            ssim: mean_over_images(&self.images, |one| one.ssim, seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_class_is_drawn_equally_often_and_the_own_never() {
        const IMAGES: u64 = 30_000;
        for own in 0..4 {
            let mut counts = [0; 4];
            for image in 0..IMAGES {
                counts[other_class(4, own, 7, image).unwrap().unwrap()] += 1;
            }
            assert_eq!(counts[own], 0);
            // Binomial with p = 1/3: five standard deviations are 408.
            let others = counts.iter().enumerate().filter(|(class, _)| *class != own);
            for (_, count) in others {
                assert!((count - 10_000_i32).abs() < 408, "{counts:?}");
            }
        }
    }

    #[test]
    fn of_two_classes_it_is_the_other_of_one_there_is_none_and_the_seed_decides() {
        let drawn = |classes, own, seed, image| other_class(classes, own, seed, image).unwrap();
        for image in 0..20 {
            assert_eq!(drawn(2, 0, 3, image), Some(1));
            assert_eq!(drawn(2, 1, 3, image), Some(0));
            assert_eq!(drawn(1, 0, 3, image), None);
        }
        let series = |seed| {
            (0..50)
                .map(|image| drawn(9, 4, seed, image))
                .collect::<Vec<_>>()
        };
        assert_eq!(series(3), series(3));
        assert_ne!(series(3), series(4));
        assert!(other_class(2, 2, 0, 0).is_err());
        assert!(other_class(0, 0, 0, 0).is_err());
    }

    #[test]
    fn maps_that_ignore_the_class_are_at_one_and_opposite_ones_at_minus_one() {
        let map = |image: usize| (0..16).map(move |i| ((i * 7 + image) % 16) as f32);
        let mut same = RandomLogitTest::default();
        let mut opposite = RandomLogitTest::default();
        for image in 0..5 {
            let own: Vec<f32> = map(image).collect();
            same.add(&own, &own, [4, 4]).unwrap();
            let other: Vec<f32> = own.iter().map(|value| 15.0 - value).collect();
            opposite.add(&own, &other, [4, 4]).unwrap();
        }
        let (same, opposite) = (same.result(0), opposite.result(0));
        assert_eq!(same.spearman.unwrap().mean, 1.0);
        assert_eq!(same.ssim.unwrap().mean, 1.0);
        assert_eq!(opposite.spearman.unwrap().mean, -1.0);
        assert_eq!((same.images, same.undefined), (5, 0));
    }

    #[test]
    fn constant_maps_of_either_class_are_counted_and_in_no_mean() {
        let own: Vec<f32> = (0..16).map(|i| i as f32).collect();
        let mut test = RandomLogitTest::default();
        test.add(&own, &[0.0; 16], [4, 4]).unwrap();
        test.add(&[0.5; 16], &own, [4, 4]).unwrap();
        let found = test.result(0);
        assert_eq!((found.images, found.undefined), (2, 2));
        assert_eq!((found.spearman, found.ssim), (None, None));
        test.add(&own, &own, [4, 4]).unwrap();
        let found = test.result(0);
        assert_eq!((found.images, found.undefined), (3, 2));
        assert_eq!(found.spearman.unwrap().images, 1);
        assert!(test.add(&own, &own[1..], [4, 4]).is_err());
        assert_eq!(test.result(0).images, 3);
    }
}
