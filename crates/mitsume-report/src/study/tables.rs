//! Tables of a study, as text and for the page.

use mitsume_stats::cells::Spread;
use mitsume_stats::interval::Interval;
use mitsume_stats::lambdas::LambdaComparison;
use mitsume_stats::paired::PairedComparison;
use mitsume_stats::run_correlation::ConditionCorrelation;
use serde::{Serialize, Serializer};

use super::Study;

/// Rows under a header.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub title: String,
    pub note: String,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// All tables: table 2 of every measure, kappa by cell, what lambda does.
pub(crate) fn tables(study: &Study) -> Vec<Table> {
    let mut tables: Vec<Table> = study
        .records
        .measures
        .iter()
        .zip(&study.measures)
        .filter(|(_, measured)| !measured.correlations.is_empty())
        .map(|(measure, measured)| correlations(measure.title, &measured.correlations, study))
        .collect();
    tables.push(cells(study));
    if !study.analysis.lambdas.is_empty() {
        tables.push(lambdas(
            "What lambda does to kappa",
            "Kappa after the last epoch against the baseline of the same seeds.",
            &study.analysis.lambdas,
        ));
    }
    for (measure, measured) in study.records.measures.iter().zip(&study.measures) {
        if !measured.lambdas.is_empty() {
            let note = format!(
                "{} after the last epoch against the baseline of the same seeds. {}",
                measure.title, measure.note
            );
            let title = format!("What lambda does to {}", measure.title);
            tables.push(lambdas(&title, &note, &measured.lambdas));
        }
    }
    if study.measures.iter().any(|m| !m.offsets.is_empty()) {
        tables.push(offsets(study));
    }
    tables
}

fn correlations(title: &str, rows: &[ConditionCorrelation], study: &Study) -> Table {
    let percent = study.analysis.confidence * 100.0;
    let header = [
        "data set".to_owned(),
        "model".to_owned(),
        "lambda".to_owned(),
        "runs".to_owned(),
        "mean r".to_owned(),
        format!("{percent:.0} % interval"),
        "bootstrap".to_owned(),
        "sign-flip p".to_owned(),
        "mean rho".to_owned(),
        "r of changes".to_owned(),
        "epochs worth".to_owned(),
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
        title: format!("Correlation of kappa and {title} over the epochs of a run"),
        note: "Mean of the runs’ Pearson r, with Student’s interval of Fisher’s z across runs and \
               a bootstrap over runs. The sign-flip test takes runs as independent and cannot fall \
               below 2 / 2^runs. “Epochs worth”: how many independent epochs a run’s are worth."
            .to_owned(),
        header: header.to_vec(),
        rows: rows.iter().map(row).collect(),
    }
}

fn cells(study: &Study) -> Table {
    let header = [
        "data set",
        "model",
        "lambda",
        "runs",
        "final kappa",
        "interval",
        "best kappa",
        "interval",
    ];
    let spread = |spread: &Spread| [short(spread.mean), interval(spread.interval)];
    let rows = study.analysis.cells.iter().map(|cell| {
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
        title: "Kappa by cell, over seeds".to_owned(),
        note: "The best epoch is chosen on the validation images, so it flatters.".to_owned(),
        rows: rows.collect(),
        header: header.map(str::to_owned).to_vec(),
    }
}

fn lambdas(title: &str, note: &str, rows: &[LambdaComparison]) -> Table {
    let header = [
        "data set",
        "model",
        "lambda",
        "against",
        "pairs",
        "difference",
        "interval",
        "effect g",
        "p",
        "p (Holm)",
        "sign-flip p",
    ];
    let row = |row: &LambdaComparison| {
        let test = &row.final_kappa;
        vec![
            row.dataset.clone(),
            row.model.clone().unwrap_or_else(|| "all models".into()),
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
    Table {
        title: title.to_owned(),
        note: format!(
            "{note} Paired t-test, corrected by Holm over the lambdas and models of a data set; g \
             is Hedges’ effect size of the paired differences."
        ),
        header: header.map(str::to_owned).to_vec(),
        rows: rows.iter().map(row).collect(),
    }
}

fn offsets(study: &Study) -> Table {
    let header = ["measure", "data set", "model", "median", "others", "ratio"];
    let rows = study.records.measures.iter().zip(&study.measures);
    let rows = rows.flat_map(|(measure, measured)| {
        measured.offsets.iter().map(|offset| {
            vec![
                measure.title.to_owned(),
                offset.dataset.clone(),
                offset.model.clone(),
                short(offset.median),
                short(offset.median_of_others),
                format!("{:.2}", offset.median / offset.median_of_others),
            ]
        })
    });
    Table {
        title: "Where each model’s values lie".to_owned(),
        note: "Median over all epochs, against that of the other models. With l2 the size of the \
               maps alone gives an offset."
            .to_owned(),
        rows: rows.collect(),
        header: header.map(str::to_owned).to_vec(),
    }
}

/// The tables and the summary for a terminal.
pub(crate) fn text(study: &Study) -> String {
    let mut text = String::new();
    for table in tables(study) {
        text.push_str(&format!("{}\n{}\n", table.title, aligned(&table)));
    }
    for sentence in study.sentences() {
        text.push_str(&format!("- {sentence}\n"));
    }
    text
}

fn aligned(table: &Table) -> String {
    let rows = || std::iter::once(&table.header).chain(&table.rows);
    let width = |column: usize| {
        let cells = rows().filter_map(move |row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    rows().map(line).collect()
}

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

/// Comparisons whose "kappa" is a measure; only the last epoch has a meaning for it.
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

pub(crate) fn signed(value: f64) -> String {
    // A true minus sign, as wide as the plus.
    format!("{value:+.3}").replace('-', "−")
}

pub(crate) fn signed_short(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", short(value))
}

/// Three digits after the point where the number is large enough for them.
fn short(value: f64) -> String {
    let text = if value == 0.0 || value.abs() >= 0.05 {
        format!("{value:.3}")
    } else {
        crate::number::short(value)
    };
    text.replace('-', "−")
}
