//! `mitsume explain`

use mitsume_data::ImageFolder;
use mitsume_lab::{ExplainOptions, ExplainTarget, LoadedModel, explain, load_model};
use mitsume_nn::parse_device;

use super::{eval, output};
use crate::args::ExplainArgs;
use crate::failure::{Failure, Result};
use crate::threads;

/// Runs the command.
pub fn run(args: ExplainArgs) -> Result {
    threads::set(args.threads.count())?;
    let device = parse_device(&args.device.device)
        .map_err(|error| Failure::Request(format!("--device: {error}")))?;
    let loaded = load_model(&args.model.model, &args.model.weights, &device)?;
    let classes = class_names(&args, &loaded)?;
    let options = ExplainOptions {
        model: &loaded,
        target: target(&args.class, &classes)?,
        classes: &classes,
        image_size: eval::image_size(&loaded, args.model.image_size)?,
        method: args.model.method,
        reference: args.reference.as_deref(),
        out: &args.out,
        device: &device,
    };
    let explained = explain(&args.images, &options)?;
    if args.json {
        return output::json(&serde_json::json!({ "images": explained }));
    }
    let mut rows = vec![
        ["picture", "predicted", "p", "map of", "squared-l2"]
            .map(String::from)
            .to_vec(),
    ];
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
    output::text(&output::table(&rows))
}

fn class_names(args: &ExplainArgs, loaded: &LoadedModel) -> Result<Vec<String>> {
    let Some(data) = &args.data else {
        return Ok(loaded.class_names());
    };
    let classes = ImageFolder::open(data)?.classes;
    if classes.len() != loaded.spec.classes {
        return Err(Failure::Request(format!(
            "--data {}: {} class folders, but {} has {} classes",
            data.display(),
            classes.len(),
            args.model.weights.display(),
            loaded.spec.classes
        )));
    }
    Ok(classes)
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
