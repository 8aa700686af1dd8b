//! `mitsume eval`

use mitsume_data::{ImageFolder, ImageSource, Preprocess};
use mitsume_lab::{
    EvaluateOptions, LabError, LoadedModel, MeasureOptions, Subject, evaluate, load_model,
};
use mitsume_nn::parse_device;
use mitsume_record::Evaluation;

use super::output;
use crate::args::{EvalArgs, MeasureSet};
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::threads;

/// Runs the command.
pub fn run(args: EvalArgs) -> Result {
    threads::set(args.threads.count())?;
    let device = parse_device(&args.device.device)
        .map_err(|error| Failure::Request(format!("--device: {error}")))?;
    let loaded = load_model(&args.model.model, &args.model.weights, &device)?;
    let size = image_size(&loaded, args.model.image_size)?;
    let folder = ImageFolder::open(&args.data)?;
    if folder.classes.len() != loaded.spec.classes {
        return Err(Failure::Request(format!(
            "{}: {} class folders ({}), but {} has {} classes",
            args.data.display(),
            folder.classes.len(),
            folder.classes.join(", "),
            args.model.weights.display(),
            loaded.spec.classes,
        )));
    }
    warn_of_other_classes(&loaded, &folder);
    let preprocess = Preprocess {
        height: size,
        width: size,
        channels: loaded.spec.channels,
        augment: None,
        seed: 0,
        view: Default::default(),
    };
    // Every image is needed once: nothing is worth keeping.
    let source = ImageSource::new(&folder.samples, preprocess, 0)?;
    let subject = Subject {
        level: loaded.level,
        model: &loaded.model,
        folder: &folder,
        source: &source,
        device: &device,
    };
    let options = EvaluateOptions {
        batch_size: args.batch_size as usize,
        strict: args.strict,
        out: args.out.as_deref(),
        cams: args.cams.as_deref(),
        method: args.model.method,
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
        output::text(&summary(&evaluation))
    }
}

/// The side of the input, if the model can take it.
pub(super) fn image_size(loaded: &LoadedModel, size: u32) -> Result<usize> {
    let smallest = loaded.level.smallest_image();
    if (size as usize) < smallest {
        let problem = format!(
            "--image-size: {size} is too small for {}: at least {smallest}",
            loaded.level
        );
        return Err(LabError::Request(problem).into());
    }
    if let Some(note) = loaded
        .note
        .as_ref()
        .filter(|note| note.image_size != size as usize)
    {
        eprintln!(
            "warning: these weights were trained on images of {0}x{0}, evaluated at {size}x{size}: \
             --image-size {0} would match",
            note.image_size
        );
    }
    Ok(size as usize)
}

fn warn_of_other_classes(loaded: &LoadedModel, folder: &ImageFolder) {
    if let Some(note) = loaded
        .note
        .as_ref()
        .filter(|note| note.classes != folder.classes)
    {
        eprintln!(
            "warning: these weights were trained on the classes {}, the folder has {}; they are \
             matched by position",
            note.classes.join(", "),
            folder.classes.join(", ")
        );
    }
}

fn summary(evaluation: &Evaluation) -> String {
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
        "{model}: {images} images{skipped}, {method} at {layer}\n\
         accuracy {accuracy:.4}  kappa {kappa:.4}  cross-entropy {loss:.4}\n\
         consistency over {counted} correct images (lower: more consistent)\n  \
         squared-l2 {squared}\n  l2         {l2}\n{more}\n{table}",
        model = evaluation.model.name,
        method = evaluation.model.method,
        layer = evaluation.model.target_layer,
        images = evaluation.data.images,
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
