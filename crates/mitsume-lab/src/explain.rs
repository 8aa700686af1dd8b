//! Where a model looks in single images, as pictures.

use std::path::{Path, PathBuf};

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use mitsume::Deviation;
use mitsume::train::predictions;
use mitsume::trust::Surroundings;
use mitsume_data::{ImageSource, Preprocess, Sample};
use mitsume_record::{EvaluationDir, Maps, RunDir, write_bytes};
use mitsume_report::{Map, Panel, PanelClass, PanelReference, panel_png, seen_picture};
use serde::Serialize;

use crate::maps::{MapOptions, MapRequest, floats, maps_at};
use crate::network::Network;
use crate::surroundings::SurroundingsOf;
use crate::{LabError, Result};

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
    pub network: &'a dyn Network,
    /// Class names in label order, as many as the model has classes.
    pub classes: &'a [String],
    /// Which class.
    pub target: ExplainTarget,
    /// How images are prepared for it.
    pub preprocess: Preprocess,
    /// How the maps are made.
    pub maps: MapOptions,
    /// A run directory or an evaluation whose class mean maps to compare with.
    pub reference: Option<&'a Path>,
    /// Folder for the pictures.
    pub out: &'a Path,
}

impl ExplainOptions<'_> {
    /// `[height, width]` of its images.
    fn size(&self) -> [usize; 2] {
        [self.preprocess.height, self.preprocess.width]
    }
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
    /// How much of the map lies on the image's border and empty background; none of a map that is
    /// all zero.
    pub surroundings: Option<Surroundings>,
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
    let source = ImageSource::new(&samples, options.preprocess.clone(), 0)?;
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
    let cam = options.network.cam_size(options.size());
    if maps.cam_size() != cam {
        return Err(LabError::Request(format!(
            "{}: its maps are {:?}, this model's {cam:?}: use the reference of the same model and \
             --image-size",
            path.display(),
            maps.cam_size()
        )));
    }
    let made = MapOptions {
        method: summary.model.method,
        flip: summary.model.flip,
    };
    if made != options.maps {
        return Err(LabError::Request(format!(
            "{0}: its maps are made with {1}{2}: compare with --method {1}{3}",
            path.display(),
            made.method,
            if made.flip { " and flip smoothing" } else { "" },
            if made.flip {
                " --flip"
            } else {
                ", without --flip"
            },
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
    let [height, width] = options.size();
    let network = options.network;
    let image = TensorData::new(pixels.clone(), [1, network.channels(), height, width]);
    let image = Tensor::from_data(image, &network.device());
    let hooked = network.hook(image.clone())?;
    let logits = hooked[0].logits()?;
    let predicted = predictions(&logits)[0];
    let probabilities = floats(softmax(logits, 1));
    let target = match options.target {
        ExplainTarget::Predicted => predicted,
        ExplainTarget::Class(class) => class,
    };
    let request = MapRequest {
        options: options.maps,
        images: image,
        targets: &[target],
        seeds: &[0],
    };
    let cam = maps_at(network, &hooked, &request)?.1;
    let [h, w] = network.cam_size(options.size());
    let surroundings = SurroundingsOf::new([h, w], &options.preprocess).of(&pixels, &cam)?;

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
        image: &seen_picture(path, &options.preprocess.view, options.size())?,
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
        surroundings: surroundings.as_ref(),
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
        surroundings,
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
