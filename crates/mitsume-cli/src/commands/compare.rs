//! `mitsume compare`

use mitsume_artifacts::ModelComparison;
use mitsume_engine::EngineError;
use mitsume_locale::{Language, text};
use mitsume_report::{CompareOptions, CompareReport, ResampledWithin, compare};

use super::output;
use crate::args::{CompareArgs, StrataArg};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::threads;

/// Runs the command.
pub fn run(args: CompareArgs, console: Console) -> Result {
    if !(args.confidence > 0.0 && args.confidence < 1.0) {
        let problem = format!(
            "--confidence: {} must lie between 0 and 1, such as 0.95",
            args.confidence
        );
        return Err(Failure::Request(problem));
    }
    threads::set(args.threads.count())?;
    let options = CompareOptions {
        baseline: args.baseline,
        resamples: args.resamples as usize,
        seed: args.seed,
        confidence: args.confidence,
        within: match args.strata {
            StrataArg::Class => ResampledWithin::Class,
            StrataArg::None => ResampledWithin::All,
        },
        grid: args.grid.into(),
        shared: args.shared,
        top: args.top.into(),
        language: console.language,
    };
    let report = compare(&args.models, &options).map_err(EngineError::from)?;
    if let Some(out) = &args.out {
        let written = report.write(out).map_err(EngineError::from)?;
        let path = written.display().to_string();
        console.note(&text!(console.language, "command-report-at", path = path));
    }
    if args.json {
        output::json(report.result())
    } else {
        output::text(&summary(&report, console.language))
    }
}

fn summary(report: &CompareReport, language: Language) -> String {
    let mut text = format!(
        "{}\n{}",
        head(report.result(), language),
        output::bullet_list(&report.findings())
    );
    for table in report.tables() {
        let rows: Vec<Vec<String>> = std::iter::once(table.columns).chain(table.rows).collect();
        text += &format!("\n{}\n{}", table.title, output::table(&rows));
    }
    text
}

fn head(result: &ModelComparison, language: Language) -> String {
    text!(
        language,
        "compare-head",
        models = result.models.len(),
        images = result.images.common,
        classes = result.images.classes.len(),
        baseline = result.baseline.as_str(),
    )
}
