//! Table and findings of the maps of moved images.

use mitsume::trust::{Direction, Equivariance, Movement};
use mitsume_artifacts::TrustResult;
use mitsume_locale::{Language, text};

use super::with_interval;

pub(super) fn columns(language: Language) -> [String; 7] {
    [
        text!(language, "trust-maps"),
        text!(language, "trust-movement"),
        text!(language, "trust-images"),
        text!(language, "trust-moved-back"),
        "SSIM".to_owned(),
        text!(language, "trust-in-place"),
        text!(language, "trust-constant"),
    ]
}

/// None of an older file.
pub(super) fn rows(result: &TrustResult, language: Language) -> Vec<Vec<String>> {
    let methods = result.equivariance.iter().flatten();
    methods
        .flat_map(|one| one.movements.iter().map(move |found| (one.method, found)))
        .map(|(method, found)| {
            vec![
                method.to_string(),
                movement_name(&found.movement, language),
                found.images.to_string(),
                with_interval(found.spearman),
                with_interval(found.ssim),
                with_interval(found.in_place),
                found.undefined.to_string(),
            ]
        })
        .collect()
}

/// What a movement is called.
pub fn movement_name(movement: &Movement, language: Language) -> String {
    let pixels = movement.pixels;
    match movement.direction {
        Direction::FlipHorizontally => text!(language, "trust-flip-horizontally"),
        Direction::FlipVertically => text!(language, "trust-flip-vertically"),
        Direction::ShiftRight => text!(language, "trust-shift-right", pixels = pixels),
        Direction::ShiftDown => text!(language, "trust-shift-down", pixels = pixels),
    }
}

/// Movements with which the tested method's maps do not move.
pub(super) fn sentences(result: &TrustResult, language: Language) -> Vec<String> {
    let Some(own) = result.equivariance.iter().flatten().next() else {
        return Vec::new();
    };
    let sentence = |found: &Equivariance| {
        let (back, in_place) = (found.spearman?, found.in_place?);
        (in_place.mean >= back.mean).then(|| {
            text!(
                language,
                "trust-stays-in-place",
                method = own.method.name(),
                movement = movement_name(&found.movement, language),
                back = with_interval(Some(back)),
                place = with_interval(Some(in_place)),
            )
        })
    };
    own.movements.iter().filter_map(sentence).collect()
}
