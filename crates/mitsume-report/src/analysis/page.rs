//! The page of an analysis.

use askama::Template;
use mitsume_locale::{Language, text};

use super::figure::Figure;
use super::records::RunSummary;
use super::tables::{Table, tables};
use super::{AnalysisReport, sentences};
use crate::export::ExportLabels;
use crate::links::relative_url;
use crate::{Result, number_format};

#[derive(Template)]
#[template(path = "analysis.html")]
struct Document<'a> {
    language: Language,
    title: String,
    export: ExportLabels,
    style: &'static str,
    sentences: Vec<String>,
    study_sentences: Vec<String>,
    study_figures: Vec<&'a Figure>,
    study_tables: Vec<Table>,
    roar_sentences: Vec<String>,
    roar_figures: Vec<&'a Figure>,
    roar_tables: Vec<Table>,
    scatters: Vec<&'a Figure>,
    curves: Vec<&'a Figure>,
    tables: Vec<Table>,
    run_columns: [String; 9],
    runs: Vec<RunRow>,
    linked: bool,
    notes: Vec<(String, String)>,
    version: &'static str,
}

/// A row of the list of runs.
struct RunRow {
    name: String,
    /// Percent-encoded path of its report, if it has one.
    href: Option<String>,
    cells: Vec<String>,
}

/// The page; with `linked`, it links to the runs' own reports below it.
pub(crate) fn page(report: &AnalysisReport, linked: bool) -> Result<String> {
    let whole = std::path::absolute(&report.source).unwrap_or_else(|_| report.source.clone());
    let title = whole
        .file_name()
        .map_or("/".into(), |name| name.to_string_lossy().into_owned());
    let figures_of_kind = |kind: &str| -> Vec<&Figure> {
        let figures = report.figures.iter();
        figures
            .filter(|figure| figure.file.starts_with(kind))
            .collect()
    };
    let language = report.options.language;
    let notes = report.records.measures.iter();
    let notes = notes.map(|measure| (measure.name.title(language), measure.name.note(language)));
    Ok(Document {
        language,
        title,
        export: ExportLabels::new(language),
        style: include_str!("../../templates/style.css"),
        sentences: sentences::sentences(report, language),
        study_sentences: report.study_sentences(),
        study_figures: figures_of_kind("agreement"),
        study_tables: without_keys(report.study_tables()),
        roar_sentences: report.roar_sentences(),
        roar_figures: figures_of_kind("roar-"),
        roar_tables: report.roar_tables(),
        scatters: figures_of_kind("scatter-"),
        curves: figures_of_kind("curve-"),
        tables: tables(report),
        run_columns: run_columns(language),
        runs: report
            .records
            .runs
            .iter()
            .map(|run| row(run, linked))
            .collect(),
        linked,
        notes: notes.collect(),
        version: env!("CARGO_PKG_VERSION"),
    }
    .render()?)
}

fn without_keys(tables: Vec<(&'static str, Table)>) -> Vec<Table> {
    tables.into_iter().map(|(_, table)| table).collect()
}

fn run_columns(language: Language) -> [String; 9] {
    [
        text!(language, "analysis-column-run"),
        text!(language, "analysis-column-dataset"),
        text!(language, "analysis-column-model"),
        text!(language, "analysis-column-lambda"),
        text!(language, "analysis-column-seed"),
        text!(language, "analysis-column-epochs"),
        text!(language, "analysis-outcome-kappa"),
        "squared-l2".to_owned(),
        "l2".to_owned(),
    ]
}

fn row(run: &RunSummary, linked: bool) -> RunRow {
    let last = run.last.as_ref();
    let dash = number_format::significant_4_or_dash;
    RunRow {
        name: run.name.clone(),
        href: (linked && run.evaluated).then(|| format!("{}/report.html", relative_url(&run.name))),
        cells: vec![
            run.dataset.clone(),
            run.model.clone(),
            run.lambda.to_string(),
            run.seed.to_string(),
            run.epochs.clone(),
            dash(last.and_then(|row| row.kappa)),
            dash(last.and_then(|row| row.consistency_squared_l2)),
            dash(last.and_then(|row| row.consistency_l2)),
        ],
    }
}
