//! `mitsume explain`

use mitsume::trust::SurroundingsSum;
use mitsume_data::ImageFolder;
use mitsume_lab::{ExplainOptions, ExplainTarget, Explained, explain, tell_other_files};
use mitsume_locale::{Language, text};
use mitsume_report::surroundings_sentences;

use super::{model, output};
use crate::args::ExplainArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, threads};

/// Runs the command.
pub fn run(args: ExplainArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let device = device::open(&args.device)?;
    let folder = args.data.as_deref().map(ImageFolder::open).transpose()?;
    if let Some(folder) = &folder {
        let mut progress = Progress::new(console);
        tell_other_files(folder, &mut |event| progress.show(event));
    }
    let model = model::open(&args.model, folder.as_ref(), &device, console)?;
    if let Some(reference) = &args.reference {
        model.refuse_outdated_reference(reference)?;
    }
    let options = ExplainOptions {
        network: model.network.as_ref(),
        target: target(&args.class, &model.classes)?,
        classes: &model.classes,
        preprocess: model.preprocess(),
        maps: model.maps,
        reference: args.reference.as_deref(),
        out: &args.out,
    };
    let explained = explain(&args.images, &options)?;
    if args.json {
        let settings = serde_json::to_value(&model.settings).expect("plain data serialises");
        let mut json = serde_json::json!({ "images": explained });
        let object = json.as_object_mut().expect("an object");
        object.extend(settings.as_object().cloned().unwrap_or_default());
        return output::json(&json);
    }
    let language = console.language;
    let findings = findings(&model.network.name(), &explained, language);
    let mut rows = vec![vec![
        text!(language, "command-picture"),
        text!(language, "command-predicted"),
        "p".into(),
        text!(language, "command-map-of"),
        "squared-l2".into(),
    ]];
    for image in explained {
        let probability = format!("{:.3}", image.probability);
        let deviation = output::figure(image.squared_l2);
        rows.push(vec![
            image.picture,
            image.predicted,
            probability,
            image.target,
            deviation,
        ]);
    }
    let overrides = model::overrides(&model.settings, language);
    let table = output::table(&rows);
    output::text(&format!("{overrides}{table}\n{findings}"))
}

/// How much of the maps, in the mean over the images, lies on border and background.
fn findings(model: &str, explained: &[Explained], language: Language) -> String {
    let mut sum = SurroundingsSum::default();
    let found = explained.iter().filter_map(|one| one.surroundings.as_ref());
    found.for_each(|found| sum.push(found));
    let mean = sum.mean();
    let sentences = mean.map(|mean| surroundings_sentences(model, &mean, language));
    output::list(&sentences.unwrap_or_default())
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
