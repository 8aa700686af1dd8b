//! Which measure deserves trust: how measures agree over the runs with each other, with kappa and
//! with localisation, and which fail controls.

mod heat_map;
mod sentences;
mod tables;

use std::collections::BTreeMap;

use mitsume::controls::{Control, ControlVerdict};
use mitsume::measures::Direction;
use mitsume_stats::agreement::{Agreement, AgreementOptions, Stratum, agreements};
use serde::Serialize;

use super::AnalysisReportOptions;
use super::records::Records;
use super::run_values::{RunValues, ValuesOf};

pub(crate) use heat_map::heat_map;
pub(crate) use sentences::sentences;
pub(crate) use tables::{csv, tables};

/// A quantity that orders runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Quantity {
    /// Its name: kappa, one of localisation, or that of a measure.
    pub name: &'static str,
    /// Values are turned so that higher is better or more consistent.
    pub direction: Direction,
    /// Whether it is what measures are compared with.
    pub outcome: bool,
}

/// Agreement of two quantities.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PairAgreement {
    pub a: &'static str,
    pub b: &'static str,
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// Agreement within one data set and model.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StratumAgreement {
    pub dataset: String,
    pub model: String,
    pub runs: usize,
    pub pairs: Vec<PairAgreement>,
}

/// How a measure orders the models of a data set.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelOrder {
    pub dataset: String,
    pub name: &'static str,
    /// Models with the mean over their runs, best or most consistent first.
    pub models: Vec<ModelMean>,
}

/// A model's mean.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelMean {
    pub model: String,
    pub mean: f64,
    pub runs: usize,
}

/// In how many runs a measure fails a control.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ControlCount {
    pub measure: &'static str,
    pub control: Control,
    pub fails: usize,
    /// Runs with a verdict.
    pub judged: usize,
}

/// The study of the measures.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Study {
    pub values_of: ValuesOf,
    pub runs: usize,
    /// Confidence level of the intervals.
    pub confidence: f64,
    pub quantities: Vec<Quantity>,
    /// Over all data sets and models, runs compared within each.
    pub pooled: Vec<PairAgreement>,
    /// The same, runs of one lambda only compared with each other; `None` where all have the same.
    pub within_lambda: Option<Vec<PairAgreement>>,
    pub strata: Vec<StratumAgreement>,
    pub orders: Vec<ModelOrder>,
    /// Empty without controls.
    pub controls: Vec<ControlCount>,
    /// Runs with controls.
    pub controlled_runs: usize,
}

/// Localisation of the objects, where `mitsume controls` was given masks.
const LOCALISATION: [&str; 3] = ["pointing", "mass", "rank"];

impl Study {
    pub(crate) fn new(records: &Records, options: &AnalysisReportOptions) -> Self {
        let runs = &records.values;
        let quantities = quantities(runs);
        let (groups, of_lambda) = strata(runs, &quantities);
        let indices: Vec<(usize, usize)> = (0..quantities.len())
            .flat_map(|a| (a + 1..quantities.len()).map(move |b| (a, b)))
            .collect();
        let agreement_options = AgreementOptions {
            confidence: options.confidence,
            resamples: options.resamples,
            seed: options.seed,
        };
        let compare = |strata: &[Stratum]| -> Vec<PairAgreement> {
            let found = agreements(strata, &indices, agreement_options);
            let named = indices.iter().zip(found);
            let pair = |(&(a, b), agreement): (&(usize, usize), Agreement)| PairAgreement {
                a: quantities[a].name,
                b: quantities[b].name,
                agreement,
            };
            named.map(pair).collect()
        };
        let all: Vec<Stratum> = groups.values().cloned().collect();
        let finer = of_lambda.len() > all.len();
        let strata = groups
            .iter()
            .map(|((dataset, model), stratum)| StratumAgreement {
                dataset: (*dataset).to_owned(),
                model: (*model).to_owned(),
                runs: stratum.len(),
                pairs: compare(std::slice::from_ref(stratum)),
            });
        Self {
            values_of: records.values_of,
            runs: runs.len(),
            confidence: options.confidence,
            strata: strata.collect(),
            pooled: compare(&all),
            within_lambda: finer.then(|| compare(&of_lambda)),
            orders: orders(runs, &quantities),
            controls: control_counts(runs, &quantities),
            controlled_runs: runs.iter().filter(|run| run.controls.is_some()).count(),
            quantities,
        }
    }

    /// The agreement of two quantities over all strata.
    pub(crate) fn pooled(&self, a: &str, b: &str) -> Option<&Agreement> {
        find(&self.pooled, a, b)
    }

    /// What measures are compared with.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = &Quantity> {
        self.quantities.iter().filter(|one| one.outcome)
    }

    /// The measures.
    pub(crate) fn measures(&self) -> impl Iterator<Item = &Quantity> {
        self.quantities.iter().filter(|one| !one.outcome)
    }

    /// Whether there is anything to show: a measure that orders enough runs, or controls.
    pub(crate) fn is_empty(&self) -> bool {
        let any = self.pooled.iter().any(|pair| pair.agreement.tau.is_some());
        !any && self.controls.is_empty()
    }
}

/// The agreement of two quantities in a list of pairs, in either order.
pub(crate) fn find<'a>(pairs: &'a [PairAgreement], a: &str, b: &str) -> Option<&'a Agreement> {
    let same = |pair: &&PairAgreement| (pair.a == a && pair.b == b) || (pair.a == b && pair.b == a);
    pairs.iter().find(same).map(|pair| &pair.agreement)
}

/// The quantities that some run has: outcomes, then measures in the order of their list.
fn quantities(runs: &[RunValues]) -> Vec<Quantity> {
    let outcome = |name| Quantity {
        name,
        direction: Direction::Higher,
        outcome: true,
    };
    let mut all = vec![outcome("kappa")];
    all.extend(LOCALISATION.map(outcome));
    if let Some(first) = runs.first() {
        all.extend(first.measures.iter().map(|one| Quantity {
            name: one.name,
            direction: one.direction,
            outcome: false,
        }));
    }
    let has_value =
        |quantity: &Quantity| runs.iter().any(|run| value(run, quantity.name).is_some());
    all.retain(has_value);
    all
}

fn value(run: &RunValues, name: &str) -> Option<f64> {
    let localisation = || run.controls.as_ref()?.localisation.as_ref();
    match name {
        "kappa" => run.kappa,
        "pointing" => localisation()?.pointing,
        "mass" => localisation()?.mass.map(|mass| mass.mean),
        "rank" => localisation()?.rank.map(|rank| rank.mean),
        name => run.measures.iter().find(|one| one.name == name)?.value,
    }
}

/// The runs by data set and model.
type Groups<'a> = BTreeMap<(&'a str, &'a str), Stratum>;

/// The runs' values, turned so that higher is better, by data set and model, and by lambda as well.
fn strata<'a>(runs: &'a [RunValues], quantities: &[Quantity]) -> (Groups<'a>, Vec<Stratum>) {
    let mut groups = Groups::new();
    let mut of_lambda: BTreeMap<(&str, &str, u64), Stratum> = BTreeMap::new();
    for run in runs {
        let oriented = |quantity: &Quantity| {
            let value = value(run, quantity.name)?;
            Some(quantity.direction.oriented(value))
        };
        let values: Vec<Option<f64>> = quantities.iter().map(oriented).collect();
        let (dataset, model) = (&run.dataset[..], &run.model[..]);
        let lambda = run.lambda.unwrap_or_default().to_bits();
        let finer = of_lambda.entry((dataset, model, lambda)).or_default();
        finer.push(values.clone());
        groups.entry((dataset, model)).or_default().push(values);
    }
    (groups, of_lambda.into_values().collect())
}

/// How each quantity orders the models of each data set that has several.
fn orders(runs: &[RunValues], quantities: &[Quantity]) -> Vec<ModelOrder> {
    let mut groups: BTreeMap<&str, BTreeMap<String, Vec<&RunValues>>> = BTreeMap::new();
    for run in runs {
        let model = match run.lambda {
            Some(lambda) => format!("{}, lambda {lambda}", run.model),
            None => run.model.clone(),
        };
        let models = groups.entry(&run.dataset).or_default();
        models.entry(model).or_default().push(run);
    }
    let mut orders = Vec::new();
    for (dataset, models) in groups.iter().filter(|(_, models)| models.len() > 1) {
        for quantity in quantities {
            let mean = |(model, runs): (&String, &Vec<&RunValues>)| {
                let values: Vec<f64> = runs
                    .iter()
                    .filter_map(|run| value(run, quantity.name))
                    .collect();
                let mean = mitsume_stats::interval::mean(&values)?;
                Some(ModelMean {
                    model: model.clone(),
                    mean,
                    runs: values.len(),
                })
            };
            let mut found: Vec<ModelMean> = models.iter().filter_map(mean).collect();
            let oriented = |one: &ModelMean| quantity.direction.oriented(one.mean);
            found.sort_by(|a, b| oriented(b).total_cmp(&oriented(a)));
            orders.push(ModelOrder {
                dataset: (*dataset).to_owned(),
                name: quantity.name,
                models: found,
            });
        }
    }
    orders
}

fn control_counts(runs: &[RunValues], quantities: &[Quantity]) -> Vec<ControlCount> {
    let controlled: Vec<_> = runs
        .iter()
        .filter_map(|run| run.controls.as_ref())
        .collect();
    let mut counts = Vec::new();
    for quantity in quantities.iter().filter(|one| !one.outcome) {
        for control in Control::ALL {
            let verdicts = controlled.iter().filter_map(|result| {
                let mut measures = result.measures.iter();
                let measure = measures.find(|one| one.measure == quantity.name)?;
                let found = measure.controls.iter().find(|one| one.control == control)?;
                Some(found.verdict)
            });
            let verdicts: Vec<ControlVerdict> = verdicts.collect();
            let with = |verdict| verdicts.iter().filter(|found| **found == verdict).count();
            let (fails, passes) = (with(ControlVerdict::Fails), with(ControlVerdict::Passes));
            if fails + passes > 0 {
                counts.push(ControlCount {
                    measure: quantity.name,
                    control,
                    fails,
                    judged: fails + passes,
                });
            }
        }
    }
    counts
}
