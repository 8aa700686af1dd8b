//! Each class's mean map over its mean image.

use mitsume_artifacts::Maps;

use crate::activation_map::ActivationMap;
use crate::entries::Evaluated;
use crate::extremes::extremes;
use crate::overlay::{OverlayStyle, overlay};
use crate::picture::{fit_to_side, jpeg_uri, picture_from_planes};
use crate::template_data::ClassMapView;
use crate::{Result, number_format};

/// Side of a mean image in pixels.
const SIDE: u32 = 160;

/// One figure per class, or, of many classes, of the most and least consistent; a class without a
/// correctly classified image has no pictures.
pub(crate) fn class_maps(evaluated: &Evaluated) -> Result<Vec<ClassMapView>> {
    let Some((_, maps)) = &evaluated.images else {
        return Ok(Vec::new());
    };
    let classes = &evaluated.summary.data.classes;
    let shown = extremes(&evaluated.summary)
        .map_or_else(|| (0..classes.len()).collect(), |ends| ends.pictured());
    let views = shown.into_iter().map(|class| {
        Ok(ClassMapView {
            class: classes[class].clone(),
            correct: number_format::count(maps.class_counts()[class]),
            squared_l2: number_format::significant_4_or_dash(
                evaluated.summary.per_class[class].squared_l2,
            ),
            pictures: mean_pictures(maps, class)?,
        })
    });
    views.collect()
}

/// The mean image of a class as a data URI, and its mean map over it; `None` without either.
pub(crate) fn mean_pictures(maps: &Maps, class: usize) -> Result<Option<(String, String)>> {
    let (Some(mean), Some(image)) = (maps.class_mean(class), maps.mean_image(class)?) else {
        return Ok(None);
    };
    let [height, width] = maps.cam_size();
    let image = fit_to_side(&picture_from_planes(&image, maps.image_size()), SIDE);
    let mean = ActivationMap::new(mean.to_vec(), height, width)?;
    let over = overlay(&image, &mean, &OverlayStyle::DEFAULT);
    Ok(Some((jpeg_uri(&image)?, jpeg_uri(&over)?)))
}
