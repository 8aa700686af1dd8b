//! The effect of lambda on kappa: paired comparison with the baseline of the same seeds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::analysis::AnalysisOptions;
use crate::holm::holm;
use crate::paired::{PairedComparison, paired_comparison};
use crate::run::Run;

/// Comparison of one lambda with the baseline on one data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LambdaComparison {
    /// The data set.
    pub dataset: String,
    /// The model; `None` for all models together, where each pair is one model and seed.
    pub model: Option<String>,
    /// lambda_max of the runs compared.
    pub lambda: f64,
    /// lambda_max of the runs they are compared with.
    pub baseline: f64,
    /// Comparison of kappa after the last epoch.
    pub final_kappa: PairedComparison,
    /// Comparison of the largest kappa of all epochs.
    pub best_kappa: PairedComparison,
    /// `final_kappa.p` with Holm's correction over all lambdas and models of the data set (over all
    /// lambdas if `model` is `None`); `None` if `final_kappa.p` is.
    pub p_holm: Option<f64>,
}

/// Two runs of one model, lambda and seed, so that pairs are ambiguous.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{condition}: runs {first} and {second} have the same seed {seed}; leave one out, or give \
     each its own"
)]
pub struct DuplicateSeed {
    condition: String,
    seed: String,
    first: String,
    second: String,
}

/// Model and seed (or run name), by which runs are paired.
type Pairing<'a> = (&'a str, &'a str);
/// Final and best kappa of each pair.
type Kappas<'a> = BTreeMap<Pairing<'a>, (f64, f64)>;

/// Compares every lambda with the baseline on each data set: each model separately, then, if there
/// are several, all models together. Runs without lambda or kappa, or without a pair, are left out.
///
/// # Errors
/// [`DuplicateSeed`] if two runs have the same model, lambda and seed.
pub fn compare_lambdas(
    runs: &[Run],
    options: &AnalysisOptions,
) -> Result<Vec<LambdaComparison>, DuplicateSeed> {
    let mut comparisons = Vec::new();
    for runs in runs.chunk_by(|a, b| a.condition.dataset == b.condition.dataset) {
        let lambdas = by_lambda(runs)?;
        let models: BTreeSet<&str> = runs.iter().flat_map(Run::models).collect();
        let mut family: Vec<LambdaComparison> = models
            .iter()
            .flat_map(|model| against_baseline(&lambdas, Some(model), &runs[0], options))
            .collect();
        apply_holm(&mut family);
        let compared: BTreeSet<_> = family.iter().map(|one| one.model.clone()).collect();
        comparisons.append(&mut family);
        if compared.len() > 1 {
            let mut family = against_baseline(&lambdas, None, &runs[0], options);
            apply_holm(&mut family);
            comparisons.append(&mut family);
        }
    }
    Ok(comparisons)
}

/// Final and best kappa by pair, for each lambda in order.
fn by_lambda(runs: &[Run]) -> Result<Vec<(f64, Kappas<'_>)>, DuplicateSeed> {
    let mut lambdas: Vec<(f64, Kappas)> = Vec::new();
    let mut names = BTreeMap::new();
    for run in runs {
        let Some(((lambda, last), best)) = run
            .condition
            .lambda
            .zip(run.final_kappa())
            .zip(run.best_kappa())
        else {
            continue;
        };
        let index = match lambdas.iter().position(|(known, _)| *known == lambda) {
            Some(index) => index,
            None => {
                lambdas.push((lambda, BTreeMap::new()));
                lambdas.len() - 1
            }
        };
        for model in run.models() {
            let pairing = (model, run.pairing());
            if let Some(first) = names.insert((index, pairing), &run.name) {
                return Err(DuplicateSeed {
                    condition: format!("{}, {model}, lambda {lambda}", run.condition.dataset),
                    seed: run.pairing().to_owned(),
                    first: first.clone(),
                    second: run.name.clone(),
                });
            }
            lambdas[index].1.insert(pairing, (last, best));
        }
    }
    lambdas.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(lambdas)
}

/// Comparisons of one model, or of all together, on the data set of `example`.
fn against_baseline(
    lambdas: &[(f64, Kappas<'_>)],
    model: Option<&str>,
    example: &Run,
    options: &AnalysisOptions,
) -> Vec<LambdaComparison> {
    let baseline = options.baseline;
    let Some((_, base)) = lambdas.iter().find(|(lambda, _)| *lambda == baseline) else {
        return Vec::new();
    };
    let others = lambdas.iter().filter(|(lambda, _)| *lambda != baseline);
    others
        .filter_map(|(lambda, kappas)| {
            let (last, best): (Vec<f64>, Vec<f64>) = kappas
                .iter()
                .filter(|((name, _), _)| model.is_none_or(|model| model == *name))
                .filter_map(|(pairing, kappas)| {
                    let base = base.get(pairing)?;
                    Some((kappas.0 - base.0, kappas.1 - base.1))
                })
                .unzip();
            let test = |differences: &[f64]| {
                paired_comparison(
                    differences,
                    options.confidence,
                    options.resamples,
                    options.seed,
                )
            };
            Some(LambdaComparison {
                dataset: example.condition.dataset.clone(),
                model: model.map(str::to_owned),
                lambda: *lambda,
                baseline,
                final_kappa: test(&last)?,
                best_kappa: test(&best)?,
                p_holm: None,
            })
        })
        .collect()
}

/// Sets `p_holm` in one family of tests.
fn apply_holm(family: &mut [LambdaComparison]) {
    let ps: Vec<f64> = family
        .iter()
        .filter_map(|comparison| comparison.final_kappa.p)
        .collect();
    let tested = family
        .iter_mut()
        .filter(|comparison| comparison.final_kappa.p.is_some());
    for (comparison, p) in tested.zip(holm(&ps)) {
        comparison.p_holm = Some(p);
    }
}
