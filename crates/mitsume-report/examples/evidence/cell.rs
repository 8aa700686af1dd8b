//! Published and repeated runs of one network on one data set, compared.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use mitsume_stats::holm::holm;
use mitsume_stats::interval::mean;
use mitsume_stats::run::Run;
use mitsume_stats::run_correlation::{ConditionCorrelation, correlate};
use mitsume_stats::two_sample::{Draws, TwoSampleComparison, compare_samples, energy_p};
use mitsume_stats::{AnalysisOptions, EpochRecord};

use crate::records;

/// Data set and network.
pub type Key = (String, String);

/// Draws of the tests whose splits are too many to count; eight runs a side are counted.
pub const DRAWS: Draws = Draws {
    count: 9_999,
    seed: 0,
};

/// Confidence of all intervals.
pub const CONFIDENCE: f64 = 0.95;

/// The runs of one source in a cell.
pub struct Sample {
    pub runs: Vec<Run>,
    /// Correlation of kappa and `l2`; `None` if no run has one.
    pub correlation: Option<ConditionCorrelation>,
}

impl Sample {
    fn new(runs: Vec<Run>) -> Self {
        let correlation = correlate(&runs, &AnalysisOptions::default());
        Self { runs, correlation }
    }

    /// A value of every run that has it.
    pub fn values(&self, value: impl Fn(&Run) -> Option<f64>) -> Vec<f64> {
        self.runs.iter().filter_map(value).collect()
    }

    /// r of every run that has one.
    pub fn rs(&self) -> Vec<f64> {
        let runs = self.correlation.iter().flat_map(|all| &all.per_run);
        runs.filter_map(|run| run.r).collect()
    }

    /// A value over the epochs, of every run that has it after each of them.
    pub fn curves(&self, value: fn(&Epoch) -> Option<f64>) -> Vec<Vec<f64>> {
        let curves = self.runs.iter();
        curves
            .filter_map(|run| run.epochs.iter().map(value).collect())
            .collect()
    }
}

/// Number, kappa and consistency of an epoch.
pub type Epoch = (u32, Option<f64>, Option<f64>);

/// Kappa of an epoch.
pub fn kappa(epoch: &Epoch) -> Option<f64> {
    epoch.1
}

/// Consistency of an epoch.
pub fn consistency(epoch: &Epoch) -> Option<f64> {
    epoch.2
}

/// Consistency after the last epoch.
pub fn final_consistency(run: &Run) -> Option<f64> {
    run.epochs.last()?.2
}

/// Mean change of kappa, up or down, from one epoch to the next.
pub fn swing(run: &Run) -> Option<f64> {
    let kappas: Option<Vec<f64>> = run.epochs.iter().map(kappa).collect();
    let changes: Vec<f64> = kappas?
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .collect();
    mean(&changes)
}

/// One network on one data set.
pub struct Cell {
    pub key: Key,
    pub published: Sample,
    pub repeated: Sample,
    /// Tests of both samples, with the first minus the second being repeated minus published; only
    /// where both have at least two runs.
    pub tests: Option<Tests>,
}

/// What is compared in a cell.
pub struct Tests {
    /// r; `None` if a sample has no run with an r.
    pub r: Option<TwoSampleComparison>,
    pub final_kappa: TwoSampleComparison,
    pub final_consistency: TwoSampleComparison,
    pub swing: TwoSampleComparison,
    pub kappa_curve_p: f64,
    pub consistency_curve_p: f64,
    /// Adjusted over the cells: r, final kappa, final consistency, and both curves.
    pub holm: [Option<f64>; 5],
}

impl Cell {
    fn compare(&self) -> Option<Tests> {
        let both = |value: fn(&Run) -> Option<f64>| {
            let [repeated, published] = [&self.repeated, &self.published].map(|s| s.values(value));
            compare_samples(&repeated, &published, CONFIDENCE, DRAWS)
        };
        let curves = |value: fn(&Epoch) -> Option<f64>| {
            energy_p(
                &self.repeated.curves(value),
                &self.published.curves(value),
                DRAWS,
            )
        };
        let enough = self.repeated.runs.len() >= 2 && self.published.runs.len() >= 2;
        if !enough {
            return None;
        }
        let (repeated, published) = (self.repeated.rs(), self.published.rs());
        Some(Tests {
            r: compare_samples(&repeated, &published, CONFIDENCE, DRAWS),
            final_kappa: both(Run::final_kappa)?,
            final_consistency: both(final_consistency)?,
            swing: both(swing)?,
            kappa_curve_p: curves(kappa)?,
            consistency_curve_p: curves(consistency)?,
            holm: [None; 5],
        })
    }
}

/// All cells, and what else the page shows.
pub struct Cells {
    pub cells: Vec<Cell>,
    /// Mean r as the thesis prints it.
    pub table_2: BTreeMap<Key, f64>,
    /// Mean r of the repeated runs by cell, for every measure of [`records::MEASURES`].
    pub measures: Vec<BTreeMap<Key, f64>>,
    /// Runs of the control in PyTorch.
    pub control: Vec<Run>,
}

impl Cells {
    /// Reads the folder `evidence/`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(evidence: &Path) -> Result<Self, Box<dyn Error>> {
        let published = mitsume_stats::read_epochs(&evidence.join("published/experiment-1.csv"))?;
        let mut published = by_key(&published)?;
        let mut measures = Vec::new();
        for measure in 0..records::MEASURES.len() {
            let runs = by_key(&records::repeated(evidence, measure)?)?;
            let means = runs.iter().filter_map(|(key, runs)| {
                let correlation = correlate(runs, &AnalysisOptions::default())?;
                Some((key.clone(), correlation.mean_r))
            });
            measures.push(means.collect());
        }
        let mut repeated = by_key(&records::repeated(evidence, 0)?)?;
        let keys: BTreeSet<Key> = published.keys().chain(repeated.keys()).cloned().collect();
        let cell = |key: Key| Cell {
            published: Sample::new(published.remove(&key).unwrap_or_default()),
            repeated: Sample::new(repeated.remove(&key).unwrap_or_default()),
            key,
            tests: None,
        };
        let mut cells: Vec<Cell> = keys.into_iter().map(cell).collect();
        for cell in &mut cells {
            cell.tests = cell.compare();
        }
        adjust(&mut cells);
        Ok(Self {
            cells,
            table_2: table_2(&evidence.join("published/table-2.csv"))?,
            measures,
            control: Run::from_records(&records::tables(&evidence.join("control"))?)?,
        })
    }

    /// The cells with repeated runs.
    pub fn repeated(&self) -> impl Iterator<Item = &Cell> {
        self.cells
            .iter()
            .filter(|cell| !cell.repeated.runs.is_empty())
    }

    /// The cells whose samples are compared.
    pub fn compared(&self) -> impl Iterator<Item = (&Cell, &Tests)> {
        self.cells
            .iter()
            .filter_map(|cell| Some((cell, cell.tests.as_ref()?)))
    }
}

/// Holm's correction, over the cells, of each of the five tests.
fn adjust(cells: &mut [Cell]) {
    let p = |tests: &Tests, index: usize| match index {
        0 => tests.r.map(|r| r.mean_p),
        1 => Some(tests.final_kappa.mean_p),
        2 => Some(tests.final_consistency.mean_p),
        3 => Some(tests.kappa_curve_p),
        _ => Some(tests.consistency_curve_p),
    };
    for index in 0..5 {
        let mut tests: Vec<&mut Tests> = cells
            .iter_mut()
            .filter_map(|cell| cell.tests.as_mut())
            .filter(|tests| p(tests, index).is_some())
            .collect();
        let ps: Vec<f64> = tests.iter().filter_map(|tests| p(tests, index)).collect();
        for (tests, adjusted) in tests.iter_mut().zip(holm(&ps)) {
            tests.holm[index] = Some(adjusted);
        }
    }
}

fn by_key(records: &[EpochRecord]) -> Result<BTreeMap<Key, Vec<Run>>, Box<dyn Error>> {
    let mut found: BTreeMap<Key, Vec<Run>> = BTreeMap::new();
    for run in Run::from_records(records)? {
        let key = (run.condition.dataset.clone(), run.condition.model.clone());
        found.entry(key).or_default().push(run);
    }
    Ok(found)
}

fn table_2(path: &Path) -> Result<BTreeMap<Key, f64>, Box<dyn Error>> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let row = |line: &str| {
        let bad = || format!("{}: {line:?} is not dataset,model,mean_r", path.display());
        let [dataset, model, r] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(bad().into());
        };
        let r = r.parse().map_err(|_| bad())?;
        Ok(((dataset.to_owned(), model.to_owned()), r))
    };
    text.lines().skip(1).map(row).collect()
}
