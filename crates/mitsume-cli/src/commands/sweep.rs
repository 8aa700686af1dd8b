//! `mitsume sweep`

use std::path::{Path, PathBuf};

use mitsume_engine::shell_word;
use mitsume_locale::{Language, text};
use mitsume_report::{AnalysisReportOptions, analyze_path};
use mitsume_sweep::{
    Cell, CellOutcome, CellState, CellStatus, LocalOptions, SweepConfig, SweepDir, SweepError,
    estimate, preset, run_cells, slurm,
};
use serde::Serialize;

use super::output;
use crate::args::{Launcher, SweepArgs};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::sweep_progress::SweepProgress;
use crate::{device, stop, threads};

const NO_OUT: &str = "which sweep? --out DIR names its folder, new or with an earlier sweep in it:\n  \
    mitsume sweep --config sweep.toml --out sweeps/mine\n  \
    mitsume sweep --out sweeps/mine\n\
    mitsume sweep --help shows the smallest sweep.toml";

/// Runs the command.
pub fn run(args: SweepArgs, console: Console) -> Result {
    threads::set(args.threads.count())?;
    if args.print {
        return print_config(&args);
    }
    let Some(out) = args.out.clone() else {
        return Err(Failure::Request(NO_OUT.into()));
    };
    let sweep = match requested_sweep(&args)? {
        Some((config, origin)) => SweepDir::plan(&out, config, &origin)?,
        None => SweepDir::open(&out)?,
    };
    let device = device::open(&args.device, console)?;
    let options = LocalOptions {
        jobs: args.jobs.into(),
        threads: rayon::current_num_threads(),
        device,
        device_name: args.device.name().to_owned(),
    };
    if args.dry_run {
        return dry_run(&sweep, &options, args.json, console.language);
    }
    sweep.check_data()?;
    sweep.write()?;
    match (&args.cell, args.launcher) {
        (Some(name), _) => run_cell(&sweep, name, &options, console),
        (None, Launcher::Slurm) => submit(&sweep, console),
        (None, Launcher::Local) => run_local(&sweep, &options, args.json, console),
    }
}

/// The sweep of `--config` or `--preset`, with its origin for messages; `None` without either.
fn requested_sweep(args: &SweepArgs) -> Result<Option<(SweepConfig, PathBuf)>> {
    let (mut config, origin) = match (&args.config, &args.preset) {
        (Some(path), _) => (SweepConfig::read(path)?, path.clone()),
        (None, Some(name)) => {
            let data: Vec<_> = args
                .data
                .iter()
                .map(|data| parse_data_argument(data))
                .collect();
            let config = preset::preset(name, args.quick, &data, &args.model)?;
            (config, PathBuf::from(format!("--preset {name}")))
        }
        (None, None) if args.set.is_empty() => return Ok(None),
        (None, None) => {
            let problem = "--set: goes with --config or --preset; a sweep that is there already \
                           goes on as it was";
            return Err(Failure::Request(problem.into()));
        }
    };
    for set in &args.set {
        config.set(set)?;
    }
    Ok(Some((config, origin)))
}

/// Parses `NAME=DIR` or `DIR`.
fn parse_data_argument(data: &str) -> (Option<String>, PathBuf) {
    match data.split_once('=') {
        Some((name, folder)) => (Some(name.to_owned()), folder.into()),
        None => (None, data.into()),
    }
}

/// Prints the sweep.toml of the request.
fn print_config(args: &SweepArgs) -> Result {
    match requested_sweep(args)? {
        Some((config, origin)) => {
            config.cells(&origin)?;
            output::text(&config.to_toml()?)
        }
        None => Err(Failure::Request(
            "--print: needs --preset or --config".into(),
        )),
    }
}

/// A cell of a dry run, for `--json`.
#[derive(Serialize)]
struct PlannedCell<'a> {
    #[serde(flatten)]
    status: &'a CellStatus,
    estimated_seconds: f64,
}

/// Prints the cells with their estimated times.
fn dry_run(sweep: &SweepDir, options: &LocalOptions, json: bool, language: Language) -> Result {
    let statuses = sweep.statuses()?;
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    let estimates = estimate(sweep, &cells, options)?;
    let total: f64 = estimates.iter().map(|estimate| estimate.seconds).sum();
    let total = total / options.jobs.clamp(1, cells.len().max(1)) as f64;
    let planned: Vec<PlannedCell> = statuses
        .iter()
        .zip(&estimates)
        .map(|(status, estimate)| PlannedCell {
            status,
            estimated_seconds: estimate.seconds,
        })
        .collect();
    if json {
        return output::json(&serde_json::json!({
            "cells": planned, "jobs": options.jobs, "estimated_seconds": total,
        }));
    }
    let mut rows = vec![vec![
        text!(language, "command-cell"),
        text!(language, "command-state"),
        text!(language, "command-epochs"),
        text!(language, "command-time-left"),
    ]];
    rows.extend(planned.iter().map(|cell| {
        let status = cell.status;
        vec![
            status.name.clone(),
            state_name(status.state, language),
            format!("{}/{}", status.epochs_done, status.epochs),
            output::duration(cell.estimated_seconds, language),
        ]
    }));
    output::text(&format!(
        "{}\n{}",
        output::table(&rows),
        text!(
            language,
            "command-sweep-estimate",
            cells = cells.len(),
            time = output::duration(total, language),
            jobs = options.jobs,
        ),
    ))
}

/// Runs one cell, as a task of a job array.
fn run_cell(sweep: &SweepDir, name: &str, options: &LocalOptions, console: Console) -> Result {
    let cell = sweep.cell(name)?;
    let stop = stop::on_signal(console);
    let mut progress = SweepProgress::new(1, 0, console);
    let outcomes = run_cells(sweep, &[cell], options, &stop, &mut |_, event| {
        progress.show(cell, event);
    });
    progress.finish();
    let outcomes = outcomes.map_err(|error| {
        let word = shell_word(Path::new(name));
        let root = shell_word(sweep.root());
        failure(error, &format!("mitsume sweep --out {root} --cell {word}"))
    })?;
    match outcomes.into_iter().next() {
        Some(CellOutcome::Interrupted) => Err(Failure::Interrupted(text!(
            console.language,
            "command-cell-interrupted",
            cell = name
        ))),
        Some(CellOutcome::Failed(problem)) => Err(Failure::Work(format!("{name}: {problem}"))),
        Some(CellOutcome::LockedElsewhere) => Err(Failure::Work(format!(
            "{name}: another process works on it"
        ))),
        _ => Ok(()),
    }
}

fn unfinished_cells(sweep: &SweepDir) -> Result<Vec<&Cell>> {
    let statuses = sweep.statuses()?;
    let cells = sweep.cells.iter().zip(&statuses);
    let left = cells.filter(|(_, status)| status.state != CellState::Finished);
    Ok(left.map(|(cell, _)| cell).collect())
}

/// Submits the unfinished cells to Slurm.
fn submit(sweep: &SweepDir, console: Console) -> Result {
    let language = console.language;
    let cells = unfinished_cells(sweep)?;
    if cells.is_empty() {
        let cells = sweep.cells.len();
        console.note(&text!(language, "command-nothing-to-submit", cells = cells));
        return Ok(());
    }
    let program = std::env::current_exe()
        .map_err(|error| Failure::Work(format!("cannot find this program's file: {error}")))?;
    let submission = slurm::submit(sweep, &cells, &program, language)?;
    let root = shell_word(sweep.root());
    console.note(&text!(
        language,
        "command-submitted",
        job = submission.array.to_string(),
        tasks = submission.tasks,
        analysis = submission.after.to_string(),
        logs = sweep.root().join("slurm").display().to_string(),
        command = format!("mitsume sweep --out {root} --dry-run"),
    ));
    output::text(&submission.array)
}

/// Runs all unfinished cells on this machine and writes the analysis.
fn run_local(sweep: &SweepDir, options: &LocalOptions, json: bool, console: Console) -> Result {
    let cells = unfinished_cells(sweep)?;
    let stop = stop::on_signal(console);
    let mut progress = SweepProgress::new(cells.len(), sweep.cells.len() - cells.len(), console);
    let outcomes = run_cells(sweep, &cells, options, &stop, &mut |index, event| {
        progress.show(cells[index], event);
    });
    progress.finish();
    let outcomes = outcomes.map_err(|error| failure(error, &resume_command(sweep, options)))?;
    let statuses = sweep.statuses()?;
    if statuses.iter().any(|status| status.epochs_done > 0) {
        write_analysis(sweep.root(), console)?;
    }
    if json {
        output::json(&serde_json::json!({ "cells": statuses }))?;
    } else {
        output::text(&status_table(&statuses, console.language))?;
    }
    outcomes_to_result(sweep, &outcomes, options, console.language)
}

fn write_analysis(root: &Path, console: Console) -> Result {
    let options = AnalysisReportOptions {
        language: console.language,
        ..AnalysisReportOptions::default()
    };
    let written = analyze_path(root, &options).and_then(|report| report.write(root));
    let page = written.map_err(mitsume_engine::EngineError::from)?;
    let path = page.display().to_string();
    console.note(&text!(console.language, "command-report-at", path = path));
    Ok(())
}

/// The command that resumes the sweep.
fn resume_command(sweep: &SweepDir, options: &LocalOptions) -> String {
    let jobs = match options.jobs {
        1 => String::new(),
        jobs => format!(" --jobs {jobs}"),
    };
    format!("mitsume sweep --out {}{jobs}", shell_word(sweep.root()))
}

/// On a full disk the message also says what is saved and how to resume.
fn failure(error: SweepError, command: &str) -> Failure {
    match error {
        SweepError::Engine(error) => {
            let saved = "finished cells, and the last checkpoints of the others";
            Failure::from_resumable(error, saved, command)
        }
        error => error.into(),
    }
}

/// An error if cells were interrupted or failed.
fn outcomes_to_result(
    sweep: &SweepDir,
    outcomes: &[CellOutcome],
    options: &LocalOptions,
    language: Language,
) -> Result {
    let count = |wanted: fn(&CellOutcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    let failed = count(|outcome| matches!(outcome, CellOutcome::Failed(_)));
    let interrupted = count(|outcome| *outcome == CellOutcome::Interrupted);
    let root = sweep.root().display();
    if interrupted > 0 {
        return Err(Failure::Interrupted(text!(
            language,
            "command-sweep-interrupted",
            cells = interrupted,
            command = resume_command(sweep, options),
        )));
    }
    if failed > 0 {
        return Err(Failure::Work(format!(
            "{failed} cells failed, why is in {root}/failures; try them again with: {}",
            resume_command(sweep, options)
        )));
    }
    Ok(())
}

fn status_table(statuses: &[CellStatus], language: Language) -> String {
    let mut rows = vec![vec![
        text!(language, "command-cell"),
        text!(language, "command-state"),
        text!(language, "command-epochs"),
        "kappa".into(),
        "squared-l2".into(),
        "l2".into(),
    ]];
    rows.extend(statuses.iter().map(|status| {
        vec![
            status.name.clone(),
            state_name(status.state, language),
            format!("{}/{}", status.epochs_done, status.epochs),
            output::decimal(status.kappa),
            output::decimal(status.squared_l2),
            output::decimal(status.l2),
        ]
    }));
    output::table(&rows)
}

fn state_name(state: CellState, language: Language) -> String {
    match state {
        CellState::Waiting => text!(language, "command-state-waiting"),
        CellState::Running => text!(language, "command-state-running"),
        CellState::Interrupted => text!(language, "command-state-interrupted"),
        CellState::Failed => text!(language, "command-state-failed"),
        CellState::Finished => text!(language, "command-state-finished"),
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        let error = match error {
            SweepError::Engine(error) => return error.into(),
            error => error,
        };
        if error.is_request() {
            Failure::Request(error.to_string())
        } else {
            Failure::Work(error.to_string())
        }
    }
}
