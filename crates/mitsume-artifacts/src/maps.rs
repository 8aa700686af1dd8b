//! Reads `maps.safetensors` map by map, with full validation.

use std::fs::File;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorInfo};

use crate::safetensors_file::{find, read_at, read_header};
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
    /// Offset of the mean images, which are read one by one: of many classes they are large.
    mean_images: u64,
}

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
            mean_images: at(images),
        };
        maps.labels = maps.read_below(at(labels), n, k, "labels")?;
        maps.predictions = maps.read_below(at(predictions), n, k, "predictions")?;
        maps.counts = maps
            .read_below(at(counts), k, n + 1, "class_counts")?
            .into_iter()
            .map(|count| count as u64)
            .collect();
        maps.means = maps.read_f32(at(means), k * h * w, "class_means")?;
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

    /// Reads the mean input of the correctly classified images of a class in [0, 1],
    /// `[C * H * W]`; `None` if there is none.
    ///
    /// # Errors
    /// As [`Maps::cam`].
    ///
    /// # Panics
    /// If there is no such class.
    pub fn mean_image(&self, class: usize) -> Result<Option<Vec<f32>>> {
        if self.counts[class] == 0 {
            return Ok(None);
        }
        let size: usize = self.image.iter().product();
        let offset = self.mean_images + 4 * class as u64 * size as u64;
        self.read_f32(offset, size, "mean_images").map(Some)
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
