//! The cascading parameter randomisation test (Adebayo et al. 2018, "Sanity Checks for Saliency
//! Maps"): does a map depend on what the network has learnt?
//!
//! The layers' weights are replaced by random ones, from the output down, one layer more at each
//! stage; at the last stage nothing learnt is left. A map that still looks the same shows the image
//! (its edges, its centre), not what the network has learnt.
//!
//! # The verdict
//!
//! It is by Spearman's correlation between each image's map and that of the wholly randomised
//! network (the last stage), averaged over the images:
//!
//! | verdict | where the 95 % interval of that mean lies |
//! | --- | --- |
//! | passes | below 0.5 |
//! | fails | at or above 0.5 |
//! | undecided | on both sides; or fewer than 10 images; or a constant map at the last stage for more than half of them |
//!
//! Why 0.5 and not 0: maps are smooth and both networks see the same image, so even maps of
//! unrelated networks correlate to some degree. At 0.5 a quarter of the variance of the ranks is
//! shared; beyond, the maps are more like each other than any explanation of a network that knows
//! nothing should be. The paper gives no number: this one is a convention, and the correlation is
//! always reported beside it. Why the last stage alone: a map may rightly collapse at the first
//! stage (without the last layer there is no class left to explain) and wander about 0 from there,
//! so a fall *between* stages cannot be asked for. Being below 0.5 at the end is a fall from 1, the
//! similarity of a map with itself. Stages between show where it comes about.
//!
//! SSIM is reported and not judged: it is high for any two maps that are dark in most places.
//!
//! A constant map has no pattern, so its similarity is undefined; it is counted separately. A
//! random network's map is often all zero after the ReLU, which must not count as passing.
//!
//! The interval is over images under *one* draw of random weights. Repeat the test with other
//! seeds: a method passes where it passes with each of them.

use serde::{Deserialize, Serialize};

use super::similarity::{Similarity, is_constant, similarity};
use super::{Estimate, TrustError};

/// The correlation that a passing method stays below.
pub const THRESHOLD: f64 = 0.5;
/// Fewest images for an interval over images.
pub const MIN_IMAGES: usize = 10;

/// Collects the similarities of every image.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomisationTest {
    layers: Vec<String>,
    images: Vec<Vec<Similarity>>,
    constant_originals: usize,
}

/// Result of the test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Randomisation {
    /// Images tested.
    pub images: usize,
    /// Images whose original map is constant; they are in no mean.
    pub constant_originals: usize,
    /// In order, from the top layer on.
    pub stages: Vec<Stage>,
    /// By Spearman's correlation at the last stage.
    pub verdict: Verdict,
}

/// Similarity to the original maps with all layers from the top to this one randomised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The layer this stage randomises beyond the one before it.
    pub layer: String,
    /// Mean Spearman correlation; `None` if no image has one.
    pub spearman: Option<Estimate>,
    /// Mean of its absolute value. If it is far above the absolute mean, some maps are inverted:
    /// the pattern comes from the image, and only its sign from the weights.
    pub absolute_spearman: Option<Estimate>,
    /// Mean structural similarity.
    pub ssim: Option<Estimate>,
    /// Images whose map is constant at this stage only, so that similarity is undefined.
    pub undefined: usize,
}

/// Whether the maps depend on what was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// They do.
    Passes,
    /// They do not.
    Fails,
    /// Not decided.
    Undecided(UndecidedReason),
}

/// Why a verdict is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndecidedReason {
    /// Fewer than [`MIN_IMAGES`] images have a similarity.
    TooFewImages,
    /// More than half of the maps are constant at the last stage.
    MostlyConstant,
    /// The interval holds the threshold.
    AcrossThreshold,
}

impl RandomisationTest {
    /// For stages named by the layer each randomises, top to bottom; the last leaves nothing
    /// learnt.
    ///
    /// # Errors
    /// No stage.
    pub fn new(layers: Vec<String>) -> Result<Self, TrustError> {
        if layers.is_empty() {
            return Err(TrustError::Setting {
                name: "the list of stages",
                found: "empty".to_owned(),
                right: "there must be one or more layers, top to bottom",
            });
        }
        Ok(Self {
            layers,
            images: Vec::new(),
            constant_originals: 0,
        })
    }

    /// Adds an image: its `original` map and that of each stage, all [h, w] = `shape` and of one
    /// class, the one explained before.
    ///
    /// # Errors
    /// Another number of maps than stages, a map that does not fit the shape, or a value that is
    /// not finite. The image is then not added.
    pub fn add(
        &mut self,
        original: &[f32],
        stages: &[&[f32]],
        shape: [usize; 2],
    ) -> Result<(), TrustError> {
        if stages.len() != self.layers.len() {
            return Err(TrustError::Count {
                what: "maps of stages",
                found: stages.len(),
                needed: self.layers.len(),
            });
        }
        let compared = stages.iter().map(|map| similarity(original, map, shape));
        let compared = compared.collect::<Result<Vec<_>, _>>()?;
        if is_constant(original) {
            self.constant_originals += 1;
        } else {
            self.images.push(compared);
        }
        Ok(())
    }

    /// Means and verdict over the images so far. `seed` is of the bootstrap.
    pub fn result(&self, seed: u64) -> Randomisation {
        let stages = self.layers.iter().enumerate();
        let stages: Vec<Stage> = stages
            .map(|(i, layer)| self.stage(i, layer, seed))
            .collect();
        Randomisation {
            images: self.images.len() + self.constant_originals,
            constant_originals: self.constant_originals,
            // Never empty.
            verdict: stages
                .last()
                .map_or(Verdict::Undecided(UndecidedReason::TooFewImages), |last| {
                    verdict(last, self.images.len())
                }),
            stages,
        }
    }

    fn stage(&self, index: usize, layer: &str, seed: u64) -> Stage {
        let over_images = |value: &dyn Fn(&Similarity) -> Option<f64>| {
            let values = self.images.iter().filter_map(|image| value(&image[index]));
            values.collect::<Vec<f64>>()
        };
        let spearman = over_images(&|similarity| similarity.spearman);
        let absolute: Vec<f64> = spearman.iter().map(|value| value.abs()).collect();
        Stage {
            layer: layer.to_owned(),
            undefined: self.images.len() - spearman.len(),
            spearman: Estimate::bootstrap_mean(&spearman, seed),
            absolute_spearman: Estimate::bootstrap_mean(&absolute, seed),
            ssim: Estimate::bootstrap_mean(&over_images(&|similarity| similarity.ssim), seed),
        }
    }
}

/// `images` are those that could be compared: with a map that was not constant before.
fn verdict(last: &Stage, images: usize) -> Verdict {
    let undecided = Verdict::Undecided;
    if images < MIN_IMAGES {
        return undecided(UndecidedReason::TooFewImages);
    }
    if 2 * last.undefined > images {
        return undecided(UndecidedReason::MostlyConstant);
    }
    match last.spearman {
        Some(Estimate {
            images,
            interval: Some([low, high]),
            ..
        }) if images >= MIN_IMAGES => {
            if high < THRESHOLD {
                Verdict::Passes
            } else if low >= THRESHOLD {
                Verdict::Fails
            } else {
                undecided(UndecidedReason::AcrossThreshold)
            }
        }
        _ => undecided(UndecidedReason::TooFewImages),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 2] = [6, 6];

    fn uneven(seed: usize) -> Vec<f32> {
        let value = |i: usize| (i * 37 + seed * 101 + i * i * (seed + 3)) % 97;
        (0..36).map(|i| value(i) as f32 / 97.0).collect()
    }

    /// A cascade of two stages whose last map is made of the original's number.
    fn tested(images: usize, last: impl Fn(usize) -> Vec<f32>) -> Randomisation {
        let layers = vec!["fc".to_owned(), "conv1".to_owned()];
        let mut test = RandomisationTest::new(layers).unwrap();
        for image in 0..images {
            let original = uneven(image);
            test.add(&original, &[&original, &last(image)], SHAPE)
                .unwrap();
        }
        test.result(0)
    }

    #[test]
    fn maps_that_change_with_the_weights_pass() {
        let found = tested(20, |image| uneven(image + 1000));
        assert_eq!(found.verdict, Verdict::Passes);
        assert_eq!(found.stages[0].spearman.unwrap().mean, 1.0);
        assert_eq!(found.stages[1].layer, "conv1");
        let json = serde_json::to_string(&found).unwrap();
        let read: Randomisation = serde_json::from_str(&json).unwrap();
        assert_eq!((read.verdict, read.images), (Verdict::Passes, 20));
        assert_eq!(
            serde_json::to_string(&Verdict::Passes).unwrap(),
            "\"passes\""
        );
    }

    #[test]
    fn maps_that_stay_the_same_fail() {
        let found = tested(20, |image| uneven(image).iter().map(|v| v * v).collect());
        assert_eq!(found.verdict, Verdict::Fails);
    }

    #[test]
    fn maps_that_turn_into_their_opposite_are_seen_by_the_absolute_value() {
        let found = tested(20, |image| {
            let sign = if image % 2 == 0 { 1.0 } else { -1.0 };
            uneven(image).iter().map(|value| sign * value).collect()
        });
        let last = &found.stages[1];
        assert_eq!(last.spearman.unwrap().mean, 0.0);
        assert_eq!(last.absolute_spearman.unwrap().mean, 1.0);
    }

    #[test]
    fn constant_maps_are_counted_and_half_of_them_leave_it_open() {
        let some = |share: usize| {
            tested(30, move |image| {
                if image % 3 < share {
                    vec![0.0; 36]
                } else {
                    uneven(image + 1000)
                }
            })
        };
        assert_eq!(some(1).stages[1].undefined, 10);
        assert_eq!(some(1).verdict, Verdict::Passes);
        assert_eq!(
            some(2).verdict,
            Verdict::Undecided(UndecidedReason::MostlyConstant)
        );
        assert_eq!(some(3).stages[1].spearman, None);
        let mut test = RandomisationTest::new(vec!["all".to_owned()]).unwrap();
        test.add(&[0.0; 36], &[&uneven(1)], SHAPE).unwrap();
        let found = test.result(0);
        assert_eq!((found.images, found.constant_originals), (1, 1));
        assert_eq!(found.stages[0].undefined, 0, "not the stage's doing");
    }

    #[test]
    fn few_images_and_an_interval_across_the_threshold_decide_nothing() {
        let few = tested(9, |image| uneven(image + 1000)).verdict;
        assert_eq!(few, Verdict::Undecided(UndecidedReason::TooFewImages));
        assert_eq!(
            tested(0, uneven).verdict,
            Verdict::Undecided(UndecidedReason::TooFewImages)
        );
        let half = tested(20, |image| uneven(image + 1000 * (image % 2)));
        assert_eq!(
            half.verdict,
            Verdict::Undecided(UndecidedReason::AcrossThreshold)
        );
    }

    #[test]
    fn maps_that_do_not_fit_are_refused_and_not_added() {
        assert!(RandomisationTest::new(vec![]).is_err());
        let mut test = RandomisationTest::new(vec!["fc".to_owned(), "conv".to_owned()]).unwrap();
        let map = uneven(0);
        assert!(test.add(&map, &[&map], SHAPE).is_err());
        assert!(test.add(&map, &[&map, &map[1..]], SHAPE).is_err());
        assert_eq!(test.result(0).images, 0);
    }
}
