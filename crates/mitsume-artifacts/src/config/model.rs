//! `[model]`.

use std::path::{Path, PathBuf};

use mitsume_levels::Level;
use serde::{Deserialize, Serialize};

use super::source::ConfigSource;
use crate::Result;

/// `[model]`: the classifier and its initial weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelConfig {
    /// `level1` to `level5`, or the path of an ONNX file. Required.
    pub name: String,
    /// Dropout probability before the last layer of a level. Default 0.5 for levels 2 to 4, 0.6 for
    /// level 5; level 1 has none, so 0. An ONNX file has its own, so 0 too.
    pub dropout: f64,
    /// Weights to start from: of a level `.safetensors` or `.pth`, by default initialised from the
    /// seed; of an ONNX file a `.safetensors` state dict, by default the file's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// ONNX: the hooked layer, by node, value or module name. Default: the last with a spatial map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_layer: Option<String>,
    /// ONNX: the layers whose maps are in the consistency loss, which is the mean over them. Default: the
    /// target layer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loss_layers: Vec<String>,
    /// ONNX: rows and columns of the hooked layer's tokens, where they cannot be inferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_grid: Option<[usize; 2]>,
    /// ONNX: a new last linear layer for the data's classes, initialised from the seed. Default
    /// false: the file's, which must have as many outputs as there are classes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub new_head: bool,
    /// ONNX: parameters that are not trained, by the beginnings of their names. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
}

/// The keys of the section in the file.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ModelKeys {
    name: Option<String>,
    dropout: Option<f64>,
    init: Option<PathBuf>,
    target_layer: Option<String>,
    loss_layers: Vec<String>,
    token_grid: Option<[usize; 2]>,
    new_head: bool,
    freeze: Vec<String>,
}

impl ModelConfig {
    /// The level, if it is one.
    pub fn level(&self) -> Option<Level> {
        self.name.parse().ok()
    }

    /// What tables and figures call it: the level, or the ONNX file's name without its folder.
    pub fn title(&self) -> &str {
        let file = Path::new(&self.name).file_name();
        file.and_then(|name| name.to_str()).unwrap_or(&self.name)
    }
}

impl ModelKeys {
    /// Channels of its images: 3 for an ONNX file, else 1.
    pub(super) fn default_channels(&self) -> u64 {
        match self.name.as_deref().is_some_and(is_onnx) {
            true => 3,
            false => 1,
        }
    }
}

fn is_onnx(name: &str) -> bool {
    let ending = Path::new(name).extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
}

pub(super) fn resolve(keys: ModelKeys, source: ConfigSource) -> Result<ModelConfig> {
    let names = Level::names();
    let Some(name) = &keys.name else {
        let problem = format!("missing; one of {names}, or a file ending in .onnx");
        return Err(source.error("model.name", problem));
    };
    let init = keys.init.as_deref();
    let init = init.map(|path| source.absolute("model.init", path));
    let init = init.transpose()?;
    if let Ok(level) = name.parse::<Level>() {
        return resolve_level(level, &keys, init, source);
    }
    if !is_onnx(name) {
        let problem = format!(
            "\"{name}\" is no model that can be trained; one of {names}, or a file ending in .onnx"
        );
        return Err(source.error("model.name", problem));
    }
    if keys.dropout.is_some_and(|dropout| dropout != 0.0) {
        let problem = "an ONNX file has its own dropout; leave the key out";
        return Err(source.error("model.dropout", problem));
    }
    if keys.token_grid.is_some_and(|grid| grid.contains(&0)) {
        return Err(source.error("model.token_grid", "rows and columns are 1 or more"));
    }
    if keys.loss_layers.iter().any(String::is_empty) {
        let problem = "an empty name is no layer; name layers, such as \"layer3\"";
        return Err(source.error("model.loss_layers", problem));
    }
    if keys.freeze.iter().any(String::is_empty) {
        let problem = "an empty name is the beginning of all; name layers, such as \"layer1.\"";
        return Err(source.error("model.freeze", problem));
    }
    let path = source.absolute("model.name", Path::new(name))?;
    let Some(path) = path.to_str() else {
        return Err(source.error("model.name", "the path is no UTF-8"));
    };
    Ok(ModelConfig {
        name: path.to_owned(),
        dropout: 0.0,
        init,
        target_layer: keys.target_layer,
        loss_layers: keys.loss_layers,
        token_grid: keys.token_grid,
        new_head: keys.new_head,
        freeze: keys.freeze,
    })
}

fn resolve_level(
    level: Level,
    keys: &ModelKeys,
    init: Option<PathBuf>,
    source: ConfigSource,
) -> Result<ModelConfig> {
    let onnx_keys = [
        ("model.target_layer", keys.target_layer.is_some()),
        ("model.loss_layers", !keys.loss_layers.is_empty()),
        ("model.token_grid", keys.token_grid.is_some()),
        ("model.new_head", keys.new_head),
        ("model.freeze", !keys.freeze.is_empty()),
    ];
    if let Some((key, _)) = onnx_keys.iter().find(|(_, given)| *given) {
        return Err(source.error(key, format!("is for ONNX files; {level} has none")));
    }
    let default = level.head().dropout;
    let dropout = keys.dropout.unwrap_or(default);
    if !(0.0..1.0).contains(&dropout) {
        let problem = format!("{dropout} is out of range; 0 (none) or more and below 1");
        return Err(source.error("model.dropout", problem));
    }
    if default == 0.0 && dropout != 0.0 {
        let problem = format!("{level} has no dropout; leave the key out");
        return Err(source.error("model.dropout", problem));
    }
    Ok(ModelConfig {
        name: level.to_string(),
        dropout,
        init,
        target_layer: None,
        loss_layers: Vec::new(),
        token_grid: None,
        new_head: false,
        freeze: Vec::new(),
    })
}
