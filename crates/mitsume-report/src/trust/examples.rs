//! Example maps at each stage of the cascading randomisation.

use mitsume_artifacts::DataSummary;
use mitsume_locale::{Language, text};

use crate::activation_map::ActivationMap;
use crate::overlay::{OverlayStyle, coloured_map, overlay};
use crate::picture::{evaluated_picture, fit_to_side, jpeg_uri};
use crate::{Result, number_format};

/// Longer side of a picture in pixels.
const SIDE: u32 = 112;

/// An image of the randomisation test.
#[derive(Clone, Debug)]
pub struct CascadeExample {
    /// Below the data folder, with slashes.
    pub path: String,
    /// Its class, the target class of every map.
    pub class: String,
    /// The model's own map, then one for each stage.
    pub maps: Vec<ActivationMap>,
    /// Spearman's correlation of each stage's map with the model's own; `None` for a constant map.
    pub spearman: Vec<Option<f64>>,
}

/// An example on the page.
pub(super) struct ExampleRow {
    pub class: String,
    pub name: String,
    /// The image, if it can be read.
    pub input: Option<String>,
    pub pictures: Vec<ExamplePicture>,
}

/// A map on the page.
pub(super) struct ExamplePicture {
    pub uri: String,
    /// Alternative text.
    pub text: String,
    /// Its correlation with the model's own map.
    pub below: String,
}

/// # Errors
/// A picture that cannot be encoded.
pub(super) fn example_rows(
    examples: &[CascadeExample],
    data: &DataSummary,
    language: Language,
) -> Result<Vec<ExampleRow>> {
    let rows = examples.iter();
    rows.map(|example| example_row(example, data, language))
        .collect()
}

fn example_row(
    example: &CascadeExample,
    data: &DataSummary,
    language: Language,
) -> Result<ExampleRow> {
    let image = evaluated_picture(data, &example.path).map(|picture| fit_to_side(&picture, SIDE));
    let mut pictures = Vec::new();
    for (stage, map) in example.maps.iter().enumerate() {
        let shown = match &image {
            Some(image) => overlay(image, map, &OverlayStyle::DEFAULT),
            None => coloured_map(map, SIDE, SIDE, OverlayStyle::DEFAULT.colour_map),
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
        pictures.push(ExamplePicture {
            uri: jpeg_uri(&shown)?,
            text,
            below,
        });
    }
    let name = example.path.rsplit('/').next().unwrap_or(&example.path);
    Ok(ExampleRow {
        class: example.class.clone(),
        name: name.to_owned(),
        input: image.as_ref().map(jpeg_uri).transpose()?,
        pictures,
    })
}
