//! What a shard is of.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use mitsume_data::ImageTransform;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Cpu, DataSummary, ModelSummary};

/// Version of `shards.json` and of the shard files.
const FORMAT: u32 = 1;

/// Largest number of shards.
const MAX_SHARDS: usize = 10_000;

/// One part of the images of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Shard `number`, from 1, of `of`; `None` if there is no such shard.
    #[must_use]
    pub fn new(number: usize, of: usize) -> Option<Self> {
        let exists = (1..=of).contains(&number) && of <= MAX_SHARDS;
        exists.then_some(Self { number, of })
    }

    /// All shards of `of`, in order.
    pub fn all(of: usize) -> impl Iterator<Item = Self> {
        (1..=of).filter_map(move |number| Self::new(number, of))
    }

    /// Its number, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        self.number
    }

    /// The number of shards.
    #[must_use]
    pub fn of(self) -> usize {
        self.of
    }

    /// Its images, of `images` in batches of `batch_size`. Shards are whole batches, so that each
    /// batch is the same as in one process, and their numbers of batches differ by one at most.
    #[must_use]
    pub fn images(self, images: usize, batch_size: usize) -> Range<usize> {
        let batches = images.div_ceil(batch_size);
        let start = |number: usize| {
            // In u128: the product of two counts may be larger than a usize.
            let batch = number as u128 * batches as u128 / self.of as u128;
            (batch as usize).saturating_mul(batch_size).min(images)
        };
        start(self.number - 1)..start(self.number)
    }

    pub(super) fn file_name(self) -> String {
        format!("{}-of-{}", self.number, self.of)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        let shard = numbers.and_then(|(number, of)| Self::new(number, of));
        shard.ok_or_else(|| {
            format!("a shard and the number of shards expected (up to {MAX_SHARDS}), as 2/8")
        })
    }
}

/// `shards.json`: the evaluation whose shards are in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardPlan {
    /// What all shards have in common.
    #[serde(flatten)]
    pub evaluation: ShardedEvaluation,
    /// The command that makes a shard, without `--shard`.
    pub command: String,
}

impl ShardPlan {
    /// The command that makes a shard.
    #[must_use]
    pub fn command_of(&self, shard: Shard) -> String {
        format!("{} --shard {shard}", self.command)
    }
}

/// What all shards of an evaluation have in common; a shard with anything else is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardedEvaluation {
    /// Version of the file formats.
    pub format: u32,
    /// Version of this program.
    pub version: String,
    /// Number of shards.
    pub shards: usize,
    /// SHA-256 of the model's files.
    pub model_sha256: String,
    /// The model, and how its maps are made.
    pub model: ModelSummary,
    /// The images.
    pub data: ShardedData,
    /// How they are evaluated.
    pub options: ShardOptions,
}

/// The images of all shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardedData {
    /// Number of images, readable or not.
    pub images: usize,
    /// Number of classes.
    pub classes: usize,
    /// SHA-256 of the names of the classes and of the images, relative to their folder, in order, with
    /// their labels.
    pub list_sha256: String,
}

/// How the images are evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardOptions {
    /// Images per forward pass.
    pub batch_size: usize,
    /// Measures besides the two forms of the metric.
    pub measures: Option<ShardMeasures>,
    /// Whether an unreadable image is an error.
    pub strict: bool,
    /// The device, as given to `--device`.
    pub device: String,
    /// Channels, height and width of the network's inputs.
    pub image: [usize; 3],
    /// How images are resized, cut and scaled.
    pub transform: ImageTransform,
    /// What else was asked of the model, by option.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

/// Measures besides the two forms of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardMeasures {
    /// Rows and columns of the common grid.
    pub grid: usize,
    /// Whether the distances and the permutation null are computed.
    pub all: bool,
}

/// What a shard file holds besides numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// The evaluation it is of.
    pub evaluation: ShardedEvaluation,
    /// Its number, from 1.
    pub shard: usize,
    /// Folder and classes of all images, and the images of this shard that could not be read.
    pub data: DataSummary,
    /// Why each of them could not be read.
    pub reasons: Vec<String>,
    /// Paths of its images, read or not, relative to the folder.
    pub paths: Vec<String>,
    /// The processor it was made on.
    pub cpu: Cpu,
}

impl ShardedEvaluation {
    /// Version of the file formats that this program writes.
    pub const FORMAT: u32 = FORMAT;

    /// The first invalid value, if any.
    pub(super) fn problem(&self) -> Option<String> {
        if self.format > FORMAT {
            return Some(format!(
                "format {}: shards of a newer version of mitsume; this one reads up to {FORMAT}",
                self.format
            ));
        }
        if self.shards == 0 || self.shards > MAX_SHARDS {
            return Some(format!(
                "shards: {} is not in 1..={MAX_SHARDS}",
                self.shards
            ));
        }
        if self.options.batch_size == 0 {
            return Some("options.batch_size: 0; at least 1 is needed".to_owned());
        }
        None
    }

    /// What is different in `other`, if anything is: `another model: model_sha256 is "a" there and "b"`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (ours, theirs) = (flat(self), flat(other));
        let mut keys = ours.keys().chain(theirs.keys());
        let key = keys.find(|key| ours.get(*key) != theirs.get(*key))?;
        let what = match key.split('.').next().unwrap_or_default() {
            "format" | "version" => "made by another version of mitsume",
            "shards" => "another number of shards",
            "model" | "model_sha256" => "another model, or other maps of it",
            "data" => "other images",
            _ => "other options",
        };
        let value = |side: &BTreeMap<String, Value>| {
            let value = side.get(key);
            value.map_or_else(|| "not given".to_owned(), ToString::to_string)
        };
        Some(format!(
            "{what}: {key} is {} there and {}",
            value(&ours),
            value(&theirs)
        ))
    }
}

/// Every value of a record by its dotted key.
fn flat(record: &ShardedEvaluation) -> BTreeMap<String, Value> {
    fn add(key: String, value: Value, all: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    let key = if key.is_empty() {
                        name
                    } else {
                        format!("{key}.{name}")
                    };
                    add(key, value, all);
                }
            }
            value => {
                all.insert(key, value);
            }
        }
    }
    let mut all = BTreeMap::new();
    let value = serde_json::to_value(record).unwrap_or_default();
    add(String::new(), value, &mut all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_whole_batches_and_hold_every_image_once() {
        for (images, batch, of) in [
            (1, 1, 1),
            (100, 32, 4),
            (101, 7, 5),
            (100_000, 32, 16),
            (64, 32, 2),
        ] {
            let mut next = 0;
            let mut batches = Vec::new();
            for shard in Shard::all(of) {
                let range = shard.images(images, batch);
                assert_eq!(range.start, next, "{shard} of {images}");
                assert_eq!(range.start % batch, 0);
                next = range.end;
                batches.push(range.len().div_ceil(batch));
            }
            assert_eq!(next, images);
            let (most, least) = (batches.iter().max().unwrap(), batches.iter().min().unwrap());
            assert!(most - least <= 1 && *least > 0, "{batches:?}");
        }
    }

    /// Without serde_json's `float_roundtrip`, some numbers of 17 digits are read as their neighbours.
    #[test]
    fn numbers_are_read_back_bit_for_bit() {
        let number = |i: u32| f64::from(f32::from_bits(0x3d00_0000 + i * 7919));
        let numbers: Vec<f64> = (0..5000).map(number).collect();
        let text = serde_json::to_string(&numbers).unwrap();
        let read: Vec<f64> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, numbers);
    }

    #[test]
    fn a_shard_is_written_as_it_is_read() {
        assert_eq!("2/8".parse(), Ok(Shard::new(2, 8).unwrap()));
        assert_eq!(Shard::new(2, 8).unwrap().to_string(), "2/8");
        for wrong in [
            "0/8",
            "9/8",
            "2",
            "2/",
            "/8",
            "-1/8",
            "2/99999999",
            "1/0",
            "a/b",
        ] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
