//! The figures of an analysis.

use std::collections::BTreeSet;

use mitsume_locale::{Language, text};
use mitsume_stats::EpochRecord;

use super::curves::{PlottedQuantity, curves};
use super::figure::Figure;
use super::records::Records;
use super::scatter::scatter;

/// All figures, data set by data set: scatters of every measure, then curves.
pub(crate) fn figures(records: &Records, language: Language) -> Vec<Figure> {
    let all = &records.measures[0].records;
    let models = in_order(all.iter().map(|record| record.model.clone()));
    let mut figures = Vec::new();
    for dataset in in_order(all.iter().map(|record| record.dataset.clone())) {
        for measure in &records.measures {
            figures.extend(scatter(&dataset, measure, &models, language));
        }
        let here: Vec<&EpochRecord> = all.iter().filter(|r| r.dataset == dataset).collect();
        let mut of = |quantity: PlottedQuantity, here: &[&EpochRecord]| {
            figures.extend(courses(&dataset, &quantity, here, &models, language));
        };
        let kappa = PlottedQuantity {
            key: "kappa",
            title: text!(language, "analysis-kappa"),
            of: |record| record.kappa,
        };
        of(kappa, &here);
        for measure in &records.measures {
            let here: Vec<&EpochRecord> = measure
                .records
                .iter()
                .filter(|record| record.dataset == dataset)
                .collect();
            let quantity = PlottedQuantity {
                key: measure.name.key(),
                title: measure.name.title(language),
                of: |record| record.consistency,
            };
            of(quantity, &here);
        }
    }
    figures
}

/// A line per model, or where lambda varies a figure per model with a line per lambda.
fn courses(
    dataset: &str,
    quantity: &PlottedQuantity,
    here: &[&EpochRecord],
    models: &[String],
    language: Language,
) -> Vec<Figure> {
    let mut lambdas: Vec<f64> = here.iter().filter_map(|record| record.lambda).collect();
    lambdas.sort_by(f64::total_cmp);
    lambdas.dedup();
    if lambdas.is_empty() {
        let model = |record: &EpochRecord| record.model.clone();
        let figure = curves(
            (dataset, dataset),
            quantity,
            here,
            (&model, models),
            language,
        );
        return figure.into_iter().collect();
    }
    let name_of = |lambda: f64| text!(language, "analysis-lambda", lambda = lambda.to_string());
    let names: Vec<String> = lambdas.iter().map(|&lambda| name_of(lambda)).collect();
    let of_model = |model: &String| {
        let of_model = |record: &&EpochRecord| {
            record.model == *model || record.equivalent_models.contains(model)
        };
        let own: Vec<&EpochRecord> = here.iter().copied().filter(of_model).collect();
        // Drawn with the models it stands for.
        if own
            .iter()
            .all(|r| r.model == *model && !r.equivalent_models.is_empty())
        {
            return None;
        }
        let label = |record: &EpochRecord| record.lambda.map_or(String::new(), name_of);
        let title = format!("{dataset}, {model}");
        let file = format!("{dataset}-{model}");
        curves((&title, &file), quantity, &own, (&label, &names), language)
    };
    models.iter().filter_map(of_model).collect()
}

fn in_order(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<String>>().into_iter().collect()
}
