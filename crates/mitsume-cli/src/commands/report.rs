//! `mitsume report`

use std::path::Path;

use mitsume_artifacts::write_atomic;
use mitsume_engine::EngineError;
use mitsume_locale::text;
use mitsume_report::{Exported, ReportOptions, export_figures, export_page, report_folders};

use super::output;
use crate::args::ReportArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};

/// Runs the command.
pub fn run(args: ReportArgs, console: Console) -> Result {
    let language = console.language;
    let options = ReportOptions { language };
    let path = match (args.output, &args.dirs[..]) {
        (Some(path), _) => path,
        (None, [dir]) => dir.join("report.html"),
        (None, _) => {
            let problem = "--output: which page is to be written? Several folders are given";
            return Err(Failure::Request(problem.into()));
        }
    };
    let page = report_folders(&args.dirs, &options).map_err(EngineError::from)?;
    page.write(&path).map_err(EngineError::from)?;
    if page.missing_pictures > 0 {
        console.warn(&text!(
            language,
            "command-missing-pictures",
            missing = page.missing_pictures,
            images = page.images,
        ));
    }
    if let Some(out) = &args.figures {
        let exported =
            export_figures(&page, &args.dirs, out, &options).map_err(EngineError::from)?;
        report_exported(&exported, out, console);
    }
    output::text(&path.display().to_string())
}

/// Writes a page, and its figures and tables into `figures` if given.
pub fn write_page(html: &str, path: &Path, figures: Option<&Path>, console: Console) -> Result {
    write_atomic(path, html.as_bytes()).map_err(EngineError::from)?;
    if let Some(out) = figures {
        let exported = export_page(html, console.language, out).map_err(EngineError::from)?;
        report_exported(&exported, out, console);
    }
    Ok(())
}

/// Prints how many files were exported, and warns of figures without a PNG.
pub fn report_exported(exported: &Exported, out: &Path, console: Console) {
    let language = console.language;
    for (svg, characters) in &exported.without_png {
        let characters: String = characters.iter().collect();
        console.warn(&text!(
            language,
            "command-no-png",
            file = svg.display().to_string(),
            characters = characters,
        ));
    }
    console.note(&text!(
        language,
        "command-figures-written",
        files = exported.files.len(),
        folder = out.display().to_string(),
    ));
}
