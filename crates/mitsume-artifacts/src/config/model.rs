//! `[model]`.

use std::path::PathBuf;

use mitsume_levels::Level;
use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use crate::Result;

/// `[model]`: the classifier and its initial weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelConfig {
    /// `level1` to `level5`. Required.
    pub name: String,
    /// Dropout probability before the last layer. Default 0.5 for levels 2 to 4, 0.6 for level
    /// 5, 0 for level 1, which has no dropout.
    pub dropout: f64,
    /// Initial weights, `.safetensors` or `.pth`. Default: initialised from the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModelKeys {
    name: Option<String>,
    dropout: Option<f64>,
    init: Option<PathBuf>,
}

pub(super) fn resolve(raw: ModelKeys, source: ConfigSource) -> Result<ModelConfig> {
    let names = Level::names();
    let Some(name) = raw.name else {
        return Err(source.error("model.name", format!("missing; one of {names}")));
    };
    let Ok(level) = name.parse::<Level>() else {
        let problem = format!("\"{name}\" is no model that can be trained; one of {names}");
        return Err(source.error("model.name", problem));
    };
    let default = level.head().dropout;
    let dropout = raw.dropout.unwrap_or(default);
    if !(0.0..1.0).contains(&dropout) {
        let problem = format!("{dropout} is out of range; 0 (none) or more and below 1");
        return Err(source.error("model.dropout", problem));
    }
    if default == 0.0 && dropout != 0.0 {
        let problem = format!("{level} has no dropout; leave the key out");
        return Err(source.error("model.dropout", problem));
    }
    let init = raw
        .init
        .map(|path| source.absolute("model.init", &path))
        .transpose()?;
    Ok(ModelConfig {
        name,
        dropout,
        init,
    })
}
