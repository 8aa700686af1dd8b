//! Measures of trust against torch, scipy, scikit-image, scikit-learn and pytorch-grad-cam
//! (`scripts/reference/trust.py` makes the figures).

use mitsume::trust::imputation::{Noise, impute};
use mitsume::trust::{
    Baseline, ConfidenceChange, Image, PerturbationCurve, PerturbationSequence, PixelRanking,
    RoadSettings, gaussian_blurred, localisation, marked_part, pointing, similarity, sparseness,
    upsampled_to_image,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Figures {
    upsampling: Vec<Upsampling>,
    similarities: Vec<Similarities>,
    imputations: Vec<Imputation>,
    shape: [usize; 2],
    image: Vec<f32>,
    weights: Vec<f64>,
    relevance: Vec<f32>,
    road: RoadFigures,
    curves: Curves,
    places: Vec<Place>,
    confidence: Vec<Confidence>,
}

#[derive(Deserialize)]
struct Upsampling {
    from: [usize; 2],
    to: [usize; 2],
    map: Vec<f32>,
    expected: Vec<f32>,
}

#[derive(Deserialize)]
struct Similarities {
    shape: [usize; 2],
    a: Vec<f32>,
    b: Vec<f32>,
    spearman: f64,
    ssim: f64,
}

#[derive(Deserialize)]
struct Imputation {
    name: String,
    channels: usize,
    shape: [usize; 2],
    image: Vec<f32>,
    kept: Vec<u8>,
    expected: Vec<f32>,
}

#[derive(Deserialize)]
struct Confidence {
    map: Vec<f32>,
    drop: f64,
    increases: bool,
    gini: f64,
}

#[derive(Deserialize)]
struct RoadFigures {
    percentiles: Vec<u8>,
    most: Vec<f64>,
    least: Vec<f64>,
    mean_change_most: f64,
    mean_change_least: f64,
    combined: f64,
}

#[derive(Deserialize)]
struct Curves {
    step: usize,
    blurred: Vec<f32>,
    deletion: CurveFigures,
    insertion: CurveFigures,
}

#[derive(Deserialize)]
struct CurveFigures {
    scores: Vec<f64>,
    area: f64,
}

#[derive(Deserialize)]
struct Place {
    mask: Vec<u8>,
    tolerance: f64,
    fraction: f64,
    at: [usize; 2],
    distance: f64,
    chance: f64,
    mass: f64,
    rank: f64,
    iou_at_fraction: f64,
    iou_at_area: f64,
}

fn figures() -> Figures {
    serde_json::from_str(include_str!("fixtures/trust.json")).unwrap()
}

impl Figures {
    fn image(&self) -> Image<'_> {
        Image::new(&self.image, 3, self.shape).unwrap()
    }

    /// The probability of the linear model.
    fn score(&self, image: &[f32]) -> f64 {
        let parts = image.iter().zip(&self.weights);
        let logit: f64 = parts
            .map(|(&value, weight)| f64::from(value) * weight)
            .sum();
        1.0 / (1.0 + (-logit).exp())
    }
}

fn all_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < tolerance,
            "{what}: {found} {expected}"
        );
    }
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() < tolerance, "{found} {expected}");
}

/// Values below 1 in `f32`: an order of operations of difference.
#[test]
fn maps_are_enlarged_as_torch_does() {
    for case in figures().upsampling {
        let found = upsampled_to_image(&case.map, case.from, case.to).unwrap();
        all_close(&found, &case.expected, 3e-7, &format!("{:?}", case.from));
    }
}

/// Maps are exact in `f32`; both are computed in `f64`.
#[test]
fn similarities_are_those_of_scipy_and_scikit_image() {
    for case in figures().similarities {
        let found = similarity(&case.a, &case.b, case.shape).unwrap();
        close(found.spearman.unwrap(), case.spearman, 1e-12);
        close(found.ssim.unwrap(), case.ssim, 1e-9);
    }
}

/// The solver ends at about a millionth of a range of about 6; theirs is direct.
#[test]
fn imputed_images_are_those_of_pytorch_grad_cam() {
    for case in figures().imputations {
        let image = Image::new(&case.image, case.channels, case.shape).unwrap();
        let removed: Vec<bool> = case.kept.iter().map(|&kept| kept == 0).collect();
        let found = impute(&image, &removed, &Noise::NONE).unwrap();
        all_close(&found, &case.expected, 1e-5, &case.name);
    }
}

/// Their scores are `f32`; an error of imputation of 1e-5 moves a score by less than 1e-6.
#[test]
fn road_is_that_of_pytorch_grad_cam() {
    let figures = figures();
    let settings = RoadSettings {
        percentiles: figures.road.percentiles.clone(),
        noise: 0.0,
        seed: 0,
    };
    let images = settings
        .images(&figures.image(), &figures.relevance)
        .unwrap();
    let scores: Vec<f64> = images
        .chunks_exact(figures.image.len())
        .map(|image| figures.score(image))
        .collect();
    let found = settings
        .result(figures.score(&figures.image), &scores)
        .unwrap();
    let expected = &figures.road;
    for (found, expected) in found.most_relevant_first.iter().zip(&expected.most) {
        close(*found, *expected, 2e-6);
    }
    for (found, expected) in found.least_relevant_first.iter().zip(&expected.least) {
        close(*found, *expected, 2e-6);
    }
    close(found.mean_change_most, expected.mean_change_most, 2e-6);
    close(found.mean_change_least, expected.mean_change_least, 2e-6);
    close(found.combined, expected.combined, 2e-6);
}

/// Images are `f32` here and `f64` there.
#[test]
fn deletion_and_insertion_are_those_of_the_published_code() {
    let figures = figures();
    let image = figures.image();
    all_close(
        &gaussian_blurred(&image),
        &figures.curves.blurred,
        3e-7,
        "blurred",
    );
    let order = PixelRanking::most_relevant_first(&figures.relevance, figures.shape).unwrap();
    let step = figures.curves.step;
    let curve = |mut walk: PerturbationSequence| -> PerturbationCurve {
        let mut scores = Vec::new();
        while let Some(image) = walk.next_image() {
            scores.push(figures.score(image));
        }
        walk.curve(&scores).unwrap()
    };
    let deletion = PerturbationSequence::deletion(&image, &order, step, Baseline::Zeros).unwrap();
    let insertion =
        PerturbationSequence::insertion(&image, &order, step, Baseline::Blurred).unwrap();
    for (walk, expected) in [
        (deletion, &figures.curves.deletion),
        (insertion, &figures.curves.insertion),
    ] {
        let found = curve(walk);
        assert_eq!(found.scores.len(), expected.scores.len());
        for (found, expected) in found.scores.iter().zip(&expected.scores) {
            close(*found, *expected, 1e-6);
        }
        close(found.area, expected.area, 1e-6);
    }
}

/// Counts, and sums of exact numbers.
#[test]
fn places_are_those_of_scipy_and_scikit_learn() {
    let figures = figures();
    let (map, shape) = (&figures.relevance, figures.shape);
    for place in &figures.places {
        let mask: Vec<bool> = place.mask.iter().map(|&marked| marked == 1).collect();
        let point = pointing(map, &mask, shape, place.tolerance).unwrap();
        assert_eq!(point.at, place.at);
        assert_eq!(point.hit, place.distance <= place.tolerance);
        close(point.distance, place.distance, 1e-12);
        close(point.chance, place.chance, 1e-12);
        let found = localisation(map, &mask, shape, place.fraction).unwrap();
        close(found.mass.unwrap(), place.mass, 1e-12);
        close(found.rank.unwrap(), place.rank, 1e-12);
        close(found.iou_at_fraction.unwrap(), place.iou_at_fraction, 1e-12);
        close(found.iou_at_area.unwrap(), place.iou_at_area, 1e-12);
    }
}

/// Their scores are `f32`. The first half is of the image, the second of its negative, whose score
/// rises when parts of it go.
#[test]
fn drop_and_increase_are_those_of_pytorch_grad_cam_and_sparseness_that_of_all_differences() {
    let figures = figures();
    let negative: Vec<f32> = figures.image.iter().map(|value| -value).collect();
    let half = figures.confidence.len() / 2;
    for (index, case) in figures.confidence.iter().enumerate() {
        let values = if index < half {
            &figures.image
        } else {
            &negative
        };
        let image = Image::new(values, 3, figures.shape).unwrap();
        let left = figures.score(&marked_part(&image, &case.map).unwrap());
        let found = ConfidenceChange::new(figures.score(values), left).unwrap();
        close(found.drop, case.drop, 2e-6);
        assert_eq!(found.increases, case.increases);
        close(sparseness(&case.map).unwrap().unwrap(), case.gini, 1e-12);
    }
    let increases = figures.confidence.iter().filter(|case| case.increases);
    assert!((1..figures.confidence.len()).contains(&increases.count()));
}
