//! `mitsume explain`

use burn::tensor::Device;
use mitsume::trust::SurroundingsSum;
use mitsume_data::{ImageFolder, ListLabels};
use mitsume_engine::{
    ExplainOptions, ExplainTarget, Explained, Explanation, explain, report_other_files,
};
use mitsume_locale::{Language, text};
use mitsume_report::{OverlayStyle, surroundings_sentences};

use super::model::{self, OpenedModel};
use super::output;
use crate::args::{ExplainArgs, Task};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: ExplainArgs, console: Console) -> Result {
    let language = console.language;
    threads::set(args.threads.count())?;
    let device = device::open(&args.device, console)?;
    let model = open_model(&args, &device, console)?;
    if let Some(reference) = &args.reference {
        model.refuse_outdated_reference(reference)?;
    }
    let stop = stop::on_signal(console);
    let options = ExplainOptions {
        network: model.network.as_ref(),
        target: target(&args.class, &model.classes)?,
        classes: &model.classes,
        preprocess: model.preprocess(),
        maps: model.maps,
        reference: args.reference.as_deref(),
        out: &args.out,
        style: OverlayStyle {
            colour_map: args.colour_map,
            alpha: args.alpha,
        },
        overlay: args.overlay,
        raw_maps: args.raw_maps,
        settings: &model.settings,
        is_multi_label: model.is_multi_label,
        language,
        stop: &stop,
    };
    let mut progress = Progress::new(console);
    let explanation = explain(&args.images, &options, &mut |event| progress.show(event));
    progress.finish();
    let explanation = explanation.map_err(|error| stop::failure(error, console))?;
    if args.json {
        output::json(&json(&explanation, &model))?;
    } else {
        output::text(&summary(&explanation, &model, language))?;
    }
    if explanation.remaining > 0 {
        let done = explanation.images.len() + explanation.failed.len();
        return Err(Failure::Interrupted(text!(
            language,
            "command-explain-interrupted",
            done = done,
            images = done + explanation.remaining,
            page = explanation.page.display().to_string()
        )));
    }
    match explanation.failed.len() {
        0 => Ok(()),
        failed => Err(Failure::Work(not_explained(&explanation, failed))),
    }
}

/// The model, with its classes or findings as the data names them.
fn open_model(args: &ExplainArgs, device: &Device, console: Console) -> Result<OpenedModel> {
    let list = args.data.as_deref();
    let labels = list.map(ListLabels::of).transpose()?;
    let told = args.task == Some(Task::MultiLabel);
    if told || (args.task.is_none() && labels == Some(ListLabels::Multi)) {
        return Ok(model::open_multi_label(&args.model, list, device, console)?.0);
    }
    let folder = list.map(ImageFolder::open).transpose()?;
    if let Some(folder) = &folder {
        let mut progress = Progress::new(console);
        report_other_files(folder, &mut |event| progress.show(event));
    }
    let model = model::open(&args.model, folder.as_ref(), device, console)?;
    if model.is_multi_label && args.task == Some(Task::SingleLabel) {
        return Err(Failure::Request(format!(
            "{}: ends in sigmoids, so its outputs are no classes that exclude each other: leave out \
             --task single-label",
            model.network.name()
        )));
    }
    Ok(model)
}

fn json(explanation: &Explanation, model: &OpenedModel) -> serde_json::Value {
    let failed = explanation.failed.iter().map(
        |one| serde_json::json!({ "image": one.path.display().to_string(), "reason": one.reason }),
    );
    let mut json = serde_json::json!({
        "classes": model.classes,
        "images": explanation.images,
        "failed": failed.collect::<Vec<_>>(),
    });
    let settings = serde_json::to_value(&model.settings).expect("plain data serialises");
    let object = json.as_object_mut().expect("an object");
    object.extend(settings.as_object().cloned().unwrap_or_default());
    json
}

/// The error message for images that could not be explained.
fn not_explained(explanation: &Explanation, failed: usize) -> String {
    let all = explanation.images.len() + failed;
    let lines = explanation.failed.iter();
    let lines: String = lines
        .map(|one| format!("\n  {}: {}", one.path.display(), one.reason))
        .collect();
    format!("{failed} of {all} could not be explained; the others were:{lines}")
}

fn summary(explanation: &Explanation, model: &OpenedModel, language: Language) -> String {
    let findings = findings(&model.network.name(), &explanation.images, language);
    let mut rows = vec![vec![
        text!(language, "command-picture"),
        text!(language, "command-predicted"),
        "p".into(),
        text!(language, "command-map-of"),
        "squared-l2".into(),
    ]];
    for image in &explanation.images {
        rows.push(vec![
            image.picture.clone(),
            image.predicted.clone(),
            format!("{:.3}", image.probability),
            image.target.clone(),
            output::decimal(image.squared_l2),
        ]);
    }
    format!(
        "{}{}\n{findings}{}",
        model::overrides(&model.settings, language),
        output::table(&rows),
        explanation.page.display()
    )
}

/// Findings on the surroundings of the maps, as means over the images.
fn findings(model: &str, explained: &[Explained], language: Language) -> String {
    let mut sum = SurroundingsSum::default();
    let found = explained.iter().filter_map(|one| one.surroundings.as_ref());
    found.for_each(|found| sum.push(found));
    let mean = sum.mean();
    let sentences = mean.map(|mean| surroundings_sentences(model, &mean, language));
    output::bullet_list(&sentences.unwrap_or_default())
}

fn target(name: &str, classes: &[String]) -> Result<ExplainTarget> {
    if name == "predicted" {
        return Ok(ExplainTarget::Predicted);
    }
    match classes.iter().position(|class| class == name) {
        Some(class) => Ok(ExplainTarget::Class(class)),
        None => Err(Failure::Request(format!(
            "--class: no class \"{name}\": predicted, or one of {}",
            classes.join(", ")
        ))),
    }
}
