//! Tables of an analysis, as text and for the page.

use mitsume_locale::{Language, text};
use mitsume_stats::condition_kappa::SampleSummary;
use mitsume_stats::interval::Interval;
use mitsume_stats::lambdas::LambdaComparison;
use mitsume_stats::paired::PairedComparison;
use mitsume_stats::run_correlation::ConditionCorrelation;
use serde::{Serialize, Serializer};

use super::AnalysisReport;
use crate::text_table::{Alignment, text_table};

/// Rows under a header.
#[derive(Debug, Clone)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub note: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows, each with a cell for every column.
    pub rows: Vec<Vec<String>>,
}

/// All tables: correlations of every measure (table 2 of the thesis), kappa by condition, effects
/// of lambda, offsets.
pub(crate) fn tables(report: &AnalysisReport) -> Vec<Table> {
    let language = report.options.language;
    let all = || report.records.measures.iter().zip(&report.measures);
    let mut tables: Vec<Table> = all()
        .filter(|(_, measured)| !measured.correlations.is_empty())
        .map(|(measure, measured)| {
            correlations(
                &measure.name.title(language),
                &measured.correlations,
                report,
            )
        })
        .collect();
    tables.push(cells(report));
    if !report.analysis.lambdas.is_empty() {
        let kappa = text!(language, "analysis-outcome-kappa");
        tables.push(lambdas(&kappa, "", &report.analysis.lambdas, language));
    }
    for (measure, measured) in all() {
        if !measured.lambdas.is_empty() {
            let (title, note) = (measure.name.title(language), measure.name.note(language));
            tables.push(lambdas(&title, &note, &measured.lambdas, language));
        }
    }
    if report.measures.iter().any(|m| !m.offsets.is_empty()) {
        tables.push(offsets(report));
    }
    tables
}

fn correlations(title: &str, rows: &[ConditionCorrelation], report: &AnalysisReport) -> Table {
    let language = report.options.language;
    let percent = format!("{:.0}", report.analysis.confidence * 100.0);
    let header = vec![
        text!(language, "analysis-column-dataset"),
        text!(language, "analysis-column-model"),
        text!(language, "analysis-column-lambda"),
        text!(language, "analysis-column-runs"),
        text!(language, "analysis-column-mean-r"),
        text!(
            language,
            "analysis-column-percent-interval",
            percent = percent
        ),
        text!(language, "analysis-column-bootstrap"),
        text!(language, "analysis-column-sign-flip"),
        text!(language, "analysis-column-mean-rho"),
        text!(language, "analysis-column-changes"),
        text!(language, "analysis-column-worth"),
    ];
    let row = |row: &ConditionCorrelation| {
        vec![
            row.dataset.clone(),
            row.model.clone(),
            row.lambda.map_or("–".into(), |lambda| lambda.to_string()),
            row.runs.to_string(),
            signed(row.mean_r),
            interval(row.fisher.and_then(|fisher| fisher.interval)),
            interval(row.bootstrap),
            p(row.sign_flip_p),
            row.mean_rho.map_or("–".into(), signed),
            row.mean_r_of_changes.map_or("–".into(), signed),
            row.effective_epochs
                .map_or("–".into(), |epochs| format!("{epochs:.1}")),
        ]
    };
    Table {
        title: text!(language, "analysis-correlations-title", measure = title),
        note: text!(language, "analysis-correlations-note"),
        header,
        rows: rows.iter().map(row).collect(),
    }
}

fn cells(report: &AnalysisReport) -> Table {
    let language = report.options.language;
    let header = vec![
        text!(language, "analysis-column-dataset"),
        text!(language, "analysis-column-model"),
        text!(language, "analysis-column-lambda"),
        text!(language, "analysis-column-runs"),
        text!(language, "analysis-column-final-kappa"),
        text!(language, "analysis-column-interval"),
        text!(language, "analysis-column-best-kappa"),
        text!(language, "analysis-column-interval"),
    ];
    let spread = |spread: &SampleSummary| [short(spread.mean), interval(spread.interval)];
    let rows = report.analysis.condition_kappas.iter().map(|cell| {
        let mut row = vec![
            cell.dataset.clone(),
            cell.model.clone(),
            cell.lambda.map_or("–".into(), |lambda| lambda.to_string()),
            cell.final_kappa.runs.to_string(),
        ];
        row.extend(spread(&cell.final_kappa));
        row.extend(spread(&cell.best_kappa));
        row
    });
    Table {
        title: text!(language, "analysis-cells-title"),
        note: text!(language, "analysis-cells-note"),
        rows: rows.collect(),
        header,
    }
}

fn lambdas(outcome: &str, note: &str, rows: &[LambdaComparison], language: Language) -> Table {
    let header = vec![
        text!(language, "analysis-column-dataset"),
        text!(language, "analysis-column-model"),
        text!(language, "analysis-column-lambda"),
        text!(language, "analysis-column-against"),
        text!(language, "analysis-column-pairs"),
        text!(language, "analysis-column-difference"),
        text!(language, "analysis-column-interval"),
        text!(language, "analysis-column-effect"),
        text!(language, "analysis-column-p"),
        text!(language, "analysis-column-holm"),
        text!(language, "analysis-column-sign-flip"),
    ];
    let together = text!(language, "analysis-all-together");
    let row = |row: &LambdaComparison| {
        let test = &row.final_kappa;
        vec![
            row.dataset.clone(),
            row.model.clone().unwrap_or_else(|| together.clone()),
            row.lambda.to_string(),
            row.baseline.to_string(),
            test.pairs.to_string(),
            signed_short(test.mean_difference),
            interval(test.interval),
            test.hedges_g.map_or("–".into(), signed),
            p(test.p),
            p(row.p_holm),
            p(test.sign_flip_p),
        ]
    };
    let own = text!(language, "analysis-lambdas-note");
    Table {
        title: text!(language, "analysis-lambdas-title", outcome = outcome),
        note: format!("{own} {note}").trim_end().to_owned(),
        header,
        rows: rows.iter().map(row).collect(),
    }
}

fn offsets(report: &AnalysisReport) -> Table {
    let language = report.options.language;
    let header = vec![
        text!(language, "analysis-column-measure"),
        text!(language, "analysis-column-dataset"),
        text!(language, "analysis-column-model"),
        text!(language, "analysis-column-median"),
        text!(language, "analysis-column-others"),
        text!(language, "analysis-column-ratio"),
    ];
    let rows = report.records.measures.iter().zip(&report.measures);
    let rows = rows.flat_map(|(measure, measured)| {
        measured.offsets.iter().map(move |offset| {
            vec![
                measure.name.title(language),
                offset.dataset.clone(),
                offset.model.clone(),
                short(offset.median),
                short(offset.median_of_others),
                format!("{:.2}", offset.median / offset.median_of_others),
            ]
        })
    });
    Table {
        title: text!(language, "analysis-offsets-title"),
        note: text!(language, "analysis-offsets-note"),
        rows: rows.collect(),
        header,
    }
}

/// The tables and the summary for a terminal of `width` columns.
pub(crate) fn text(report: &AnalysisReport, width: usize) -> String {
    let mut text = String::new();
    let study = report.study_tables().into_iter().map(|(_, table)| table);
    let more = study.chain(report.roar_tables());
    for table in tables(report).into_iter().chain(more) {
        text.push_str(&format!("{}\n", table.title));
        let rows: Vec<Vec<String>> = std::iter::once(table.header).chain(table.rows).collect();
        let table = text_table(&rows, Alignment::Left, width.saturating_sub(INDENT.len()));
        for line in table.lines() {
            text.push_str(format!("{INDENT}{line}").trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    let more = report
        .study_sentences()
        .into_iter()
        .chain(report.roar_sentences());
    for sentence in report.sentences().into_iter().chain(more) {
        text.push_str(&format!("- {sentence}\n"));
    }
    text
}

/// Before every line of a table.
const INDENT: &str = "  ";

/// An effect on a measure, in JSON.
#[derive(Serialize)]
struct Effect<'a> {
    dataset: &'a str,
    model: Option<&'a str>,
    lambda: f64,
    baseline: f64,
    difference: &'a PairedComparison,
    p_holm: Option<f64>,
}

/// Comparisons whose "kappa" holds a measure; only the last epoch is meaningful for it.
pub(crate) fn effects_json<S: Serializer>(
    comparisons: &[LambdaComparison],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(comparisons.iter().map(|comparison| Effect {
        dataset: &comparison.dataset,
        model: comparison.model.as_deref(),
        lambda: comparison.lambda,
        baseline: comparison.baseline,
        difference: &comparison.final_kappa,
        p_holm: comparison.p_holm,
    }))
}

pub(crate) fn interval(interval: Option<Interval>) -> String {
    interval.map_or("–".into(), |Interval { low, high }| {
        format!("[{}, {}]", short(low), short(high))
    })
}

pub(crate) fn p(p: Option<f64>) -> String {
    match p {
        None => "–".into(),
        Some(p) if p < 0.001 => "< 0.001".into(),
        Some(p) => format!("{p:.3}"),
    }
}

/// A p-value to follow the letter p: "= 0.012", "< 0.001".
pub(crate) fn p_relation(value: f64) -> String {
    match p(Some(value)) {
        below if below.starts_with('<') => below,
        value => format!("= {value}"),
    }
}

pub(crate) fn signed(value: f64) -> String {
    // A true minus sign, as wide as the plus.
    format!("{value:+.3}").replace('-', "−")
}

pub(crate) fn signed_short(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", short(value))
}

/// Three decimals, or four significant digits below 0.05.
fn short(value: f64) -> String {
    let text = if value == 0.0 || value.abs() >= 0.05 {
        format!("{value:.3}")
    } else {
        crate::number_format::significant_4(value)
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_p_value_in_a_sentence_is_equal_or_below() {
        let texts = [0.0123, 0.001, 0.0009].map(p_relation);
        assert_eq!(texts, ["= 0.012", "= 0.001", "< 0.001"]);
    }
}
