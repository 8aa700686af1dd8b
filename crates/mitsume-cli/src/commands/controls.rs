//! `mitsume controls`

use mitsume_data::{ImageFolder, ImageSource};
use mitsume_engine::{ControlOptions, EngineError, controls};
use mitsume_locale::text;
use mitsume_report::{control_table, controls_page, controls_sentences};

use super::report::write_page;
use super::{model, output};
use crate::args::ControlsArgs;
use crate::console::Console;
use crate::failure::Result;
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
    let input = model.input(&folder, &source);
    let stop = stop::on_signal(console);
    let options = ControlOptions {
        maps: model.maps,
        images: args.images as usize,
        seed: args.seed,
        masks: args.masks.as_deref(),
        stop: &stop,
    };
    // Before the work, so that a folder that cannot be created costs no time.
    output::create_folder(&args.out)?;
    let mut progress = Progress::new(console);
    let result = controls(&input, &options, &mut |event| progress.show(event));
    progress.finish();
    let result = result.map_err(|error| stop::failure(error, console))?;
    let json = args.out.join("controls.json");
    result.write(&json).map_err(EngineError::from)?;
    let page = args.out.join("controls.html");
    let html = controls_page(&result, language).map_err(EngineError::from)?;
    write_page(&html, &page, args.figures.as_deref(), console)?;
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
