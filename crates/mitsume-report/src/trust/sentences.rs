//! What was found, in words.

use mitsume::trust::{Doubt, Estimate, Randomisation, Verdict};
use mitsume_record::TrustResult;

use super::with_interval;
use crate::number;

/// Whether the maps depend on what the model learnt, in a sentence.
pub fn verdict_sentence(randomisation: &Randomisation) -> String {
    let last = randomisation.stages.last().and_then(|stage| stage.spearman);
    let figure = with_interval(last);
    match randomisation.verdict {
        Verdict::Passes => format!(
            "The maps depend on what the model learnt: with all layers drawn anew their rank \
             correlation with the model's own is {figure}."
        ),
        Verdict::Fails => format!(
            "The maps hardly depend on what the model learnt: with all layers drawn anew their rank \
             correlation with the model's own is still {figure}."
        ),
        Verdict::Undecided(Doubt::TooFewImages) => {
            "Too few images to say whether the maps depend on what the model learnt: test ten or more."
                .into()
        }
        Verdict::Undecided(Doubt::MostlyConstant) => {
            "It cannot be said whether the maps depend on what the model learnt: with all layers drawn \
             anew most of them are constant."
                .into()
        }
        Verdict::Undecided(Doubt::AcrossThreshold) => format!(
            "It cannot be said whether the maps depend on what the model learnt: with all layers drawn \
             anew their rank correlation with the model's own is {figure}, on both sides of 0.5."
        ),
    }
}

/// What else was found.
pub(super) fn sentences(result: &TrustResult) -> Vec<String> {
    let mut sentences = Vec::new();
    if let [own, control] = &result.faithfulness[..]
        && let (Some(own_road), Some(other)) = (own.road.combined, control.road.combined)
    {
        let verb = if own_road.mean > other.mean {
            "more"
        } else {
            "no more"
        };
        sentences.push(format!(
            "Removing pixels that {} calls relevant changes the prediction {verb} than removing those \
             of the same features weighted at random: ROAD {} against {}.",
            own.method,
            with_interval(own.road.combined),
            with_interval(control.road.combined)
        ));
    }
    let percent = |value: Option<f64>| value.map_or("–".into(), number::percent);
    let mean = |estimate: Option<Estimate>| percent(estimate.map(|estimate| estimate.mean));
    if let Some([own, _]) = result.localisation.as_deref() {
        sentences.push(format!(
            "Of {} images with an object, {} of the maps point at it or near it ({} pointing anywhere); {} of \
             the relevance lies on it, which covers {} of the image.",
            own.images,
            percent(own.pointing),
            mean(own.pointing_by_chance),
            mean(own.mass),
            mean(own.mask_share),
        ));
    }
    if !result.data.skipped.is_empty() {
        let skipped = result.data.skipped.len();
        sentences.push(format!(
            "{skipped} images could not be read and were left out."
        ));
    }
    sentences
}
