//! Explains single images: maps as pictures, a table and a page.

mod image;
pub(crate) mod listing;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use mitsume::trust::Surroundings;
use mitsume_artifacts::ModelSettings;
use mitsume_data::decode::decode_file;
use mitsume_data::{Preprocess, Skipped};
use mitsume_locale::Language;
use mitsume_report::OverlayStyle;
use serde::Serialize;

use crate::maps::MapOptions;
use crate::network::Network;
use crate::reference_maps::{ComparedMaps, open_reference};
use crate::{Event, Observer, Result};
use image::explain_image;
use listing::list_images;
use writer::ExplanationWriter;

/// The class whose score a map explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainTarget {
    /// The predicted class of each image.
    Predicted,
    /// One class for all images, by index.
    Class(usize),
}

/// Options of an explanation.
pub struct ExplainOptions<'a> {
    /// The network that is explained.
    pub network: &'a dyn Network,
    /// Class names in the order of the network's logits, one for each.
    pub classes: &'a [String],
    /// The class that is explained.
    pub target: ExplainTarget,
    /// Preprocessing of the images.
    pub preprocess: Preprocess,
    /// How the maps are made.
    pub maps: MapOptions,
    /// A run directory or an evaluation: the maps are compared with its class mean maps.
    pub reference: Option<&'a Path>,
    /// Output folder for the pictures, the table and the page.
    pub out: &'a Path,
    /// Colours and opacity of maps over images.
    pub style: OverlayStyle,
    /// Whether to also draw each map over its image at the image's own resolution.
    pub overlay: bool,
    /// Whether to also write each map as a NumPy file.
    pub raw_maps: bool,
    /// Whether the network's outputs are findings that do not exclude each other: their probabilities
    /// are sigmoids, and the predicted one is the most probable.
    pub is_multi_label: bool,
    /// Settings that differ from those the network was trained with, for the page.
    pub settings: &'a ModelSettings,
    /// Language of the page.
    pub language: Language,
    /// Checked between images: once it is set, the remaining images are left out.
    pub stop: &'a AtomicBool,
}

impl ExplainOptions<'_> {
    /// Height and width of the network's input.
    fn size(&self) -> [usize; 2] {
        [self.preprocess.height, self.preprocess.width]
    }
}

/// One explained image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The image file.
    pub image: String,
    /// The picture with image and map.
    pub picture: String,
    /// The map over the image at its own resolution, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// The map as a NumPy file, float32 [h, w], if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// Predicted class.
    pub predicted: String,
    /// Probability of the predicted class: softmax, or sigmoid of a finding.
    pub probability: f64,
    /// The explained class.
    pub target: String,
    /// Probability of the explained class.
    pub target_probability: f64,
    /// `squared-l2` deviation from the reference's class mean map, if there is one (Eq. 9).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub squared_l2: Option<f64>,
    /// The deviation in the `l2` form of the published code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
    /// Relevance mass on the image's border and uniform background; `None` for a map that is all
    /// zero.
    pub surroundings: Option<Surroundings>,
    /// Probability of each class, in the order of the logits.
    pub probabilities: Vec<f64>,
}

/// Results of an explanation.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The explained images, in order; at least one.
    pub images: Vec<Explained>,
    /// Images and folders that could not be read, with the reason.
    pub failed: Vec<Skipped>,
    /// Number of images left out because `stop` was set.
    pub remaining: usize,
    /// The HTML page.
    pub page: PathBuf,
}

/// Explains images: `paths` are image files, and folders whose images, in and below them, are all
/// explained.
///
/// Writes a picture of each image below `out`, named as the image is below its folder, and
/// `explained.csv` and `explained.html`; with [`ExplainOptions::overlay`] and
/// [`ExplainOptions::raw_maps`] two more files for each image. An image that cannot be read does
/// not stop the others.
///
/// # Errors
/// A reference that does not fit the model; no image that can be read, and then nothing is written;
/// a file that cannot be written; [`EngineError::Interrupted`](crate::EngineError::Interrupted)
/// before the first image.
pub fn explain(
    paths: &[PathBuf],
    options: &ExplainOptions<'_>,
    observer: &mut Observer<'_>,
) -> Result<Explanation> {
    let compared = ComparedMaps {
        cam: options.network.cam_size(options.size()),
        options: options.maps,
        classes: options.classes,
        target: options.target.clone(),
        is_multi_label: options.is_multi_label,
    };
    let reference = options
        .reference
        .map(|path| open_reference(path, &compared))
        .transpose()?;
    let (images, failed_paths) = list_images(paths, observer);
    options.preprocess.validate()?;
    let mut writer = ExplanationWriter::new(options);
    let total = images.len();
    let mut done = 0;
    let mut more_frames = Vec::new();
    for image in &images {
        if options.stop.load(Ordering::Relaxed) {
            break;
        }
        match decode_file(&image.path) {
            Ok(decoded) => {
                if decoded.more_frames {
                    more_frames.push(image.path.clone());
                }
                explain_image(
                    image,
                    decoded.pixels,
                    options,
                    reference.as_ref(),
                    &mut writer,
                )?;
            }
            Err(error) => writer.add_failure(image.path.clone(), error.reason(), observer),
        }
        done += 1;
        observer(Event::Evaluating { done, total });
    }
    if !more_frames.is_empty() {
        observer(Event::MoreFrames(more_frames));
    }
    for failed in failed_paths {
        writer.add_failure(failed.path, failed.reason, observer);
    }
    writer.finish(total - done)
}
