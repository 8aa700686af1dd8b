//! Findings about classes: the most and the least similar mean maps, the least consistent class.

use mitsume::measures::pearson::pearson_distance;
use mitsume_artifacts::Evaluation;
use mitsume_locale::{Language, text};

use super::Finding;
use super::lambda::LambdaRuns;
use super::metrics::is_uninformative;
use crate::entries::Entry;
use crate::number_format;
use crate::thresholds::MIN_CORRECT_IMAGES;

/// From this correlation on, two class mean maps are called nearly the same.
const MIN_R_NEARLY_THE_SAME: f64 = 0.9;
/// With more classes, their pairs are not compared.
const MAX_CLASSES: usize = 1000;

pub(super) fn sentences(
    entries: &[Entry],
    comparisons: &[LambdaRuns],
    language: Language,
) -> Vec<Finding> {
    let known = |entry: &&Entry| {
        let evaluated = entry.evaluation.as_ref();
        evaluated.is_some_and(|evaluated| !is_uninformative(&evaluated.summary))
    };
    // Only one comparison or one entry, to keep the findings short.
    let shown: Vec<&Entry> = match comparisons.first() {
        Some(first) => first.pairs[0].into_iter().filter(known).collect(),
        None => entries.iter().filter(known).take(1).collect(),
    };
    let many = entries.len() > 1;
    let mut sentences: Vec<String> = Vec::new();
    for entry in shown {
        let name = if many {
            &entry.name
        } else {
            super::model(entry)
        };
        sentences.extend(similar_classes(entry, name, language));
        let summary = entry
            .evaluation
            .as_ref()
            .map(|evaluated| &evaluated.summary);
        sentences.extend(summary.and_then(|summary| least_consistent(summary, name, language)));
    }
    if let Some(first) = comparisons.first() {
        sentences.extend(changed_classes(first, language));
    }
    sentences.into_iter().map(Finding::plain).collect()
}

/// The class mean maps of an entry; `None` for a class without a correctly classified image.
fn means(entry: &Entry) -> Option<Vec<Option<Vec<f64>>>> {
    let evaluated = entry.evaluation.as_ref()?;
    let (_, maps) = evaluated.images.as_ref()?;
    let mean = |class: usize| {
        let mean = maps.class_mean(class)?;
        Some(mean.iter().map(|value| f64::from(*value)).collect())
    };
    Some((0..maps.classes()).map(mean).collect())
}

/// The classes with the most and with the least similar mean maps.
fn similar_classes(entry: &Entry, name: &str, language: Language) -> Option<String> {
    let means = means(entry)?;
    let classes = &entry.evaluation.as_ref()?.summary.data.classes;
    if classes.len() > MAX_CLASSES {
        return None;
    }
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (a, first) in means.iter().enumerate() {
        for (b, second) in means.iter().enumerate().skip(a + 1) {
            if let (Some(first), Some(second)) = (first, second) {
                pairs.push((1.0 - pearson_distance(first, second), a, b));
            }
        }
    }
    let by_r = |a: &&(f64, usize, usize), b: &&(f64, usize, usize)| a.0.total_cmp(&b.0);
    let most = pairs.iter().max_by(by_r)?;
    let least = pairs.iter().min_by(by_r)?;
    let nearly = if most.0 >= MIN_R_NEARLY_THE_SAME {
        "same"
    } else {
        "other"
    };
    if pairs.len() == 1 {
        return Some(text!(
            language,
            "findings-two-classes",
            name = name,
            a = classes[most.1].as_str(),
            b = classes[most.2].as_str(),
            r = r(most.0),
            nearly = nearly,
        ));
    }
    if least.0 >= MIN_R_NEARLY_THE_SAME {
        return Some(text!(
            language,
            "findings-all-classes-alike",
            name = name,
            r = r(least.0),
        ));
    }
    Some(text!(
        language,
        "findings-classes-alike",
        name = name,
        a = classes[most.1].as_str(),
        b = classes[most.2].as_str(),
        r = r(most.0),
        nearly = nearly,
        c = classes[least.1].as_str(),
        d = classes[least.2].as_str(),
        s = r(least.0),
    ))
}

/// A correlation with two decimals.
fn r(value: f64) -> String {
    // Not "−0.00".
    format!("{:.2}", (value * 100.0).round() / 100.0 + 0.0).replace('-', "−")
}

/// The least and the most consistent class, of those with enough images.
fn least_consistent(summary: &Evaluation, name: &str, language: Language) -> Option<String> {
    let mut classes: Vec<(f64, &str)> = summary
        .per_class
        .iter()
        .filter(|class| class.counted() >= MIN_CORRECT_IMAGES)
        .filter_map(|class| Some((class.squared_l2?, &class.class[..])))
        .collect();
    classes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (most, least) = (classes.first()?, classes.last()?);
    (most.0 < least.0).then(|| {
        text!(
            language,
            "findings-least-consistent",
            name = name,
            least = least.1,
            high = number_format::significant_4(least.0),
            most = most.1,
            low = number_format::significant_4(most.0),
        )
    })
}

/// The classes whose mean map changes most and least between the runs of a comparison.
fn changed_classes(comparison: &LambdaRuns, language: Language) -> Option<String> {
    let mut sums: Vec<(f64, u32)> = Vec::new();
    let mut names: &[String] = &[];
    for [base, own] in &comparison.pairs {
        let (base_means, own_means) = (means(base)?, means(own)?);
        let evaluated = own.evaluation.as_ref()?;
        let same = base.evaluation.as_ref()?.summary.data.classes == evaluated.summary.data.classes;
        if !same || is_uninformative(&evaluated.summary) {
            return None;
        }
        names = &evaluated.summary.data.classes;
        sums.resize(names.len(), (0.0, 0));
        for (sum, both) in sums.iter_mut().zip(base_means.iter().zip(&own_means)) {
            if let (Some(a), Some(b)) = both
                && a.len() == b.len()
            {
                sum.0 += 1.0 - pearson_distance(a, b);
                sum.1 += 1;
            }
        }
    }
    let mut classes: Vec<(f64, &str)> = sums
        .iter()
        .zip(names)
        .filter(|((_, count), _)| *count > 0)
        .map(|((sum, count), name)| (sum / f64::from(*count), &name[..]))
        .collect();
    classes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (least, most) = (classes.first()?, classes.last()?);
    let lambda = number_format::setting(comparison.lambda).replace('-', "−");
    (least.1 != most.1).then(|| {
        text!(
            language,
            "findings-between-runs",
            lambda = lambda,
            changed = least.1,
            r = r(least.0),
            kept = most.1,
            s = r(most.0),
        )
    })
}
