//! `environment.json`: what is needed to repeat a run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Action, ArtifactError, Result, atomic};

/// Version of the file formats of a run. New columns or keys that older programs ignore do not
/// change it.
const FORMAT: u32 = 1;

/// The program, the machine and the data a run was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of the file formats; 1 if the file does not give it.
    #[serde(default = "default_format", deserialize_with = "supported_format")]
    pub format: u32,
    /// Version of this program.
    pub version: String,
    /// The command line, program name first.
    pub command: Vec<String>,
    /// The device, as given to `--device`.
    pub device: String,
    /// Name of the graphics card, if the device is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// Number of threads.
    pub threads: usize,
    /// Seed of initialisation, shuffling, augmentation and dropout.
    pub seed: u64,
    /// Operating system and architecture, `linux-x86_64`.
    pub platform: String,
    /// The processor.
    pub cpu: Cpu,
    /// The data sets, with fingerprints that show whether they changed.
    pub data: Vec<DataSetRecord>,
    /// SHA-256 of the initial weights file in hexadecimal, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_sha256: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// Name by the manufacturer; "unknown" if the machine does not report it.
    pub model: String,
    /// Number of logical cores the process may use.
    pub cores: usize,
    /// Instruction-set extensions that affect results, sorted by name.
    pub features: Vec<String>,
    /// The instruction set that the CPU kernels ran on (`avx512`); files of older versions do not
    /// say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernels: Option<String>,
}

/// One data set of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSetRecord {
    /// Its use: "train" or "valid".
    pub role: String,
    /// Folder or list of images; bytes that are not UTF-8 are replaced.
    pub root: String,
    /// Number of images.
    pub images: usize,
    /// Classes in label order.
    pub classes: Vec<String>,
    /// Hash of names and contents, in hexadecimal.
    pub fingerprint: String,
    /// Number of files that are not used as images, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other_files: BTreeMap<String, usize>,
    /// Number of images with the same decoded grey pixels as a training image; `None` if not
    /// checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also_trained_on: Option<usize>,
    /// Number of images of patients who have training images, too; `None` if no patient is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_training_patients: Option<usize>,
}

impl Environment {
    /// The environment of this machine, and the settings of a run.
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
    /// [`ArtifactError`] naming the file and the invalid key.
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

fn default_format() -> u32 {
    1
}

fn supported_format<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<u32, D::Error> {
    let format = u32::deserialize(from)?;
    if (1..=FORMAT).contains(&format) {
        return Ok(format);
    }
    Err(D::Error::custom(format!(
        "{format}: files of a newer version of mitsume; this one reads up to {FORMAT}"
    )))
}

impl Cpu {
    /// The processor of this machine.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            model: model().unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            features: features(),
            kernels: None,
        }
    }

    /// Whether results on `other` may differ from those on this in the last digits.
    #[must_use]
    pub fn rounds_differently(&self, other: &Self) -> bool {
        let kernels = self.kernels.as_ref().zip(other.kernels.as_ref());
        // With and without the instructions for bfloat16 its products are the same.
        let rounding = |kernels: &str| kernels.trim_end_matches("bf16").to_owned();
        self.features != other.features
            || kernels.is_some_and(|(ours, theirs)| rounding(ours) != rounding(theirs))
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

/// Largest JSON file that is read, in bytes; an evaluation of 1,000 classes has 10 MB.
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
    atomic::write_atomic_with(path, |out| pretty_json(out, value))
}

/// As [`write_json`], but leaves a file that is there already; returns whether it was written.
pub(crate) fn write_json_new<T: Serialize>(path: &Path, value: &T) -> Result<bool> {
    atomic::write_atomic_new(path, |out| pretty_json(out, value))
}

fn pretty_json<T: Serialize>(out: &mut impl std::io::Write, value: &T) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_detected() {
        let cpu = Cpu::detect();
        assert!(!cpu.model.is_empty());
        assert!(cpu.cores >= 1);
        assert!(cpu.features.is_sorted());
    }

    #[test]
    fn other_instructions_round_differently_but_not_those_an_older_file_does_not_name() {
        let on = |kernels: Option<&str>| Cpu {
            kernels: kernels.map(str::to_owned),
            ..Cpu::detect()
        };
        assert!(on(Some("avx2")).rounds_differently(&on(Some("avx512"))));
        assert!(!on(Some("avx2")).rounds_differently(&on(Some("avx2"))));
        assert!(!on(Some("avx2")).rounds_differently(&on(None)));
        assert!(!on(Some("avx512")).rounds_differently(&on(Some("avx512bf16"))));
        let mut other = on(None);
        other.features.push("xyz".to_owned());
        assert!(on(None).rounds_differently(&other));
    }

    #[test]
    fn a_written_environment_reads_back_equal() {
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
            of_training_patients: Some(2),
        });
        environment.write(&path).unwrap();
        assert_eq!(Environment::read(&path).unwrap(), environment);
    }

    #[test]
    fn older_formats_are_read_and_newer_ones_refused() {
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
    fn an_invalid_value_is_named_by_its_key() {
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
