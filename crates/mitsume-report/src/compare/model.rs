//! Reads the evaluation of one model, and checks that its files agree.

use std::path::{Path, PathBuf};

use mitsume_artifacts::{Evaluation, EvaluationDir, ImageRow, Maps, RunDir};

use super::error::CompareError;
use crate::Result;

/// How far rounding may move a normalised value outside [0, 1].
const RANGE_TOLERANCE: f32 = 1e-6;

/// The evaluation of one model.
#[derive(Debug)]
pub(super) struct Model {
    /// By which it is called; unique among the compared ones.
    pub name: String,
    /// As it was named on the command line.
    pub path: PathBuf,
    /// Where its files are.
    pub dir: EvaluationDir,
    pub summary: Evaluation,
    pub rows: Vec<ImageRow>,
    pub maps: Maps,
}

impl Model {
    /// Reads the evaluation in `path`, or that of the run there.
    pub fn read(path: &Path) -> Result<Self> {
        let dir = evaluation_dir(path)?;
        if dir.is_multi_label()? {
            let path = path.to_owned();
            return Err(CompareError::MultiLabel { path }.into());
        }
        if !dir.images_path().exists() && !dir.maps_path().exists() {
            let path = path.to_owned();
            return Err(CompareError::NoMaps { path }.into());
        }
        let (summary, rows, maps) = dir.read()?;
        if let Some(problem) = contradiction(&summary, &rows) {
            let path = dir.images_path();
            return Err(CompareError::Malformed { path, problem }.into());
        }
        Ok(Self {
            name: String::new(),
            path: path.to_owned(),
            dir,
            summary,
            rows,
            maps,
        })
    }

    /// `[h, w]` of its maps.
    pub fn shape(&self) -> [usize; 2] {
        self.maps.cam_size()
    }

    /// The map [h * w] of its image in this row.
    ///
    /// # Errors
    /// A file that cannot be read; a map that is not normalised.
    pub fn map(&self, row: usize) -> Result<Vec<f32>> {
        let map = self.maps.cam(row)?;
        let range = -RANGE_TOLERANCE..=1.0 + RANGE_TOLERANCE;
        match map.iter().find(|value| !range.contains(*value)) {
            None => Ok(map),
            Some(value) => Err(CompareError::Malformed {
                path: self.dir.maps_path(),
                problem: format!(
                    "the map of {} has the value {value}; maps lie in [0, 1]",
                    self.rows[row].path
                ),
            }
            .into()),
        }
    }
}

fn evaluation_dir(path: &Path) -> Result<EvaluationDir> {
    let own = EvaluationDir::new(path);
    if own.is_evaluation() {
        return Ok(own);
    }
    let path_owned = path.to_owned();
    let run = RunDir::new(path);
    if !run.is_run() {
        return Err(CompareError::NoEvaluation { path: path_owned }.into());
    }
    let of_run = EvaluationDir::new(run.evaluation());
    match of_run.is_evaluation() {
        true => Ok(of_run),
        false => Err(CompareError::Unfinished { path: path_owned }.into()),
    }
}

/// What `images.csv` says otherwise than `eval.json`, if anything.
fn contradiction(summary: &Evaluation, rows: &[ImageRow]) -> Option<String> {
    let classes = &summary.data.classes;
    let mut counts = vec![vec![0_u64; classes.len()]; classes.len()];
    for row in rows {
        counts[row.label][row.prediction] += 1;
    }
    let differs = |truth: usize, prediction: usize| {
        let (found, said) = (
            counts[truth][prediction],
            summary.confusion[truth][prediction],
        );
        (found != said).then(|| {
            format!(
                "{found} images of {} are predicted as {}, but eval.json counts {said}",
                classes[truth], classes[prediction]
            )
        })
    };
    let all = 0..classes.len();
    let cells = all.clone().flat_map(|t| all.clone().map(move |p| (t, p)));
    let repeated = classes
        .iter()
        .enumerate()
        .find(|(index, name)| classes[..*index].contains(name));
    let repeated = repeated.map(|(_, name)| format!("two classes of eval.json are called {name}"));
    repeated.or_else(|| cells.into_iter().find_map(|(t, p)| differs(t, p)))
}

/// Names for the models: the shortest ends of their paths by which they differ.
pub(super) fn names(paths: &[PathBuf]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths.iter().map(|path| parts(path)).collect();
    let most = parts.iter().map(Vec::len).max().unwrap_or(1);
    let ends = |length: usize| -> Vec<String> {
        let end = |parts: &Vec<String>| parts[parts.len().saturating_sub(length)..].join("/");
        parts.iter().map(end).collect()
    };
    let differ = |names: &[String]| {
        let mut all: Vec<&String> = names.iter().collect();
        all.sort();
        all.windows(2).all(|pair| pair[0] != pair[1])
    };
    let mut candidates = (1..=most).map(ends);
    let found = candidates.find(|names| differ(names));
    found.unwrap_or_else(|| paths.iter().map(|p| p.display().to_string()).collect())
}

fn parts(path: &Path) -> Vec<String> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parts = whole.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_shortest_ends_that_differ() {
        let of = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            names(&paths)
        };
        assert_eq!(of(&["/runs/a", "/runs/b"]), ["a", "b"]);
        assert_eq!(of(&["/runs/a/", "/runs/a/../b"]), ["a", "b"]);
        assert_eq!(
            of(&["/one/eval", "/two/eval", "/two/x"]),
            ["one/eval", "two/eval", "two/x"]
        );
        assert_eq!(of(&["/a/b", "/b"]), ["a/b", "b"]);
    }
}
