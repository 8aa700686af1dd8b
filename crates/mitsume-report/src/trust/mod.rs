//! The page of `mitsume trust`.

mod examples;
mod lines;
mod sentences;

use askama::Template;
use mitsume::trust::Estimate;
use mitsume_record::{Faithfulness, ObjectResult, TrustResult};

use crate::study::figure::{Figure, HEIGHT, WIDTH};
use crate::{Result, number};
use examples::Row;
use lines::{Line, lines};

pub use examples::CascadeExample;
pub use sentences::verdict_sentence;

#[derive(Template)]
#[template(path = "trust.html")]
struct Document {
    title: String,
    style: &'static str,
    verdict: String,
    sentences: Vec<String>,
    cascade: Figure,
    stages: Vec<Vec<String>>,
    examples: Vec<Row>,
    perturbed: Vec<Figure>,
    faithful: Vec<Vec<String>>,
    objects: Vec<Vec<String>>,
    facts: Vec<(&'static str, String)>,
    width: f64,
    height: f64,
    version: &'static str,
}

/// One self-contained HTML page; `examples` of its randomisation test are shown as pictures.
///
/// # Errors
/// A picture that cannot be encoded; a template that fails to render.
pub fn trust_page(result: &TrustResult, examples: &[CascadeExample]) -> Result<String> {
    let model = &result.model;
    let facts = vec![
        ("Model", model.name.clone()),
        ("Layer", model.target_layer.clone()),
        ("Maps", model.method.to_string()),
        ("Images", result.data.images.to_string()),
        ("Data", result.data.root.clone()),
        ("Seed", result.seed.to_string()),
    ];
    let objects = result.localisation.iter().flatten();
    Ok(Document {
        title: model.name.clone(),
        style: include_str!("../../templates/style.css"),
        verdict: verdict_sentence(&result.randomisation),
        sentences: sentences::sentences(result),
        cascade: cascade(result),
        stages: stages(result),
        examples: examples::rows(examples, &result.data)?,
        perturbed: perturbed(&result.faithfulness),
        faithful: result.faithfulness.iter().map(faithful).collect(),
        objects: objects.map(object).collect(),
        facts,
        width: WIDTH,
        height: HEIGHT,
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()?)
}

/// A mean with its interval.
pub(crate) fn with_interval(estimate: Option<Estimate>) -> String {
    match estimate {
        None => "–".into(),
        Some(Estimate {
            mean,
            interval: Some([low, high]),
            ..
        }) => {
            let [mean, low, high] = [mean, low, high].map(number::short);
            format!("{mean} [{low}, {high}]")
        }
        Some(estimate) => number::short(estimate.mean),
    }
}

fn cascade(result: &TrustResult) -> Figure {
    let stages = &result.randomisation.stages;
    let of = |label: &str, value: &dyn Fn(usize) -> Option<Estimate>| {
        let first = std::iter::once((0.0, 1.0));
        let rest = (0..stages.len()).filter_map(|i| Some((i as f64 + 1.0, value(i)?.mean)));
        Line {
            label: label.to_owned(),
            points: first.chain(rest).collect(),
        }
    };
    lines(
        "Similarity to the model's own maps",
        "A map that shows what was learnt falls as layers are drawn anew.",
        ("stages of layers drawn anew", "similarity"),
        &[
            of("Spearman's correlation", &|i| stages[i].spearman),
            of("structural similarity", &|i| stages[i].ssim),
        ],
    )
}

fn stages(result: &TrustResult) -> Vec<Vec<String>> {
    let stages = result.randomisation.stages.iter().enumerate();
    let row = |(i, stage): (usize, &mitsume::trust::Stage)| {
        vec![
            (i + 1).to_string(),
            stage.layer.clone(),
            with_interval(stage.spearman),
            with_interval(stage.absolute_spearman),
            with_interval(stage.ssim),
            stage.undefined.to_string(),
        ]
    };
    stages.map(row).collect()
}

fn perturbed(all: &[Faithfulness]) -> Vec<Figure> {
    let road = all.iter().flat_map(|one| {
        let points = |scores: &[f64]| {
            let removed = one.road.percentiles.iter().map(|&p| 100.0 - f64::from(p));
            let mut points: Vec<(f64, f64)> = removed.zip(scores.iter().copied()).collect();
            points.push((0.0, one.road.original));
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points
        };
        [
            Line {
                label: format!("{}: most relevant first", one.method),
                points: points(&one.road.most_relevant_first),
            },
            Line {
                label: format!("{}: least relevant first", one.method),
                points: points(&one.road.least_relevant_first),
            },
        ]
    });
    let road: Vec<Line> = road.collect();
    let curve = |of: &dyn Fn(&Faithfulness) -> Vec<(f64, f64)>| -> Vec<Line> {
        let line = |one: &Faithfulness| Line {
            label: one.method.to_string(),
            points: of(one),
        };
        all.iter().map(line).collect()
    };
    let in_percent = |shares: &[f64], scores: &[f64]| -> Vec<(f64, f64)> {
        let shares = shares.iter().map(|share| 100.0 * share);
        shares.zip(scores.iter().copied()).collect()
    };
    let deletion = curve(&|one| in_percent(&one.deletion.shares, &one.deletion.scores));
    let insertion = curve(&|one| in_percent(&one.insertion.shares, &one.insertion.scores));
    vec![
        lines(
            "ROAD",
            "Removed pixels are filled in from their neighbours. The wider apart the two ends, the better.",
            ("pixels removed, %", "probability"),
            &road,
        ),
        lines(
            "Deletion",
            "Most relevant pixels go first: a good map's line falls early.",
            ("pixels deleted, %", "probability"),
            &deletion,
        ),
        lines(
            "Insertion",
            "Most relevant pixels come first, onto the blurred image: a good map's line rises early.",
            ("pixels inserted, %", "probability"),
            &insertion,
        ),
    ]
}

fn faithful(one: &Faithfulness) -> Vec<String> {
    vec![
        one.method.to_string(),
        with_interval(one.road.combined),
        with_interval(one.deletion.area),
        with_interval(one.insertion.area),
    ]
}

fn object(one: &ObjectResult) -> Vec<String> {
    let by_chance = one.pointing_by_chance.map(|chance| chance.mean);
    vec![
        one.method.to_string(),
        one.images.to_string(),
        number::short_or_dash(one.pointing),
        number::short_or_dash(by_chance),
        with_interval(one.mass),
        with_interval(one.rank),
        with_interval(one.mask_share),
        with_interval(one.iou_at_half),
        with_interval(one.iou_at_area),
    ]
}
