//! The metric of maps that come batch by batch.

use crate::arrays::{Indices, Maps, from_json, value_error, with_maps};
use crate::score::mean_maps;
use mitsume::score::{ScoreArrays, StreamingScore};
use numpy::{PyArray1, PyArray3, PyReadonlyArray1};
use pyo3::prelude::*;

/// Sums of the maps so far; memory does not grow with their number.
#[pyclass(module = "mitsume._mitsume")]
pub struct Streaming(StreamingScore);

#[pymethods]
impl Streaming {
    #[new]
    #[pyo3(signature = (classes, *, grid, normalise))]
    fn new(classes: usize, grid: usize, normalise: bool) -> PyResult<Self> {
        let score = StreamingScore::new(classes, grid, normalise);
        Ok(Self(score.map_err(value_error)?))
    }

    /// Adds a batch; on an error nothing is added.
    fn update<'py>(
        &mut self,
        py: Python<'py>,
        cams: Maps<'py>,
        labels: Indices<'py>,
        predictions: Indices<'py>,
    ) -> PyResult<()> {
        let (labels, predictions) = (labels.as_array(), predictions.as_array());
        let score = &mut self.0;
        with_maps!(cams, view => py.detach(|| score.update(ScoreArrays {
            cams: view,
            labels,
            predictions,
        })))
        .map_err(value_error)
    }

    /// Adds the images of another.
    fn merge(&mut self, other: PyRef<'_, Self>) -> PyResult<()> {
        self.0.merge(&other.0).map_err(value_error)
    }

    /// The score so far; None before the first map.
    fn score<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(score) = self.0.score() else {
            return Ok(None);
        };
        let json = serde_json::to_value(&score).expect("plain data serialises");
        from_json(py, &json).map(Some)
    }

    /// Class mean maps [K, h, w]; None before the first map.
    fn mean_maps<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray3<f64>>>> {
        self.0.means().map(|means| mean_maps(py, means)).transpose()
    }

    /// Images so far.
    fn images(&self) -> u64 {
        self.0.images()
    }

    /// All that is kept, as numbers.
    fn state<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_vec(py, self.0.state())
    }

    /// From `state`.
    #[staticmethod]
    fn from_state(state: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let state = state.as_slice()?;
        Ok(Self(
            StreamingScore::from_state(state).map_err(value_error)?,
        ))
    }
}
