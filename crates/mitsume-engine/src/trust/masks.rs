//! Where the object is in an image, as the network sees it.

use std::path::{Path, PathBuf};

use mitsume_data::decode::decode_file;
use mitsume_data::{ImageSource, ImageTransform, Interpolation, Preprocess, Sample};

use super::localisation::LocalisationTest;
use crate::{EngineError, EvaluationInput, Result};

/// The masks of a folder's images.
pub(super) struct Masks {
    folder: PathBuf,
    /// For each image, its own file and where its mask would be.
    paths: Vec<(PathBuf, PathBuf)>,
    source: ImageSource,
}

impl Masks {
    /// `folder` holds masks at the images' own paths, with the ending png.
    pub fn open(folder: &Path, input: &EvaluationInput<'_>) -> Result<Self> {
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(EngineError::Request(format!(
                "--masks {folder}: there is no such folder"
            )));
        }
        let shown = input.source.preprocess();
        let place = |sample: &Sample| {
            let path = sample.path.strip_prefix(&input.folder.root);
            let own = folder
                .join(path.unwrap_or(&sample.path))
                .with_extension("png");
            (sample.path.clone(), own)
        };
        let paths: Vec<_> = input.folder.samples.iter().map(place).collect();
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
                ..shown.transform
            },
            ..shown.clone()
        };
        Ok(Self {
            folder: folder.into(),
            paths,
            source: ImageSource::new(&samples, preprocess, 0)?,
        })
    }

    /// The mask of image `index`, [H, W]; none where there is no file.
    pub fn of(&self, index: usize) -> Result<Option<Vec<bool>>> {
        let (image, mask) = &self.paths[index];
        if !mask.exists() {
            return Ok(None);
        }
        let size = |path: &Path| -> Result<[usize; 2]> {
            let pixels = decode_file(path)?.pixels;
            Ok([pixels.height, pixels.width])
        };
        let (of_image, of_mask) = (size(image)?, size(mask)?);
        if of_image != of_mask {
            return Err(EngineError::Request(format!(
                "{}: a mask of {}x{} for an image of {}x{}",
                mask.display(),
                of_mask[1],
                of_mask[0],
                of_image[1],
                of_image[0]
            )));
        }
        let values = self.source.image(index, 0)?;
        Ok(Some(values.into_iter().map(|value| value > 0.0).collect()))
    }

    /// Refuses a folder in which no image has a mask.
    pub fn refuse_if_none(&self, objects: &LocalisationTest) -> Result<()> {
        if objects.any() {
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
