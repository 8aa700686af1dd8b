//! The terms of the page and their explanations.

use mitsume_locale::{Language, text};

use crate::entries::Entry;

/// Terms and what they mean, those that the page uses.
pub(super) fn terms(entries: &[Entry], language: Language) -> Vec<(String, String)> {
    let evaluated = || entries.iter().filter_map(|entry| entry.evaluation.as_ref());
    let mut terms = vec![
        (
            text!(language, "findings-term-map"),
            text!(language, "findings-map-means"),
        ),
        (
            text!(language, "findings-term-mean"),
            text!(language, "findings-mean-means"),
        ),
        (
            text!(language, "findings-term-consistency"),
            text!(language, "findings-consistency-means"),
        ),
        (
            text!(language, "findings-term-squared"),
            text!(language, "findings-squared-means"),
        ),
        (
            text!(language, "findings-term-l2"),
            text!(language, "findings-l2-means"),
        ),
        (
            text!(language, "findings-term-counted"),
            text!(language, "findings-counted-means"),
        ),
        (
            text!(language, "findings-term-kappa"),
            text!(language, "findings-kappa-means"),
        ),
    ];
    if entries.iter().any(|entry| entry.run.is_some()) {
        terms.push((
            text!(language, "findings-term-lambda"),
            text!(language, "findings-lambda-means"),
        ));
    }
    if evaluated().any(|evaluated| evaluated.images.is_some()) {
        terms.push((
            text!(language, "findings-term-r"),
            text!(language, "findings-r-means"),
        ));
    }
    if evaluated().any(|evaluated| evaluated.summary.surroundings.is_some()) {
        terms.push((
            text!(language, "findings-term-regions"),
            text!(language, "findings-regions-means"),
        ));
    }
    terms
}
