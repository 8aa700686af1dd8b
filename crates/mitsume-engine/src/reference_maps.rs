//! The class mean maps that the maps of single images are compared with.

use std::path::Path;

use mitsume::Deviation;
use mitsume_artifacts::{EvaluationDir, Maps, RunDir};

use crate::explain::ExplainTarget;
use crate::maps::MapOptions;
use crate::{EngineError, Result};

/// How the maps are made that are compared with a reference.
pub(crate) struct ComparedMaps<'a> {
    /// Rows and columns.
    pub cam: [usize; 2],
    pub options: MapOptions,
    /// Class names in the order of the logits.
    pub classes: &'a [String],
    /// Which class's map is made of each image.
    pub target: ExplainTarget,
    /// Whether the outputs are findings that do not exclude each other.
    pub is_multi_label: bool,
}

/// Opens the maps of an evaluation, or of a run's own evaluation.
///
/// # Errors
/// Maps of another size, method or other classes than those of `compared`, or all of a class that
/// is not its target.
pub(crate) fn open_reference(path: &Path, compared: &ComparedMaps<'_>) -> Result<Maps> {
    let run = RunDir::new(path);
    let dir = if run.is_run() {
        EvaluationDir::new(run.evaluation())
    } else {
        EvaluationDir::new(path)
    };
    let (model, classes) = if compared.is_multi_label {
        let (summary, _) = dir.read_multi_label()?;
        (summary.model, summary.data.classes)
    } else {
        let summary = dir.summary()?;
        (summary.model, summary.data.classes)
    };
    let maps = Maps::open(&dir.maps_path())?;
    if maps.cam_size() != compared.cam {
        return Err(EngineError::Request(format!(
            "{}: its maps are {:?}, this model's {:?}: use the reference of the same model and \
             --image-size",
            path.display(),
            maps.cam_size(),
            compared.cam
        )));
    }
    let made = MapOptions {
        method: model.method,
        flip: model.flip,
    };
    if made != compared.options {
        return Err(EngineError::Request(format!(
            "{0}: its maps are made with {1}{2}: compare with --method {1}{3}",
            path.display(),
            made.method,
            if made.flip { " and flip smoothing" } else { "" },
            if made.flip {
                " --flip"
            } else {
                ", without --flip"
            },
        )));
    }
    if classes != compared.classes {
        return Err(EngineError::Request(format!(
            "{}: its classes are {}, this model's {}",
            path.display(),
            classes.join(", "),
            compared.classes.join(", ")
        )));
    }
    if let Some(explained) = model.explain.class() {
        refuse_other_target(path, explained, compared)?;
    }
    Ok(maps)
}

/// The deviation of a map from a class mean map of a reference, both [h * w].
pub(crate) fn deviation_from(mean: &[f32], map: &[f32]) -> Result<Deviation> {
    let mean: Vec<f64> = mean.iter().map(|value| f64::from(*value)).collect();
    let deviation = Deviation::between(map, &mean);
    deviation.map_err(|error| EngineError::Failed(error.to_string()))
}

/// An error unless the target is `explained`, the class of all maps in `path`.
fn refuse_other_target(path: &Path, explained: &str, compared: &ComparedMaps<'_>) -> Result<()> {
    let target = match compared.target {
        ExplainTarget::Class(class) => Some(compared.classes[class].as_str()),
        ExplainTarget::Predicted => None,
    };
    if target == Some(explained) {
        return Ok(());
    }
    Err(EngineError::Request(format!(
        "{}: all its maps are of {explained} (--explain): take --class {explained}, or an \
         evaluation without --explain",
        path.display(),
    )))
}
