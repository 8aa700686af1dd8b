//! The classes of a model: their names and the order of its logits.

use std::path::Path;

use mitsume_artifacts::{ModelSetting, ModelSettings, Override};
use mitsume_data::ImageFolder;
use mitsume_engine::ClassOrder;
use mitsume_guard::file::read_to_string;

use crate::args::ModelArgs;
use crate::failure::{Failure, Result};

/// The order of the classes: those of `--classes`, otherwise as `trained`, otherwise the folder's.
/// What is assumed or differs from training is added to `settings`.
///
/// - `model`: its file and number of outputs.
pub fn order(
    args: &ModelArgs,
    model: (&Path, usize),
    trained: Option<Vec<String>>,
    folder: Option<&ImageFolder>,
    settings: &mut ModelSettings,
) -> Result<ClassOrder> {
    let (path, outputs) = model;
    let names = class_names(args, outputs, path)?.or_else(|| trained.clone());
    if names.is_none() && folder.is_some() {
        settings.assumed.push(ModelSetting::Classes);
    }
    let order = ClassOrder::choose(path, outputs, names, folder)?;
    let changed = trained.and_then(|trained| class_override(trained, &order));
    settings.overrides.extend(changed);
    Ok(order)
}

/// An override if the classes are not those of training. Their order does not matter.
fn class_override(trained: Vec<String>, order: &ClassOrder) -> Option<Override> {
    let outputs = order.outputs().iter().map(|&output| &trained[output]);
    let same = order.names().iter().eq(outputs) && trained.len() == order.names().len();
    (!same).then(|| Override {
        key: ModelSetting::Classes,
        used: order.names().to_vec().into(),
        trained_with: trained.into(),
    })
}

/// The class names of `--classes`, one for each output.
pub fn class_names(args: &ModelArgs, outputs: usize, model: &Path) -> Result<Option<Vec<String>>> {
    let Some(file) = &args.classes else {
        return Ok(None);
    };
    let names = read_names(file)?;
    if names.len() != outputs {
        return Err(Failure::Request(format!(
            "--classes {}: {} names, but {} has {outputs} classes",
            file.display(),
            names.len(),
            model.display()
        )));
    }
    Ok(Some(names))
}

/// Reads class names, one per line.
fn read_names(path: &Path) -> Result<Vec<String>> {
    const MAX_BYTES: u64 = 1 << 24;
    let about =
        |problem: String| Failure::Request(format!("--classes {}: {problem}", path.display()));
    let text = read_to_string(path, MAX_BYTES).map_err(|error| about(error.to_string()))?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    match names.iter().position(String::is_empty) {
        Some(line) => Err(about(format!("line {} is empty", line + 1))),
        None => Ok(names),
    }
}
