//! Groups the runs of a folder into conditions: repetitions of each other, and runs to compare.

use crate::entries::Run;
use crate::settings::{Settings, effective_lambda};

/// The conditions of the runs, in the order of the runs.
pub(crate) struct Conditions {
    /// The model's name, with the settings in which runs of that model differ.
    pub labels: Vec<String>,
    /// Other labels of the same data set that the run counts for too, because the settings that
    /// differ have no effect on it.
    pub equivalent_models: Vec<Vec<String>>,
    /// The run that this one repeats, earlier in the list or with more epochs; only that one is
    /// counted.
    pub same_as: Vec<Option<usize>>,
}

pub(crate) fn conditions(runs: &[&Run]) -> Conditions {
    let settings: Vec<Settings> = runs
        .iter()
        .map(|run| Settings::from_config(&run.config))
        .collect();
    let name = |run: usize| &runs[run].config.model.name;
    let labels: Vec<String> = (0..runs.len())
        .map(|run| {
            let same = (0..runs.len()).filter(|&other| name(other) == name(run));
            let same = same.map(|other| &settings[other]);
            label(runs[run].config.model.title(), &settings[run], same)
        })
        .collect();
    let equivalent_models = |run: usize| {
        let is_equivalent = |other: &usize| {
            name(*other) == name(run)
                && runs[*other].config.data.title() == runs[run].config.data.title()
                && labels[*other] != labels[run]
                && settings[run].is_equivalent_for(&settings[*other])
        };
        let mut others: Vec<String> = (0..runs.len())
            .filter(is_equivalent)
            .map(|other| labels[other].clone())
            .collect();
        others.sort();
        others.dedup();
        others
    };
    Conditions {
        equivalent_models: (0..runs.len()).map(equivalent_models).collect(),
        same_as: (0..runs.len())
            .map(|run| same_as(runs, &labels, run))
            .collect(),
        labels,
    }
}

fn label<'a>(
    name: &str,
    own: &'a Settings,
    same: impl Iterator<Item = &'a Settings> + Clone,
) -> String {
    let own: Vec<String> = own
        .differing_from(same)
        .map(|(key, value)| {
            let key = key.rsplit('.').next().unwrap_or(key).replace('_', " ");
            format!("{key} {value}")
        })
        .collect();
    if own.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", own.join(", "))
    }
}

/// A sweep over a setting trains the same baseline once for each of its values, to the same bits.
/// Runs of one condition and seed whose epochs differ are an error of the analysis.
fn same_as(runs: &[&Run], labels: &[String], run: usize) -> Option<usize> {
    let own = runs[run];
    let identity = |index: usize| {
        let config = &runs[index].config;
        let lambda = effective_lambda(config).to_bits();
        (
            &labels[index],
            config.data.title(),
            config.train.seed,
            lambda,
        )
    };
    let precedes = |other: usize| {
        let (others, owns) = (runs[other].epochs.len(), own.epochs.len());
        others > owns || (others == owns && other < run)
    };
    (0..runs.len()).find(|&other| {
        other != run
            && precedes(other)
            && identity(other) == identity(run)
            && same_epochs(runs[other], own)
    })
}

/// Whether the epochs that both runs have are equal, apart from the time they took.
fn same_epochs(a: &Run, b: &Run) -> bool {
    a.epochs.iter().zip(&b.epochs).all(|(a, b)| {
        let [mut a, mut b] = [a.clone(), b.clone()];
        // What was asked for is written beside what came of it.
        (a.seconds, b.seconds) = (0.0, 0.0);
        a == b
    })
}
