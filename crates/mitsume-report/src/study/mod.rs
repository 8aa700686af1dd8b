//! What many runs show together: statistics, figures, and one page of both.

mod conditions;
mod curves;
pub(crate) mod figure;
mod figures;
mod offsets;
mod page;
mod records;
mod scatter;
mod sentences;
mod style;
mod tables;

use std::path::{Path, PathBuf};

use mitsume_record::write_bytes;
use mitsume_stats::lambdas::LambdaComparison;
use mitsume_stats::run_correlation::ConditionCorrelation;
use mitsume_stats::{Analysis, EpochRecord, Options, analyze};
use serde::Serialize;

use crate::{ReportError, Result};
use figure::Figure;
use offsets::Offset;
use records::{Measure, Records};

/// How runs are analysed: confidence, draws, seed, the lambda to compare with.
pub type StudyOptions = Options;

/// What many runs show.
#[derive(Debug, Clone)]
pub struct Study {
    source: PathBuf,
    records: Records,
    /// Of the first measure: the cells and the effect of lambda on kappa are those of every one.
    analysis: Analysis,
    measures: Vec<Measured>,
    figures: Vec<Figure>,
    options: StudyOptions,
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
pub fn study(path: &Path, options: &StudyOptions) -> Result<Study> {
    let records = records::read(path)?;
    let failed = |source| ReportError::Analysis {
        path: path.to_owned(),
        source,
    };
    let analysis = analyze(&records.measures[0].records, options).map_err(failed)?;
    let mut measures = Vec::new();
    for measure in &records.measures {
        measures.push(Measured {
            measure: measure.key,
            correlations: analyze(&measure.records, options)
                .map_err(failed)?
                .correlations,
            lambdas: analyze(&as_outcome(measure), options)
                .map_err(failed)?
                .lambdas,
            offsets: offsets::offsets(&measure.records),
        });
    }
    let figures = figures::figures(&records);
    Ok(Study {
        source: path.to_owned(),
        records,
        analysis,
        measures,
        figures,
        options: *options,
    })
}

/// The measure in the place of kappa, so that what a lambda does to it is tested as for kappa.
fn as_outcome(measure: &Measure) -> Vec<EpochRecord> {
    let outcome = |record: &EpochRecord| EpochRecord {
        kappa: record.consistency,
        consistency: None,
        ..record.clone()
    };
    measure.records.iter().map(outcome).collect()
}

impl Study {
    /// The analysis as one JSON object: `correlations`, `cells` and `lambdas` of the first measure,
    /// `cautions` and `summary` in words, and `measures` with every one.
    pub fn json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({ "measure": self.measures[0].measure });
        let analysis = serde_json::to_value(&self.analysis).unwrap_or_default();
        if let (Some(json), serde_json::Value::Object(analysis)) = (json.as_object_mut(), analysis)
        {
            json.extend(analysis);
            json.insert("summary".into(), self.sentences().into());
            let measures = serde_json::to_value(&self.measures).unwrap_or_default();
            json.insert("measures".into(), measures);
        }
        json
    }

    /// What the data does and does not show, a sentence each, no more than the tests say.
    pub fn sentences(&self) -> Vec<String> {
        sentences::sentences(self)
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
            write_bytes(&path, figure.file_text().as_bytes())?;
        }
        let json = format!("{:#}\n", self.json());
        write_bytes(&dir.join("analysis.json"), json.as_bytes())?;
        let same = |a: &Path, b: &Path| {
            let (a, b) = (a.canonicalize(), b.canonicalize());
            a.is_ok_and(|a| b.is_ok_and(|b| a == b))
        };
        let linked = self.source.is_dir() && same(&self.source, dir);
        if linked {
            self.write_reports_of_runs()?;
        }
        let page = dir.join("report.html");
        write_bytes(&page, page::page(self, linked)?.as_bytes())?;
        Ok(page)
    }

    /// Those that are missing or older than their run's evaluation.
    fn write_reports_of_runs(&self) -> Result<()> {
        for run in self.records.runs.iter().filter(|run| run.evaluated) {
            let dir = self.source.join(&run.name);
            let page = dir.join("report.html");
            let time = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
            let evaluation = mitsume_record::RunDir::new(&dir).evaluation();
            if page.exists() && time(&page) >= time(&evaluation) {
                continue;
            }
            crate::report(&dir, &crate::ReportOptions::default())?.write(&page)?;
        }
        Ok(())
    }
}
