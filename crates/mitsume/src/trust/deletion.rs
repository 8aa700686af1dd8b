//! Deletion and insertion (Petsiuk et al. 2018, "RISE"): the class score as pixels are removed, or
//! added, in order of relevance.
//!
//! Deletion replaces the pixels of the image, most relevant first, by those of a baseline. With a
//! faithful map the score falls early, so a *small* area under the curve is good. Insertion starts
//! from a baseline and adds the image's pixels; a *large* area is good.
//!
//! ```
//! # use mitsume::trust::{Image, PixelRanking, TrustError};
//! use mitsume::trust::deletion::{Baseline, PerturbationSequence};
//! # let network = |image: &[f32]| f64::from(image[0] + image[1]);
//! # let (pixels, map) = ([1.0, 2.0, 3.0, 4.0], [0.4, 0.3, 0.2, 0.1]);
//! let image = Image::new(&pixels, 1, [2, 2])?;
//! let order = PixelRanking::most_relevant_first(&map, [2, 2])?;
//! let mut sequence = PerturbationSequence::deletion(&image, &order, 2, Baseline::Zeros)?;
//! let mut scores = Vec::new();
//! while let Some(image) = sequence.next_image() {
//!     scores.push(network(image));
//! }
//! assert_eq!(sequence.curve(&scores)?.scores, [3.0, 0.0, 0.0]);
//! # Ok::<(), TrustError>(())
//! ```

use serde::{Deserialize, Serialize};

use super::blur::gaussian_blurred;
use super::error::check_finite;
use super::{Image, PixelRanking, TrustError};

/// The baseline that replaces removed pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// 0 in the network's input space, usually the mean colour; the authors' for deletion.
    Zeros,
    /// The image blurred ([`gaussian_blurred`]); the authors' for insertion, where pixels on a
    /// constant image would add edges.
    Blurred,
}

/// The images of a curve, from the start image to the end image.
#[derive(Clone, Debug)]
pub struct PerturbationSequence<'a> {
    current: Vec<f32>,
    last: Vec<f32>,
    order: &'a PixelRanking,
    step: usize,
    images_made: usize,
}

/// The score over the fraction of pixels deleted or inserted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerturbationCurve {
    /// The fraction of pixels changed, from 0 to 1.
    pub shares: Vec<f64>,
    /// The score at each.
    pub scores: Vec<f64>,
    /// The area under the curve, by the trapezoid rule.
    pub area: f64,
}

impl<'a> PerturbationSequence<'a> {
    /// From the image to the baseline, `step` pixels at a time (fewer in the last step) in `order`.
    ///
    /// # Errors
    /// An order of another size, or a step of 0.
    pub fn deletion(
        image: &Image,
        order: &'a PixelRanking,
        step: usize,
        baseline: Baseline,
    ) -> Result<Self, TrustError> {
        let last = baseline_image(image, baseline);
        Self::new(image, order, step, [image.values().to_vec(), last])
    }

    /// From the baseline to the image, in the same way.
    ///
    /// # Errors
    /// As [`PerturbationSequence::deletion`].
    pub fn insertion(
        image: &Image,
        order: &'a PixelRanking,
        step: usize,
        baseline: Baseline,
    ) -> Result<Self, TrustError> {
        let first = baseline_image(image, baseline);
        Self::new(image, order, step, [first, image.values().to_vec()])
    }

    fn new(
        image: &Image,
        order: &'a PixelRanking,
        step: usize,
        [first, last]: [Vec<f32>; 2],
    ) -> Result<Self, TrustError> {
        image.check_same_size("the order of pixels", order.shape())?;
        if step == 0 {
            return Err(TrustError::Setting {
                name: "the step",
                found: "0".to_owned(),
                right: "it must be 1 pixel or more",
            });
        }
        Ok(Self {
            current: first,
            last,
            order,
            step,
            images_made: 0,
        })
    }

    /// Number of images: one per step, and the first.
    pub fn images(&self) -> usize {
        self.order.pixels().len().div_ceil(self.step) + 1
    }

    /// The next image, [C, H, W], to be scored or copied into a batch; `None` after the last.
    pub fn next_image(&mut self) -> Option<&[f32]> {
        if self.images_made == self.images() {
            return None;
        }
        if self.images_made > 0 {
            let pixels = self.order.pixels();
            let from = (self.images_made - 1) * self.step;
            let until = from.saturating_add(self.step).min(pixels.len());
            let planes = self.current.chunks_exact_mut(pixels.len());
            for (current, last) in planes.zip(self.last.chunks_exact(pixels.len())) {
                for &pixel in &pixels[from..until] {
                    current[pixel as usize] = last[pixel as usize];
                }
            }
        }
        self.images_made += 1;
        Some(&self.current)
    }

    /// The curve of the scores of all images, in their order.
    ///
    /// A shorter last step counts by its pixels; the authors' code gives it the width of the
    /// others. If the step divides the number of pixels, both are equal.
    ///
    /// # Errors
    /// Another number of scores, or one that is not finite.
    pub fn curve(&self, scores: &[f64]) -> Result<PerturbationCurve, TrustError> {
        if scores.len() != self.images() {
            return Err(TrustError::Count {
                what: "scores of the curve's images",
                found: scores.len(),
                needed: self.images(),
            });
        }
        check_finite("the scores", scores.iter().copied())?;
        let pixels = self.order.pixels().len();
        let share = |i: usize| i.saturating_mul(self.step).min(pixels) as f64 / pixels as f64;
        let shares: Vec<f64> = (0..scores.len()).map(share).collect();
        let trapezoids = shares.windows(2).zip(scores.windows(2));
        let area = trapezoids
            .map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0)
            .sum();
        Ok(PerturbationCurve {
            shares,
            scores: scores.to_vec(),
            area,
        })
    }
}

fn baseline_image(image: &Image, baseline: Baseline) -> Vec<f32> {
    match baseline {
        Baseline::Zeros => vec![0.0; image.values().len()],
        Baseline::Blurred => gaussian_blurred(image),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: [f32; 12] = [1., 2., 3., 4., 5., 6., 10., 20., 30., 40., 50., 60.];
    const MAP: [f32; 6] = [0.0, 0.9, 0.0, 0.5, 0.0, 0.7];

    fn all(mut sequence: PerturbationSequence) -> Vec<Vec<f32>> {
        std::iter::from_fn(|| sequence.next_image().map(<[f32]>::to_vec)).collect()
    }

    #[test]
    fn pixels_are_removed_in_order_in_every_channel_and_the_last_step_takes_the_rest() {
        let image = Image::new(&PIXELS, 2, [2, 3]).unwrap();
        let order = PixelRanking::most_relevant_first(&MAP, [2, 3]).unwrap();
        let sequence = PerturbationSequence::deletion(&image, &order, 4, Baseline::Zeros).unwrap();
        assert_eq!(sequence.images(), 3);
        let images = all(sequence.clone());
        assert_eq!(images[0], PIXELS);
        let two = [0., 0., 3., 0., 5., 0., 0., 0., 30., 0., 50., 0.];
        assert_eq!(images[1], two, "1, 5, 3 and, of the zeros, the first");
        assert_eq!(images[2], [0.0; 12]);
        assert_eq!(images.len(), 3);
        // 4/6 (1 + 0.5) / 2 + 2/6 (0.5 + 0.2) / 2
        let area = sequence.curve(&[1.0, 0.5, 0.2]).unwrap().area;
        assert!((area - 37.0 / 60.0).abs() < 1e-15, "{area}");
    }

    #[test]
    fn insertion_is_deletion_backwards() {
        let image = Image::new(&PIXELS, 2, [2, 3]).unwrap();
        let most = PixelRanking::most_relevant_first(&MAP, [2, 3]).unwrap();
        for baseline in [Baseline::Zeros, Baseline::Blurred] {
            let images = all(PerturbationSequence::insertion(&image, &most, 1, baseline).unwrap());
            assert_eq!(images.len(), 7);
            assert_eq!(images[6], PIXELS);
            let gone = all(PerturbationSequence::deletion(&image, &most, 6, baseline).unwrap());
            assert_eq!(gone[1], images[0], "the baseline");
        }
    }

    #[test]
    fn a_ranking_of_another_size_or_a_step_of_0_is_refused() {
        let image = Image::new(&PIXELS, 2, [2, 3]).unwrap();
        let order = PixelRanking::most_relevant_first(&MAP, [3, 2]).unwrap();
        let error = PerturbationSequence::deletion(&image, &order, 1, Baseline::Zeros).unwrap_err();
        assert!(error.to_string().contains("3x2, but 2x3"), "{error}");
        let order = PixelRanking::most_relevant_first(&MAP, [2, 3]).unwrap();
        assert!(PerturbationSequence::insertion(&image, &order, 0, Baseline::Zeros).is_err());
        let sequence =
            PerturbationSequence::insertion(&image, &order, usize::MAX, Baseline::Zeros).unwrap();
        assert_eq!(sequence.images(), 2);
        assert_eq!(all(sequence.clone()).len(), 2);
        assert!(sequence.curve(&[1.0]).is_err());
        assert!(sequence.curve(&[1.0, f64::NAN]).is_err());
        assert_eq!(sequence.curve(&[1.0, 0.0]).unwrap().area, 0.5);
    }
}
