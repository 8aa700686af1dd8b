//! The analysis of many runs: statistics, figures, and a page of both.

mod conditions;
mod curves;
pub(crate) mod figure;
mod figures;
mod measure;
mod offsets;
mod page;
mod records;
mod roar;
mod run_values;
mod scatter;
mod sentences;
mod study;
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
use roar::Roar;
use study::Study;
pub use tables::Table as AnalysisTable;

/// Options of an analysis and the language of its report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnalysisReportOptions {
    /// Confidence level of all intervals, strictly between 0 and 1.
    pub confidence: f64,
    /// Number of resamples of the bootstrap and of the permutation tests.
    pub resamples: usize,
    /// Seed of the resampling.
    pub seed: u64,
    /// The lambda that others are compared with.
    pub baseline: f64,
    /// Language of the page, the figures and the text; sentences in JSON are always English.
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
    /// Options of the reports of single runs.
    fn to_report_options(self) -> crate::ReportOptions {
        crate::ReportOptions {
            language: self.language,
        }
    }

    fn to_analysis_options(self) -> AnalysisOptions {
        AnalysisOptions {
            confidence: self.confidence,
            resamples: self.resamples,
            seed: self.seed,
            baseline: self.baseline,
        }
    }
}

/// The analysis of many runs with its figures.
#[derive(Debug, Clone)]
pub struct AnalysisReport {
    source: PathBuf,
    records: Records,
    /// Analysis with the first measure; the cells and the effect of lambda on kappa do not depend
    /// on the measure.
    analysis: Analysis,
    measures: Vec<Measured>,
    study: Study,
    /// Remove and retrain, by model.
    roar: Vec<Roar>,
    figures: Vec<Figure>,
    options: AnalysisReportOptions,
}

/// The results for one measure of consistency.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    /// Its name.
    measure: &'static str,
    /// Its correlation with kappa, by condition.
    correlations: Vec<ConditionCorrelation>,
    /// Its change with every lambda against the baseline, after the last epoch. The fields named
    /// after kappa hold the measure.
    #[serde(serialize_with = "tables::effects_json")]
    lambdas: Vec<LambdaComparison>,
    /// Each model's median and that of the other models.
    offsets: Vec<Offset>,
}

/// Analyses a table of epochs (`.csv`), or the runs in a folder.
///
/// # Errors
/// [`ReportError`] if nothing is found, or a record or row is damaged; the file is named.
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
    let study = Study::new(&records, options);
    let mut figures = figures::figures(&records, options.language);
    figures.extend(study::heat_map(&study, options.language));
    let roar = roar::roar(&records, options);
    figures.extend(roar.iter().map(|one| roar::figure(one, options.language)));
    Ok(AnalysisReport {
        source: path.to_owned(),
        records,
        analysis,
        measures,
        study,
        roar,
        figures,
        options: *options,
    })
}

/// Records with the measure in the kappa field, to reuse the tests for kappa.
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
    /// `cautions` and `summary` in English words, `measures` with every one, `agreement` of the
    /// measures over the runs, and `roar` where pixels were removed.
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
            let study = serde_json::to_value(&self.study).unwrap_or_default();
            json.insert("agreement".into(), study);
            if !self.roar.is_empty() {
                let roar = serde_json::to_value(&self.roar).unwrap_or_default();
                json.insert("roar".into(), roar);
            }
        }
        json
    }

    /// The findings, a sentence each, in the language of the options. They claim no more than the
    /// tests show.
    pub fn sentences(&self) -> Vec<String> {
        sentences::sentences(self, self.options.language)
    }

    /// What the study of the measures found, a sentence each.
    pub fn study_sentences(&self) -> Vec<String> {
        study::sentences(&self.study, self.options.language)
    }

    /// The tables of the study of the measures by key: each against kappa, localisation and controls
    /// (`trust`), within lambda (`lambda`), by data set and model (`strata`), how they order models
    /// (`orders`); those without anything to say are left out.
    pub fn study_tables(&self) -> Vec<(&'static str, AnalysisTable)> {
        study::tables(&self.study, self.options.language)
    }

    /// What retraining without the most relevant pixels found, a sentence each.
    pub fn roar_sentences(&self) -> Vec<String> {
        roar::sentences(&self.roar, self.options.language)
    }

    /// The tables of retraining: kappa, and differences from random orders where there are any.
    pub fn roar_tables(&self) -> Vec<AnalysisTable> {
        roar::tables(&self.roar, self.options.language)
    }

    /// Name (without `.svg`) and text of every figure.
    pub fn figure_files(&self) -> impl Iterator<Item = (&str, String)> {
        let figures = self.figures.iter();
        figures.map(|figure| (&figure.file[..], figure.file_text()))
    }

    /// The tables as text, for a terminal of `width` columns; a wider table is several.
    pub fn text(&self, width: usize) -> String {
        tables::text(self, width)
    }

    /// Writes `report.html`, `analysis.json`, `agreement.csv` and `figures/*.svg` into `dir`, and where `dir` is the
    /// folder of the runs, a report beside each run that is evaluated. Returns the page's path.
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
        if !self.study.is_empty() {
            let path = dir.join("agreement.csv");
            write_atomic(&path, &study::csv(&self.study)?)?;
        }
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

    /// Writes every figure of the page as SVG and PNG, and every table as CSV and LaTeX, into
    /// `out`.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn export_figures(&self, out: &Path) -> Result<crate::Exported> {
        crate::export_page(&page::page(self, false)?, self.options.language, out)
    }

    /// Writes the reports of runs that are missing or older than their run's evaluation.
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
