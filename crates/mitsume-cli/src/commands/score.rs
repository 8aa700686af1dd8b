//! `mitsume score`

use mitsume::score::{Score, ScoreMeasures, ScoreOptions, score};
use mitsume_artifacts::ExplainedClass;
use mitsume_engine::PERMUTATIONS;
use mitsume_locale::{Language, text};

use super::output;
use crate::args::{MeasureSet, ScoreArgs};
use crate::console::Console;
use crate::failure::{Failure, Result};

/// Runs the command.
pub fn run(args: ScoreArgs, console: Console) -> Result {
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
        output::text(&summary(&score, console.language))
    }
}

fn summary(score: &Score, language: Language) -> String {
    let decimal = output::decimal;
    let mut rows = vec![output::class_header(language)];
    for class in &score.per_class {
        let (images, correct) = (class.images.to_string(), class.correct.to_string());
        let name = class.class.to_string();
        rows.push(vec![
            name,
            images,
            correct,
            decimal(class.squared_l2),
            decimal(class.l2),
        ]);
    }
    let [h, w] = score.cam_size;
    let head = text!(
        language,
        "command-scored",
        images = score.images,
        size = format!("{h}x{w}"),
        accuracy = format!("{:.4}", score.accuracy),
        kappa = format!("{:.4}", score.kappa),
    );
    format!(
        "{head}\n{}{}\n{}",
        output::consistency(
            score.consistency.counted,
            ExplainedClass::Label.kind(),
            [score.consistency.squared_l2, score.consistency.l2],
            language
        ),
        output::measures(score.measures.as_ref(), language),
        output::table(&rows),
    )
}
