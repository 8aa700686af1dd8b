//! The pictures of a comparison: class mean maps side by side, and images that two models look at
//! otherwise.

use image::RgbImage;
use mitsume_artifacts::PairedImage;
use mitsume_locale::{Language, text};
use rayon::prelude::*;

use super::CompareReport;
use super::shown_classes::shown_classes;
use super::tables::signed;
use crate::Result;
use crate::activation_map::ActivationMap;
use crate::number_format;
use crate::overlay::{OverlayStyle, coloured_map, overlay};
use crate::picture::{evaluated_picture, fit_to_side, jpeg_uri, picture_from_planes};

/// Longer side of a picture of a mean map, in pixels.
const MEAN_SIDE: u32 = 160;
/// Longer side of a picture of a single image.
const SIDE: u32 = 128;
/// Images on a page at most, with three pictures each.
const MAX_IMAGES: usize = 240;

/// A picture with its caption.
pub(super) struct Captioned {
    pub uri: String,
    pub alt: String,
    pub caption: String,
}

/// The mean maps of each shown class.
pub(super) struct ClassPictures {
    pub classes: Vec<ClassRow>,
    /// Of how many classes, where not all are shown.
    pub of: Option<usize>,
}

/// One class, with a picture of each model.
pub(super) struct ClassRow {
    pub class: String,
    pub caption: String,
    /// In the order of the models; `None` for one without a mean map.
    pub pictures: Vec<(String, Option<Captioned>)>,
}

/// A model beside the baseline.
pub(super) struct PairPictures {
    pub model: String,
    pub lists: Vec<PictureList>,
}

/// Images with a common reason to be shown.
pub(super) struct PictureList {
    pub title: String,
    pub cards: Vec<PairCard>,
    /// Images of this kind that are not shown.
    pub more: u64,
}

/// One image with the maps of two models.
pub(super) struct PairCard {
    pub name: String,
    pub path: String,
    /// The image alone; `None` if its file could not be read.
    pub input: Option<String>,
    /// Baseline, then model.
    pub pictures: Vec<Captioned>,
    pub class: String,
    pub agreement: String,
}

impl PairPictures {
    pub fn cards(&self) -> impl Iterator<Item = &PairCard> {
        self.lists.iter().flat_map(|list| &list.cards)
    }
}

/// The class mean maps; of many classes, of those whose mean maps are least alike.
pub(super) fn class_pictures(report: &CompareReport) -> Result<ClassPictures> {
    let all = report.common.classes.len();
    let shown = shown_classes(&report.result);
    let classes = shown.into_iter().map(|class| class_row(report, class));
    let classes: Vec<ClassRow> = classes.collect::<Result<_>>()?;
    let of = (classes.len() < all).then_some(all);
    Ok(ClassPictures { classes, of })
}

fn class_row(report: &CompareReport, class: usize) -> Result<ClassRow> {
    let language = report.options.language;
    let name = &report.common.classes[class];
    let models = report.models.iter().enumerate();
    let pictures = models.map(|(model, of)| {
        let figures = &report.figures[model];
        let Some(mean) = figures.means.mean(class) else {
            return Ok((of.name.clone(), None));
        };
        let [height, width] = of.shape();
        let values = mean.iter().map(|value| *value as f32).collect();
        let map = ActivationMap::new(values, height, width)?;
        let own = report.common.own_class(model, class);
        let below = of.maps.mean_image(own)?.map(|image| {
            let picture = picture_from_planes(&image, of.maps.image_size());
            fit_to_side(&picture, MEAN_SIDE)
        });
        let counted = number_format::count(figures.means.count(class));
        let picture = Captioned {
            uri: drawn(below.as_ref(), &map, MEAN_SIDE)?,
            alt: text!(
                language,
                "compare-mean-map-alt",
                class = name.as_str(),
                model = of.name.as_str()
            ),
            caption: text!(
                language,
                "compare-mean-map-caption",
                model = of.name.as_str(),
                counted = counted
            ),
        };
        Ok((of.name.clone(), Some(picture)))
    });
    let agreements = report.result.pairs.iter().filter_map(|pair| {
        let r = pair.maps.per_class[class].mean_map_pearson?;
        Some(match report.result.pairs.len() {
            1 => format!("r {}", signed(r)),
            _ => format!("{}: r {}", pair.model, signed(r)),
        })
    });
    Ok(ClassRow {
        class: name.clone(),
        caption: agreements.collect::<Vec<_>>().join(", "),
        pictures: pictures.collect::<Result<_>>()?,
    })
}

/// The map over the picture, or alone where there is none.
fn drawn(below: Option<&RgbImage>, map: &ActivationMap, side: u32) -> Result<String> {
    let style = OverlayStyle::DEFAULT;
    match below {
        Some(picture) => jpeg_uri(&overlay(picture, map, &style)),
        None => jpeg_uri(&coloured_map(map, side, side, style.colour_map)),
    }
}

/// For each pair the images of its three lists.
pub(super) fn pair_pictures(report: &CompareReport) -> Result<Vec<PairPictures>> {
    let language = report.options.language;
    let pairs = &report.result.pairs;
    let each = MAX_IMAGES / (3 * pairs.len()).max(1);
    let pairs = pairs.iter().map(|pair| {
        let maps = &pair.maps;
        let (model, baseline) = (pair.model.as_str(), pair.baseline.as_str());
        let only = |right: &str, wrong: &str| {
            text!(language, "compare-only-right", right = right, wrong = wrong)
        };
        let lists = [
            (
                text!(language, "compare-least-alike"),
                &maps.least_alike,
                report.result.images.common as u64,
            ),
            (
                only(baseline, model),
                &maps.baseline_only,
                pair.accuracy.baseline_only,
            ),
            (
                only(model, baseline),
                &maps.model_only,
                pair.accuracy.model_only,
            ),
        ];
        let lists = lists.into_iter().map(|(title, images, all)| {
            let shown = &images[..images.len().min(each)];
            // In parallel: decoding takes the time. The order of the results is that of the images.
            let cards: Result<Vec<PairCard>> = shown
                .par_iter()
                .map(|image| card(report, model, image))
                .collect();
            Ok(PictureList {
                title,
                cards: cards?,
                more: all - shown.len() as u64,
            })
        });
        Ok(PairPictures {
            model: pair.model.clone(),
            lists: lists.collect::<Result<_>>()?,
        })
    });
    pairs.collect()
}

fn card(report: &CompareReport, model: &str, image: &PairedImage) -> Result<PairCard> {
    let language = report.options.language;
    let common = report.common.images.iter();
    let rows = common
        .clone()
        .find(|common| common.path == image.image)
        .map_or(&[][..], |common| &common.rows);
    let model = report.models.iter().position(|of| of.name == model);
    let both = [Some(report.baseline), model].into_iter().flatten();
    let baseline = &report.models[report.baseline];
    let picture = evaluated_picture(&baseline.summary.data, &image.image)
        .map(|picture| fit_to_side(&picture, SIDE));
    let pictures = both.map(|model| {
        let (of, row) = (&report.models[model], rows[model]);
        let [height, width] = of.shape();
        let map = ActivationMap::new(of.map(row)?, height, width)?;
        // Each model's own view: it may be cropped otherwise.
        let own = match of.summary.data.transform == baseline.summary.data.transform {
            true => picture.clone(),
            false => evaluated_picture(&of.summary.data, &image.image)
                .map(|picture| fit_to_side(&picture, SIDE)),
        };
        let row = &of.rows[row];
        let predicted = of.summary.data.classes[row.prediction].as_str();
        Ok(Captioned {
            uri: drawn(own.as_ref(), &map, SIDE)?,
            alt: map_alt(language, &image.image, &of.name),
            caption: text!(
                language,
                "compare-card-model",
                model = of.name.as_str(),
                right = if row.correct { "yes" } else { "no" },
                predicted = predicted,
                probability = number_format::percent(row.probability),
            ),
        })
    });
    let name = image.image.rsplit('/').next().unwrap_or(&image.image);
    Ok(PairCard {
        name: name.to_owned(),
        path: image.image.clone(),
        pictures: pictures.collect::<Result<_>>()?,
        input: picture.as_ref().map(jpeg_uri).transpose()?,
        class: image.class.clone(),
        agreement: format!("r {}", signed(image.pearson)),
    })
}

fn map_alt(language: Language, image: &str, model: &str) -> String {
    text!(language, "compare-map-alt", image = image, model = model)
}
