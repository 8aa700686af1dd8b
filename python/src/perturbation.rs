//! Images with pixels removed or inserted, for models that are not ours to call, and the results
//! from their scores.

use crate::arrays::{from_json, value_error};
use mitsume::trust::{
    Baseline, Image, PerturbationSequence, PixelRanking, RoadSettings, TrustError,
};
use numpy::{PyArray1, PyArray4, PyArrayMethods, PyReadonlyArray2, PyReadonlyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// An image [C, H, W] and its map [H, W].
struct ImageAndMap {
    image: Vec<f32>,
    channels: usize,
    shape: [usize; 2],
    map: Vec<f32>,
    map_shape: [usize; 2],
}

impl ImageAndMap {
    fn new(image: &PyReadonlyArray3<'_, f32>, map: &PyReadonlyArray2<'_, f32>) -> Self {
        let (channels, height, width) = image.as_array().dim();
        let (rows, columns) = map.as_array().dim();
        Self {
            image: image.as_array().iter().copied().collect(),
            channels,
            shape: [height, width],
            map: map.as_array().iter().copied().collect(),
            map_shape: [rows, columns],
        }
    }

    fn image(&self) -> Result<Image<'_>, TrustError> {
        Image::new(&self.image, self.channels, self.shape)
    }

    fn ranking(&self) -> Result<PixelRanking, TrustError> {
        PixelRanking::most_relevant_first(&self.map, self.map_shape)
    }

    fn array<'py>(&self, py: Python<'py>, images: Vec<f32>) -> PyResult<Bound<'py, PyArray4<f32>>> {
        let [height, width] = self.shape;
        let count = images.len() / self.image.len();
        PyArray1::from_vec(py, images).reshape([count, self.channels, height, width])
    }
}

/// How pixels are changed.
struct Perturbation {
    inserts: bool,
    step: usize,
    baseline: Baseline,
}

impl Perturbation {
    fn new(inserts: bool, step: usize, baseline: &str) -> PyResult<Self> {
        let baseline = match baseline {
            "zeros" => Baseline::Zeros,
            "blurred" => Baseline::Blurred,
            other => {
                let message = format!("baseline: \"{other}\"; \"zeros\" or \"blurred\"");
                return Err(PyValueError::new_err(message));
            }
        };
        Ok(Self {
            inserts,
            step,
            baseline,
        })
    }

    fn sequence<'a>(
        &self,
        image: &Image,
        ranking: &'a PixelRanking,
    ) -> Result<PerturbationSequence<'a>, TrustError> {
        match self.inserts {
            true => PerturbationSequence::insertion(image, ranking, self.step, self.baseline),
            false => PerturbationSequence::deletion(image, ranking, self.step, self.baseline),
        }
    }
}

/// The images of a deletion or insertion curve, [M, C, H, W].
#[pyfunction]
#[pyo3(signature = (image, map, *, inserts, step, baseline))]
pub fn perturbed_images<'py>(
    py: Python<'py>,
    image: PyReadonlyArray3<'py, f32>,
    map: PyReadonlyArray2<'py, f32>,
    inserts: bool,
    step: usize,
    baseline: &str,
) -> PyResult<Bound<'py, PyArray4<f32>>> {
    let given = ImageAndMap::new(&image, &map);
    let perturbation = Perturbation::new(inserts, step, baseline)?;
    let images = py.detach(|| -> Result<Vec<f32>, TrustError> {
        let ranking = given.ranking()?;
        let mut sequence = perturbation.sequence(&given.image()?, &ranking)?;
        let mut images = Vec::new();
        while let Some(next) = sequence.next_image() {
            images.extend_from_slice(next);
        }
        Ok(images)
    });
    given.array(py, images.map_err(value_error)?)
}

/// The curve from the scores of [`perturbed_images`].
#[pyfunction]
#[pyo3(signature = (image, map, scores, *, inserts, step, baseline))]
pub fn perturbation_curve<'py>(
    py: Python<'py>,
    image: PyReadonlyArray3<'py, f32>,
    map: PyReadonlyArray2<'py, f32>,
    scores: Vec<f64>,
    inserts: bool,
    step: usize,
    baseline: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let given = ImageAndMap::new(&image, &map);
    let perturbation = Perturbation::new(inserts, step, baseline)?;
    let ranking = given.ranking().map_err(value_error)?;
    let image = given.image().map_err(value_error)?;
    let sequence = perturbation
        .sequence(&image, &ranking)
        .map_err(value_error)?;
    let curve = sequence.curve(&scores).map_err(value_error)?;
    from_json(
        py,
        &serde_json::to_value(&curve).expect("plain data serialises"),
    )
}

/// The images of ROAD, [2 P, C, H, W].
#[pyfunction]
pub fn road_images<'py>(
    py: Python<'py>,
    image: PyReadonlyArray3<'py, f32>,
    map: PyReadonlyArray2<'py, f32>,
    percentiles: Vec<u8>,
    seed: u64,
) -> PyResult<Bound<'py, PyArray4<f32>>> {
    let given = ImageAndMap::new(&image, &map);
    if given.shape != given.map_shape {
        return Err(value_error(format!(
            "a map of {:?} for an image of {:?}: enlarge it first",
            given.map_shape, given.shape
        )));
    }
    let settings = RoadSettings {
        percentiles,
        seed,
        ..RoadSettings::default()
    };
    let images = py.detach(|| settings.images(&given.image()?, &given.map));
    given.array(py, images.map_err(value_error)?)
}

/// ROAD from the score of the image as it is and those of [`road_images`].
#[pyfunction]
pub fn road_result<'py>(
    py: Python<'py>,
    original: f64,
    scores: Vec<f64>,
    percentiles: Vec<u8>,
) -> PyResult<Bound<'py, PyAny>> {
    let settings = RoadSettings {
        percentiles,
        ..RoadSettings::default()
    };
    let result = settings.result(original, &scores).map_err(value_error)?;
    from_json(
        py,
        &serde_json::to_value(&result).expect("plain data serialises"),
    )
}
