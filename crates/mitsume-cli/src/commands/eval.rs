//! `mitsume eval`

use mitsume_data::{ImageFolder, ImageSource};
use mitsume_lab::{EvaluateOptions, MeasureOptions, Subject, evaluate};
use mitsume_locale::Language;
use mitsume_record::Evaluation;

use super::{model, output};
use crate::args::{EvalArgs, MeasureSet};
use crate::failure::Result;
use crate::progress::Progress;
use crate::{device, threads};

/// Runs the command.
pub fn run(args: EvalArgs) -> Result {
    let language = Language::default();
    threads::set(args.threads.count())?;
    let device = device::open(&args.device)?;
    let folder = ImageFolder::open(&args.data)?;
    let model = model::open(&args.model, Some(&folder), &device, language)?;
    // Every image is needed once: nothing is worth keeping.
    let source = ImageSource::new(&folder.samples, model.preprocess(), 0)?;
    let subject = Subject {
        network: model.network.as_ref(),
        folder: &folder,
        source: &source,
        settings: model.settings,
    };
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
    };
    let mut progress = Progress::new();
    let evaluation = evaluate(&subject, &options, &mut |event| progress.show(event))?;
    progress.finish();
    if args.json {
        output::json(&evaluation)
    } else {
        output::text(&summary(&evaluation, language))
    }
}

fn summary(evaluation: &Evaluation, language: Language) -> String {
    let figure = output::figure;
    let mut rows = vec![
        ["class", "images", "correct", "squared-l2", "l2"]
            .map(String::from)
            .to_vec(),
    ];
    for class in &evaluation.per_class {
        let (images, correct) = (class.images.to_string(), class.correct.to_string());
        rows.push(vec![
            class.class.clone(),
            images,
            correct,
            figure(class.squared_l2),
            figure(class.l2),
        ]);
    }
    let skipped = match evaluation.data.skipped.len() {
        0 => String::new(),
        n => format!(", {n} skipped"),
    };
    format!(
        "{model}: {images} images{skipped}, {method} at {layer}\n{overrides}\
         accuracy {accuracy:.4}  kappa {kappa:.4}  cross-entropy {loss:.4}\n\
         consistency over {counted} correct images (lower: more consistent)\n  \
         squared-l2 {squared}\n  l2         {l2}\n{more}\n{table}",
        model = evaluation.model.name,
        method = evaluation.model.method,
        layer = evaluation.model.target_layer,
        images = evaluation.data.images,
        overrides = model::overrides(&evaluation.model.settings, language),
        accuracy = evaluation.accuracy,
        kappa = evaluation.kappa,
        loss = evaluation.cross_entropy,
        counted = evaluation.consistency.counted,
        squared = figure(evaluation.consistency.squared_l2),
        l2 = figure(evaluation.consistency.l2),
        more = output::measures(evaluation.measures.as_ref()),
        table = output::table(&rows),
    )
}
