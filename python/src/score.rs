//! The metric on arrays.

use crate::arrays::{Indices, Maps, array_3, from_json, numbers, value_error, with_maps};
use mitsume::score::{
    ScoreArrays, ScoreMeasures, ScoreOptions, ScoreProblem, ScoredArrays, score_arrays,
};
use mitsume::{ClassMeans, Distance};
use ndarray::{ArrayView1, ArrayView3};
use numpy::PyArray3;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What to score, from a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Settings {
    /// K; None for one more than the largest index.
    classes: Option<usize>,
    /// Rows and columns of the common grid; None for no further measures.
    grid: Option<usize>,
    /// 0 for the measures of the grid alone.
    permutations: usize,
    normalise: bool,
    /// Of the deviations: "squared-l2" or "l2".
    distance: String,
}

/// Scores maps in memory.
#[pyfunction]
pub fn score<'py>(
    py: Python<'py>,
    cams: Maps<'py>,
    labels: Indices<'py>,
    predictions: Indices<'py>,
    settings: Settings,
) -> PyResult<Bound<'py, PyDict>> {
    let distance: Distance = settings.distance.parse().map_err(value_error)?;
    let permutations = settings.permutations;
    let measures = |grid| ScoreMeasures { grid, permutations };
    let options = ScoreOptions {
        normalise: settings.normalise,
        measures: settings.grid.map(measures),
    };
    let indices = (labels.as_array(), predictions.as_array());
    let scored = with_maps!(cams, view => {
        py.detach(|| score_views(view, indices, settings.classes, options))
    });
    result(py, &scored.map_err(value_error)?, distance)
}

fn score_views<T: Copy + Into<f64> + Send + Sync>(
    cams: ArrayView3<T>,
    (labels, predictions): (ArrayView1<i64>, ArrayView1<i64>),
    classes: Option<usize>,
    options: ScoreOptions,
) -> Result<ScoredArrays, ScoreProblem> {
    let arrays = ScoreArrays {
        cams: cams.view(),
        labels: labels.view(),
        predictions: predictions.view(),
    };
    score_arrays(arrays, classes, options)
}

fn result<'py>(
    py: Python<'py>,
    scored: &ScoredArrays,
    distance: Distance,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let json = serde_json::to_value(&scored.score).expect("plain data serialises");
    dict.set_item("score", from_json(py, &json)?)?;
    dict.set_item("mean_maps", mean_maps(py, &scored.means)?)?;
    let deviations = &scored.deviations;
    let deviations = deviations
        .iter()
        .map(|one| one.map(|one| one.get(distance)));
    dict.set_item("deviations", numbers(py, deviations))?;
    Ok(dict)
}

/// Class mean maps [K, h, w]; NaN for a class without a correct image.
pub fn mean_maps<'py>(py: Python<'py>, means: &ClassMeans) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let [h, w] = means.shape();
    let mut values = Vec::with_capacity(means.classes() * h * w);
    for class in 0..means.classes() {
        match means.mean(class) {
            Some(mean) => values.extend(mean),
            None => values.resize(values.len() + h * w, f64::NAN),
        }
    }
    array_3(py, values, [means.classes(), h, w])
}
