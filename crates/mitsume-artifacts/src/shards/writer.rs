//! Writes a shard file while its images are evaluated, in constant memory.
//!
//! A safetensors file. The number of images is known at the start, readable or not, and so is the
//! place of every image's map and probabilities; a row of an image that cannot be read is zeros.
//! Numbers by image are kept and written at the end, and with them the sums of the images by class,
//! the record, and in the header the BLAKE3 hash of all tensors, which tells a damaged file.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mitsume::trust::Surroundings;
use tempfile::NamedTempFile;

use super::{ShardImage, ShardRecord};
use crate::safetensors_file::{header, write_f32};
use crate::{Action, ArtifactError, Result, atomic};

/// Space reserved for the JSON header with its padding.
const HEADER_BYTES: u64 = 4096;

/// Sizes of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardShape {
    /// Number of images N, readable or not.
    pub images: usize,
    /// Number of classes K.
    pub classes: usize,
    /// Height and width of a map.
    pub cam: [usize; 2],
    /// Channels, height and width of the network's inputs.
    pub image: [usize; 3],
}

/// Writes a shard file; it appears at its path on [`ShardWriter::finish`].
#[derive(Debug)]
pub struct ShardWriter {
    path: PathBuf,
    shape: ShardShape,
    temporary: NamedTempFile,
    maps: BufWriter<File>,
    probabilities: BufWriter<File>,
    labels: Vec<i64>,
    /// -1 for an image that cannot be read.
    predictions: Vec<i64>,
    cross_entropies: Vec<f64>,
    /// Mass and area of border and background; NaN for a map that is all zero.
    surroundings: Vec<[f64; 4]>,
}

impl ShardWriter {
    /// Starts the file.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path, shape: ShardShape) -> Result<Self> {
        let temporary = atomic::temporary_file(path)?;
        let open_at = |offset: u64| {
            let file = temporary.reopen();
            let file = file.and_then(|mut file| file.seek(SeekFrom::Start(offset)).map(|_| file));
            let fail = |e| ArtifactError::io(Action::Write, path, atomic::without_name(&e));
            file.map(|file| BufWriter::with_capacity(1 << 18, file))
                .map_err(fail)
        };
        let images = shape.images as u64;
        let maps_offset = 8 + HEADER_BYTES + 56 * images;
        let map_bytes = 4 * shape.cam.iter().product::<usize>() as u64;
        Ok(Self {
            path: path.to_owned(),
            shape,
            maps: open_at(maps_offset)?,
            probabilities: open_at(maps_offset + map_bytes * images)?,
            temporary,
            labels: Vec::new(),
            predictions: Vec::new(),
            cross_entropies: Vec::new(),
            surroundings: Vec::new(),
        })
    }

    /// Number of images so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Appends an image.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the file cannot be written; [`ArtifactError::Malformed`] for wrong
    /// lengths or more images than announced.
    pub fn push(&mut self, image: &ShardImage) -> Result<()> {
        let fits = image.map.len() == self.shape.cam.iter().product::<usize>()
            && image.probabilities.len() == self.shape.classes
            && self.len() < self.shape.images;
        if !fits {
            let problem = format!("image {}: of another size, or one too many", self.len());
            return Err(ArtifactError::malformed(&self.path, problem));
        }
        let fail = |e| ArtifactError::io(Action::Write, &self.path, e);
        write_f32(&mut self.maps, &image.map).map_err(fail)?;
        write_f32(&mut self.probabilities, &image.probabilities).map_err(fail)?;
        self.labels.push(image.label as i64);
        self.predictions.push(image.prediction as i64);
        self.cross_entropies.push(image.cross_entropy);
        self.surroundings.push(match image.surroundings {
            Some(Surroundings { border, background }) => {
                [border.mass, border.area, background.mass, background.area]
            }
            None => [f64::NAN; 4],
        });
        Ok(())
    }

    /// Appends an image that cannot be read.
    ///
    /// # Errors
    /// As [`ShardWriter::push`].
    pub fn push_unread(&mut self, label: usize) -> Result<()> {
        self.push(&ShardImage {
            label,
            prediction: 0,
            cross_entropy: 0.0,
            surroundings: None,
            map: vec![0.0; self.shape.cam.iter().product()],
            probabilities: vec![0.0; self.shape.classes],
        })?;
        if let Some(prediction) = self.predictions.last_mut() {
            *prediction = -1;
        }
        Ok(())
    }

    /// Writes what remains, and renames the file. `classes` have counted images, and `sum` gives the
    /// sum of those [C, H, W], one class after the other.
    ///
    /// # Errors
    /// As [`ShardWriter::push`], and those of `sum`.
    pub fn finish(
        mut self,
        record: &ShardRecord,
        classes: &[usize],
        sum: &mut dyn FnMut(usize) -> Result<Vec<f64>>,
    ) -> Result<()> {
        let path = self.path.clone();
        let fail = |e| ArtifactError::io(Action::Write, &path, e);
        let record = serde_json::to_vec(record).map_err(|e| fail(e.into()))?;
        self.maps.flush().map_err(fail)?;
        let out = &mut self.probabilities;
        for class in classes {
            out.write_all(&(*class as i64).to_le_bytes())
                .map_err(fail)?;
        }
        for class in classes {
            let sum = sum(*class)?;
            if sum.len() != self.shape.image.iter().product::<usize>() {
                let problem = format!("sum of class {class}: of another size");
                return Err(ArtifactError::malformed(&path, problem));
            }
            let written = sum
                .iter()
                .try_for_each(|value| out.write_all(&value.to_le_bytes()));
            written.map_err(fail)?;
        }
        out.write_all(&record)
            .and_then(|()| out.flush())
            .map_err(fail)?;
        self.write_front(record.len(), classes.len())
            .map_err(fail)?;
        drop((self.maps, self.probabilities));
        atomic::persist(self.temporary, &self.path)
    }

    /// Numbers by image, then the hash of all tensors and the header.
    fn write_front(&self, record: usize, sums: usize) -> std::io::Result<()> {
        let mut file = self.temporary.reopen()?;
        file.seek(SeekFrom::Start(8 + HEADER_BYTES))?;
        let mut out = BufWriter::new(file);
        for value in self.labels.iter().chain(&self.predictions) {
            out.write_all(&value.to_le_bytes())?;
        }
        let surroundings = self.surroundings.iter().flatten();
        for value in self.cross_entropies.iter().chain(surroundings) {
            out.write_all(&value.to_le_bytes())?;
        }
        let mut file = out.into_inner().map_err(|error| error.into_error())?;
        let hash = data_hash(&mut file, 8 + HEADER_BYTES)?;
        let (n, k, [h, w]) = (self.shape.images, self.shape.classes, self.shape.cam);
        let [c, image_h, image_w] = self.shape.image;
        let tensors: [(&str, &str, &[usize]); 9] = [
            ("labels", "I64", &[n]),
            ("predictions", "I64", &[n]),
            ("cross_entropies", "F64", &[n]),
            ("surroundings", "F64", &[n, 4]),
            ("cams", "F32", &[n, h, w]),
            ("probabilities", "F32", &[n, k]),
            ("sum_classes", "I64", &[sums]),
            ("image_sums", "F64", &[sums, c, image_h, image_w]),
            ("record", "U8", &[record]),
        ];
        let header = header(&tensors, &[("blake3", &hash)]);
        let width = HEADER_BYTES as usize;
        debug_assert!(header.len() <= width, "a bounded number of digits");
        file.rewind()?;
        file.write_all(&HEADER_BYTES.to_le_bytes())?;
        write!(file, "{header:width$}")
    }
}

/// BLAKE3 hash of a file from `offset` on, in hexadecimal.
pub(super) fn data_hash(file: &mut (impl Read + Seek), offset: u64) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(offset))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(hasher.finalize().to_hex().to_string())
}
