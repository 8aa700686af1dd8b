//! The difference between a model's median consistency and that of the other models.

use std::collections::BTreeSet;

use mitsume_stats::{EpochRecord, median};
use serde::Serialize;

/// Medians of a model and of the others on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Offset {
    pub dataset: String,
    pub model: String,
    /// Median over the epochs of all its runs.
    pub median: f64,
    /// Median over the epochs of all runs of the other models.
    pub median_of_others: f64,
}

/// The medians of every model that is not the only one on its data set.
pub(crate) fn offsets(records: &[EpochRecord]) -> Vec<Offset> {
    let conditions: BTreeSet<(&str, &str)> = records
        .iter()
        .map(|record| (&record.dataset[..], &record.model[..]))
        .collect();
    conditions
        .iter()
        .filter_map(|(dataset, model)| {
            let values = |own: bool| -> Vec<f64> {
                let here = records.iter().filter(|record| record.dataset == *dataset);
                let selected = here.filter(|record| (record.model == *model) == own);
                selected.filter_map(|record| record.consistency).collect()
            };
            Some(Offset {
                dataset: (*dataset).to_owned(),
                model: (*model).to_owned(),
                median: median(&values(true))?,
                median_of_others: median(&values(false))?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_a_model_and_of_the_others() {
        let record = |model: &str, value: f64| EpochRecord {
            dataset: "a".into(),
            run: "r".into(),
            seed: None,
            model: model.into(),
            equivalent_models: Vec::new(),
            lambda: None,
            epoch: 1,
            kappa: None,
            consistency: Some(value),
        };
        let records = [1.0, 9.0, 3.0].map(|value| record("x", value));
        let others = [10.0, 20.0].map(|value| record("y", value));
        let all: Vec<_> = records.into_iter().chain(others).collect();
        let found = offsets(&all);
        assert_eq!((found[0].median, found[0].median_of_others), (3.0, 15.0));
        assert_eq!((found[1].median, found[1].median_of_others), (15.0, 3.0));
    }
}
