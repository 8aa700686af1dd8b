//! Numbers between Python and Rust.

use numpy::{PyArray1, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray3};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;

/// Class activation maps [N, h, w], float32 or float64, of any strides.
#[derive(FromPyObject)]
pub enum Maps<'py> {
    #[pyo3(transparent)]
    Single(PyReadonlyArray3<'py, f32>),
    #[pyo3(transparent)]
    Double(PyReadonlyArray3<'py, f64>),
}

/// Runs `$body` with `$view` as a view of the maps, whatever their type.
macro_rules! with_maps {
    ($maps:expr, $view:ident => $body:expr) => {
        match &$maps {
            $crate::arrays::Maps::Single(array) => {
                let $view = array.as_array();
                $body
            }
            $crate::arrays::Maps::Double(array) => {
                let $view = array.as_array();
                $body
            }
        }
    };
}
pub(crate) use with_maps;

/// Class indices `[N]`.
pub type Indices<'py> = PyReadonlyArray1<'py, i64>;

/// An error of the library as `ValueError`.
pub fn value_error(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// An array of numbers, NaN where there is none.
pub fn numbers<'py>(
    py: Python<'py>,
    values: impl Iterator<Item = Option<f64>>,
) -> Bound<'py, PyArray1<f64>> {
    let values = values.map(|value| value.unwrap_or(f64::NAN));
    PyArray1::from_vec(py, values.collect())
}

/// An array [count, rows, columns].
pub fn array_3<'py, T: numpy::Element>(
    py: Python<'py>,
    values: Vec<T>,
    shape: [usize; 3],
) -> PyResult<Bound<'py, PyArray3<T>>> {
    PyArray1::from_vec(py, values).reshape(shape)
}

/// A JSON value as Python objects.
pub fn from_json<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(value) => match value.as_i64() {
            Some(whole) => whole.into_pyobject(py)?.into_any(),
            None => value.as_f64().into_pyobject(py)?,
        },
        Value::String(value) => value.into_pyobject(py)?.into_any(),
        Value::Array(values) => {
            let values: PyResult<Vec<_>> =
                values.iter().map(|value| from_json(py, value)).collect();
            values?.into_pyobject(py)?
        }
        Value::Object(values) => {
            let dict = PyDict::new(py);
            for (key, value) in values {
                dict.set_item(key, from_json(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
