//! The extension module `mitsume._mitsume`: arrays in, arrays out. The Python sources in
//! `python/mitsume` have the classes and functions that users call.
//!
//! `pyo3` and `numpy` are the bindings that maturin builds for the stable ABI, so that one wheel
//! serves every Python from 3.10 on.

mod arrays;
mod command;
mod onnx;
mod perturbation;
mod score;
mod streaming;
mod trust;

use pyo3::prelude::*;

#[pymodule]
fn _mitsume(module: &Bound<'_, PyModule>) -> PyResult<()> {
    mitsume_nn::limit_instruction_set().map_err(arrays::value_error)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("METHODS", onnx::method_names())?;
    module.add("PRESETS", onnx::presets())?;
    module.add_class::<streaming::Streaming>()?;
    module.add_class::<onnx::Onnx>()?;
    module.add_function(wrap_pyfunction!(command::run, module)?)?;
    module.add_function(wrap_pyfunction!(score::score, module)?)?;
    module.add_function(wrap_pyfunction!(trust::pointing, module)?)?;
    module.add_function(wrap_pyfunction!(trust::localisation, module)?)?;
    module.add_function(wrap_pyfunction!(trust::similarity, module)?)?;
    module.add_function(wrap_pyfunction!(trust::randomisation, module)?)?;
    module.add_function(wrap_pyfunction!(perturbation::perturbed_images, module)?)?;
    module.add_function(wrap_pyfunction!(perturbation::perturbation_curve, module)?)?;
    module.add_function(wrap_pyfunction!(perturbation::road_images, module)?)?;
    module.add_function(wrap_pyfunction!(perturbation::road_result, module)?)?;
    Ok(())
}
