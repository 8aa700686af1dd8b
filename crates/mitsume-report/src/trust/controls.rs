//! Tables and findings of the maps of another class and of noisy images.

use mitsume_artifacts::{MethodSensitivity, RandomLogitResult, TrustResult};
use mitsume_locale::{Language, text};

use super::with_interval;
use crate::number_format;

pub(super) fn other_class_columns(language: Language) -> [String; 5] {
    [
        text!(language, "trust-maps"),
        text!(language, "trust-images"),
        text!(language, "trust-spearman"),
        "SSIM".to_owned(),
        text!(language, "trust-constant"),
    ]
}

/// None of an older file, and with a model of a single class.
pub(super) fn other_class_rows(result: &TrustResult) -> Vec<Vec<String>> {
    let row = |one: &RandomLogitResult| {
        vec![
            one.method.to_string(),
            one.similarity.images.to_string(),
            with_interval(one.similarity.spearman),
            with_interval(one.similarity.ssim),
            one.similarity.undefined.to_string(),
        ]
    };
    result.random_logit.iter().flatten().map(row).collect()
}

/// Whether the model has no other class.
pub(super) fn has_single_class(result: &TrustResult) -> bool {
    result.random_logit.as_ref().is_some_and(Vec::is_empty)
}

pub(super) fn noise_columns(language: Language) -> [String; 4] {
    [
        text!(language, "trust-maps"),
        text!(language, "trust-images"),
        text!(language, "trust-largest-change"),
        text!(language, "trust-zero-maps"),
    ]
}

/// None of an older file, and without noisy images.
pub(super) fn noise_rows(result: &TrustResult) -> Vec<Vec<String>> {
    let row = |one: &MethodSensitivity| {
        vec![
            one.method.to_string(),
            one.change.images.to_string(),
            with_interval(one.change.largest_change),
            one.change.undefined.to_string(),
        ]
    };
    let noise = result.max_sensitivity.iter();
    noise.flat_map(|noise| &noise.methods).map(row).collect()
}

/// How the noisy images were made; empty without any.
pub(super) fn noise_note(result: &TrustResult, language: Language) -> String {
    result
        .max_sensitivity
        .as_ref()
        .map_or_else(String::new, |noise| {
            text!(
                language,
                "trust-noise-note",
                samples = noise.samples,
                radius = number_format::setting(noise.radius),
                levels = number_format::setting(255.0 * noise.radius)
            )
        })
}

/// What both say of the tested method.
pub(super) fn sentences(result: &TrustResult, language: Language) -> Vec<String> {
    let mut sentences = Vec::new();
    if has_single_class(result) {
        sentences.push(text!(language, "trust-single-class"));
    }
    if let Some([own, ..]) = result.random_logit.as_deref() {
        let method = own.method.name();
        sentences.push(match own.similarity.spearman {
            Some(spearman) => text!(
                language,
                "trust-other-class-found",
                method = method,
                figure = with_interval(Some(spearman)),
                undefined = own.similarity.undefined,
                images = own.similarity.images
            ),
            None => text!(language, "trust-other-class-constant", method = method),
        });
    }
    if let Some(noise) = &result.max_sensitivity
        && let [own, control] = &noise.methods[..]
        && let Some(change) = own.change.largest_change
    {
        sentences.push(text!(
            language,
            "trust-noise-found",
            method = own.method.name(),
            levels = number_format::setting(255.0 * noise.radius),
            samples = noise.samples,
            own = with_interval(Some(change)),
            random = with_interval(control.change.largest_change)
        ));
    }
    sentences
}
