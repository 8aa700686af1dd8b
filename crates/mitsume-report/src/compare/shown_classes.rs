//! Which classes are shown where there are many.

use mitsume_artifacts::ModelComparison;

use crate::extremes::MAX_CLASSES_IN_FULL;

/// All classes, or of many those whose mean maps are least alike between a model and the baseline,
/// the least alike first.
pub(super) fn shown_classes(result: &ModelComparison) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..result.images.classes.len()).collect();
    if shown.len() <= MAX_CLASSES_IN_FULL {
        return shown;
    }
    let least = |class: usize| {
        let pairs = result.pairs.iter();
        let of_class = pairs.filter_map(|pair| pair.maps.per_class[class].mean_map_pearson);
        of_class.fold(f64::INFINITY, f64::min)
    };
    shown.sort_by(|a, b| least(*a).total_cmp(&least(*b)).then(a.cmp(b)));
    shown.truncate(MAX_CLASSES_IN_FULL / 2);
    shown
}
