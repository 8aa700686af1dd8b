//! Localisation and similarity of maps.

use crate::arrays::{from_json, value_error};
use mitsume::trust::RandomisationTest;
use numpy::{PyReadonlyArray2, PyReadonlyArray3};
use pyo3::prelude::*;
use serde::Serialize;

fn shape(array: &PyReadonlyArray2<'_, f32>) -> [usize; 2] {
    let (rows, columns) = array.as_array().dim();
    [rows, columns]
}

fn flat<T: numpy::Element + Copy>(array: &PyReadonlyArray2<'_, T>) -> Vec<T> {
    array.as_array().iter().copied().collect()
}

fn found<'py, T: Serialize>(
    py: Python<'py>,
    result: Result<T, mitsume::trust::TrustError>,
) -> PyResult<Bound<'py, PyAny>> {
    let result = result.map_err(value_error)?;
    from_json(
        py,
        &serde_json::to_value(&result).expect("plain data serialises"),
    )
}

/// The pointing game of one map [H, W] and mask [H, W].
#[pyfunction]
pub fn pointing<'py>(
    py: Python<'py>,
    map: PyReadonlyArray2<'py, f32>,
    mask: PyReadonlyArray2<'py, bool>,
    tolerance: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let (map, mask, shape) = (flat(&map), flat(&mask), shape(&map));
    let result = py.detach(|| mitsume::trust::pointing(&map, &mask, shape, tolerance));
    found(py, result)
}

/// Localisation of one map [H, W] on a mask [H, W].
#[pyfunction]
pub fn localisation<'py>(
    py: Python<'py>,
    map: PyReadonlyArray2<'py, f32>,
    mask: PyReadonlyArray2<'py, bool>,
    fraction: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let (map, mask, shape) = (flat(&map), flat(&mask), shape(&map));
    let result = py.detach(|| mitsume::trust::localisation(&map, &mask, shape, fraction));
    found(py, result)
}

/// Spearman's correlation and structural similarity of two maps [H, W].
#[pyfunction]
pub fn similarity<'py>(
    py: Python<'py>,
    a: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray2<'py, f32>,
) -> PyResult<Bound<'py, PyAny>> {
    if shape(&a) != shape(&b) {
        return Err(value_error(format!(
            "maps of shape {:?} and {:?}: the same is needed",
            shape(&a),
            shape(&b)
        )));
    }
    let (a, b, shape) = (flat(&a), flat(&b), shape(&a));
    let result = py.detach(|| mitsume::trust::similarity(&a, &b, shape));
    found(py, result)
}

/// The cascading randomisation test of maps [N, H, W], and [N, H, W] for each of the layers.
#[pyfunction]
pub fn randomisation<'py>(
    py: Python<'py>,
    original: PyReadonlyArray3<'py, f32>,
    stages: Vec<PyReadonlyArray3<'py, f32>>,
    layers: Vec<String>,
    seed: u64,
) -> PyResult<Bound<'py, PyAny>> {
    let (images, rows, columns) = original.as_array().dim();
    let maps = |array: &PyReadonlyArray3<'_, f32>| -> Vec<f32> {
        array.as_array().iter().copied().collect()
    };
    let original = maps(&original);
    let stages: Vec<Vec<f32>> = stages.iter().map(maps).collect();
    let result = py.detach(|| {
        let mut test = RandomisationTest::new(layers)?;
        let pixels = rows * columns;
        for image in 0..images {
            let part = image * pixels..(image + 1) * pixels;
            let of_image: Vec<&[f32]> = stages.iter().map(|maps| &maps[part.clone()]).collect();
            test.add(&original[part], &of_image, [rows, columns])?;
        }
        Ok(test.result(seed))
    });
    found(py, result)
}
