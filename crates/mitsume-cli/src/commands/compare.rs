//! `mitsume compare`

use mitsume_engine::EngineError;
use mitsume_locale::text;
use mitsume_report::{CompareOptions, CompareReport, ResampledUnit, ResampledWithin, compare};

use super::output;
use super::report::report_exported;
use crate::args::{CompareArgs, ResampleByArg, StrataArg};
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
    let patients = super::data::patient_pattern(args.patient_regex.as_deref())?;
    let options = CompareOptions {
        baseline: args.baseline,
        resamples: args.resamples as usize,
        seed: args.seed,
        confidence: args.confidence,
        within: match args.strata {
            StrataArg::Class => ResampledWithin::Class,
            StrataArg::None => ResampledWithin::All,
        },
        unit: args.resample_by.map(|unit| match unit {
            ResampleByArg::Patient => ResampledUnit::Patient,
            ResampleByArg::Image => ResampledUnit::Image,
        }),
        patients,
        grid: args.grid.into(),
        shared: args.shared,
        top: args.top.into(),
        language: console.language,
    };
    let report = compare(&args.models, &options).map_err(EngineError::from)?;
    if let Some(out) = &args.out {
        let written = report.write(out).map_err(EngineError::from)?;
        if written.missing_pictures > 0 {
            console.warn(&text!(
                console.language,
                "command-missing-pictures",
                missing = written.missing_pictures,
                images = written.images,
            ));
        }
        let path = written.page.display().to_string();
        console.note(&text!(console.language, "command-report-at", path = path));
    }
    if let Some(out) = &args.figures {
        let exported = report.export_figures(out).map_err(EngineError::from)?;
        report_exported(&exported, out, console);
    }
    if args.json {
        output::json(report.result())
    } else {
        output::text(&summary(&report))
    }
}

fn summary(report: &CompareReport) -> String {
    let mut text = format!(
        "{}\n{}",
        report.head(),
        output::bullet_list(&report.findings())
    );
    let tables = report.tables();
    let figures_note = tables[0].note.clone();
    for table in tables {
        let rows: Vec<Vec<String>> = std::iter::once(table.columns).chain(table.rows).collect();
        text += &format!("\n{}\n{}", table.title, output::table(&rows));
    }
    // How the intervals were made.
    text += &format!("\n{}", figures_note);
    text
}
