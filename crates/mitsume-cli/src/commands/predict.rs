//! `mitsume predict`

use mitsume_data::ImageFolder;
use mitsume_engine::{PredictOptions, Predictions, predict, report_other_files};
use mitsume_locale::{Language, text};

use super::model::{self, OpenedModel};
use super::output;
use crate::args::PredictArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: PredictArgs, console: Console) -> Result {
    let language = console.language;
    threads::set(args.threads.count())?;
    let device = device::open(&args.device, console)?;
    let folder = args.data.as_deref().map(ImageFolder::open).transpose()?;
    if let Some(folder) = &folder {
        let mut progress = Progress::new(console);
        report_other_files(folder, &mut |event| progress.show(event));
    }
    let model = model::open(&args.model, folder.as_ref(), &device, console)?;
    if model.is_multi_label {
        return Err(Failure::Request(format!(
            "{}: ends in sigmoids, so its outputs are no classes that exclude each other; `mitsume \
             explain` lists the probability of each finding",
            model.network.name()
        )));
    }
    if let Some(reference) = &args.reference {
        model.refuse_outdated_reference(reference)?;
    }
    let stop = stop::on_signal(console);
    let options = PredictOptions {
        network: model.network.as_ref(),
        classes: &model.classes,
        preprocess: model.preprocess(),
        maps: model.maps,
        reference: args.reference.as_deref(),
        out: &args.out,
        maps_dir: args.maps.as_deref(),
        batch_size: args.batch_size as usize,
        stop: &stop,
    };
    let mut progress = Progress::new(console);
    let predictions = predict(&args.images, &options, &mut |event| progress.show(event));
    progress.finish();
    let predictions = predictions.map_err(|error| stop::failure(error, console))?;
    if args.json {
        output::json(&json(&predictions, &model, &args))?;
    } else {
        output::text(&summary(&predictions, &model, &args, language))?;
    }
    match predictions.failed.len() {
        0 => Ok(()),
        failed => Err(Failure::Work(format!(
            "{failed} of {} could not be read; the column error of {} says why",
            predictions.images + failed,
            args.out.display()
        ))),
    }
}

fn json(predictions: &Predictions, model: &OpenedModel, args: &PredictArgs) -> serde_json::Value {
    let failed = predictions.failed.iter().map(
        |one| serde_json::json!({ "image": one.path.display().to_string(), "reason": one.reason }),
    );
    let mut json = serde_json::json!({
        "table": args.out.display().to_string(),
        "images": predictions.images,
        "classes": predictions.classes,
        "failed": failed.collect::<Vec<_>>(),
    });
    let settings = serde_json::to_value(&model.settings).expect("plain data serialises");
    let object = json.as_object_mut().expect("an object");
    object.extend(settings.as_object().cloned().unwrap_or_default());
    json
}

/// Number, mean probability and mean deviation of the images by predicted class.
fn summary(
    predictions: &Predictions,
    model: &OpenedModel,
    args: &PredictArgs,
    language: Language,
) -> String {
    let mut header = vec![
        text!(language, "command-predicted"),
        text!(language, "command-images"),
        text!(language, "command-mean-probability"),
    ];
    if args.reference.is_some() {
        header.extend(["squared-l2", "l2"].map(String::from));
    }
    let mut rows = vec![header];
    for class in &predictions.classes {
        let probability = class.probability.map(|mean| format!("{mean:.3}"));
        let mut row = vec![
            class.class.clone(),
            class.images.to_string(),
            probability.unwrap_or_else(|| "-".into()),
        ];
        if args.reference.is_some() {
            row.extend([output::decimal(class.squared_l2), output::decimal(class.l2)]);
        }
        rows.push(row);
    }
    format!(
        "{}{}{}",
        model::overrides(&model.settings, language),
        output::table(&rows),
        args.out.display()
    )
}
