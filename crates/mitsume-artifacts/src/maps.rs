//! Reads `maps.safetensors` map by map, with full validation.

use std::fs::File;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::{Action, ArtifactError, Result};

/// An open `maps.safetensors`; only its small tensors are in memory.
///
/// Threads may read at the same time: reading takes `&self` and uses no shared file position.
#[derive(Debug)]
pub struct Maps {
    path: PathBuf,
    file: File,
    cams: u64,
    probabilities: u64,
    cam: [usize; 2],
    image: [usize; 3],
    labels: Vec<usize>,
    predictions: Vec<usize>,
    counts: Vec<u64>,
    means: Vec<f32>,
    mean_images: Vec<f32>,
}

/// Largest header that is read.
const MAX_HEADER_BYTES: u64 = 64 << 20;
/// Largest side of a map or a mean image, and largest number of classes; limits the memory that a
/// hostile header can claim.
const MAX_MAP_SIDE: usize = 4096;

impl Maps {
    /// Opens the file and checks its header against its length.
    ///
    /// # Errors
    /// [`ArtifactError`] naming the file and the tensor that is missing, damaged or of another
    /// shape.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |e| ArtifactError::io(Action::Read, path, e);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let (metadata, data) = read_header(&file, length, path)?;
        let find = |name: &str, dtype: Dtype, rank: usize| find(&metadata, path, name, dtype, rank);
        let cams = find("cams", Dtype::F32, 3)?;
        let means = find("class_means", Dtype::F32, 3)?;
        let probabilities = find("probabilities", Dtype::F32, 2)?;
        let images = find("mean_images", Dtype::F32, 4)?;
        let labels = find("labels", Dtype::I64, 1)?;
        let predictions = find("predictions", Dtype::I64, 1)?;
        let counts = find("class_counts", Dtype::I64, 1)?;
        let (n, h, w) = (cams.shape[0], cams.shape[1], cams.shape[2]);
        let k = counts.shape[0];
        let agree = labels.shape == [n]
            && predictions.shape == [n]
            && probabilities.shape == [n, k]
            && means.shape == [k, h, w]
            && images.shape[0] == k;
        if !agree {
            let problem = "cams [N,h,w], labels [N], predictions [N], probabilities [N,K], \
                           class_means [K,h,w], class_counts [K] and mean_images [K,C,H,W] \
                           disagree about N, K, h or w";
            return Err(ArtifactError::malformed(path, problem));
        }
        check_sizes(
            path,
            [h, w],
            k,
            [images.shape[1], images.shape[2], images.shape[3]],
        )?;
        let at = |info: &TensorInfo| data + info.data_offsets.0 as u64;
        let mut maps = Self {
            path: path.to_owned(),
            file,
            cams: at(cams),
            probabilities: at(probabilities),
            cam: [h, w],
            image: [images.shape[1], images.shape[2], images.shape[3]],
            labels: Vec::new(),
            predictions: Vec::new(),
            counts: Vec::new(),
            means: Vec::new(),
            mean_images: Vec::new(),
        };
        maps.labels = maps.read_below(at(labels), n, k, "labels")?;
        maps.predictions = maps.read_below(at(predictions), n, k, "predictions")?;
        maps.counts = maps
            .read_below(at(counts), k, n + 1, "class_counts")?
            .into_iter()
            .map(|count| count as u64)
            .collect();
        maps.means = maps.read_f32(at(means), k * h * w, "class_means")?;
        maps.mean_images =
            maps.read_f32(at(images), images.shape.iter().product(), "mean_images")?;
        Ok(maps)
    }

    /// Number of images N.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of classes K.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.counts.len()
    }

    /// Height and width of a map.
    #[must_use]
    pub fn cam_size(&self) -> [usize; 2] {
        self.cam
    }

    /// `[C, H, W]` of a mean image.
    #[must_use]
    pub fn image_size(&self) -> [usize; 3] {
        self.image
    }

    /// True class of each image.
    #[must_use]
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Predicted class of each image.
    #[must_use]
    pub fn predictions(&self) -> &[usize] {
        &self.predictions
    }

    /// Number of correctly classified images of each class mean.
    #[must_use]
    pub fn class_counts(&self) -> &[u64] {
        &self.counts
    }

    /// Mean map of a class, `[h * w]`; `None` if the class has no correctly classified image.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn class_mean(&self, class: usize) -> Option<&[f32]> {
        let size = self.cam[0] * self.cam[1];
        let mean = &self.means[class * size..(class + 1) * size];
        (self.counts[class] > 0).then_some(mean)
    }

    /// Mean input of the correctly classified images of a class in [0, 1], `[C * H * W]`; `None` if
    /// there is none.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn mean_image(&self, class: usize) -> Option<&[f32]> {
        let size: usize = self.image.iter().product();
        let mean = &self.mean_images[class * size..(class + 1) * size];
        (self.counts[class] > 0).then_some(mean)
    }

    /// Reads the map `[h * w]` of one image.
    ///
    /// # Errors
    /// [`ArtifactError`] if the file cannot be read or a value is not finite.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn cam(&self, image: usize) -> Result<Vec<f32>> {
        assert!(image < self.len(), "image {image} of {}", self.len());
        let size = self.cam[0] * self.cam[1];
        let offset = self.cams + 4 * (image as u64) * size as u64;
        self.read_f32(offset, size, "cams")
    }

    /// Reads the softmax probabilities `[K]` of one image.
    ///
    /// # Errors
    /// As [`Maps::cam`].
    ///
    /// # Panics
    /// If there is no such image.
    pub fn probabilities(&self, image: usize) -> Result<Vec<f32>> {
        assert!(image < self.len(), "image {image} of {}", self.len());
        let offset = self.probabilities + 4 * (image as u64) * self.classes() as u64;
        self.read_f32(offset, self.classes(), "probabilities")
    }

    fn read_f32(&self, offset: u64, count: usize, tensor: &str) -> Result<Vec<f32>> {
        let bytes = read_at(&self.file, &self.path, offset, count * 4)?;
        let (chunks, _) = bytes.as_chunks::<4>();
        let values: Vec<f32> = chunks
            .iter()
            .map(|chunk| f32::from_le_bytes(*chunk))
            .collect();
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        Err(ArtifactError::malformed(
            &self.path,
            format!("{tensor}: a value is not finite"),
        ))
    }

    fn read_below(&self, offset: u64, n: usize, limit: usize, tensor: &str) -> Result<Vec<usize>> {
        let bytes = read_at(&self.file, &self.path, offset, n * 8)?;
        let (chunks, _) = bytes.as_chunks::<8>();
        let values = chunks.iter().map(|chunk| i64::from_le_bytes(*chunk));
        let valid: Option<Vec<usize>> = values
            .map(|v| usize::try_from(v).ok().filter(|v| *v < limit))
            .collect();
        valid.ok_or_else(|| {
            ArtifactError::malformed(
                &self.path,
                format!("{tensor}: values must be in 0..{limit}"),
            )
        })
    }
}

/// Checks height and width of a map, the number of classes, and `[C, H, W]` of a mean image.
fn check_sizes(path: &Path, [h, w]: [usize; 2], classes: usize, image: [usize; 3]) -> Result<()> {
    let sides = [h, w, classes, image[0], image[1], image[2]];
    if sides.iter().any(|side| *side == 0 || *side > MAX_MAP_SIDE) {
        let problem = format!("sizes {sides:?} of maps, classes and images must be in 1..=4096");
        return Err(ArtifactError::malformed(path, problem));
    }
    if ![1, 3].contains(&image[0]) {
        let problem = format!("mean_images has {} channels; 1 or 3 are expected", image[0]);
        return Err(ArtifactError::malformed(path, problem));
    }
    Ok(())
}

/// The parsed header and the offset of the data after it.
fn read_header(file: &File, length: u64, path: &Path) -> Result<(Metadata, u64)> {
    let no_safetensors = |why: String| {
        ArtifactError::malformed(path, format!("no complete safetensors file: {why}"))
    };
    if length < 8 {
        return Err(no_safetensors(format!("{length} bytes")));
    }
    let size = read_at(file, path, 0, 8)?;
    let size = u64::from_le_bytes(size.try_into().unwrap_or_default());
    // The header includes padding of 16 bytes for each skipped image.
    if size > MAX_HEADER_BYTES.min(length - 8) {
        return Err(no_safetensors(format!(
            "a header of {size} bytes in a file of {length}"
        )));
    }
    let header = read_at(file, path, 8, size as usize)?;
    let metadata: Metadata =
        serde_json::from_slice(&header).map_err(|e| no_safetensors(e.to_string()))?;
    let data = 8 + size;
    if metadata.data_len() as u64 != length - data {
        let (claimed, there) = (metadata.data_len(), length - data);
        return Err(no_safetensors(format!(
            "{claimed} bytes of tensors claimed, {there} there"
        )));
    }
    Ok((metadata, data))
}

fn find<'a>(
    metadata: &'a Metadata,
    path: &Path,
    name: &str,
    dtype: Dtype,
    rank: usize,
) -> Result<&'a TensorInfo> {
    let problem = match metadata.info(name) {
        Some(info) if info.dtype == dtype && info.shape.len() == rank => return Ok(info),
        Some(info) => format!(
            "tensor {name} is {:?} of shape {:?}; {dtype:?} with {rank} dimensions is expected",
            info.dtype, info.shape
        ),
        None => format!("tensor {name} is missing"),
    };
    Err(ArtifactError::malformed(path, problem))
}

/// Reads `count` bytes from `offset`, within the bounds checked on opening.
fn read_at(file: &File, path: &Path, offset: u64, count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    fill_at(file, offset, &mut bytes).map_err(|e| ArtifactError::io(Action::Read, path, e))?;
    Ok(bytes)
}

#[cfg(unix)]
fn fill_at(file: &File, offset: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn fill_at(file: &File, offset: u64, bytes: &mut [u8]) -> std::io::Result<()> {
    let mut done = 0..bytes.len();
    while !done.is_empty() {
        let at = offset + done.start as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done.clone()], at)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => done.start += read,
        }
    }
    Ok(())
}
