//! Where a model looks in single images, as pictures.

use std::path::{Path, PathBuf};

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use mitsume::Deviation;
use mitsume::methods::Method;
use mitsume::train::predictions;
use mitsume_data::{ImageSource, Preprocess, Sample};
use mitsume_record::{EvaluationDir, Maps, RunDir, write_bytes};
use mitsume_report::{Map, Panel, PanelClass, PanelReference, load_picture, panel_png};
use serde::Serialize;

use crate::method_maps::{HookedBatch, floats, method_maps};
use crate::{LabError, LoadedModel, Result};

/// Which class a map is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainTarget {
    /// The one the model predicts, image by image.
    Predicted,
    /// This one, by index.
    Class(usize),
}

/// What to explain, and how.
pub struct ExplainOptions<'a> {
    /// The network.
    pub model: &'a LoadedModel,
    /// Class names in label order, as many as the model has classes.
    pub classes: &'a [String],
    /// Which class.
    pub target: ExplainTarget,
    /// Side the images are resized to.
    pub image_size: usize,
    /// How the maps are made.
    pub method: Method,
    /// A run directory or an evaluation whose class mean maps to compare with.
    pub reference: Option<&'a Path>,
    /// Folder for the pictures.
    pub out: &'a Path,
    /// Where to compute; the one the model is on.
    pub device: &'a Device,
}

/// One explained image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The image.
    pub image: String,
    /// The picture made.
    pub picture: String,
    /// Predicted class.
    pub predicted: String,
    /// Softmax probability of it.
    pub probability: f64,
    /// The class the map is of.
    pub target: String,
    /// Softmax probability of it.
    pub target_probability: f64,
    /// Deviation from the reference's class mean map, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub squared_l2: Option<f64>,
    /// The same in the published form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
}

/// Explains one image after the other and writes `NAME.explained.png` for each.
///
/// # Errors
/// An image that cannot be read; a reference that does not fit the model.
pub fn explain(images: &[PathBuf], options: &ExplainOptions<'_>) -> Result<Vec<Explained>> {
    let reference = options
        .reference
        .map(|path| reference(path, options))
        .transpose()?;
    let samples: Vec<Sample> = images
        .iter()
        .map(|path| Sample {
            path: path.clone(),
            class: 0,
        })
        .collect();
    let preprocess = Preprocess {
        height: options.image_size,
        width: options.image_size,
        channels: options.model.spec.channels,
        augment: None,
        seed: 0,
        view: Default::default(),
    };
    let source = ImageSource::new(&samples, preprocess, 0)?;
    std::fs::create_dir_all(options.out).map_err(|error| {
        LabError::Request(format!("cannot create {}: {error}", options.out.display()))
    })?;
    let mut names = Vec::new();
    let mut explained = Vec::new();
    for (index, path) in images.iter().enumerate() {
        let picture = options.out.join(file_name(path, &mut names));
        let pixels = source.image(index, 0)?;
        explained.push(explain_one(
            path,
            &picture,
            pixels,
            options,
            reference.as_ref(),
        )?);
    }
    Ok(explained)
}

/// The class mean maps of a run's or an evaluation's own evaluation.
fn reference(path: &Path, options: &ExplainOptions<'_>) -> Result<Maps> {
    let run = RunDir::new(path);
    let dir = if run.is_run() {
        EvaluationDir::new(run.evaluation())
    } else {
        EvaluationDir::new(path)
    };
    let summary = dir.summary()?;
    let maps = Maps::open(&dir.maps_path())?;
    let size = options.image_size;
    let cam = options.model.level.cam_size([size, size]);
    if maps.cam_size() != cam {
        return Err(LabError::Request(format!(
            "{}: its maps are {:?}, this model's {cam:?}: use the reference of the same model and \
             --image-size",
            path.display(),
            maps.cam_size()
        )));
    }
    if summary.model.method != options.method {
        return Err(LabError::Request(format!(
            "{}: its maps are made with {made}: compare with --method {made}",
            path.display(),
            made = summary.model.method
        )));
    }
    if summary.data.classes != options.classes {
        return Err(LabError::Request(format!(
            "{}: its classes are {}, this model's {}",
            path.display(),
            summary.data.classes.join(", "),
            options.classes.join(", ")
        )));
    }
    Ok(maps)
}

fn explain_one(
    path: &Path,
    picture: &Path,
    pixels: Vec<f32>,
    options: &ExplainOptions<'_>,
    reference: Option<&Maps>,
) -> Result<Explained> {
    let (size, channels) = (options.image_size, options.model.spec.channels);
    let device = options.device;
    let image = TensorData::new(pixels, [1, channels, size, size]);
    let model = &options.model.model;
    let image = Tensor::from_data(image, device);
    let features = model.trunk.forward(image.clone());
    let logits = model.head.logits(features.clone(), None);
    let predicted = predictions(&logits)[0];
    let probabilities = floats(softmax(logits, 1));
    let target = match options.target {
        ExplainTarget::Predicted => predicted,
        ExplainTarget::Class(class) => class,
    };
    let hooked = HookedBatch {
        model,
        images: image,
        features,
        targets: &[target],
        seeds: &[0],
    };
    let cam = method_maps(options.method, hooked)?.1;
    let [h, w] = options.model.level.cam_size([size, size]);

    let mean = reference.and_then(|maps| maps.class_mean(target));
    let deviation = mean
        .map(|mean| {
            let mean: Vec<f64> = mean.iter().map(|value| f64::from(*value)).collect();
            Deviation::between(&cam, &mean)
        })
        .transpose()
        .map_err(|error| LabError::Failed(error.to_string()))?;
    let mean = mean.map(|mean| Map::new(mean.to_vec(), h, w)).transpose()?;
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into());
    let class = |class: usize| PanelClass {
        name: &options.classes[class],
        probability: f64::from(probabilities[class]),
    };
    let png = panel_png(&Panel {
        name: &name,
        image: &load_picture(path)?,
        cam: &Map::new(cam, h, w)?,
        predicted: class(predicted),
        target: class(target),
        reference: mean
            .as_ref()
            .zip(deviation)
            .map(|(mean, deviation)| PanelReference {
                mean,
                squared_l2: deviation.squared_l2,
                l2: deviation.l2,
            }),
    })?;
    write_bytes(picture, &png)?;
    Ok(Explained {
        image: path.display().to_string(),
        picture: picture.display().to_string(),
        predicted: options.classes[predicted].clone(),
        probability: f64::from(probabilities[predicted]),
        target: options.classes[target].clone(),
        target_probability: f64::from(probabilities[target]),
        squared_l2: deviation.map(|deviation| deviation.squared_l2),
        l2: deviation.map(|deviation| deviation.l2),
    })
}

/// `STEM.explained.png`, numbered where two images have the same stem. Never an input's own name
/// unless that is an earlier output.
fn file_name(image: &Path, taken: &mut Vec<String>) -> String {
    let stem = image
        .file_stem()
        .map_or_else(|| "image".into(), |stem| stem.to_string_lossy());
    let name = (1..)
        .map(|n| {
            if n == 1 {
                format!("{stem}.explained.png")
            } else {
                format!("{stem}-{n}.explained.png")
            }
        })
        .find(|name| !taken.contains(name))
        .expect("there are more numbers than images");
    taken.push(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_the_same_name_get_pictures_of_their_own() {
        let mut taken = Vec::new();
        let names: Vec<_> = ["a/x.png", "b/x.jpg", "y.png"]
            .iter()
            .map(|path| file_name(Path::new(path), &mut taken))
            .collect();
        assert_eq!(
            names,
            ["x.explained.png", "x-2.explained.png", "y.explained.png"]
        );
    }
}
