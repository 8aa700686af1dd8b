//! Sentences on the mass of the maps on the images' border and uniform background.
//!
//! The mass is compared with that of an even map, which is the region's share of the image: maps
//! with at least that mass do not avoid the region. On the background a mass of
//! [`HIGH_BACKGROUND_MASS`] is cautioned too, because the background shows nothing.

use mitsume::trust::MeanSurroundings;
use mitsume::trust::surroundings::Region;
use mitsume_artifacts::{Evaluation, TrustResult};
use mitsume_locale::{Language, text};

use super::{Finding, listed, model};
use crate::entries::Entry;
use crate::number_format;

/// Mass on the uniform background that is too much whatever the background's size.
const HIGH_BACKGROUND_MASS: f64 = 0.2;
/// A background smaller than this share of the image is not mentioned, unless much mass lies on it.
const MIN_AREA: f64 = 0.05;
/// With more entries, the range is given.
const MAX_ENTRIES: usize = 2;
/// Classes named.
const MAX_CLASSES: usize = 3;

/// How much mass lies in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MassLevel {
    /// At least that of an even map.
    Even,
    /// Less than that, but at least [`HIGH_BACKGROUND_MASS`].
    Much,
    Little,
}

impl MassLevel {
    fn from_border(region: Region) -> Self {
        if region.mass >= region.area {
            Self::Even
        } else {
            Self::Little
        }
    }

    fn from_background(region: Region) -> Self {
        match region {
            Region { mass, area } if mass >= area => Self::Even,
            Region { mass, .. } if mass >= HIGH_BACKGROUND_MASS => Self::Much,
            _ => Self::Little,
        }
    }

    /// Selector of a message.
    fn message_key(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Much => "much",
            Self::Little => "little",
        }
    }
}

/// A sentence on the border and one on the background, of the maps of `name`.
pub(crate) fn sentences(
    name: &str,
    border: Region,
    background: Region,
    language: Language,
) -> Vec<Finding> {
    let sentence = |message, region: Region, level: MassLevel| Finding {
        text: text!(
            language,
            message,
            name = name,
            mass = number_format::percent(region.mass),
            area = number_format::percent(region.area),
            share = level.message_key(),
        ),
        caution: level != MassLevel::Little,
    };
    let level = MassLevel::from_border(border);
    let mut sentences = vec![sentence("findings-border", border, level)];
    if background.area < MIN_AREA && background.mass < MIN_AREA {
        let area = number_format::percent(background.area);
        let text = text!(language, "findings-no-background", area = area);
        sentences.push(Finding::plain(text));
        return sentences;
    }
    let level = MassLevel::from_background(background);
    sentences.push(sentence("findings-background", background, level));
    sentences
}

/// Sentences on the mass of a model's maps on the images' border and uniform background; cautions
/// if it is at least that of an even map, or at least a fifth on the background.
pub fn surroundings_sentences(
    model: &str,
    found: &MeanSurroundings,
    language: Language,
) -> Vec<String> {
    let sentences = sentences(model, found.border, found.background, language);
    sentences
        .iter()
        .map(|one| one.plain_text(language))
        .collect()
}

/// Sentences on the model's own maps in a trust test.
pub(crate) fn for_trust(result: &TrustResult, language: Language) -> Vec<Finding> {
    let Some(found) = &result.surroundings else {
        return Vec::new();
    };
    let border = Region {
        mass: found.border_mass.mean,
        area: found.border_area,
    };
    let background = Region {
        mass: found.background_mass.mean,
        area: found.background_area,
    };
    sentences(&result.model.name, border, background, language)
}

/// Sentences on the entries of a report: on each if they are few, on the range if they are many.
pub(super) fn for_entries(entries: &[Entry], language: Language) -> Vec<Finding> {
    let evaluated = entries.iter().filter(|entry| entry.evaluation.is_some());
    let measured: Vec<(&Entry, &Evaluation)> = evaluated
        .clone()
        .filter_map(|entry| Some((entry, &entry.evaluation.as_ref()?.summary)))
        .filter(|(_, summary)| summary.surroundings.is_some())
        .collect();
    if measured.is_empty() {
        // Evaluations without a correctly classified image have no maps to measure.
        let counted = |entry: &Entry| {
            let evaluated = entry.evaluation.as_ref();
            evaluated.is_some_and(|evaluated| evaluated.summary.consistency.counted > 0)
        };
        let text = || Finding::plain(text!(language, "findings-not-measured"));
        return evaluated
            .clone()
            .any(counted)
            .then(text)
            .into_iter()
            .collect();
    }
    if measured.len() > MAX_ENTRIES {
        return range(&measured, language);
    }
    let many = entries.len() > 1;
    let for_entry = |(entry, summary): &(&Entry, &Evaluation)| {
        let name = if many { &entry.name[..] } else { model(entry) };
        let mut all = Vec::new();
        if let Some(found) = &summary.surroundings {
            all = sentences(name, found.border, found.background, language);
            all.extend(classes(summary, name, language));
        }
        all
    };
    measured.iter().flat_map(for_entry).collect()
}

/// The classes whose maps lie most on the background, of those that do not avoid it.
fn classes(summary: &Evaluation, name: &str, language: Language) -> Option<Finding> {
    let mut classes: Vec<(f64, &str)> = summary
        .per_class
        .iter()
        .filter_map(|class| Some((class.surroundings?.background, &class.class[..])))
        .filter(|(region, _)| region.mass >= MIN_AREA)
        .filter(|(region, _)| MassLevel::from_background(*region) != MassLevel::Little)
        .map(|(region, class)| (region.mass, class))
        .collect();
    classes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = classes.len() == summary.per_class.len();
    if classes.is_empty() || (all && classes.len() > 1) {
        return None;
    }
    let named: Vec<String> = classes
        .iter()
        .take(MAX_CLASSES)
        .map(|(mass, class)| format!("{class} ({})", number_format::percent(*mass)))
        .collect();
    let named: Vec<&str> = named.iter().map(|name| &name[..]).collect();
    let list = listed(&named, language);
    let text = text!(
        language,
        "findings-background-classes",
        name = name,
        classes = list
    );
    Some(Finding::caution(text))
}

/// Lowest and highest mass of many entries.
fn range(measured: &[(&Entry, &Evaluation)], language: Language) -> Vec<Finding> {
    let regions = |region: fn(&MeanSurroundings) -> Region| -> Vec<(&str, Region)> {
        let found = measured.iter();
        let found = found.filter_map(|(entry, summary)| {
            Some((&entry.name[..], region(summary.surroundings.as_ref()?)))
        });
        found.collect()
    };
    let sentence = |region: &str, all: &[(&str, Region)], judge: fn(Region) -> MassLevel| {
        let by_mass = |a: &&(&str, Region), b: &&(&str, Region)| a.1.mass.total_cmp(&b.1.mass);
        let (least, most) = (all.iter().min_by(by_mass)?, all.iter().max_by(by_mass)?);
        let warned = all
            .iter()
            .filter(|(_, region)| judge(*region) != MassLevel::Little)
            .count();
        let text = text!(
            language,
            "findings-range",
            region = region,
            low = number_format::percent(least.1.mass),
            least = least.0,
            high = number_format::percent(most.1.mass),
            most = most.0,
            area = number_format::percent(most.1.area),
            warned = warned,
        );
        Some(Finding {
            text,
            caution: warned > 0,
        })
    };
    let border = regions(|found| found.border);
    let background = regions(|found| found.background);
    let worth = |(_, region): &(&str, Region)| region.area.max(region.mass) >= MIN_AREA;
    let mut sentences = vec![sentence("border", &border, MassLevel::from_border)];
    if background.iter().any(worth) {
        sentences.push(sentence("background", &background, |region| {
            if region.area.max(region.mass) < MIN_AREA {
                MassLevel::Little
            } else {
                MassLevel::from_background(region)
            }
        }));
    }
    sentences.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(border: f64, background: (f64, f64)) -> Vec<Finding> {
        let border = Region {
            mass: border,
            area: 0.36,
        };
        let (mass, area) = background;
        sentences("m", border, Region { mass, area }, Language::English)
    }

    #[test]
    fn as_much_as_an_even_map_is_called_out_and_so_is_a_fifth_on_nothing() {
        let cautions = |border, background| -> Vec<bool> {
            let said = said(border, background);
            said.iter().map(|finding| finding.caution).collect()
        };
        assert_eq!(cautions(0.36, (0.4, 0.4)), [true, true]);
        assert_eq!(cautions(0.35, (0.21, 0.4)), [false, true]);
        assert_eq!(cautions(0.1, (0.19, 0.4)), [false, false]);
        assert_eq!(cautions(0.9, (0.0, 0.0)), [true, false]);
    }

    #[test]
    fn shares_and_areas_are_in_the_sentence() {
        let said = said(0.5, (0.312, 0.4021));
        assert!(said[0].text.contains("50.0 %") && said[0].text.contains("36.0 %"));
        assert!(said[1].text.contains("31.2 %") && said[1].text.contains("40.2 %"));
    }

    #[test]
    fn a_small_background_is_not_judged_unless_much_lies_on_it() {
        let nothing = said(0.1, (0.04, 0.03));
        assert!(
            nothing[1].text.contains("hardly any empty background"),
            "{nothing:?}"
        );
        assert!(said(0.1, (0.3, 0.03))[1].caution);
    }
}
