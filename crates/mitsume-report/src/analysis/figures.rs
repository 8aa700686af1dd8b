//! The figures of an analysis.

use std::collections::BTreeSet;

use mitsume_locale::{Language, text};
use mitsume_stats::EpochRecord;

use super::curves::{Curves, PlottedQuantity};
use super::figure::Figure;
use super::records::Records;
use super::scatter::scatter;

/// All figures, data set by data set: scatters of every measure, then curves.
pub(crate) fn figures(records: &Records, language: Language) -> Vec<Figure> {
    let all = &records.measures[0].records;
    let models = sorted_without_duplicates(all.iter().map(|record| record.model.clone()));
    let mut figures = Vec::new();
    for dataset in sorted_without_duplicates(all.iter().map(|record| record.dataset.clone())) {
        for measure in &records.measures {
            figures.extend(scatter(&dataset, measure, &models, language));
        }
        let here: Vec<&EpochRecord> = all.iter().filter(|r| r.dataset == dataset).collect();
        let mut add = |quantity: PlottedQuantity, here: &[&EpochRecord]| {
            figures.extend(curve_figures(&dataset, &quantity, here, &models, language));
        };
        let kappa = PlottedQuantity {
            key: "kappa",
            title: text!(language, "analysis-kappa"),
            value: |record| record.kappa,
        };
        add(kappa, &here);
        for measure in &records.measures {
            let here: Vec<&EpochRecord> = measure
                .records
                .iter()
                .filter(|record| record.dataset == dataset)
                .collect();
            let quantity = PlottedQuantity {
                key: measure.name.key(),
                title: measure.name.title(language),
                value: |record| record.consistency,
            };
            add(quantity, &here);
        }
    }
    figures
}

/// One figure with a line per model; if lambda varies, a figure per model with a line per lambda.
fn curve_figures(
    dataset: &str,
    quantity: &PlottedQuantity,
    records: &[&EpochRecord],
    models: &[String],
    language: Language,
) -> Vec<Figure> {
    let mut lambdas: Vec<f64> = records.iter().filter_map(|record| record.lambda).collect();
    lambdas.sort_by(f64::total_cmp);
    lambdas.dedup();
    if lambdas.is_empty() {
        let curves = Curves {
            subject: dataset,
            file: dataset,
            quantity,
            records,
            line_of: &|record| record.model.clone(),
            lines: models,
        };
        return curves.figure(language).into_iter().collect();
    }
    let name_of = |lambda: f64| text!(language, "analysis-lambda", lambda = lambda.to_string());
    let lines: Vec<String> = lambdas.iter().map(|&lambda| name_of(lambda)).collect();
    let model_figure = |model: &String| {
        let is_own = |record: &&EpochRecord| {
            record.model == *model || record.equivalent_models.contains(model)
        };
        let own: Vec<&EpochRecord> = records.iter().copied().filter(is_own).collect();
        // These are in the figures of the equivalent models.
        if own
            .iter()
            .all(|r| r.model == *model && !r.equivalent_models.is_empty())
        {
            return None;
        }
        let curves = Curves {
            subject: &format!("{dataset}, {model}"),
            file: &format!("{dataset}-{model}"),
            quantity,
            records: &own,
            line_of: &|record| record.lambda.map_or(String::new(), name_of),
            lines: &lines,
        };
        curves.figure(language)
    };
    models.iter().filter_map(model_figure).collect()
}

fn sorted_without_duplicates(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<String>>().into_iter().collect()
}
