//! `mitsume analyze`

use mitsume_engine::EngineError;
use mitsume_locale::text;
use mitsume_report::{AnalysisReportOptions, analyze_path};

use super::output;
use super::report::report_exported;
use crate::args::AnalyzeArgs;
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::screen::stdout_columns;

/// Runs the command.
pub fn run(args: AnalyzeArgs, console: Console) -> Result {
    if !(args.confidence > 0.0 && args.confidence < 1.0) {
        let problem = format!(
            "--confidence: {} must lie between 0 and 1, such as 0.95",
            args.confidence
        );
        return Err(Failure::Request(problem));
    }
    let options = AnalysisReportOptions {
        confidence: args.confidence,
        resamples: args.resamples as usize,
        seed: args.seed,
        baseline: args.baseline,
        language: console.language,
    };
    let report = analyze_path(&args.path, &options).map_err(EngineError::from)?;
    if let Some(out) = &args.out {
        let page = report.write(out).map_err(EngineError::from)?;
        let path = page.display().to_string();
        console.note(&text!(console.language, "command-report-at", path = path));
    }
    if let Some(out) = &args.figures {
        let exported = report.export_figures(out).map_err(EngineError::from)?;
        report_exported(&exported, out, console);
    }
    if args.json {
        output::json(&report.json())
    } else {
        output::text(&report.text(stdout_columns().unwrap_or(usize::MAX)))
    }
}
