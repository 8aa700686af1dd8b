//! `mitsume score`

use mitsume::score::{Score, ScoreMeasures, ScoreOptions, score};
use mitsume_lab::PERMUTATIONS;

use super::output;
use crate::args::{MeasureSet, ScoreArgs};
use crate::failure::{Failure, Result};

/// Runs the command.
pub fn run(args: ScoreArgs) -> Result {
    let options = ScoreOptions {
        normalise: args.normalise,
        measures: (args.measures != MeasureSet::None).then(|| ScoreMeasures {
            grid: args.grid.into(),
            permutations: if args.measures == MeasureSet::All {
                PERMUTATIONS
            } else {
                0
            },
        }),
    };
    let score = score(&args.cams, options).map_err(|error| Failure::Request(error.to_string()))?;
    if args.json {
        output::json(&score)
    } else {
        output::text(&summary(&score))
    }
}

fn summary(score: &Score) -> String {
    let figure = output::figure;
    let mut rows = vec![
        ["class", "images", "correct", "squared-l2", "l2"]
            .map(String::from)
            .to_vec(),
    ];
    for class in &score.per_class {
        let (images, correct) = (class.images.to_string(), class.correct.to_string());
        let name = class.class.to_string();
        rows.push(vec![
            name,
            images,
            correct,
            figure(class.squared_l2),
            figure(class.l2),
        ]);
    }
    let [h, w] = score.cam_size;
    format!(
        "{} maps of {h}x{w}, accuracy {:.4}, kappa {:.4}\n\
         consistency over {} correct images (lower: more consistent)\n  \
         squared-l2 {}\n  l2         {}\n{}\n{}",
        score.images,
        score.accuracy,
        score.kappa,
        score.consistency.counted,
        figure(score.consistency.squared_l2),
        figure(score.consistency.l2),
        output::measures(score.measures.as_ref()),
        output::table(&rows),
    )
}
