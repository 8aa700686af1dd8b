//! Faithfulness: ROAD, deletion and insertion, drop and increase of the score; and sparseness.

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use mitsume::methods::Method;
use mitsume::trust::{
    Baseline, ConfidenceChange, Estimate, Image, PerturbationCurve, PerturbationSequence,
    PixelRanking, Road, RoadSettings, marked_part, sparseness,
};
use mitsume_artifacts::{CurveResult, Faithfulness, RoadResult};

use crate::Result;
use crate::maps::floats;
use crate::network::Network;

/// Steps of a deletion or insertion curve.
const CURVE_STEPS: usize = 20;
/// Perturbed images per forward pass.
const IMAGES_PER_PASS: usize = 32;

/// Collects the curves of all images for one method.
pub(super) struct FaithfulnessTest<'a> {
    network: &'a dyn Network,
    method: Method,
    settings: RoadSettings,
    roads: Vec<Road>,
    deletions: Vec<PerturbationCurve>,
    insertions: Vec<PerturbationCurve>,
    changes: Vec<ConfidenceChange>,
    sparseness: Vec<f64>,
}

impl<'a> FaithfulnessTest<'a> {
    pub fn new(network: &'a dyn Network, method: Method, seed: u64) -> Self {
        Self {
            network,
            method,
            settings: RoadSettings {
                seed,
                ..RoadSettings::default()
            },
            roads: Vec::new(),
            deletions: Vec::new(),
            insertions: Vec::new(),
            changes: Vec::new(),
            sparseness: Vec::new(),
        }
    }

    /// Adds an image with its explained class and its map at the image's size.
    pub fn add(&mut self, image: &Image<'_>, class: usize, map: &[f32]) -> Result<()> {
        let score = |images: &[f32]| self.scores(images, image, class);
        let original = score(image.values())?[0];
        let removed = self.settings.images(image, map)?;
        let road = self.settings.result(original, &score(&removed)?)?;
        let order = PixelRanking::most_relevant_first(map, image.shape())?;
        let step = image.pixels().div_ceil(CURVE_STEPS);
        let curve = |mut sequence: PerturbationSequence<'_>| -> Result<PerturbationCurve> {
            let mut images = Vec::new();
            while let Some(image) = sequence.next_image() {
                images.extend_from_slice(image);
            }
            Ok(sequence.curve(&score(&images)?)?)
        };
        let deletion = curve(PerturbationSequence::deletion(
            image,
            &order,
            step,
            Baseline::Zeros,
        )?)?;
        let insertion = curve(PerturbationSequence::insertion(
            image,
            &order,
            step,
            Baseline::Blurred,
        )?)?;
        let left = score(&marked_part(image, map)?)?[0];
        self.changes.push(ConfidenceChange::new(original, left)?);
        self.sparseness.extend(sparseness(map)?);
        self.roads.push(road);
        self.deletions.push(deletion);
        self.insertions.push(insertion);
        Ok(())
    }

    /// Softmax probability of `class` for each of `images` [N, C, H, W], with `like`'s channels and
    /// size.
    fn scores(&self, images: &[f32], like: &Image<'_>, class: usize) -> Result<Vec<f64>> {
        let (c, [h, w]) = (like.channels(), like.shape());
        let mut scores = Vec::new();
        for batch in images.chunks(IMAGES_PER_PASS * c * h * w) {
            let n = batch.len() / (c * h * w);
            let data = TensorData::new(batch.to_vec(), [n, c, h, w]);
            let images = Tensor::<4>::from_data(data, &self.network.device());
            let logits = self.network.logits(images)?;
            let classes = logits.dims()[1];
            let probabilities = floats(softmax(logits, 1));
            scores.extend((0..n).map(|i| f64::from(probabilities[i * classes + class])));
        }
        Ok(scores)
    }

    pub fn result(&self) -> Faithfulness {
        let seed = self.settings.seed;
        let combined: Vec<f64> = self.roads.iter().map(|road| road.combined).collect();
        let most = self.roads.iter().map(|road| &road.most_relevant_first);
        let least = self.roads.iter().map(|road| &road.least_relevant_first);
        let count = self.roads.len().max(1) as f64;
        Faithfulness {
            method: self.method,
            road: RoadResult {
                percentiles: self.settings.percentiles.clone(),
                original: self.roads.iter().map(|road| road.original).sum::<f64>() / count,
                most_relevant_first: mean_row(most),
                least_relevant_first: mean_row(least),
                combined: Estimate::bootstrap_mean(&combined, seed),
            },
            deletion: curve_result(&self.deletions, seed),
            insertion: curve_result(&self.insertions, seed),
            average_drop: self.mean_change(|change| change.drop),
            average_increase: self.mean_change(|change| f64::from(u8::from(change.increases))),
            sparseness: Estimate::bootstrap_mean(&self.sparseness, seed),
        }
    }
}

impl FaithfulnessTest<'_> {
    fn mean_change(&self, of: impl Fn(&ConfidenceChange) -> f64) -> Option<Estimate> {
        let values: Vec<f64> = self.changes.iter().map(of).collect();
        Estimate::bootstrap_mean(&values, self.settings.seed)
    }
}

fn curve_result(curves: &[PerturbationCurve], seed: u64) -> CurveResult {
    let areas: Vec<f64> = curves.iter().map(|curve| curve.area).collect();
    CurveResult {
        shares: curves
            .first()
            .map_or_else(Vec::new, |curve| curve.shares.clone()),
        scores: mean_row(curves.iter().map(|curve| &curve.scores)),
        area: Estimate::bootstrap_mean(&areas, seed),
    }
}

/// Element-wise mean of rows of equal length.
fn mean_row<'a>(rows: impl ExactSizeIterator<Item = &'a Vec<f64>>) -> Vec<f64> {
    let count = rows.len() as f64;
    let mut sums: Vec<f64> = Vec::new();
    for row in rows {
        sums.resize(row.len(), 0.0);
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums.into_iter().map(|sum| sum / count).collect()
}
