//! How well the models classify, and how consistent they are.

use mitsume_artifacts::Evaluation;
use mitsume_locale::{Language, text};

use super::title::data_set;
use super::{Finding, model};
use crate::entries::Entry;
use crate::number_format;
use crate::ranking::at_chance;
use crate::thresholds::MIN_EVALUATED_IMAGES;

/// With more entries, they are not named one by one.
const MAX_NAMED: usize = 3;

pub(super) fn sentences(entries: &[Entry], language: Language) -> Vec<Finding> {
    let mut sentences = Vec::new();
    match entries {
        [one] => sentences.extend(for_one_entry(one, language)),
        _ => sentences.extend(for_several_entries(entries, language)),
    }
    sentences.extend(other_classes_explained(entries, language));
    sentences.extend(unfinished(entries, language));
    sentences
}

fn summary(entry: &Entry) -> Option<&Evaluation> {
    entry
        .evaluation
        .as_ref()
        .map(|evaluated| &evaluated.summary)
}

fn for_one_entry(entry: &Entry, language: Language) -> Vec<Finding> {
    let Some(summary) = summary(entry) else {
        return Vec::new();
    };
    let mut sentences = vec![Finding::plain(text!(
        language,
        "findings-one",
        model = model(entry),
        accuracy = number_format::percent(summary.accuracy),
        images = number_format::count(summary.data.images),
        data = data_set(entry),
        kappa = number_format::significant_4(summary.kappa),
    ))];
    if let Some(squared_l2) = summary.consistency.squared_l2 {
        sentences.push(Finding::plain(text!(
            language,
            "findings-one-consistency",
            squared = number_format::significant_4(squared_l2),
            counted = number_format::count(summary.consistency.counted),
            explained = summary.model.explain.kind(),
        )));
    }
    let chance = summary.measures.as_ref();
    if let Some(share) = chance.and_then(|measures| measures.chance_corrected)
        && !is_uninformative(summary)
    {
        let share = number_format::percent(share.max(0.0));
        sentences.push(Finding::plain(text!(
            language,
            "findings-chance",
            share = share
        )));
    }
    sentences.extend(doubts(entry, summary, language));
    sentences
}

fn for_several_entries(entries: &[Entry], language: Language) -> Vec<Finding> {
    let evaluated: Vec<(&Entry, &Evaluation)> = entries
        .iter()
        .filter_map(|entry| Some((entry, summary(entry)?)))
        .collect();
    let by_kappa =
        |a: &&(&Entry, &Evaluation), b: &&(&Entry, &Evaluation)| a.1.kappa.total_cmp(&b.1.kappa);
    let ends = evaluated
        .iter()
        .min_by(by_kappa)
        .zip(evaluated.iter().max_by(by_kappa));
    let Some((low, high)) = ends else {
        return Vec::new();
    };
    let mut sentences = vec![Finding::plain(text!(
        language,
        "findings-several",
        count = evaluated.len(),
        low = number_format::significant_4(low.1.kappa),
        least = low.0.name.as_str(),
        high = number_format::significant_4(high.1.kappa),
        most = high.0.name.as_str(),
    ))];
    if evaluated.len() <= MAX_NAMED {
        let all = evaluated.iter();
        sentences.extend(all.flat_map(|(entry, summary)| doubts(entry, summary, language)));
        return sentences;
    }
    let meaningless = evaluated
        .iter()
        .filter(|(_, summary)| is_uninformative(summary))
        .count();
    if meaningless > 0 {
        sentences.push(Finding::caution(text!(
            language,
            "findings-many-at-chance",
            count = meaningless,
        )));
    }
    sentences
}

/// Whether the maps mean nothing, because the model guesses or there is only one class.
pub(super) fn is_uninformative(summary: &Evaluation) -> bool {
    summary.data.classes.len() < 2 || at_chance(summary)
}

/// Reservations about the metrics of an evaluation.
fn doubts(entry: &Entry, summary: &Evaluation, language: Language) -> Vec<Finding> {
    let name = &entry.name[..];
    let mut doubts = Vec::new();
    if let [class] = &summary.data.classes[..] {
        doubts.push(text!(
            language,
            "findings-single-class",
            name = name,
            class = class.as_str()
        ));
    } else if at_chance(summary) {
        let kappa = number_format::significant_4(summary.kappa);
        doubts.push(text!(
            language,
            "findings-at-chance",
            name = name,
            kappa = kappa
        ));
    } else {
        let mut correct = summary.per_class.iter().filter(|class| class.counted() > 0);
        if let (Some(only), None) = (correct.next(), correct.next()) {
            let class = only.class.as_str();
            doubts.push(text!(
                language,
                "findings-one-class",
                name = name,
                class = class
            ));
        }
    }
    if summary.data.images < MIN_EVALUATED_IMAGES {
        let images = summary.data.images;
        doubts.push(text!(
            language,
            "findings-few-images",
            name = name,
            images = images
        ));
    }
    doubts.into_iter().map(Finding::caution).collect()
}

/// Evaluations whose maps are not those of the true classes.
fn other_classes_explained(entries: &[Entry], language: Language) -> Vec<Finding> {
    let others: Vec<(&Entry, &Evaluation)> = entries
        .iter()
        .filter_map(|entry| Some((entry, summary(entry)?)))
        .filter(|(_, summary)| !summary.model.explain.is_label())
        .collect();
    if others.len() > MAX_NAMED {
        let text = text!(language, "findings-many-explained", count = others.len());
        return vec![Finding::caution(text)];
    }
    let sentence = |(entry, summary): &(&Entry, &Evaluation)| {
        Finding::plain(text!(
            language,
            "findings-explained",
            name = entry.name.as_str(),
            explained = summary.model.explain.kind(),
            class = summary.model.explain.class().unwrap_or_default(),
        ))
    };
    others.iter().map(sentence).collect()
}

/// Runs that are unfinished or not evaluated.
fn unfinished(entries: &[Entry], language: Language) -> Vec<Finding> {
    let waiting: Vec<(&Entry, usize, u64)> = entries
        .iter()
        .filter(|entry| entry.evaluation.is_none())
        .filter_map(|entry| {
            let run = entry.run.as_ref()?;
            Some((entry, run.epochs.len(), run.config.train.epochs))
        })
        .collect();
    if waiting.len() > MAX_NAMED {
        let text = text!(language, "findings-many-unfinished", count = waiting.len());
        return vec![Finding::caution(text)];
    }
    let sentence = |(entry, done, planned): &(&Entry, usize, u64)| {
        let name = &entry.name[..];
        Finding::caution(text!(
            language,
            "findings-unfinished",
            name = name,
            done = *done,
            planned = *planned,
        ))
    };
    waiting.iter().map(sentence).collect()
}
