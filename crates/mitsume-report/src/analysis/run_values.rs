//! What each run ends with: kappa, every measure, localisation, controls.

use std::path::Path;

use mitsume::measures::{Direction, MeasureValue, measure_values};
use mitsume_artifacts::{ControlsResult, EpochRow, ExplainedClass, MeasureRow, RunDir};
use mitsume_stats::EpochRecord;
use serde::Serialize;

use crate::Result;
use crate::entries::Entry;

/// Where the values of the measures come from, of all runs alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ValuesOf {
    /// The evaluation at the end of each run, of the weights that it keeps.
    Evaluation,
    /// The last evaluated epoch.
    LastEpoch,
}

/// The values of one run.
#[derive(Debug, Clone)]
pub(crate) struct RunValues {
    pub seed: u64,
    pub dataset: String,
    pub model: String,
    /// `None` where all runs have the same.
    pub lambda: Option<f64>,
    /// Share of the pixels that were removed from its images, and by what, where that is said.
    pub removed_share: Option<f64>,
    pub removed_by: Option<String>,
    pub kappa: Option<f64>,
    pub measures: Vec<MeasureValue>,
    /// What `mitsume controls` found of its maps.
    pub controls: Option<ControlsResult>,
}

/// Whether all of these runs have an evaluation of their labels' maps with measures.
pub(crate) fn values_of<'a>(mut entries: impl Iterator<Item = &'a Entry>) -> ValuesOf {
    let evaluated = entries.all(|entry| {
        entry.evaluation.as_ref().is_some_and(|evaluated| {
            let summary = &evaluated.summary;
            summary.measures.is_some() && summary.model.explain == ExplainedClass::Label
        })
    });
    match evaluated {
        true => ValuesOf::Evaluation,
        false => ValuesOf::LastEpoch,
    }
}

/// kappa and all measures of a run's evaluation.
pub(crate) fn of_evaluation(entry: &Entry) -> Option<(f64, Vec<MeasureValue>)> {
    let summary = &entry.evaluation.as_ref()?.summary;
    let consistency = &summary.consistency;
    let values = measure_values(
        consistency.squared_l2,
        consistency.l2,
        summary.measures.as_ref(),
    );
    Some((summary.kappa, values))
}

/// The measures of an epoch.
pub(crate) fn of_epoch(row: &EpochRow, further: Option<&MeasureRow>) -> Vec<MeasureValue> {
    let mut values = measure_values(row.consistency_squared_l2, row.consistency_l2, None);
    if let Some(further) = further {
        for value in &mut values {
            value.value = match value.name {
                "grid_squared_l2" => further.grid_squared_l2,
                "grid_l2" => further.grid_l2,
                "chance_corrected" => further.chance_corrected,
                _ => continue,
            }
            .or(value.value);
        }
    }
    values
}

/// The last epoch of each run of a table.
pub(crate) fn of_table(records: &[EpochRecord]) -> Vec<RunValues> {
    let mut last: Vec<&EpochRecord> = Vec::new();
    for record in records {
        let of_run =
            |other: &&mut &EpochRecord| other.dataset == record.dataset && other.run == record.run;
        match last.iter_mut().find(of_run) {
            Some(other) if other.epoch < record.epoch => *other = record,
            Some(_) => {}
            None => last.push(record),
        }
    }
    let values = |record: &&EpochRecord| RunValues {
        seed: 0,
        dataset: record.dataset.clone(),
        model: record.model.clone(),
        lambda: record.lambda,
        removed_share: None,
        removed_by: None,
        kappa: record.kappa,
        measures: vec![MeasureValue {
            name: "consistency",
            direction: Direction::Lower,
            value: record.consistency,
        }],
        controls: None,
    };
    last.iter().map(values).collect()
}

/// `controls/controls.json` of a run in `path`, or of the one that `path` itself is.
///
/// # Errors
/// A damaged file.
pub(crate) fn read_controls(path: &Path, entry: &Entry) -> Result<Option<ControlsResult>> {
    let files = [path.join(&entry.name), path.to_owned()].map(|dir| RunDir::new(dir).controls());
    match files.iter().find(|file| file.is_file()) {
        Some(file) => Ok(Some(ControlsResult::read(file)?)),
        None => Ok(None),
    }
}
