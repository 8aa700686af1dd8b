//! The findings of a trust test.

use mitsume::trust::{Estimate, Randomisation, UndecidedReason, Verdict};
use mitsume_artifacts::TrustResult;
use mitsume_locale::{Language, text};

use super::{controls, equivariance, with_interval};
use crate::number_format;

/// The verdict of the randomisation test: whether the maps depend on the learnt weights.
pub fn verdict_sentence(randomisation: &Randomisation, language: Language) -> String {
    let last = randomisation.stages.last().and_then(|stage| stage.spearman);
    let figure = with_interval(last);
    match randomisation.verdict {
        Verdict::Passes => text!(language, "trust-passes", figure = figure),
        Verdict::Fails => text!(language, "trust-fails", figure = figure),
        Verdict::Undecided(UndecidedReason::TooFewImages) => text!(language, "trust-too-few"),
        Verdict::Undecided(UndecidedReason::MostlyConstant) => {
            text!(language, "trust-mostly-constant")
        }
        Verdict::Undecided(UndecidedReason::AcrossThreshold) => {
            text!(language, "trust-across", figure = figure)
        }
    }
}

/// The other findings: other classes, noise, moved images, faithfulness, localisation, skipped images.
pub(super) fn sentences(result: &TrustResult, language: Language) -> Vec<String> {
    let mut sentences = controls::sentences(result, language);
    sentences.extend(equivariance::sentences(result, language));
    if let [own, control] = &result.faithfulness[..]
        && let (Some(own_road), Some(other)) = (own.road.combined, control.road.combined)
    {
        let method = own.method.name();
        let (more, than) = (with_interval(Some(own_road)), with_interval(Some(other)));
        sentences.push(if own_road.mean > other.mean {
            text!(
                language,
                "trust-more-than-random",
                method = method,
                own = more,
                random = than
            )
        } else {
            text!(
                language,
                "trust-no-more-than-random",
                method = method,
                own = more,
                random = than
            )
        });
    }
    let percent = |value: Option<f64>| value.map_or("–".into(), number_format::percent);
    let mean = |estimate: Option<Estimate>| percent(estimate.map(|estimate| estimate.mean));
    if let Some([own, _]) = result.localisation.as_deref() {
        sentences.push(text!(
            language,
            "trust-on-object",
            images = own.images,
            pointing = percent(own.pointing),
            chance = mean(own.pointing_by_chance),
            mass = mean(own.mass),
            share = mean(own.mask_share),
        ));
    }
    if !result.data.skipped.is_empty() {
        let skipped = result.data.skipped.len();
        sentences.push(text!(language, "trust-skipped", count = skipped));
    }
    sentences
}
