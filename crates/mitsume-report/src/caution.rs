//! What a consistency over little says about itself.

use mitsume_locale::{Language, text};

use crate::entries::Entry;

/// A consistency over fewer correctly classified images than this is marked.
pub(crate) const FEW_IMAGES: u64 = 10;
/// A consistency over fewer classes than this is marked.
const FEW_CLASSES: usize = 2;

/// Why the consistency of an entry says little; empty where it is over enough.
pub(crate) fn entry_caution(entry: &Entry, counted: Option<u64>, language: Language) -> String {
    let Some(counted) = counted.filter(|counted| *counted > 0) else {
        return String::new();
    };
    let classes = entry.evaluation.as_ref().map(|evaluated| {
        let per_class = &evaluated.summary.per_class;
        per_class.iter().filter(|class| class.correct > 0).count()
    });
    if let Some(classes) = classes.filter(|classes| *classes < FEW_CLASSES) {
        return text!(language, "report-few-classes", count = classes);
    }
    few_images_caution(counted, language)
}

/// That a consistency is over a handful of images; empty where it is over none or enough.
pub(crate) fn few_images_caution(correct: u64, language: Language) -> String {
    if (1..FEW_IMAGES).contains(&correct) {
        text!(language, "report-few-images", count = correct)
    } else {
        String::new()
    }
}
