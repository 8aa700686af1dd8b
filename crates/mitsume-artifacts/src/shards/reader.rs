//! Reads a shard file image by image.

use std::fs::File;
use std::path::{Path, PathBuf};

use mitsume::trust::Surroundings;
use mitsume::trust::surroundings::Region;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::writer::data_hash;
use super::{ShardRecord, ShardShape};
use crate::safetensors_file::{find, read_at, read_header};
use crate::{Action, ArtifactError, Result};

/// Largest record that is read, in bytes; a million paths have a tenth.
const MAX_RECORD_BYTES: usize = 1 << 30;

/// Largest number of images, and largest side of a map or an image and number of classes; limits the
/// memory that a hostile header can claim.
const MAX_IMAGES: usize = 1 << 26;
const MAX_SIDE: usize = 16_384;

/// What a shard holds of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardImage {
    /// True class.
    pub label: usize,
    /// Predicted class.
    pub prediction: usize,
    /// `-log p` of the true class.
    pub cross_entropy: f64,
    /// Border and background; `None` if the map is all zero.
    pub surroundings: Option<Surroundings>,
    /// The map, [h * w].
    pub map: Vec<f32>,
    /// Softmax probabilities, `[K]`.
    pub probabilities: Vec<f32>,
}

/// An open shard file; maps, probabilities and sums of images are not in memory.
#[derive(Debug)]
pub struct ShardFile {
    path: PathBuf,
    file: File,
    /// Offset of the tensors in bytes, and their hash as the header gives it.
    data: u64,
    hash: Option<String>,
    maps: u64,
    probabilities: u64,
    sums: u64,
    shape: ShardShape,
    labels: Vec<usize>,
    /// `None` for an image that could not be read.
    predictions: Vec<Option<usize>>,
    cross_entropies: Vec<f64>,
    surroundings: Vec<f64>,
    /// The classes of the sums of images.
    sum_classes: Vec<usize>,
    record: ShardRecord,
}

/// The tensors of a shard file.
struct Tensors<'a> {
    labels: &'a TensorInfo,
    predictions: &'a TensorInfo,
    cross_entropies: &'a TensorInfo,
    surroundings: &'a TensorInfo,
    maps: &'a TensorInfo,
    probabilities: &'a TensorInfo,
    sum_classes: &'a TensorInfo,
    sums: &'a TensorInfo,
    record: &'a TensorInfo,
}

impl<'a> Tensors<'a> {
    fn find(metadata: &'a Metadata, path: &Path) -> Result<Self> {
        let find = |name: &str, dtype: Dtype, rank: usize| find(metadata, path, name, dtype, rank);
        Ok(Self {
            labels: find("labels", Dtype::I64, 1)?,
            predictions: find("predictions", Dtype::I64, 1)?,
            cross_entropies: find("cross_entropies", Dtype::F64, 1)?,
            surroundings: find("surroundings", Dtype::F64, 2)?,
            maps: find("cams", Dtype::F32, 3)?,
            probabilities: find("probabilities", Dtype::F32, 2)?,
            sum_classes: find("sum_classes", Dtype::I64, 1)?,
            sums: find("image_sums", Dtype::F64, 4)?,
            record: find("record", Dtype::U8, 1)?,
        })
    }

    /// The sizes, on which all tensors must agree.
    fn shape(&self, path: &Path) -> Result<ShardShape> {
        let (cam, image) = (&self.maps.shape, &self.sums.shape);
        let shape = ShardShape {
            images: self.labels.shape[0],
            classes: self.probabilities.shape[1],
            cam: [cam[1], cam[2]],
            image: [image[1], image[2], image[3]],
        };
        let rows = [
            self.predictions,
            self.cross_entropies,
            self.surroundings,
            self.maps,
            self.probabilities,
        ];
        let sums = self.sum_classes.shape[0];
        let agree = rows.iter().all(|tensor| tensor.shape[0] == shape.images)
            && self.surroundings.shape[1] == 4
            && self.sums.shape[0] == sums
            && sums <= shape.classes;
        let sides = shape.cam.iter().chain(&shape.image);
        let small = sides
            .chain([&shape.classes])
            .all(|side| (1..=MAX_SIDE).contains(side));
        match agree
            && small
            && shape.images <= MAX_IMAGES
            && self.record.shape[0] <= MAX_RECORD_BYTES
        {
            true => Ok(shape),
            false => Err(ArtifactError::malformed(
                path,
                "its tensors disagree about their sizes, or are too large",
            )),
        }
    }
}

impl ShardFile {
    /// Opens the file and checks its header, its small tensors and its record.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and what is missing, damaged or of another size.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |e| ArtifactError::io(Action::Read, path, e);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let (metadata, data) = read_header(&file, length, path)?;
        let tensors = Tensors::find(&metadata, path)?;
        let shape = tensors.shape(path)?;
        let at = |info: &TensorInfo| data + info.data_offsets.0 as u64;
        let read = |info: &TensorInfo| {
            let (start, end) = info.data_offsets;
            read_at(&file, path, data + start as u64, end - start)
        };
        let classes = |info: &TensorInfo| below(i64s(&read(info)?), shape.classes, path);
        let predictions = i64s(&read(tensors.predictions)?);
        let record: serde_json::Result<ShardRecord> =
            serde_json::from_slice(&read(tensors.record)?);
        let more = metadata.metadata().as_ref();
        let shard = Self {
            path: path.to_owned(),
            data,
            hash: more.and_then(|more| more.get("blake3").cloned()),
            maps: at(tensors.maps),
            probabilities: at(tensors.probabilities),
            sums: at(tensors.sums),
            shape,
            labels: classes(tensors.labels)?,
            predictions: predictions_below(predictions, shape.classes, path)?,
            cross_entropies: f64s(&read(tensors.cross_entropies)?),
            surroundings: f64s(&read(tensors.surroundings)?),
            sum_classes: classes(tensors.sum_classes)?,
            record: record.map_err(|e| ArtifactError::malformed(path, format!("record: {e}")))?,
            file,
        };
        match shard.problem() {
            Some(problem) => Err(ArtifactError::malformed(path, problem)),
            None => Ok(shard),
        }
    }

    /// The first value that contradicts another.
    fn problem(&self) -> Option<String> {
        let unread = self.predictions.iter().filter(|one| one.is_none()).count();
        let (record, images) = (&self.record, self.shape.images);
        if let Some(problem) = record.evaluation.problem() {
            return Some(format!("record: {problem}"));
        }
        let agree = record.paths.len() == images
            && record.reasons.len() == unread
            && record.data.skipped.len() == unread
            && record.data.classes.len() == self.shape.classes
            && record.evaluation.model.cam_size == self.shape.cam
            && record.evaluation.options.image == self.shape.image;
        if !agree {
            return Some("its record disagrees with its tensors".to_owned());
        }
        let finite = self.cross_entropies.iter().all(|value| value.is_finite());
        let share = |value: &f64| value.is_nan() || (0.0..=1.0).contains(value);
        if !finite || !self.surroundings.iter().all(share) {
            return Some("a cross-entropy or a share of border and background is none".to_owned());
        }
        None
    }

    /// Reads the whole file and compares its hash.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file if it is damaged.
    pub fn verify(&self) -> Result<()> {
        let hash = data_hash(&mut &self.file, self.data);
        let hash = hash.map_err(|e| ArtifactError::io(Action::Read, &self.path, e))?;
        match self.hash.as_ref() == Some(&hash) {
            true => Ok(()),
            false => Err(ArtifactError::malformed(
                &self.path,
                "damaged: its content is not what was written",
            )),
        }
    }

    /// Its sizes.
    #[must_use]
    pub fn shape(&self) -> ShardShape {
        self.shape
    }

    /// What it holds besides numbers.
    #[must_use]
    pub fn record(&self) -> &ShardRecord {
        &self.record
    }

    /// True class of each image, read or not.
    #[must_use]
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Whether an image could be read.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    pub fn is_read(&self, image: usize) -> bool {
        self.predictions[image].is_some()
    }

    /// Reads what there is of an image; `None` if it could not be read.
    ///
    /// # Errors
    /// [`ArtifactError`] if the file cannot be read or a value is not finite.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, image: usize) -> Result<Option<ShardImage>> {
        let Some(prediction) = self.predictions[image] else {
            return Ok(None);
        };
        let [border_mass, border_area, mass, area] = self.surroundings.as_chunks().0[image];
        let region = |mass, area| Region { mass, area };
        let surroundings = Surroundings {
            border: region(border_mass, border_area),
            background: region(mass, area),
        };
        let pixels = self.shape.cam.iter().product();
        Ok(Some(ShardImage {
            label: self.labels[image],
            prediction,
            cross_entropy: self.cross_entropies[image],
            surroundings: (!border_mass.is_nan()).then_some(surroundings),
            map: self.f32s(self.maps, image, pixels)?,
            probabilities: self.f32s(self.probabilities, image, self.shape.classes)?,
        }))
    }

    /// Reads the sum of the counted images of a class, `[C * H * W]`; `None` if there is none.
    ///
    /// # Errors
    /// As [`ShardFile::image`].
    pub fn image_sum(&self, class: usize) -> Result<Option<Vec<f64>>> {
        let Some(place) = self.sum_classes.iter().position(|one| *one == class) else {
            return Ok(None);
        };
        let values: usize = self.shape.image.iter().product();
        let offset = self.sums + 8 * (place as u64) * values as u64;
        let sum = f64s(&read_at(&self.file, &self.path, offset, 8 * values)?);
        match sum.iter().all(|value| value.is_finite()) {
            true => Ok(Some(sum)),
            false => Err(self.not_finite("image_sums")),
        }
    }

    fn f32s(&self, tensor: u64, row: usize, length: usize) -> Result<Vec<f32>> {
        let offset = tensor + 4 * (row as u64) * length as u64;
        let bytes = read_at(&self.file, &self.path, offset, 4 * length)?;
        let values = bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes));
        let values: Vec<f32> = values.collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(self.not_finite("a map or a probability")),
        }
    }

    fn not_finite(&self, what: &str) -> ArtifactError {
        ArtifactError::malformed(&self.path, format!("{what}: a value is not finite"))
    }
}

fn i64s(bytes: &[u8]) -> Vec<i64> {
    let values = bytes.as_chunks().0.iter();
    values.map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

fn f64s(bytes: &[u8]) -> Vec<f64> {
    let values = bytes.as_chunks().0.iter();
    values.map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

/// Classes, which must be below `limit`.
fn below(values: Vec<i64>, limit: usize, path: &Path) -> Result<Vec<usize>> {
    let class = |value: i64| usize::try_from(value).ok().filter(|value| *value < limit);
    let classes: Option<Vec<usize>> = values.into_iter().map(class).collect();
    classes.ok_or_else(|| ArtifactError::malformed(path, format!("classes must be in 0..{limit}")))
}

/// Predictions, of which -1 stands for an image that could not be read.
fn predictions_below(values: Vec<i64>, limit: usize, path: &Path) -> Result<Vec<Option<usize>>> {
    let read = values.iter().map(|value| *value != -1).collect::<Vec<_>>();
    let classes = values
        .into_iter()
        .map(|value| if value == -1 { 0 } else { value });
    // Without a class there is no image either.
    let classes = below(classes.collect(), limit, path)?;
    Ok(classes
        .into_iter()
        .zip(read)
        .map(|(class, read)| read.then_some(class))
        .collect())
}
