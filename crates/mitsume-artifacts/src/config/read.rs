//! From parsed TOML to a [`RunConfig`]: types, defaults, presets, ranges.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use mitsume::methods::Method;
use mitsume::{AlphaGradient, CamLossSettings, Distance, EmaMaps, Preset, Reference};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    Augment, ConsistencyConfig, DataConfig, EvaluationConfig, ModelConfig, PlateauConfig,
    RunConfig, TrainConfig,
};
use crate::{ArtifactError, Result};

const DEFAULT_CACHE: u64 = 2 << 30;
const NAMES: [&str; 5] = ["level1", "level2", "level3", "level4", "level5"];

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    data: RawData,
    model: RawModel,
    train: RawTrain,
    consistency: RawConsistency,
    evaluation: RawEvaluation,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawData {
    name: Option<String>,
    train: Option<PathBuf>,
    valid: Option<PathBuf>,
    train_per_class: Option<u64>,
    valid_per_class: Option<u64>,
    image_size: Option<u64>,
    channels: Option<u64>,
    cache: Option<Value>,
    augment: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawAugment {
    horizontal_flip: Option<f64>,
    resized_crop_scale: Option<[f64; 2]>,
    resized_crop_ratio: Option<[f64; 2]>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawModel {
    name: Option<String>,
    dropout: Option<f64>,
    init: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawTrain {
    epochs: Option<u64>,
    batch_size: Option<u64>,
    learning_rate: Option<f64>,
    seed: Option<u64>,
    shuffle: Option<bool>,
    plateau: RawPlateau,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawPlateau {
    factor: Option<f64>,
    patience: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawConsistency {
    preset: Option<Preset>,
    lambda_max: Option<f64>,
    t0: Option<u64>,
    t1: Option<u64>,
    method: Option<String>,
    distance: Option<Distance>,
    reference: Option<Reference>,
    ema_decay: Option<f64>,
    alpha: Option<AlphaGradient>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawEvaluation {
    measures: Option<bool>,
    grid: Option<u64>,
}

/// Where a configuration came from, for errors.
#[derive(Clone, Copy)]
struct ConfigSource<'a>(&'a Path);

pub(super) fn resolve(table: Table, path: &Path) -> Result<RunConfig> {
    let origin = ConfigSource(path);
    let raw: Raw = origin.typed(Value::Table(table), "")?;
    let config = RunConfig {
        data: data(raw.data, origin)?,
        model: model(raw.model, origin)?,
        train: train(&raw.train, origin)?,
        consistency: consistency(&raw.consistency, origin)?,
        evaluation: evaluation(&raw.evaluation, origin)?,
    };
    // Level 1 has a max-pool before its global average pool, level 2 a ReLU.
    let is_gap_linear = !["level1", "level2"].contains(&config.model.name.as_str());
    let fits = config.consistency.method.check_head(is_gap_linear);
    fits.map_err(|error| origin.wrong("consistency.method", error.to_string()))?;
    Ok(config)
}

fn data(raw: RawData, origin: ConfigSource) -> Result<DataConfig> {
    let channels = origin.range("data.channels", raw.channels.unwrap_or(1), 1..=3)?;
    if channels == 2 {
        return Err(origin.wrong("data.channels", "2 is neither 1 (grey) nor 3 (RGB)"));
    }
    let per_class = |key: &str, value: Option<u64>| {
        let checked = value.map(|value| origin.range(key, value, 1..=u64::from(u32::MAX)));
        Ok::<_, ArtifactError>(checked.transpose()?.map(|value| value as usize))
    };
    Ok(DataConfig {
        name: raw.name,
        train: origin.path("data.train", raw.train, "the folder of training images")?,
        valid: origin.path("data.valid", raw.valid, "the folder of validation images")?,
        train_per_class: per_class("data.train_per_class", raw.train_per_class)?,
        valid_per_class: per_class("data.valid_per_class", raw.valid_per_class)?,
        image_size: origin.range("data.image_size", raw.image_size.unwrap_or(224), 16..=4096)?
            as usize,
        channels: channels as usize,
        cache: cache(raw.cache, origin)?,
        augment: augment(raw.augment, origin)?,
    })
}

fn evaluation(raw: &RawEvaluation, origin: ConfigSource) -> Result<EvaluationConfig> {
    let grid = raw.grid.unwrap_or(mitsume::measures::DEFAULT_GRID as u64);
    Ok(EvaluationConfig {
        measures: raw.measures.unwrap_or(true),
        grid: origin.range("evaluation.grid", grid, 1..=64)? as usize,
    })
}

fn cache(value: Option<Value>, origin: ConfigSource) -> Result<u64> {
    let problem = match value {
        None => return Ok(DEFAULT_CACHE),
        Some(Value::Integer(bytes)) => match u64::try_from(bytes) {
            Ok(bytes) => return Ok(bytes),
            Err(_) => format!("{bytes} is negative"),
        },
        // Sizes beyond the largest TOML integer could not be written back.
        Some(Value::String(text)) => match text.parse::<bytesize::ByteSize>() {
            Ok(size) if i64::try_from(size.as_u64()).is_ok() => return Ok(size.as_u64()),
            _ => format!("\"{text}\" is no size"),
        },
        Some(other) => format!("{other} is no size"),
    };
    let problem = format!("{problem}; write \"2GiB\", \"500MB\" or a number of bytes");
    Err(origin.wrong("data.cache", problem))
}

fn augment(value: Option<Value>, origin: ConfigSource) -> Result<Option<Augment>> {
    let raw = match value {
        None | Some(Value::Boolean(true)) => RawAugment::default(),
        Some(Value::Boolean(false)) => return Ok(None),
        Some(table @ Value::Table(_)) => origin.typed(table, "data.augment")?,
        Some(other) => {
            let problem = format!("{other} is neither false nor a [data.augment] section");
            return Err(origin.wrong("data.augment", problem));
        }
    };
    let default = Augment::default();
    let flip = raw.horizontal_flip.unwrap_or(default.horizontal_flip);
    let [scale, ratio] =
        ["resized_crop_scale", "resized_crop_ratio"].map(|k| format!("data.augment.{k}"));
    Ok(Some(Augment {
        horizontal_flip: origin.range("data.augment.horizontal_flip", flip, 0.0..=1.0)?,
        resized_crop_scale: origin.interval(
            &scale,
            raw.resized_crop_scale.unwrap_or(default.resized_crop_scale),
            1.0,
        )?,
        resized_crop_ratio: origin.interval(
            &ratio,
            raw.resized_crop_ratio.unwrap_or(default.resized_crop_ratio),
            100.0,
        )?,
    }))
}

fn model(raw: RawModel, origin: ConfigSource) -> Result<ModelConfig> {
    let names = NAMES.join(", ");
    let Some(name) = raw.name else {
        return Err(origin.wrong("model.name", format!("missing; one of {names}")));
    };
    let default = match name.as_str() {
        "level1" => 0.0,
        "level2" | "level3" | "level4" => 0.5,
        "level5" => 0.6,
        _ => {
            let problem = format!("\"{name}\" is no model that can be trained; one of {names}");
            return Err(origin.wrong("model.name", problem));
        }
    };
    let dropout = raw.dropout.unwrap_or(default);
    if !(0.0..1.0).contains(&dropout) {
        let problem = format!("{dropout} is out of range; 0 (none) or more and below 1");
        return Err(origin.wrong("model.dropout", problem));
    }
    if name == "level1" && dropout != 0.0 {
        return Err(origin.wrong("model.dropout", "level1 has no dropout; leave the key out"));
    }
    let init = raw
        .init
        .map(|path| origin.absolute("model.init", &path))
        .transpose()?;
    Ok(ModelConfig {
        name,
        dropout,
        init,
    })
}

fn train(raw: &RawTrain, origin: ConfigSource) -> Result<TrainConfig> {
    let batch_size = raw.batch_size.unwrap_or(32);
    let patience = raw.plateau.patience.unwrap_or(5);
    let factor = raw.plateau.factor.unwrap_or(0.1);
    if !(factor > 0.0 && factor < 1.0) {
        let problem = format!("{factor} is out of range; above 0 and below 1");
        return Err(origin.wrong("train.plateau.factor", problem));
    }
    Ok(TrainConfig {
        epochs: origin.range("train.epochs", raw.epochs.unwrap_or(20), 1..=1_000_000)?,
        batch_size: origin.range("train.batch_size", batch_size, 1..=65_536)? as usize,
        learning_rate: origin.range(
            "train.learning_rate",
            raw.learning_rate.unwrap_or(1e-4),
            1e-12..=1e3,
        )?,
        seed: raw.seed.unwrap_or(0),
        shuffle: raw.shuffle.unwrap_or(true),
        plateau: PlateauConfig {
            factor,
            patience: origin.range("train.plateau.patience", patience, 0..=1_000_000)?,
        },
    })
}

fn consistency(raw: &RawConsistency, origin: ConfigSource) -> Result<ConsistencyConfig> {
    let preset = raw.preset.unwrap_or(Preset::Thesis);
    let CamLossSettings {
        method,
        distance,
        reference,
        alpha,
    } = preset.settings();
    let (t0, t1) = (raw.t0.unwrap_or(2), raw.t1.unwrap_or(10));
    if t0 > t1 {
        let problem = format!("{t0} is above consistency.t1 = {t1}; lambda rises from t0 to t1");
        return Err(origin.wrong("consistency.t0", problem));
    }
    let ema_decay = raw.ema_decay.unwrap_or(EmaMaps::DEFAULT_DECAY);
    if EmaMaps::check_decay(ema_decay).is_err() {
        let problem = format!("{ema_decay} is out of range; 0 or more and below 1");
        return Err(origin.wrong("consistency.ema_decay", problem));
    }
    let lambda_max = raw.lambda_max.unwrap_or(0.0);
    let named = raw.method.as_deref().map(|name| self::method(name, origin));
    Ok(ConsistencyConfig {
        preset,
        lambda_max: origin.range("consistency.lambda_max", lambda_max, -1e9..=1e9)?,
        t0,
        t1: origin.range("consistency.t1", t1, 1..=1_000_000)?,
        method: named.transpose()?.unwrap_or(method),
        distance: raw.distance.unwrap_or(distance),
        reference: raw.reference.unwrap_or(reference),
        ema_decay,
        alpha: raw.alpha.unwrap_or(alpha),
    })
}

/// A method that can be trained, by name.
fn method(name: &str, origin: ConfigSource) -> Result<Method> {
    let method = name.parse::<Method>().map_err(|_| {
        let known = Method::differentiable_names();
        format!("\"{name}\" is no method of maps; one of {known}")
    });
    let checked = method.and_then(|method| {
        let checked = method.check_differentiable();
        checked.map(|()| method).map_err(|error| error.to_string())
    });
    checked.map_err(|problem| origin.wrong("consistency.method", problem))
}

impl ConfigSource<'_> {
    fn wrong(self, key: &str, problem: impl Into<String>) -> ArtifactError {
        ArtifactError::Config {
            path: self.0.to_owned(),
            key: key.to_owned(),
            problem: problem.into(),
        }
    }

    /// Deserialises a value; a wrong type is reported by its dotted key below `section`.
    fn typed<T: DeserializeOwned>(self, value: Value, section: &str) -> Result<T> {
        serde_path_to_error::deserialize(value).map_err(|e| {
            let inner = e.path().to_string();
            let key = if section.is_empty() {
                inner
            } else {
                format!("{section}.{inner}")
            };
            self.wrong(&key, e.into_inner().message())
        })
    }

    fn range<T>(self, key: &str, value: T, range: RangeInclusive<T>) -> Result<T>
    where
        T: PartialOrd + Display,
    {
        if range.contains(&value) {
            return Ok(value);
        }
        let problem = format!(
            "{value} is out of range; {} to {}",
            range.start(),
            range.end()
        );
        Err(self.wrong(key, problem))
    }

    fn interval(self, key: &str, [low, high]: [f64; 2], largest: f64) -> Result<[f64; 2]> {
        if low > 0.0 && low <= high && high <= largest {
            return Ok([low, high]);
        }
        let problem = format!("[{low}, {high}] is no interval; above 0, rising, up to {largest}");
        Err(self.wrong(key, problem))
    }

    fn path(self, key: &str, path: Option<PathBuf>, what: &str) -> Result<PathBuf> {
        match path {
            Some(path) => self.absolute(key, &path),
            None => Err(self.wrong(key, format!("missing; name {what}"))),
        }
    }

    fn absolute(self, key: &str, path: &Path) -> Result<PathBuf> {
        std::path::absolute(path)
            .map_err(|e| self.wrong(key, format!("\"{}\" is no path: {e}", path.display())))
    }
}
