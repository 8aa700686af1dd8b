//! The title of the page: data set and model.

use std::collections::BTreeSet;
use std::path::Path;

use mitsume_locale::{Language, text};

use super::{listed, model};
use crate::entries::Entry;

/// With more data sets or models, they are counted.
const MAX_NAMES: usize = 3;

/// Data sets and models, such as "brain: level2".
pub(crate) fn title(entries: &[Entry], language: Language) -> String {
    let data: BTreeSet<String> = entries.iter().map(data_set).collect();
    let models: BTreeSet<&str> = entries.iter().map(model).collect();
    let data: Vec<&str> = data.iter().map(|name| &name[..]).collect();
    let models: Vec<&str> = models.into_iter().collect();
    let data = match data.len() {
        ..=MAX_NAMES => listed(&data, language),
        count => text!(language, "findings-data-sets", count = count),
    };
    let models = match models.len() {
        ..=MAX_NAMES => listed(&models, language),
        count => text!(language, "findings-models", count = count),
    };
    text!(language, "findings-title", data = data, model = models)
}

/// The data set's name: of a run as configured; of an evaluation its folder's name, preceded by the
/// parent's name if the folder is a split such as "test".
pub(super) fn data_set(entry: &Entry) -> String {
    if let Some(run) = &entry.run {
        return run.config.data.title();
    }
    let root = entry.evaluation.as_ref().map(|e| e.summary.data.named());
    let root = root.unwrap_or_default();
    let path = Path::new(root);
    let name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    let Some(own) = name(path) else {
        return root.to_owned();
    };
    let part = [
        "test",
        "testing",
        "train",
        "training",
        "valid",
        "validation",
        "val",
    ];
    match path.parent().and_then(name) {
        Some(around) if part.contains(&&*own.to_lowercase()) => format!("{around}/{own}"),
        _ => own,
    }
}
