//! `mitsume controls`

use mitsume_artifacts::write_atomic;
use mitsume_data::{ImageFolder, ImageSource};
use mitsume_engine::{ControlOptions, EngineError, EvaluationInput, controls};
use mitsume_locale::text;
use mitsume_report::{control_table, controls_page, controls_sentences, export_page};

use super::report::report_exported;
use super::{model, output};
use crate::args::ControlsArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::{device, stop, threads};

/// Runs the command.
pub fn run(args: ControlsArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    let language = console.language;
    let device = device::open(&args.device, console)?;
    let folder = ImageFolder::open(&args.data)?;
    let model = model::open(&args.model, Some(&folder), &device, console)?;
    let source = ImageSource::new(&folder.samples, model.preprocess(), 0)?;
    let input = EvaluationInput {
        network: model.network.as_ref(),
        folder: &folder,
        source: &source,
        settings: model.settings,
    };
    let stop = stop::on_signal(console);
    let options = ControlOptions {
        maps: model.maps,
        images: args.images as usize,
        seed: args.seed,
        masks: args.masks.as_deref(),
        stop: &stop,
    };
    // Before the work, so that a folder that cannot be created costs no time.
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Failure::Request(format!("cannot create {}: {error}", args.out.display()))
    })?;
    let mut progress = Progress::new(console);
    let result = controls(&input, &options, &mut |event| progress.show(event));
    progress.finish();
    let result = result.map_err(|error| stop::failure(error, console))?;
    let json = args.out.join("controls.json");
    result.write(&json).map_err(EngineError::from)?;
    let page = args.out.join("controls.html");
    let html = controls_page(&result, language).map_err(EngineError::from)?;
    write_atomic(&page, html.as_bytes()).map_err(EngineError::from)?;
    if let Some(out) = &args.figures {
        let exported = export_page(&html, language, out).map_err(EngineError::from)?;
        report_exported(&exported, out, console);
    }
    if args.json {
        return output::json(&result);
    }
    let path = page.display().to_string();
    output::text(&format!(
        "{}{}\n{}\n{}\n",
        model::overrides(&result.model.settings, language),
        output::table(&control_table(&result, language)),
        output::bullet_list(&controls_sentences(&result, language)),
        text!(language, "controls-at", path = path)
    ))
}
