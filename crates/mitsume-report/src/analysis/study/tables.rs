//! Tables of the study of the measures.

use mitsume::controls::Control;
use mitsume_locale::{Language, text};
use mitsume_stats::agreement::{Agreement, NoAgreement};

use super::super::tables::{Table, interval, signed};
use super::{PairAgreement, Quantity, Study, find};
use crate::controls::{control_name, measure_name};
use crate::number_format;

/// What a quantity is called.
pub(super) fn quantity_name(name: &str, language: Language) -> String {
    match name {
        "kappa" => text!(language, "analysis-outcome-kappa"),
        "pointing" => text!(language, "study-pointing"),
        "mass" => text!(language, "study-mass"),
        "rank" => text!(language, "study-rank"),
        "consistency" => text!(language, "analysis-measure-of-table"),
        name => measure_name(name, language),
    }
}

/// All tables of the study with their keys; none where there is nothing to say.
pub(crate) fn tables(study: &Study, language: Language) -> Vec<(&'static str, Table)> {
    if study.is_empty() {
        return Vec::new();
    }
    let mut tables = vec![("trust", trust(study, language))];
    tables.extend(within_lambda(study, language).map(|table| ("lambda", table)));
    if study.strata.len() > 1 {
        tables.push(("strata", by_stratum(study, language)));
    }
    if !study.orders.is_empty() {
        tables.push(("orders", orders(study, language)));
    }
    tables
}

/// tau with its interval, or why there is none.
pub(super) fn agreement_cell(agreement: Option<&Agreement>, language: Language) -> String {
    match agreement {
        None => "–".to_owned(),
        Some(Agreement {
            tau: Some(tau),
            interval: found,
            ..
        }) => {
            format!("{} {}", signed(*tau), interval(*found))
        }
        Some(Agreement {
            reason: Some(NoAgreement::TooFewRuns),
            ..
        }) => {
            text!(language, "study-too-few")
        }
        Some(_) => text!(language, "study-constant"),
    }
}

/// Header and rows of each measure's agreement with what measures are compared with.
fn against_outcomes(
    study: &Study,
    pairs: &[PairAgreement],
    language: Language,
) -> (Vec<String>, Vec<Vec<String>>) {
    let mut header = vec![text!(language, "analysis-column-measure")];
    header.extend(study.outcomes().map(|outcome| {
        let outcome = quantity_name(outcome.name, language);
        text!(language, "study-column-with", outcome = outcome)
    }));
    let rows = study.measures().map(|measure| {
        let cell =
            |outcome: &Quantity| agreement_cell(find(pairs, outcome.name, measure.name), language);
        let mut row = vec![quantity_name(measure.name, language)];
        row.extend(study.outcomes().map(cell));
        row
    });
    (header, rows.collect())
}

fn trust(study: &Study, language: Language) -> Table {
    let (mut header, mut rows) = against_outcomes(study, &study.pooled, language);
    for control in Control::ALL {
        let counts = || study.controls.iter().filter(|one| one.control == control);
        if counts().next().is_none() {
            continue;
        }
        let name = control_name(control, language);
        header.push(text!(language, "study-column-fails", control = name));
        for (row, measure) in rows.iter_mut().zip(study.measures()) {
            let found = counts().find(|one| one.measure == measure.name);
            row.push(found.map_or("–".to_owned(), |one| {
                format!("{}/{}", one.fails, one.judged)
            }));
        }
    }
    Table {
        title: text!(language, "study-trust-title"),
        note: text!(language, "study-trust-note", runs = study.runs),
        header,
        rows,
    }
}

/// Agreement where what lambda does is left out.
fn within_lambda(study: &Study, language: Language) -> Option<Table> {
    let (header, rows) = against_outcomes(study, study.within_lambda.as_ref()?, language);
    Some(Table {
        title: text!(language, "study-lambda-title"),
        note: text!(language, "study-lambda-note"),
        header,
        rows,
    })
}

fn by_stratum(study: &Study, language: Language) -> Table {
    let mut header = vec![text!(language, "analysis-column-measure")];
    let strata = study.strata.iter();
    header.extend(strata.map(|one| format!("{}, {} ({})", one.dataset, one.model, one.runs)));
    let rows =
        study.measures().map(|measure| {
            let mut row = vec![quantity_name(measure.name, language)];
            let strata = study.strata.iter();
            row.extend(strata.map(|stratum| {
                agreement_cell(find(&stratum.pairs, "kappa", measure.name), language)
            }));
            row
        });
    Table {
        title: text!(language, "study-strata-title"),
        note: text!(language, "study-strata-note"),
        header,
        rows: rows.collect(),
    }
}

fn orders(study: &Study, language: Language) -> Table {
    let rows = study.orders.iter().map(|order| {
        let mut models = String::new();
        let mut before = None;
        for one in &order.models {
            match before {
                None => {}
                Some(mean) if mean == one.mean => models += " = ",
                Some(_) => models += " > ",
            }
            before = Some(one.mean);
            models += &format!("{} ({})", one.model, number_format::significant_4(one.mean));
        }
        vec![
            order.dataset.clone(),
            quantity_name(order.name, language),
            models,
        ]
    });
    Table {
        title: text!(language, "study-orders-title"),
        note: text!(language, "study-orders-note"),
        header: vec![
            text!(language, "analysis-column-dataset"),
            text!(language, "analysis-column-measure"),
            text!(language, "study-column-order"),
        ],
        rows: rows.collect(),
    }
}

/// Every agreement as CSV, a row each: over all data sets and models (`all`), the same within lambda
/// (`lambda`), then of each data set and model (`one`).
pub(crate) fn csv(study: &Study) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "within", "dataset", "model", "a", "b", "tau", "low", "high", "runs", "pairs", "reason",
    ])?;
    let mut write = |[within, dataset, model]: [&str; 3], pair: &PairAgreement| {
        let found = &pair.agreement;
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let reason = match found.reason {
            None => "",
            Some(NoAgreement::TooFewRuns) => "too-few-runs",
            Some(NoAgreement::Constant) => "constant",
        };
        writer.write_record([
            within,
            dataset,
            model,
            pair.a,
            pair.b,
            &number(found.tau),
            &number(found.interval.map(|one| one.low)),
            &number(found.interval.map(|one| one.high)),
            &found.runs.to_string(),
            &found.pairs.to_string(),
            reason,
        ])
    };
    for pair in &study.pooled {
        write(["all", "", ""], pair)?;
    }
    for pair in study.within_lambda.iter().flatten() {
        write(["lambda", "", ""], pair)?;
    }
    for stratum in &study.strata {
        for pair in &stratum.pairs {
            write(["one", &stratum.dataset, &stratum.model], pair)?;
        }
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}
