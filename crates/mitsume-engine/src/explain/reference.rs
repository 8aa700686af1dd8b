//! The class mean maps that explained images are compared with.

use std::path::Path;

use mitsume_artifacts::{EvaluationDir, Maps, RunDir};

use super::{ExplainOptions, ExplainTarget};
use crate::maps::MapOptions;
use crate::{EngineError, Result};

/// Opens the maps of an evaluation, or of a run's own evaluation.
///
/// # Errors
/// Maps of another size or method, of other classes, or all of a class that is not the target.
pub(super) fn open_reference(path: &Path, options: &ExplainOptions<'_>) -> Result<Maps> {
    let run = RunDir::new(path);
    let dir = if run.is_run() {
        EvaluationDir::new(run.evaluation())
    } else {
        EvaluationDir::new(path)
    };
    let (model, classes, maps) = if options.is_multi_label {
        let (summary, _) = dir.read_multi_label()?;
        (
            summary.model,
            summary.data.classes,
            Maps::open(&dir.maps_path())?,
        )
    } else {
        let summary = dir.summary()?;
        (
            summary.model,
            summary.data.classes,
            Maps::open(&dir.maps_path())?,
        )
    };
    let cam = options.network.cam_size(options.size());
    if maps.cam_size() != cam {
        return Err(EngineError::Request(format!(
            "{}: its maps are {:?}, this model's {cam:?}: use the reference of the same model and \
             --image-size",
            path.display(),
            maps.cam_size()
        )));
    }
    let made = MapOptions {
        method: model.method,
        flip: model.flip,
    };
    if made != options.maps {
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
    if classes != options.classes {
        return Err(EngineError::Request(format!(
            "{}: its classes are {}, this model's {}",
            path.display(),
            classes.join(", "),
            options.classes.join(", ")
        )));
    }
    if let Some(explained) = model.explain.class() {
        let target = match options.target {
            ExplainTarget::Class(class) => Some(options.classes[class].as_str()),
            ExplainTarget::Predicted => None,
        };
        if target != Some(explained) {
            return Err(EngineError::Request(format!(
                "{}: all its maps are of {explained} (--explain): take --class {explained}, or an \
                 evaluation without --explain",
                path.display(),
            )));
        }
    }
    Ok(maps)
}
