//! Writes `maps.safetensors` while the maps arrive, in constant memory.
//!
//! A safetensors file begins with a header that gives the number of maps, which is known only at
//! the end because unreadable images are skipped. So space for the header and the integer tensors
//! of the largest possible number of images is reserved at the front, and maps are written after
//! it. At the end the header is written and padded with spaces, which the format allows. The
//! integer tensors come first so that all tensors are aligned, as PyTorch requires.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::safetensors_file::{header, write_f32};
use crate::{Action, ArtifactError, Result, atomic};

/// Sizes, known before the first map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapsShape {
    /// Largest number of images.
    pub capacity: usize,
    /// Number of classes K.
    pub classes: usize,
    /// Height and width of a map.
    pub cam: [usize; 2],
}

/// Class means, known after the last map, in label order.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMaps {
    /// Mean map of the correctly classified images of each class, `[K, h, w]`; zeros for a
    /// class without one.
    pub means: Vec<f32>,
    /// Number of images of each mean, `[K]`.
    pub counts: Vec<u64>,
    /// `[C, H, W]` of a mean image.
    pub image: [usize; 3],
}

/// Writes `maps.safetensors`; the file appears at its path on [`MapsWriter::finish`].
#[derive(Debug)]
pub struct MapsWriter {
    path: PathBuf,
    /// The path in errors.
    error_path: PathBuf,
    shape: MapsShape,
    /// Offset of the first map in bytes.
    data_offset: u64,
    out: BufWriter<File>,
    temporary: NamedTempFile,
    probabilities: BufWriter<File>,
    labels: Vec<i64>,
    predictions: Vec<i64>,
}

/// Space reserved for the JSON header, without its padding.
const RESERVED_HEADER_BYTES: u64 = 1024;

impl MapsWriter {
    /// Starts the file.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path, shape: MapsShape) -> Result<Self> {
        let fail = |e| ArtifactError::io(Action::Write, path, e);
        let temporary = atomic::temporary_file(path)?;
        let data_offset =
            8 + RESERVED_HEADER_BYTES + 8 * (2 * shape.capacity as u64 + shape.classes as u64);
        let mut file = temporary
            .reopen()
            .map_err(|e| fail(atomic::without_name(&e)))?;
        file.seek(SeekFrom::Start(data_offset)).map_err(fail)?;
        let spill = tempfile::tempfile_in(temporary.path().parent().unwrap_or(Path::new(".")));
        Ok(Self {
            path: path.to_owned(),
            error_path: path.to_owned(),
            shape,
            data_offset,
            out: BufWriter::with_capacity(1 << 20, file),
            temporary,
            probabilities: BufWriter::new(spill.map_err(|e| fail(atomic::without_name(&e)))?),
            labels: Vec::new(),
            predictions: Vec::new(),
        })
    }

    /// The same writer, with `path` in its errors.
    pub(crate) fn with_error_path(mut self, path: PathBuf) -> Self {
        self.error_path = path;
        self
    }

    /// Number of maps pushed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether no map was pushed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Appends the map `[h * w]` of one image for its label, and its softmax probabilities `[K]`.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] if the file cannot be written; [`ArtifactError::Malformed`] for wrong
    /// lengths, an unknown class, values that are not finite, or more images than the capacity.
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
            return Err(ArtifactError::malformed(&self.error_path, problem));
        }
        let fail = |e| ArtifactError::io(Action::Write, &self.error_path, e);
        write_f32(&mut self.out, cam).map_err(fail)?;
        write_f32(&mut self.probabilities, probabilities).map_err(fail)?;
        self.labels.push(label as i64);
        self.predictions.push(prediction as i64);
        Ok(())
    }

    /// Writes the remaining tensors and the header, and renames the file. `mean_image` gives the mean
    /// input of a class's images in [0, 1], `[C * H * W]`, one class after the other: together they
    /// can be larger than the memory.
    ///
    /// # Errors
    /// As [`MapsWriter::push`], and those of `mean_image`.
    pub fn finish(
        mut self,
        classes: &ClassMaps,
        mean_image: &mut dyn FnMut(usize) -> Result<Vec<f32>>,
    ) -> Result<()> {
        self.check(classes)?;
        let error_path = self.error_path.clone();
        let fail = |e| ArtifactError::io(Action::Write, &error_path, e);
        let mut spilled = self
            .probabilities
            .into_inner()
            .map_err(|e| fail(e.into_error()))?;
        spilled.rewind().map_err(fail)?;
        std::io::copy(&mut spilled, &mut self.out).map_err(fail)?;
        write_f32(&mut self.out, &classes.means).map_err(fail)?;
        for class in 0..self.shape.classes {
            let image = mean_image(class)?;
            check_mean_image(&error_path, class, &image, classes.image)?;
            write_f32(&mut self.out, &image).map_err(fail)?;
        }
        self.out.flush().map_err(fail)?;

        let (n, k, [h, w]) = (self.labels.len(), self.shape.classes, self.shape.cam);
        let [c, image_h, image_w] = classes.image;
        let tensors: [(&str, &str, &[usize]); 7] = [
            ("labels", "I64", &[n]),
            ("predictions", "I64", &[n]),
            ("class_counts", "I64", &[k]),
            ("cams", "F32", &[n, h, w]),
            ("probabilities", "F32", &[n, k]),
            ("class_means", "F32", &[k, h, w]),
            ("mean_images", "F32", &[k, c, image_h, image_w]),
        ];
        let header = header(&tensors, &[]);
        let header_bytes = (self.data_offset - 8) as usize - 8 * (2 * n + k);
        debug_assert!(
            header.len() <= header_bytes,
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
        out.write_all(&(header_bytes as u64).to_le_bytes())
            .and_then(|()| write!(out, "{header:header_bytes$}"))
            .and_then(|()| {
                integers
                    .into_iter()
                    .try_for_each(|v| out.write_all(&v.to_le_bytes()))
            })
            .and_then(|()| out.flush())
            .map_err(fail)?;
        drop(out);
        atomic::persist(self.temporary, &self.path).map_err(|error| error.with_path(error_path))
    }

    fn check(&self, classes: &ClassMaps) -> Result<()> {
        let (k, [h, w]) = (self.shape.classes, self.shape.cam);
        let fits = classes.means.len() == k * h * w && classes.counts.len() == k;
        if !fits {
            return Err(ArtifactError::malformed(
                &self.path,
                format!("class maps are not of {k} classes"),
            ));
        }
        if !classes.means.iter().all(|v| v.is_finite()) {
            return Err(ArtifactError::malformed(
                &self.path,
                "a class mean is not finite",
            ));
        }
        Ok(())
    }
}

fn check_mean_image(path: &Path, class: usize, image: &[f32], [c, h, w]: [usize; 3]) -> Result<()> {
    if image.len() == c * h * w && image.iter().all(|v| v.is_finite()) {
        return Ok(());
    }
    let problem = format!("mean image of class {class}: {c}x{h}x{w} finite values expected");
    Err(ArtifactError::malformed(path, problem))
}
