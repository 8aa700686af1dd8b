//! Object masks, in the network's input coordinates.

use std::path::{Path, PathBuf};

use mitsume_data::decode::decode_file;
use mitsume_data::{
    FrameName, ImageSource, ImageTransform, Interpolation, Preprocess, Sample, image_stem,
};

use crate::{EngineError, EvaluationInput, Result};

/// The masks of a folder's images.
pub(crate) struct Masks {
    folder: PathBuf,
    /// For each image, its file and the path of its mask.
    paths: Vec<(PathBuf, PathBuf)>,
    source: ImageSource,
}

impl Masks {
    /// Opens a folder with masks at the images' relative paths, ending in `.png`; that of
    /// `scan.dcm#3` is `scan#3.png`.
    pub fn open(folder: &Path, input: &EvaluationInput<'_>) -> Result<Self> {
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(EngineError::Request(format!(
                "--masks {folder}: there is no such folder"
            )));
        }
        let preprocess = input.source.preprocess();
        let image_and_mask = |sample: &Sample| {
            let path = sample.path.strip_prefix(&input.folder.root);
            let mask = folder.join(path.unwrap_or(&sample.path));
            let mask = match FrameName::parse(&sample.path) {
                Some(_) => mask.with_file_name(format!("{}.png", image_stem(&sample.path))),
                None => mask.with_extension("png"),
            };
            (sample.path.clone(), mask)
        };
        let paths: Vec<_> = input.folder.samples.iter().map(image_and_mask).collect();
        let samples: Vec<Sample> = paths
            .iter()
            .map(|(_, path)| Sample {
                path: path.clone(),
                class: 0,
            })
            .collect();
        let preprocess = Preprocess {
            channels: 1,
            augment: None,
            transform: ImageTransform {
                interpolation: Interpolation::Nearest,
                mean: [0.0; 3],
                std: [1.0; 3],
                ..preprocess.transform
            },
            ..preprocess.clone()
        };
        Ok(Self {
            folder: folder.into(),
            paths,
            source: ImageSource::new(&samples, preprocess, 0)?,
        })
    }

    /// Reads the mask of image `index`, [H, W]; `None` if there is no file.
    ///
    /// # Errors
    /// A mask of another size than its image; files that cannot be read.
    pub fn read(&self, index: usize) -> Result<Option<Vec<bool>>> {
        let (image, mask) = &self.paths[index];
        if !mask.exists() {
            return Ok(None);
        }
        let size = |path: &Path| -> Result<[usize; 2]> {
            let pixels = decode_file(path)?.pixels;
            Ok([pixels.height(), pixels.width()])
        };
        let (image_size, mask_size) = (size(image)?, size(mask)?);
        if image_size != mask_size {
            return Err(EngineError::Request(format!(
                "{}: a mask of {}x{} for an image of {}x{}",
                mask.display(),
                mask_size[1],
                mask_size[0],
                image_size[1],
                image_size[0]
            )));
        }
        let values = self.source.image(index, 0)?;
        Ok(Some(values.into_iter().map(|value| value > 0.0).collect()))
    }

    /// An error if no tested image has a mask with an object.
    pub fn refuse_if_none(&self, has_objects: bool) -> Result<()> {
        if has_objects {
            return Ok(());
        }
        let expected = self.paths.first().map_or(Path::new(""), |(_, mask)| mask);
        Err(EngineError::Request(format!(
            "--masks {}: no tested image has a mask with a pixel in it; the first one's would be {}",
            self.folder.display(),
            expected.display()
        )))
    }
}
