//! `mitsume eval`

use mitsume_artifacts::Evaluation;
use mitsume_data::{ImageFolder, ImageSource};
use mitsume_engine::{EvaluateOptions, EvaluationInput, MeasureOptions, evaluate};
use mitsume_locale::{Language, text};
use mitsume_report::surroundings_sentences;

use super::{model, output};
use crate::args::{EvalArgs, MeasureSet};
use crate::console::Console;
use crate::failure::Result;
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: EvalArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let device = device::open(&args.device, console)?;
    let folder = ImageFolder::open(&args.data)?;
    let model = model::open(&args.model, Some(&folder), &device, console)?;
    // Every image is needed once, so nothing is cached.
    let source = ImageSource::new(&folder.samples, model.preprocess(), 0)?;
    let input = EvaluationInput {
        network: model.network.as_ref(),
        folder: &folder,
        source: &source,
        settings: model.settings,
    };
    let stop = stop::on_signal(console);
    let options = EvaluateOptions {
        batch_size: args.batch_size as usize,
        strict: args.strict,
        out: args.out.as_deref(),
        cams: args.cams.as_deref(),
        maps: model.maps,
        measures: (args.measures != MeasureSet::None).then(|| MeasureOptions {
            grid: args.grid.into(),
            all: args.measures == MeasureSet::All,
        }),
        stop: Some(&stop),
    };
    let mut progress = Progress::new(console);
    let evaluation = evaluate(&input, &options, &mut |event| progress.show(event));
    progress.finish();
    let evaluation = evaluation.map_err(|error| stop::failure(error, console))?;
    if args.json {
        output::json(&evaluation)
    } else {
        output::text(&summary(&evaluation, console.language))
    }
}

fn summary(evaluation: &Evaluation, language: Language) -> String {
    let decimal = output::decimal;
    let mut rows = vec![output::class_header(language)];
    for class in &evaluation.per_class {
        let (images, correct) = (class.images.to_string(), class.correct.to_string());
        rows.push(vec![
            class.class.clone(),
            images,
            correct,
            decimal(class.squared_l2),
            decimal(class.l2),
        ]);
    }
    let surroundings = evaluation
        .surroundings
        .as_ref()
        .map(|found| surroundings_sentences(&evaluation.model.name, found, language));
    let head = text!(
        language,
        "command-evaluated",
        model = evaluation.model.name.as_str(),
        images = evaluation.data.images,
        skipped = evaluation.data.skipped.len(),
        method = evaluation.model.method.to_string(),
        layer = evaluation.model.target_layer.as_str(),
    );
    let agreement = text!(
        language,
        "command-agreement",
        accuracy = format!("{:.4}", evaluation.accuracy),
        kappa = format!("{:.4}", evaluation.kappa),
        loss = format!("{:.4}", evaluation.cross_entropy),
    );
    format!(
        "{head}\n{overrides}{agreement}\n{consistency}{more}\n{table}\n{surroundings}",
        overrides = model::overrides(&evaluation.model.settings, language),
        consistency = output::consistency(
            evaluation.consistency.counted,
            evaluation.consistency.squared_l2,
            evaluation.consistency.l2,
            language
        ),
        more = output::measures(evaluation.measures.as_ref(), language),
        table = output::table(&rows),
        surroundings = output::bullet_list(&surroundings.unwrap_or_default()),
    )
}
