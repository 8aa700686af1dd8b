//! What many runs show together: statistics, figures, and one page of both.

mod conditions;
mod curves;
pub(crate) mod figure;
mod figures;
mod measure;
mod offsets;
mod page;
mod records;
mod scatter;
mod sentences;
pub(crate) mod style;
mod tables;

use std::path::{Path, PathBuf};

use mitsume_artifacts::write_atomic;
use mitsume_locale::Language;
use mitsume_stats::lambdas::LambdaComparison;
use mitsume_stats::run_correlation::ConditionCorrelation;
use mitsume_stats::{Analysis, AnalysisOptions, EpochRecord, analyze};
use serde::Serialize;

use crate::{ReportError, Result};
use figure::Figure;
use offsets::Offset;
use records::{Measure, Records};

/// How runs are analysed, and in which language that is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnalysisReportOptions {
    /// Of all intervals, strictly between 0 and 1.
    pub confidence: f64,
    /// Of the bootstrap and of tests by random draws.
    pub resamples: usize,
    /// Of the same.
    pub seed: u64,
    /// The lambda that others are compared with.
    pub baseline: f64,
    /// Of the page, the figures and the text; sentences in JSON are English whatever it is.
    pub language: Language,
}

impl Default for AnalysisReportOptions {
    fn default() -> Self {
        let AnalysisOptions {
            confidence,
            resamples,
            seed,
            baseline,
        } = AnalysisOptions::default();
        Self {
            confidence,
            resamples,
            seed,
            baseline,
            language: Language::default(),
        }
    }
}

impl AnalysisReportOptions {
    /// Of the reports beside the runs.
    fn to_report_options(&self) -> crate::ReportOptions {
        crate::ReportOptions {
            language: self.language,
        }
    }

    fn to_analysis_options(&self) -> AnalysisOptions {
        AnalysisOptions {
            confidence: self.confidence,
            resamples: self.resamples,
            seed: self.seed,
            baseline: self.baseline,
        }
    }
}

/// What many runs show.
#[derive(Debug, Clone)]
pub struct AnalysisReport {
    source: PathBuf,
    records: Records,
    /// Of the first measure: the cells and the effect of lambda on kappa are those of every one.
    analysis: Analysis,
    measures: Vec<Measured>,
    figures: Vec<Figure>,
    options: AnalysisReportOptions,
}

/// What one way to measure consistency shows.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    /// Its name.
    measure: &'static str,
    /// Kappa against it, by condition.
    correlations: Vec<ConditionCorrelation>,
    /// What every lambda does to it after the last epoch, against the baseline. The fields are
    /// named for kappa and hold the measure.
    #[serde(serialize_with = "tables::effects_json")]
    lambdas: Vec<LambdaComparison>,
    /// How far each model's values lie from the other models'.
    offsets: Vec<Offset>,
}

/// Analyses a table of epochs (`.csv`), or the runs in a folder.
///
/// # Errors
/// [`ReportError`]: nothing there, a record or a row that is damaged, named with its file.
pub fn analyze_path(path: &Path, options: &AnalysisReportOptions) -> Result<AnalysisReport> {
    let records = records::read(path)?;
    let failed = |source| ReportError::Analysis {
        path: path.to_owned(),
        source,
    };
    let to_analysis_options = &options.to_analysis_options();
    let analysis = analyze(&records.measures[0].records, to_analysis_options).map_err(failed)?;
    let mut measures = Vec::new();
    for measure in &records.measures {
        measures.push(Measured {
            measure: measure.name.key(),
            correlations: analyze(&measure.records, to_analysis_options)
                .map_err(failed)?
                .correlations,
            lambdas: analyze(&measure_as_kappa(measure), to_analysis_options)
                .map_err(failed)?
                .lambdas,
            offsets: offsets::offsets(&measure.records),
        });
    }
    let figures = figures::figures(&records, options.language);
    Ok(AnalysisReport {
        source: path.to_owned(),
        records,
        analysis,
        measures,
        figures,
        options: *options,
    })
}

/// The measure in the place of kappa, so that what a lambda does to it is tested as for kappa.
fn measure_as_kappa(measure: &Measure) -> Vec<EpochRecord> {
    let outcome = |record: &EpochRecord| EpochRecord {
        kappa: record.consistency,
        consistency: None,
        ..record.clone()
    };
    measure.records.iter().map(outcome).collect()
}

impl AnalysisReport {
    /// The analysis as one JSON object: `correlations`, `cells` and `lambdas` of the first measure,
    /// `cautions` and `summary` in English words, and `measures` with every one.
    pub fn json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({ "measure": self.measures[0].measure });
        let analysis = serde_json::to_value(&self.analysis).unwrap_or_default();
        if let (Some(json), serde_json::Value::Object(analysis)) = (json.as_object_mut(), analysis)
        {
            json.extend(analysis);
            let cautions = sentences::cautions(self, Language::English);
            json.insert("cautions".into(), cautions.into());
            let summary = sentences::sentences(self, Language::English);
            json.insert("summary".into(), summary.into());
            let measures = serde_json::to_value(&self.measures).unwrap_or_default();
            json.insert("measures".into(), measures);
        }
        json
    }

    /// What the data does and does not show, a sentence each, no more than the tests say, in the
    /// language of the options.
    pub fn sentences(&self) -> Vec<String> {
        sentences::sentences(self, self.options.language)
    }

    /// The tables as text, for a terminal.
    pub fn text(&self) -> String {
        tables::text(self)
    }

    /// Writes `report.html`, `analysis.json` and `figures/*.svg` into `dir`, and where `dir` is the
    /// folder of the runs, a report beside each run that is evaluated. Gives the page's path.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn write(&self, dir: &Path) -> Result<PathBuf> {
        for figure in &self.figures {
            let path = dir.join("figures").join(format!("{}.svg", figure.file));
            write_atomic(&path, figure.file_text().as_bytes())?;
        }
        let json = format!("{:#}\n", self.json());
        write_atomic(&dir.join("analysis.json"), json.as_bytes())?;
        let same = |a: &Path, b: &Path| {
            let (a, b) = (a.canonicalize(), b.canonicalize());
            a.is_ok_and(|a| b.is_ok_and(|b| a == b))
        };
        let linked = self.source.is_dir() && same(&self.source, dir);
        if linked {
            self.write_reports_of_runs()?;
        }
        let page = dir.join("report.html");
        write_atomic(&page, page::page(self, linked)?.as_bytes())?;
        Ok(page)
    }

    /// Writes every figure of the page as SVG and PNG, and every table as CSV and LaTeX, into `out`.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn export_figures(&self, out: &Path) -> Result<crate::Exported> {
        crate::export_page(&page::page(self, false)?, self.options.language, out)
    }

    /// Those that are missing or older than their run's evaluation.
    fn write_reports_of_runs(&self) -> Result<()> {
        for run in self.records.runs.iter().filter(|run| run.evaluated) {
            let dir = self.source.join(&run.name);
            let page = dir.join("report.html");
            let time = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
            let evaluation = mitsume_artifacts::RunDir::new(&dir).evaluation();
            if page.exists() && time(&page) >= time(&evaluation) {
                continue;
            }
            crate::report(&dir, &self.options.to_report_options())?.write(&page)?;
        }
        Ok(())
    }
}
