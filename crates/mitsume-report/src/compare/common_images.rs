//! The images that every model was evaluated on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::error::CompareError;
use super::model::Model;
use crate::Result;

/// Images named in an error, or in a sentence.
pub(super) const NAMED: usize = 3;

/// An image of all evaluations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommonImage {
    pub path: String,
    /// Index of its true class among the classes of the first model.
    pub label: usize,
    /// Its row in each model's evaluation.
    pub rows: Vec<usize>,
}

/// Which images are compared, and which are not.
#[derive(Debug)]
pub(super) struct CommonImages {
    /// By class, then by path: the order does not depend on that of the models.
    pub images: Vec<CommonImage>,
    /// Class names in the order of the first model's labels.
    pub classes: Vec<String>,
    /// For each model, the index in `classes` of each of its own.
    class_of: Vec<Vec<usize>>,
    /// For each model, the paths of its images that are not compared.
    pub left_out: Vec<Vec<String>>,
    /// Paths in every evaluation, but not of one class; they are among `left_out`.
    pub labelled_differently: Vec<String>,
}

impl CommonImages {
    /// Matches images by path and class name.
    ///
    /// # Errors
    /// Other classes; a path that stands twice in one evaluation; no common image.
    pub fn find(models: &[Model]) -> Result<Self> {
        let classes = models[0].summary.data.classes.clone();
        let class_of: Vec<Vec<usize>> = models
            .iter()
            .map(|model| class_indices(&models[0], model))
            .collect::<Result<_>>()?;
        let rows: Vec<HashMap<&str, usize>> =
            models.iter().map(rows_by_path).collect::<Result<_>>()?;
        let label = |model: usize, row: usize| class_of[model][models[model].rows[row].label];
        let mut images = BTreeMap::new();
        let mut labelled_differently = BTreeSet::new();
        for (row, image) in models[0].rows.iter().enumerate() {
            let found = rows.iter().map(|rows| rows.get(&image.path[..]).copied());
            let Some(found) = found.collect::<Option<Vec<usize>>>() else {
                continue;
            };
            let own = label(0, row);
            if (0..models.len()).all(|model| label(model, found[model]) == own) {
                images.insert((own, image.path.clone()), found);
            } else {
                labelled_differently.insert(image.path.clone());
            }
        }
        let common: BTreeSet<&String> = images.keys().map(|(_, path)| path).collect();
        let left_out: Vec<Vec<String>> = models
            .iter()
            .map(|model| {
                let paths = model.rows.iter().map(|row| &row.path);
                let mut paths: Vec<String> = paths
                    .filter(|path| !common.contains(path))
                    .cloned()
                    .collect();
                paths.sort();
                paths
            })
            .collect();
        if images.is_empty() {
            let why = nothing_common(models, labelled_differently.len());
            return Err(CompareError::NothingCommon(why).into());
        }
        Ok(Self {
            images: images
                .into_iter()
                .map(|((label, path), rows)| CommonImage { path, label, rows })
                .collect(),
            classes,
            class_of,
            left_out,
            labelled_differently: labelled_differently.into_iter().collect(),
        })
    }

    /// The true class of each image.
    pub fn labels(&self) -> Vec<usize> {
        self.images.iter().map(|image| image.label).collect()
    }

    /// A model's own index of a common class.
    pub fn own_class(&self, model: usize, class: usize) -> usize {
        let own = self.class_of[model]
            .iter()
            .position(|common| *common == class);
        own.expect("every model has the same classes")
    }

    /// The class, among the common ones, that a model predicts of each image.
    pub fn predictions(&self, models: &[Model], model: usize) -> Vec<usize> {
        let images = self.images.iter();
        let own = images.map(|image| models[model].rows[image.rows[model]].prediction);
        own.map(|own| self.common_class(model, own)).collect()
    }

    /// The common index of a model's own class.
    pub fn common_class(&self, model: usize, own: usize) -> usize {
        self.class_of[model][own]
    }
}

/// The index among the classes of `first` of each class of `model`.
fn class_indices(first: &Model, model: &Model) -> Result<Vec<usize>> {
    let (ours, theirs) = (&first.summary.data.classes, &model.summary.data.classes);
    let only = |of: &[String], other: &[String]| -> Vec<String> {
        of.iter()
            .filter(|name| !other.contains(name))
            .cloned()
            .collect()
    };
    let index = |name: &String| ours.iter().position(|other| other == name);
    let indices: Option<Vec<usize>> = theirs.iter().map(index).collect();
    match indices.filter(|_| ours.len() == theirs.len()) {
        Some(indices) => Ok(indices),
        None => Err(CompareError::Classes {
            first: first.path.clone(),
            second: model.path.clone(),
            only_first: only(ours, theirs),
            only_second: only(theirs, ours),
        }
        .into()),
    }
}

/// The row of each path.
fn rows_by_path(model: &Model) -> Result<HashMap<&str, usize>> {
    let mut rows = HashMap::with_capacity(model.rows.len());
    for (row, image) in model.rows.iter().enumerate() {
        if rows.insert(&image.path[..], row).is_some() {
            return Err(CompareError::Malformed {
                path: model.dir.images_path(),
                problem: format!(
                    "{} stands there twice; images are matched by their paths",
                    image.path
                ),
            }
            .into());
        }
    }
    Ok(rows)
}

/// What each evaluation is of, in words.
fn nothing_common(models: &[Model], labelled_differently: usize) -> String {
    let each = models.iter().map(|model| {
        let data = &model.summary.data;
        let first = model.rows.first().map_or("", |row| &row.path[..]);
        let path = model.path.display();
        format!(
            "{path} is of {} images of {} ({first}, ...)",
            data.images,
            data.named()
        )
    });
    let each: Vec<String> = each.collect();
    let differently = match labelled_differently {
        0 => String::new(),
        count => format!("; {count} paths are in all, but of other classes"),
    };
    format!(
        "{}; images are matched by their path below the data folder and by their class{differently}",
        each.join(", ")
    )
}
