//! Where a model looks in single images, as pictures.

mod listing;
mod reference;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};
use mitsume::Deviation;
use mitsume::train::predictions;
use mitsume::trust::Surroundings;
use mitsume_artifacts::{Maps, ModelSettings, write_atomic, write_map};
use mitsume_data::{ImageSource, Preprocess, Sample, Skipped};
use mitsume_locale::Language;
use mitsume_report::{
    Map, OverlayStyle, Panel, PanelClass, PanelReference, cut, full_overlay_png, load_picture,
    visible_part,
};
use serde::Serialize;

use crate::maps::{MapOptions, MapRequest, floats, maps_at};
use crate::network::Network;
use crate::surroundings::SurroundingsEvaluator;
use crate::{EngineError, Event, Observer, Result};
use listing::{ListedImage, listing};
use reference::reference;
use writer::ExplanationWriter;

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
    /// Folder for the pictures, the table and the page.
    pub out: &'a Path,
    /// How maps are drawn over images.
    pub style: OverlayStyle,
    /// Whether each map is also drawn over its image at the image's own resolution.
    pub overlay: bool,
    /// Whether each map is also written as it is, as a NumPy file.
    pub raw_maps: bool,
    /// How the network is used other than as it was trained, for the page.
    pub settings: &'a ModelSettings,
    /// Language of the page.
    pub language: Language,
    /// Looked at between images: once it is set, the rest is left out.
    pub stop: &'a AtomicBool,
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
    /// The map over the image at its own resolution, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// The map as float32 `[height, width]`, a NumPy file, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
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
    /// Softmax probability of each class, in the model's order.
    pub probabilities: Vec<f64>,
}

/// What explaining leaves.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The images that were explained, in order; at least one.
    pub images: Vec<Explained>,
    /// What could not be read, and why.
    pub failed: Vec<Skipped>,
    /// Images it was asked to stop before.
    pub remaining: usize,
    /// The page.
    pub page: PathBuf,
}

/// Explains the images `named`: files, and folders with all images in and below them. Writes a picture of each below
/// `out`, named as the image is below its folder, with [`ExplainOptions::overlay`] and
/// [`ExplainOptions::raw_maps`] two more, `explained.csv` and `explained.html`. An image that cannot be read
/// stops none of the others.
///
/// # Errors
/// A reference that does not fit the model; no image that can be read, and then nothing is written; a file that
/// cannot be written; [`EngineError::Interrupted`] before the first image.
pub fn explain(
    named: &[PathBuf],
    options: &ExplainOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<Explanation> {
    let reference = options
        .reference
        .map(|path| reference(path, options))
        .transpose()?;
    let (listed, unlisted) = listing(named, observer);
    let sample = |one: &ListedImage| Sample {
        path: one.path.clone(),
        class: 0,
    };
    let samples: Vec<Sample> = listed.iter().map(sample).collect();
    let source = ImageSource::new(&samples, options.preprocess.clone(), 0)?;
    let mut writer = ExplanationWriter::new(options);
    let total = listed.len();
    let mut done = 0;
    for (index, one) in listed.iter().enumerate() {
        if options.stop.load(Ordering::Relaxed) {
            break;
        }
        match source.image(index, 0) {
            Ok(pixels) => {
                explain_one(one, pixels, options, reference.as_ref(), &mut writer)?;
            }
            Err(error) => writer.fail(one.path.clone(), error.reason(), observer),
        }
        done += 1;
        observer(Event::Evaluating { done, total });
    }
    for folder in unlisted {
        writer.fail(folder.path, folder.reason, observer);
    }
    writer.finish(total - done)
}

fn explain_one(
    listed: &ListedImage,
    pixels: Vec<f32>,
    options: &ExplainOptions<'_>,
    reference: Option<&Maps>,
    writer: &mut ExplanationWriter<'_>,
) -> Result<()> {
    let path = &listed.path;
    let [height, width] = options.size();
    let network = options.network;
    let image = TensorData::new(pixels.clone(), [1, network.channels(), height, width]);
    let image = Tensor::from_data(image, &network.device());
    let hooked = network.hook(image.clone())?;
    let logits = hooked[0].logits()?;
    let predicted = predictions(&logits)[0];
    let probabilities = floats(softmax(logits, 1));
    if !probabilities.iter().all(|p| p.is_finite()) {
        return Err(EngineError::Failed(
            "the network's output is not a finite number: its weights have diverged".into(),
        ));
    }
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
    let surroundings = SurroundingsEvaluator::new([h, w], &options.preprocess).of(&pixels, &cam)?;

    let mean = reference.and_then(|maps| maps.class_mean(target));
    let deviation = mean
        .map(|mean| {
            let mean: Vec<f64> = mean.iter().map(|value| f64::from(*value)).collect();
            Deviation::between(&cam, &mean)
        })
        .transpose()
        .map_err(|error| EngineError::Failed(error.to_string()))?;
    let mean = mean.map(|mean| Map::new(mean.to_vec(), h, w)).transpose()?;
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into());
    let class = |class: usize| PanelClass {
        name: &options.classes[class],
        probability: f64::from(probabilities[class]),
    };
    let whole = load_picture(path)?;
    let visible = visible_part(&whole, &options.preprocess.transform, options.size());
    let image = cut(&whole, &visible);
    let cam = Map::new(cam, h, w)?;
    let panel = Panel {
        name: &name,
        image: &image,
        cam: &cam,
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
        style: options.style,
        language: options.language,
    };
    let below_out = |name: &str| options.out.join(name).display().to_string();
    let found = Explained {
        image: path.display().to_string(),
        picture: below_out(&listed.picture),
        overlay: options.overlay.then(|| below_out(&listed.overlay())),
        map: options.raw_maps.then(|| below_out(&listed.map())),
        predicted: options.classes[predicted].clone(),
        probability: f64::from(probabilities[predicted]),
        target: options.classes[target].clone(),
        target_probability: f64::from(probabilities[target]),
        squared_l2: deviation.map(|deviation| deviation.squared_l2),
        l2: deviation.map(|deviation| deviation.l2),
        surroundings,
        probabilities: probabilities.into_iter().map(f64::from).collect(),
    };
    if options.overlay {
        let png = full_overlay_png(whole, &visible, &cam, &options.style)?;
        write_atomic(&options.out.join(listed.overlay()), &png)?;
    }
    if options.raw_maps {
        write_map(&options.out.join(listed.map()), cam.values(), [h, w])?;
    }
    writer.add(&panel, listed, found)
}
