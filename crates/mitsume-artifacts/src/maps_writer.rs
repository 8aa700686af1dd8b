//! Writes `maps.safetensors` while the maps arrive, in constant memory.
//!
//! A safetensors file begins with a header that states how many there are, which is only known
//! at the end: unreadable images are skipped. So room for the header and the integer tensors of
//! the largest possible number is left at the front, the maps go straight to their place behind
//! it, and at the end the header is written with the unused room as trailing spaces, which the
//! format allows. The integers come first so that every tensor stays aligned, as PyTorch wants.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::NamedTempFile;

use crate::{Action, ArtifactError, Result, atomic};

/// What is known before the first map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapsShape {
    /// At most this many images.
    pub capacity: usize,
    /// Number of classes K.
    pub classes: usize,
    /// Height and width of a map.
    pub cam: [usize; 2],
}

/// What is known after the last map, in label order.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMaps {
    /// Mean map of the correctly classified images of each class, `[K, h, w]`; zeros for a
    /// class without one.
    pub means: Vec<f32>,
    /// How many images each mean is over, `[K]`.
    pub counts: Vec<u64>,
    /// Mean input of the same images, in [0, 1], `[K, C, H, W]`.
    pub mean_images: Vec<f32>,
    /// `[C, H, W]` of a mean image.
    pub image: [usize; 3],
}

/// A `maps.safetensors` being written; appears at its path on [`MapsWriter::finish`].
#[derive(Debug)]
pub struct MapsWriter {
    path: PathBuf,
    /// What errors call it.
    shown: PathBuf,
    shape: MapsShape,
    /// Bytes before the first map.
    front: u64,
    out: BufWriter<File>,
    temporary: NamedTempFile,
    probabilities: BufWriter<File>,
    labels: Vec<i64>,
    predictions: Vec<i64>,
}

/// Room for the header's names and numbers.
const HEADER_ROOM: u64 = 1024;

impl MapsWriter {
    /// Starts the file.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path, shape: MapsShape) -> Result<Self> {
        let fail = |e| ArtifactError::io(Action::Write, path, e);
        let temporary = atomic::temporary_file(path)?;
        let front = 8 + HEADER_ROOM + 8 * (2 * shape.capacity as u64 + shape.classes as u64);
        let mut file = temporary
            .reopen()
            .map_err(|e| fail(atomic::without_name(&e)))?;
        file.seek(SeekFrom::Start(front)).map_err(fail)?;
        let spill = tempfile::tempfile_in(temporary.path().parent().unwrap_or(Path::new(".")));
        Ok(Self {
            path: path.to_owned(),
            shown: path.to_owned(),
            shape,
            front,
            out: BufWriter::with_capacity(1 << 20, file),
            temporary,
            probabilities: BufWriter::new(spill.map_err(|e| fail(atomic::without_name(&e)))?),
            labels: Vec::new(),
            predictions: Vec::new(),
        })
    }

    /// The same writer, whose errors call the file `path`.
    pub(crate) fn shown_as(mut self, path: PathBuf) -> Self {
        self.shown = path;
        self
    }

    /// How many maps were pushed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether no map was pushed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Appends the CAM `[h * w]` of the label class of one image with the softmax
    /// probabilities `[K]`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the disk refuses; [`ArtifactError::Malformed`] for wrong lengths, a
    /// class that does not exist, a map that is not finite, or more images than announced.
    pub fn push(
        &mut self,
        cam: &[f32],
        label: usize,
        prediction: usize,
        probabilities: &[f32],
    ) -> Result<()> {
        let MapsShape {
            capacity,
            classes,
            cam: [h, w],
        } = self.shape;
        let index = self.len();
        let problem = if index >= capacity {
            Some(format!(
                "image {index}: only {capacity} images were announced"
            ))
        } else if cam.len() != h * w || probabilities.len() != classes {
            Some(format!(
                "image {index}: {h}x{w} values and {classes} probabilities expected"
            ))
        } else if label >= classes || prediction >= classes {
            Some(format!(
                "image {index}: classes are numbered below {classes}"
            ))
        } else if !cam.iter().chain(probabilities).all(|v| v.is_finite()) {
            Some(format!("image {index}: a value is not finite"))
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(ArtifactError::malformed(&self.shown, problem));
        }
        let fail = |e| ArtifactError::io(Action::Write, &self.shown, e);
        write_f32(&mut self.out, cam).map_err(fail)?;
        write_f32(&mut self.probabilities, probabilities).map_err(fail)?;
        self.labels.push(label as i64);
        self.predictions.push(prediction as i64);
        Ok(())
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// As [`MapsWriter::push`].
    pub fn finish(mut self, classes: &ClassMaps) -> Result<()> {
        self.check(classes)?;
        let shown = self.shown.clone();
        let fail = |e| ArtifactError::io(Action::Write, &shown, e);
        let mut spilled = self
            .probabilities
            .into_inner()
            .map_err(|e| fail(e.into_error()))?;
        spilled.rewind().map_err(fail)?;
        std::io::copy(&mut spilled, &mut self.out).map_err(fail)?;
        write_f32(&mut self.out, &classes.means).map_err(fail)?;
        write_f32(&mut self.out, &classes.mean_images).map_err(fail)?;
        self.out.flush().map_err(fail)?;

        let (n, k, [h, w]) = (self.labels.len(), self.shape.classes, self.shape.cam);
        let [c, image_h, image_w] = classes.image;
        let header = header(&[
            ("labels", "I64", &[n]),
            ("predictions", "I64", &[n]),
            ("class_counts", "I64", &[k]),
            ("cams", "F32", &[n, h, w]),
            ("probabilities", "F32", &[n, k]),
            ("class_means", "F32", &[k, h, w]),
            ("mean_images", "F32", &[k, c, image_h, image_w]),
        ]);
        let room = (self.front - 8) as usize - 8 * (2 * n + k);
        debug_assert!(
            header.len() <= room,
            "the header has a bounded number of digits"
        );
        let file = self.out.get_mut();
        file.rewind().map_err(fail)?;
        let mut out = BufWriter::new(file);
        let counts = classes.counts.iter().map(|n| *n as i64);
        let integers = self
            .labels
            .iter()
            .chain(&self.predictions)
            .copied()
            .chain(counts);
        out.write_all(&(room as u64).to_le_bytes())
            .and_then(|()| write!(out, "{header:room$}"))
            .and_then(|()| {
                integers
                    .into_iter()
                    .try_for_each(|v| out.write_all(&v.to_le_bytes()))
            })
            .and_then(|()| out.flush())
            .map_err(fail)?;
        drop(out);
        atomic::persist(self.temporary, &self.path).map_err(|error| error.about(shown))
    }

    fn check(&self, classes: &ClassMaps) -> Result<()> {
        let (k, [h, w], [c, image_h, image_w]) =
            (self.shape.classes, self.shape.cam, classes.image);
        let fits = classes.means.len() == k * h * w
            && classes.counts.len() == k
            && classes.mean_images.len() == k * c * image_h * image_w;
        if !fits {
            return Err(ArtifactError::malformed(
                &self.path,
                format!("class maps are not of {k} classes"),
            ));
        }
        if !classes
            .means
            .iter()
            .chain(&classes.mean_images)
            .all(|v| v.is_finite())
        {
            return Err(ArtifactError::malformed(
                &self.path,
                "a class mean is not finite",
            ));
        }
        Ok(())
    }
}

fn header(tensors: &[(&str, &str, &[usize])]) -> String {
    let mut end = 0_u64;
    let mut object = serde_json::Map::new();
    object.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    for (name, dtype, shape) in tensors {
        let size = if *dtype == "I64" { 8 } else { 4 };
        let start = end;
        end += size * shape.iter().map(|n| *n as u64).product::<u64>();
        object.insert(
            (*name).to_owned(),
            json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}),
        );
    }
    serde_json::Value::Object(object).to_string()
}

fn write_f32(out: &mut impl Write, values: &[f32]) -> std::io::Result<()> {
    values
        .iter()
        .try_for_each(|value| out.write_all(&value.to_le_bytes()))
}
