//! Cautions for consistencies over few images or few classes.

use mitsume_locale::{Language, text};

use crate::entries::Entry;
use crate::thresholds::{MIN_CORRECT_IMAGES, MIN_COUNTED_CLASSES};

/// A caution if the consistency of an entry is over few classes or few images (`counted`); empty
/// otherwise.
pub(crate) fn entry_caution(entry: &Entry, counted: Option<u64>, language: Language) -> String {
    let Some(counted) = counted.filter(|counted| *counted > 0) else {
        return String::new();
    };
    let classes = entry.evaluation.as_ref().map(|evaluated| {
        let per_class = &evaluated.summary.per_class;
        per_class.iter().filter(|class| class.counted() > 0).count()
    });
    if let Some(classes) = classes.filter(|classes| *classes < MIN_COUNTED_CLASSES) {
        return text!(language, "report-few-classes", count = classes);
    }
    few_images_caution(counted, language)
}

/// A caution if a consistency is over few images; empty if it is over none or enough.
pub(crate) fn few_images_caution(correct: u64, language: Language) -> String {
    if (1..MIN_CORRECT_IMAGES).contains(&correct) {
        text!(language, "report-few-images", count = correct)
    } else {
        String::new()
    }
}
