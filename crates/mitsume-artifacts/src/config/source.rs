//! Checks of configuration values; errors name the file and the dotted key.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Value;

use crate::{ArtifactError, Result};

/// The file of a configuration, for errors.
#[derive(Clone, Copy)]
pub(super) struct ConfigSource<'a>(pub(super) &'a Path);

impl ConfigSource<'_> {
    pub(super) fn error(self, key: &str, problem: impl Into<String>) -> ArtifactError {
        ArtifactError::Config {
            path: self.0.to_owned(),
            key: key.to_owned(),
            problem: problem.into(),
        }
    }

    /// Deserialises a value; a wrong type is reported by its dotted key below `section`.
    pub(super) fn typed<T: DeserializeOwned>(self, value: Value, section: &str) -> Result<T> {
        serde_path_to_error::deserialize(value).map_err(|e| {
            let inner = e.path().to_string();
            let key = if section.is_empty() {
                inner
            } else {
                format!("{section}.{inner}")
            };
            self.error(&key, e.into_inner().message())
        })
    }

    pub(super) fn range<T>(self, key: &str, value: T, range: RangeInclusive<T>) -> Result<T>
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
        Err(self.error(key, problem))
    }

    pub(super) fn interval(
        self,
        key: &str,
        [low, high]: [f64; 2],
        largest: f64,
    ) -> Result<[f64; 2]> {
        if low > 0.0 && low <= high && high <= largest {
            return Ok([low, high]);
        }
        let problem = format!("[{low}, {high}] is no interval; above 0, rising, up to {largest}");
        Err(self.error(key, problem))
    }

    pub(super) fn path(self, key: &str, path: Option<PathBuf>, what: &str) -> Result<PathBuf> {
        match path {
            Some(path) => self.absolute(key, &path),
            None => Err(self.error(key, format!("missing; name {what}"))),
        }
    }

    pub(super) fn absolute(self, key: &str, path: &Path) -> Result<PathBuf> {
        std::path::absolute(path)
            .map_err(|e| self.error(key, format!("\"{}\" is no path: {e}", path.display())))
    }
}
