//! `controls.json`: what every measure of consistency says of maps that mean nothing.

use std::path::Path;

use mitsume::controls::{Control, ControlVerdict};
use mitsume::measures::Direction;
use serde::{Deserialize, Serialize};

use crate::checked::{Checked, fraction_problem, read_checked};
use crate::environment::write_json;
use crate::trust::LocalisationResult;
use crate::{DataSummary, ModelSummary, Result};

/// Results of `mitsume controls`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlsResult {
    /// The model and its map method.
    pub model: ModelSummary,
    /// The images; each map is of the label.
    pub data: DataSummary,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Cohen's kappa of the model on these images.
    pub kappa: f64,
    /// Images classified correctly, whose maps everything is computed of.
    pub counted: u64,
    /// The model's own maps that are constant.
    pub constant: u64,
    /// The controls that were made.
    pub controls: Vec<ControlSet>,
    /// Every measure.
    pub measures: Vec<ControlledMeasure>,
    /// Localisation of the object by the counted images' own maps; `None` without masks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub localisation: Option<LocalisationResult>,
}

/// The maps of one control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSet {
    /// Which.
    pub control: Control,
    /// How many of its maps are constant.
    pub constant: u64,
}

/// A measure on the model's own maps and on the controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlledMeasure {
    /// Its name, as in `eval.json`; `squared_l2` and `l2` are the metric's two forms.
    pub measure: String,
    /// Which of its values are more consistent.
    pub direction: Direction,
    /// Its value on the model's own maps.
    pub own: Option<f64>,
    /// What it says of the controls, in the order of [`ControlsResult::controls`].
    pub controls: Vec<ControlledValue>,
}

/// The value of a measure on a control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlledValue {
    /// Which control.
    pub control: Control,
    /// The value.
    pub value: Option<f64>,
    /// Whether the measure tells the model's own maps from it.
    pub verdict: ControlVerdict,
}

impl ControlsResult {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`ArtifactError`](crate::ArtifactError) naming the file: not such a JSON object, numbers that
    /// no such test gives.
    pub fn read(path: &Path) -> Result<Self> {
        read_checked(path)
    }
}

impl Checked for ControlsResult {
    fn problem(&self) -> Option<String> {
        if !(-1.0..=1.0).contains(&self.kappa) {
            return Some(format!("kappa is {}; -1 to 1", self.kappa));
        }
        let values = self.measures.iter().flat_map(|one| {
            let controls = one.controls.iter().map(|found| found.value);
            controls.chain([one.own]).flatten()
        });
        if let Some(value) = values.into_iter().find(|value| !value.is_finite()) {
            return Some(format!("a measure is {value}; all must be finite"));
        }
        let found = self.localisation.as_ref()?;
        let shares = [
            ("pointing", found.pointing),
            ("mass", found.mass.map(|one| one.mean)),
            ("rank", found.rank.map(|one| one.mean)),
        ];
        let problem = |(name, share): (&str, Option<f64>)| fraction_problem(name, share);
        shares.into_iter().find_map(problem)
    }
}
