//! `environment.json`: enough to repeat a run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Action, ArtifactError, Result, atomic};

/// The version of a run's files. A column or a key that older programs pass over does not change it.
const FORMAT: u32 = 1;

/// The program, the machine and the data a run was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of the run's files; 1 in files that do not say.
    #[serde(default = "first_format", deserialize_with = "known_format")]
    pub format: u32,
    /// Version of this program.
    pub version: String,
    /// The command line, program name first.
    pub command: Vec<String>,
    /// The device computed on, as `--device` names it.
    pub device: String,
    /// The adapter behind it, where it has one: a graphics card's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// Threads used.
    pub threads: usize,
    /// Seed of initialisation, shuffling, augmentation and dropout.
    pub seed: u64,
    /// Operating system and architecture, `linux-x86_64`.
    pub platform: String,
    /// The processor.
    pub cpu: Cpu,
    /// The data sets, with what tells whether they are still the same.
    pub data: Vec<DataSetRecord>,
    /// SHA-256 of the initial weights file in hexadecimal, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_sha256: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// As the manufacturer names it; "unknown" where the machine does not tell.
    pub model: String,
    /// Logical cores the process may use.
    pub cores: usize,
    /// Instruction-set extensions that change how numbers are computed, sorted by name.
    pub features: Vec<String>,
}

/// One data set of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSetRecord {
    /// What it is used for: "train" or "valid".
    pub role: String,
    /// Folder or list it was read from; bytes that are no UTF-8 are replaced.
    pub root: String,
    /// Number of images.
    pub images: usize,
    /// Classes in label order.
    pub classes: Vec<String>,
    /// Digest over names and contents, in hexadecimal.
    pub fingerprint: String,
    /// Files that were not taken as images, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_files: BTreeMap<String, usize>,
    /// Images that equal a training image in their decoded grey pixels; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also_trained_on: Option<usize>,
}

impl Environment {
    /// The machine as found, and the given run on it.
    #[must_use]
    pub fn detect(version: &str, device: &str, threads: usize, seed: u64) -> Self {
        Self {
            format: FORMAT,
            version: version.to_owned(),
            command: std::env::args_os()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect(),
            device: device.to_owned(),
            adapter: None,
            threads,
            seed,
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: Cpu::detect(),
            data: Vec::new(),
            init_sha256: None,
        }
    }

    /// Reads `environment.json`.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and the key that is wrong.
    pub fn read(path: &Path) -> Result<Self> {
        read_json(path)
    }

    /// Writes `environment.json`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }
}

fn first_format() -> u32 {
    1
}

fn known_format<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<u32, D::Error> {
    let format = u32::deserialize(from)?;
    if (1..=FORMAT).contains(&format) {
        return Ok(format);
    }
    Err(D::Error::custom(format!(
        "{format}: files of a newer version of mitsume; this one reads up to {FORMAT}"
    )))
}

impl Cpu {
    /// The processor this runs on.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            model: model().unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            features: features(),
        }
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn model() -> Option<String> {
    let brand = raw_cpuid::CpuId::new().get_processor_brand_string()?;
    Some(brand.as_str().trim().to_owned())
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text
        .lines()
        .find(|line| line.to_lowercase().starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn features() -> Vec<String> {
    macro_rules! detected {
        ($($name:tt),*) => {
            [$(($name, std::arch::is_x86_feature_detected!($name))),*]
        };
    }
    let all = detected!(
        "avx",
        "avx2",
        "avx512bw",
        "avx512f",
        "avx512vl",
        "avx512vnni",
        "f16c",
        "fma",
        "sse4.1",
        "sse4.2"
    );
    all.iter()
        .filter(|(_, present)| *present)
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<String> {
    macro_rules! detected {
        ($($name:tt),*) => {
            [$(($name, std::arch::is_aarch64_feature_detected!($name))),*]
        };
    }
    let all = detected!("bf16", "dotprod", "fp16", "i8mm", "neon", "sve", "sve2");
    all.iter()
        .filter(|(_, present)| *present)
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<String> {
    Vec::new()
}

/// The largest JSON file that is read; an evaluation of 1,000 classes has 10 MB.
const MAX_JSON_BYTES: u64 = 256 << 20;

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let fail = |e| ArtifactError::io(Action::Read, path, e);
    let file = mitsume_guard::file::open(path, MAX_JSON_BYTES).map_err(fail)?;
    let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::new(file));
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let key = e.path().to_string();
        ArtifactError::malformed(path, format!("{key}: {}", e.into_inner()))
    })?;
    json.end()
        .map_err(|e| ArtifactError::malformed(path, e.to_string()))?;
    Ok(value)
}

pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    atomic::write_atomic_with(path, |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        std::io::Write::write_all(out, b"\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_named() {
        let cpu = Cpu::detect();
        assert!(!cpu.model.is_empty());
        assert!(cpu.cores >= 1);
        assert!(cpu.features.is_sorted());
    }

    #[test]
    fn an_environment_comes_back_equal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("environment.json");
        let mut environment = Environment::detect("0.1.0", "cpu", 2, u64::MAX);
        environment.data.push(DataSetRecord {
            role: "train".to_owned(),
            root: "/data/\"quoted\"".to_owned(),
            images: 3,
            classes: vec!["a".to_owned(), "b".to_owned()],
            fingerprint: "00ff".to_owned(),
            other_files: BTreeMap::from([("GIF".to_owned(), 2)]),
            also_trained_on: Some(1),
        });
        environment.write(&path).unwrap();
        assert_eq!(Environment::read(&path).unwrap(), environment);
    }

    #[test]
    fn files_of_an_older_version_are_read_and_of_a_newer_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("environment.json");
        let environment = Environment::detect("0.1.0", "cpu", 2, 0);
        let mut json = serde_json::to_value(&environment).unwrap();
        json.as_object_mut().unwrap().remove("format");
        write_json(&path, &json).unwrap();
        assert_eq!(Environment::read(&path).unwrap(), environment);
        json["format"] = (FORMAT + 1).into();
        write_json(&path, &json).unwrap();
        let error = Environment::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("environment.json: format: 2: files of a newer"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_value_is_named_by_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("environment.json");
        let environment = Environment::detect("0.1.0", "cpu", 2, 0);
        let mut json = serde_json::to_value(&environment).unwrap();
        json["cpu"]["cores"] = "many".into();
        std::fs::write(&path, json.to_string()).unwrap();
        let error = Environment::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("environment.json: cpu.cores: invalid type"),
            "{error}"
        );
        std::fs::write(&path, "{} {}").unwrap();
        assert!(Environment::read(&path).is_err());
    }
}
