//! The images of a class with their overlays, from typical to deviant.

use mitsume_artifacts::{Evaluation, ImageRow, Maps};
use rayon::prelude::*;

use crate::activation_map::ActivationMap;
use crate::entries::{Entry, Evaluated};
use crate::extremes::{MAX_CLASSES_IN_FULL, classes_with_images};
use crate::gallery_selection::{by_deviation, select_images};
use crate::overlay::{OverlayStyle, coloured_map, overlay};
use crate::picture::{evaluated_picture, fit_to_side, jpeg_uri};
use crate::template_data::{Card, ClassGallery};
use crate::{Result, number_format};

/// Longer side of a thumbnail in pixels.
const THUMBNAIL: u32 = 128;

/// Images in all galleries of a page together, at about 10 KB each; fewer where there are many
/// classes, whose pages are to stay below 3 MB.
const MAX_IMAGES: usize = 480;
const MAX_IMAGES_OF_MANY_CLASSES: usize = 168;
/// Images of one class in one gallery.
const MAX_PER_CLASS: usize = 36;
/// Images of all galleries on paper, and of one class.
const MAX_PRINTED: usize = 96;
const MAX_PRINTED_PER_CLASS: usize = 8;

/// The limits of a gallery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GalleryLimits {
    /// Images of one class.
    pub per_class: usize,
    /// Of them on paper, and where no script pages through the rest.
    pub shown_initially: usize,
}

/// The limits for each gallery, so that all of them together keep to the page's bounds.
pub(crate) fn gallery_limits(entries: &[Entry]) -> GalleryLimits {
    let kept = entries
        .iter()
        .filter_map(|entry| entry.evaluation.as_ref())
        .filter(|evaluated| evaluated.images.is_some());
    let many = kept
        .clone()
        .any(|evaluated| evaluated.summary.per_class.len() > MAX_CLASSES_IN_FULL);
    let galleries: usize = kept
        .map(|evaluated| classes_with_images(&evaluated.summary).len())
        .sum();
    let most = if many {
        MAX_IMAGES_OF_MANY_CLASSES
    } else {
        MAX_IMAGES
    };
    let each = |most: usize, limit: usize| (most / galleries.max(1)).clamp(1, limit);
    GalleryLimits {
        per_class: each(most, MAX_PER_CLASS),
        shown_initially: each(MAX_PRINTED, MAX_PRINTED_PER_CLASS),
    }
}

/// The galleries of one evaluation, one per class that has images; of many classes, of those at
/// the ends and the most confused.
pub(crate) fn galleries(evaluated: &Evaluated, limits: GalleryLimits) -> Result<Vec<ClassGallery>> {
    let Some((rows, maps)) = &evaluated.images else {
        return Ok(Vec::new());
    };
    let summary = &evaluated.summary;
    let mut galleries = Vec::new();
    for class in classes_with_images(summary) {
        let ordered = by_deviation(rows, &summary.model.explain, class);
        if ordered.is_empty() {
            continue;
        }
        let chosen = select_images(rows, &ordered, limits.per_class);
        let first = select_images(rows, &chosen, limits.shown_initially);
        // In parallel: decoding takes the time. The order of the results is that of `chosen`.
        let cards: Result<Vec<Card>> = chosen
            .par_iter()
            .map(|i| {
                let card = card(summary, &rows[*i], maps, *i)?;
                let shown_initially = first.contains(i);
                Ok(Card {
                    shown_initially,
                    ..card
                })
            })
            .collect();
        let wrong = |images: &[usize]| images.iter().filter(|i| !rows[**i].correct).count();
        galleries.push(ClassGallery {
            class: summary.data.classes[class].clone(),
            index: class,
            shown: chosen.len(),
            total: ordered.len(),
            complete: chosen.len() == ordered.len(),
            wrong_shown: wrong(&chosen),
            wrong_total: wrong(&ordered),
            shown_initially: first.len(),
            cards: cards?,
        });
    }
    Ok(galleries)
}

fn card(summary: &Evaluation, row: &ImageRow, maps: &Maps, index: usize) -> Result<Card> {
    let [height, width] = maps.cam_size();
    let map = ActivationMap::new(maps.cam(index)?, height, width)?;
    let (mut input, mut over, mut alone) = (None, None, None);
    if let Some(picture) = evaluated_picture(&summary.data, &row.path) {
        let thumbnail = fit_to_side(&picture, THUMBNAIL);
        input = Some(jpeg_uri(&thumbnail)?);
        over = Some(jpeg_uri(&overlay(
            &thumbnail,
            &map,
            &OverlayStyle::DEFAULT,
        ))?);
    } else {
        alone = Some(jpeg_uri(&coloured_map(
            &map,
            THUMBNAIL,
            THUMBNAIL,
            OverlayStyle::DEFAULT.colour_map,
        ))?);
    }
    let name = row.path.rsplit('/').next().unwrap_or(&row.path);
    Ok(Card {
        shown_initially: false,
        name: name.to_owned(),
        path: row.path.clone(),
        input,
        overlay: over,
        map: alone,
        correct: row.correct,
        label: summary.data.classes[row.label].clone(),
        explained: match summary.model.explain.class() {
            Some(explained) => explained.to_owned(),
            None => {
                let group = summary.model.explain.group(row.label, row.prediction);
                summary.data.classes[group.class].clone()
            }
        },
        predicted: summary.data.classes[row.prediction].clone(),
        probability: number_format::percent(row.probability),
        probability_label: number_format::percent(row.probability_label),
        squared_l2: number_format::significant_4_or_dash(row.squared_l2),
        l2: number_format::significant_4_or_dash(row.l2),
        sort_deviation: row.squared_l2.map_or_else(String::new, |d| d.to_string()),
        sort_probability: row.probability_label.to_string(),
    })
}
