//! What the page shows of an evaluation: confusion, classes, class mean maps and galleries.

use mitsume_artifacts::{ClassResult, Evaluation};
use mitsume_locale::Language;

use crate::caution::few_images_caution;
use crate::entries::Evaluated;
use crate::extremes::{classes_with_images, extremes};
use crate::gallery::GalleryLimits;
use crate::template_data::{EvaluationView, ManyClasses, PerClass};
use crate::{Result, class_maps, confusion, gallery, number_format};

/// Skipped files named on the page.
const MAX_SKIPPED: usize = 20;

pub(crate) fn evaluation_view(
    evaluated: &Evaluated,
    limits: GalleryLimits,
    language: Language,
) -> Result<EvaluationView> {
    let summary = &evaluated.summary;
    let many = many_classes(summary, language);
    let all = many.is_none();
    let classes = summary.per_class.iter().filter(|_| all);
    let skipped = &summary.data.skipped;
    Ok(EvaluationView {
        classes: summary.data.classes.clone(),
        confusion: confusion::confusion(summary),
        per_class: classes.map(|class| per_class(class, language)).collect(),
        many,
        class_maps: class_maps::class_maps(evaluated)?,
        galleries: gallery::galleries(evaluated, limits)?,
        explained: summary.model.explain.kind(),
        skipped: skipped.iter().take(MAX_SKIPPED).cloned().collect(),
        skipped_more: skipped.len().saturating_sub(MAX_SKIPPED),
    })
}

fn per_class(class: &ClassResult, language: Language) -> PerClass {
    PerClass {
        class: class.class.clone(),
        images: number_format::count(class.images),
        correct: number_format::count(class.correct),
        share: number_format::percent(class.correct as f64 / class.images.max(1) as f64),
        squared_l2: number_format::significant_4_or_dash(class.squared_l2),
        l2: number_format::significant_4_or_dash(class.l2),
        caution: few_images_caution(class.counted(), language),
    }
}

/// The most and the least consistent classes, and every class in compact form for the search.
/// `None` if there are few enough classes for one table.
fn many_classes(evaluation: &Evaluation, language: Language) -> Option<ManyClasses> {
    let ends = extremes(evaluation)?;
    let view = |class: &usize| per_class(&evaluation.per_class[*class], language);
    let cells = evaluation.per_class.iter().map(|class| {
        let class = per_class(class, language);
        let (value, note) = (class.squared_l2, class.caution);
        [
            class.class,
            class.images,
            class.correct,
            class.share,
            value,
            class.l2,
            note,
        ]
    });
    let cells: Vec<[String; 7]> = cells.collect();
    Some(ManyClasses {
        total: cells.len(),
        ranked: ends.ranked,
        min_correct: ends.min_correct,
        most: ends.most.iter().map(view).collect(),
        least: ends.least.iter().map(view).collect(),
        cells: serde_json::to_string(&cells).expect("texts are JSON"),
        pictured: classes_with_images(evaluation).len(),
    })
}
