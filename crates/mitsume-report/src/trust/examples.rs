//! Single images' maps as the network loses what it learnt.

use mitsume_artifacts::DataSummary;
use mitsume_locale::{Language, text};

use crate::activation_map::ActivationMap;
use crate::overlay::{OverlayStyle, overlay, plain};
use crate::picture::{fitted, jpeg_uri, picture_of};
use crate::{Result, number_format};

/// Longer side of a picture in pixels.
const SIDE: u32 = 112;

/// An image of the randomisation test.
#[derive(Clone, Debug)]
pub struct CascadeExample {
    /// Below the data folder, with slashes.
    pub path: String,
    /// Its class, which every map is of.
    pub class: String,
    /// The model's own map, then one for each stage.
    pub maps: Vec<ActivationMap>,
    /// Spearman's correlation of each stage's map with the model's own; none of a constant map.
    pub spearman: Vec<Option<f64>>,
}

/// An example on the page.
pub(super) struct Row {
    pub class: String,
    pub name: String,
    /// The image, if it is still there.
    pub input: Option<String>,
    pub pictures: Vec<Picture>,
}

/// A map on the page.
pub(super) struct Picture {
    pub uri: String,
    /// What it is, for those who do not see it.
    pub text: String,
    /// Its correlation with the first.
    pub below: String,
}

/// # Errors
/// A picture that cannot be encoded.
pub(super) fn rows(
    examples: &[CascadeExample],
    data: &DataSummary,
    language: Language,
) -> Result<Vec<Row>> {
    let rows = examples.iter();
    rows.map(|example| row(example, data, language)).collect()
}

fn row(example: &CascadeExample, data: &DataSummary, language: Language) -> Result<Row> {
    let image = picture_of(data, &example.path).map(|picture| fitted(&picture, SIDE));
    let mut pictures = Vec::new();
    for (stage, map) in example.maps.iter().enumerate() {
        let shown = match &image {
            Some(image) => overlay(image, map, &OverlayStyle::DEFAULT),
            None => plain(map, SIDE, SIDE, OverlayStyle::DEFAULT.colour_map),
        };
        let (text, below) = match stage.checked_sub(1) {
            None => (text!(language, "trust-own-map"), String::new()),
            Some(before) => (
                text!(language, "trust-map-at-stage", stage = stage),
                number_format::significant_4_or_dash(
                    example.spearman.get(before).copied().flatten(),
                ),
            ),
        };
        pictures.push(Picture {
            uri: jpeg_uri(&shown)?,
            text,
            below,
        });
    }
    let name = example.path.rsplit('/').next().unwrap_or(&example.path);
    Ok(Row {
        class: example.class.clone(),
        name: name.to_owned(),
        input: image.as_ref().map(jpeg_uri).transpose()?,
        pictures,
    })
}
