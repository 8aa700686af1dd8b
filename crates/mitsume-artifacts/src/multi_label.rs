//! `eval.json` and `images.csv` of a multi-label model: one whose findings do not exclude each other.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use mitsume::measures::Measures;
use mitsume::trust::MeanSurroundings;
use serde::{Deserialize, Serialize};

use crate::checked::{
    Checked, deviation_problem, fraction_problem, read_checked, surroundings_problem,
    transform_problem, write_checked,
};
use crate::environment::read_json;
use crate::{Action, ArtifactError, ConsistencyResult, DataSummary, ModelSummary, Result};

/// What distinguishes this `eval.json` from an [`Evaluation`](crate::Evaluation)'s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MultiLabelTask {
    /// Each output is a finding by itself, with the sigmoid as its probability.
    #[default]
    #[serde(rename = "multi-label")]
    MultiLabel,
}

/// Scores and consistency of one multi-label model on one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelEvaluation {
    /// `multi-label`.
    pub task: MultiLabelTask,
    /// The evaluated model.
    pub model: ModelSummary,
    /// The data set; its classes are the findings.
    pub data: DataSummary,
    /// Probability from which a finding is found, in [0, 1].
    pub threshold: f64,
    /// Mean binary cross-entropy over images and findings.
    pub binary_cross_entropy: f64,
    /// Means over the findings.
    #[serde(rename = "macro")]
    pub macro_average: FindingScores,
    /// The metric over the true positives: maps of findings that an image has and that are found.
    pub consistency: ConsistencyResult,
    /// Further measures of consistency, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// Relevance mass of the same maps on the border and the empty background. `None` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<MeanSurroundings>,
    /// The results of each finding, in the order of `data.classes`.
    pub per_finding: Vec<FindingResult>,
}

/// How well a finding is found. `None` where a score is not defined (see
/// [`mitsume::multi_label`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FindingScores {
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// F1 at the threshold.
    pub f1: Option<f64>,
}

/// One finding of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingResult {
    /// Name of the finding.
    pub finding: String,
    /// Number of images that have it.
    pub positives: u64,
    /// Number of images in which it is found.
    pub predicted: u64,
    /// Number of images that have it and in which it is found.
    pub true_positives: u64,
    /// Its scores.
    #[serde(flatten)]
    pub scores: FindingScores,
    /// Mean `squared-l2` deviation of the true positives' maps from their mean map.
    pub squared_l2: Option<f64>,
    /// Mean `l2` deviation.
    pub l2: Option<f64>,
    /// Border and empty background over the true positives' maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<MeanSurroundings>,
}

/// Reads `eval.json` of a multi-label model and checks that its values are consistent.
///
/// # Errors
/// [`ArtifactError`] naming the file and the invalid key.
pub fn read_multi_label(path: &Path) -> Result<MultiLabelEvaluation> {
    if !is_multi_label(path)? {
        let problem =
            "of one class for each image; an evaluation of a multi-label model is expected";
        return Err(ArtifactError::malformed(path, problem));
    }
    read_checked(path)
}

/// Writes `eval.json` of a multi-label model.
///
/// # Errors
/// [`ArtifactError::Io`] naming the file; [`ArtifactError::Malformed`] if values are inconsistent.
pub fn write_multi_label(path: &Path, evaluation: &MultiLabelEvaluation) -> Result<()> {
    write_checked(path, evaluation)
}

/// Whether an `eval.json` is of a multi-label model.
///
/// # Errors
/// [`ArtifactError`] if the file cannot be read or is no JSON object.
pub fn is_multi_label(path: &Path) -> Result<bool> {
    #[derive(Deserialize)]
    struct Task {
        task: Option<String>,
    }
    let task: Task = read_json(path)?;
    Ok(task.task.as_deref() == Some("multi-label"))
}

impl Checked for MultiLabelEvaluation {
    fn problem(&self) -> Option<String> {
        let findings = &self.data.classes;
        let names = self.per_finding.iter().map(|finding| &finding.finding);
        if findings.is_empty() || !names.eq(findings) {
            return Some("per_finding has not the findings of data.classes".to_owned());
        }
        let scores = |scores: &FindingScores| {
            fraction_problem("auc", scores.auc)
                .or_else(|| fraction_problem("average_precision", scores.average_precision))
                .or_else(|| fraction_problem("f1", scores.f1))
        };
        let finding = |(index, finding): (usize, &FindingResult)| {
            let counts = [finding.positives, finding.predicted];
            let problem = counts
                .iter()
                .any(|count| finding.true_positives > *count || *count > self.data.images)
                .then(|| "its counts contradict each other".to_owned());
            problem
                .or_else(|| scores(&finding.scores))
                .or_else(|| deviation_problem("squared_l2", finding.squared_l2))
                .or_else(|| deviation_problem("l2", finding.l2))
                .or_else(|| surroundings_problem("surroundings", finding.surroundings))
                .map(|problem| format!("per_finding[{index}]: {problem}"))
        };
        transform_problem(&self.data)
            .or_else(|| fraction_problem("threshold", Some(self.threshold)))
            .or_else(|| scores(&self.macro_average).map(|problem| format!("macro.{problem}")))
            .or_else(|| deviation_problem("consistency.squared_l2", self.consistency.squared_l2))
            .or_else(|| deviation_problem("consistency.l2", self.consistency.l2))
            .or_else(|| surroundings_problem("surroundings", self.surroundings))
            .or_else(|| self.per_finding.iter().enumerate().find_map(finding))
    }
}

/// One finding in one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FindingCell {
    /// Whether the image has the finding.
    pub label: bool,
    /// The sigmoid of its output.
    pub probability: f64,
    /// Deviation (`squared-l2`) of its map from the finding's mean map; `None` without the label,
    /// or without a mean map.
    pub squared_l2: Option<f64>,
    /// Deviation (`l2`) from the same map.
    pub l2: Option<f64>,
}

/// Writes `images.csv` of a multi-label model: the path, and four columns for each finding, such as
/// `label0:Mass`, `probability0:Mass`, `squared_l2_0:Mass`, `l2_0:Mass`. The index makes a column's
/// name unambiguous whatever the finding's. Not atomic itself, but part of an
/// [`AtomicDir`](crate::AtomicDir).
#[derive(Debug)]
pub struct MultiLabelImagesWriter {
    csv: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    findings: usize,
}

impl MultiLabelImagesWriter {
    /// Creates the file and writes the header.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path, findings: &[String]) -> Result<Self> {
        let fail = |e| ArtifactError::io(Action::Write, path, e);
        let file = File::create(path).map_err(fail)?;
        let mut csv = csv::Writer::from_writer(BufWriter::new(file));
        let mut header = vec!["path".to_owned()];
        for (index, name) in findings.iter().enumerate() {
            let columns = ["label", "probability", "squared_l2_", "l2_"];
            header.extend(columns.map(|column| format!("{column}{index}:{name}")));
        }
        csv.write_record(header).map_err(|e| fail(e.into()))?;
        Ok(Self {
            csv,
            path: path.to_owned(),
            findings: findings.len(),
        })
    }

    /// The same writer, with `path` in its errors.
    pub(crate) fn with_error_path(mut self, path: PathBuf) -> Self {
        self.path = path;
        self
    }

    /// Appends one image with a cell for each finding.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    ///
    /// # Panics
    /// If there are not as many cells as findings.
    pub fn push(&mut self, image: &str, cells: &[FindingCell]) -> Result<()> {
        assert_eq!(cells.len(), self.findings, "a cell for each finding");
        let optional = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        let mut record = vec![image.to_owned()];
        for cell in cells {
            record.push(u8::from(cell.label).to_string());
            record.push(cell.probability.to_string());
            record.extend([cell.squared_l2, cell.l2].map(optional));
        }
        self.csv
            .write_record(record)
            .map_err(|e| ArtifactError::io(Action::Write, &self.path, e.into()))
    }

    /// Flushes the buffer.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    pub fn finish(self) -> Result<()> {
        let fail = |e| ArtifactError::io(Action::Write, &self.path, e);
        let mut out = self.csv.into_inner().map_err(|e| fail(e.into_error()))?;
        out.flush().map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExplainedClass;

    fn evaluation() -> MultiLabelEvaluation {
        let finding = |name: &str, true_positives| FindingResult {
            finding: name.to_owned(),
            positives: 3,
            predicted: 2,
            true_positives,
            scores: FindingScores {
                auc: Some(0.75),
                average_precision: Some(0.5),
                f1: None,
            },
            squared_l2: Some(0.1),
            l2: None,
            surroundings: None,
        };
        MultiLabelEvaluation {
            task: MultiLabelTask::MultiLabel,
            model: ModelSummary {
                name: "m.onnx".to_owned(),
                parameters: 5,
                target_layer: "relu".to_owned(),
                method: Default::default(),
                flip: false,
                single_logit: false,
                explain: ExplainedClass::Label,
                cam_size: [7, 7],
                image_size: None,
                settings: Default::default(),
            },
            data: DataSummary {
                root: "/data".to_owned(),
                list: Some("/data/list.csv".to_owned()),
                images: 4,
                classes: vec!["Effusion".to_owned(), "Mass".to_owned()],
                transform: None,
                skipped: Vec::new(),
                other_files: Vec::new(),
            },
            threshold: 0.5,
            binary_cross_entropy: 0.3,
            macro_average: FindingScores::default(),
            consistency: ConsistencyResult {
                squared_l2: Some(0.1),
                l2: None,
                counted: 3,
            },
            measures: None,
            surroundings: None,
            per_finding: vec![finding("Effusion", 1), finding("Mass", 2)],
        }
    }

    #[test]
    fn the_object_is_the_documented_one_and_reads_back_equal() {
        insta::assert_json_snapshot!(evaluation());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eval.json");
        write_multi_label(&path, &evaluation()).unwrap();
        assert!(is_multi_label(&path).unwrap());
        assert_eq!(read_multi_label(&path).unwrap(), evaluation());
        let error = crate::read_evaluation(&path).unwrap_err().to_string();
        assert!(error.contains("multi-label"), "{error}");
    }

    #[test]
    fn inconsistent_values_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eval.json");
        let refuse = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut json = serde_json::to_value(evaluation()).unwrap();
            change(&mut json);
            std::fs::write(&path, json.to_string()).unwrap();
            read_multi_label(&path).unwrap_err().to_string()
        };
        assert!(refuse(&|e| e["threshold"] = 1.5.into()).contains("threshold: 1.5"));
        assert!(refuse(&|e| e["macro"]["auc"] = (-1).into()).contains("macro.auc"));
        let counts = refuse(&|e| e["per_finding"][1]["true_positives"] = 3.into());
        assert!(counts.contains("per_finding[1]: its counts"), "{counts}");
        assert!(refuse(&|e| e["data"]["classes"][0] = "x".into()).contains("per_finding"));
        let region = serde_json::json!({ "mass": 1.5, "area": 0.5 });
        let regions = serde_json::json!({
            "images": 3, "with_background": 3, "border": region, "background": region,
        });
        let outside = refuse(&|e| e["per_finding"][1]["surroundings"] = regions.clone());
        let place = "per_finding[1]: surroundings.border: 1.5 is not in [0, 1]";
        assert!(outside.contains(place), "{outside}");
        let other = refuse(&|e| e["task"] = "other".into());
        assert!(other.contains("multi-label model is expected"), "{other}");
    }

    #[test]
    fn images_have_four_columns_for_each_finding() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.csv");
        let findings = ["Mass".to_owned(), "a,b".to_owned()];
        let mut out = MultiLabelImagesWriter::create(&path, &findings).unwrap();
        let found = FindingCell {
            label: true,
            probability: 0.75,
            squared_l2: Some(0.5),
            l2: Some(0.25),
        };
        let not = FindingCell {
            label: false,
            probability: 0.125,
            squared_l2: None,
            l2: None,
        };
        out.push("x.png", &[found, not]).unwrap();
        out.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = "path,label0:Mass,probability0:Mass,squared_l2_0:Mass,l2_0:Mass,\
            \"label1:a,b\",\"probability1:a,b\",\"squared_l2_1:a,b\",\"l2_1:a,b\"\n\
            x.png,1,0.75,0.5,0.25,0,0.125,,\n";
        assert_eq!(text, expected);
    }
}
