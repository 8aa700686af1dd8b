//! Which images are of one patient, so that they are drawn together.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use mitsume_data::{ImageFolder, PatientPattern, without_frame};
use mitsume_stats::resampling::Strata;

use super::common_images::{CommonImages, NAMED};
use super::error::CompareError;
use super::model::Model;
use super::options::{CompareOptions, ResampledUnit, ResampledWithin};
use crate::Result;

/// The patients of the common images.
#[derive(Debug)]
pub(super) struct Patients {
    /// What a resample draws.
    pub unit: ResampledUnit,
    /// Number of patients that are known.
    pub known: usize,
    /// Number of images whose patient is not.
    pub images_without: usize,
    /// Lists that cannot be read, so that it is not known whether they name patients.
    pub unread_lists: Vec<String>,
    /// The patient of each image; the frames of a file are of one, and any other image whose patient
    /// is not known of its own.
    of_images: Vec<usize>,
}

/// What makes images one patient's.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Named(String),
    File(&'a str),
}

impl Patients {
    /// By the pattern of the options, else by the lists of the evaluations.
    ///
    /// # Errors
    /// Two lists that name different patients of an image; a pattern that finds none in a path; patients
    /// that are asked for and not known.
    pub fn find(models: &[Model], common: &CommonImages, options: &CompareOptions) -> Result<Self> {
        let paths: Vec<&str> = common.images.iter().map(|image| &image.path[..]).collect();
        let (named, unread_lists) = match &options.patients {
            Some(pattern) => (by_pattern(&paths, pattern)?, Vec::new()),
            None => by_lists(models, &paths)?,
        };
        let mut numbers: HashMap<Key<'_>, usize> = HashMap::new();
        let (mut known, mut images_without) = (0, 0);
        let mut of_images = Vec::with_capacity(paths.len());
        for (path, patient) in paths.iter().zip(named) {
            let file = without_frame(path);
            let is_alone = patient.is_none() && file == *path;
            let new = numbers.len();
            let key = patient.map_or(Key::File(file), Key::Named);
            let number = *numbers.entry(key).or_insert(new);
            images_without += usize::from(is_alone);
            known += usize::from(number == new && !is_alone);
            of_images.push(number);
        }
        if options.unit == Some(ResampledUnit::Patient) && known == 0 {
            let unread = match unread_lists.is_empty() {
                true => String::new(),
                false => format!(" (not read: {})", unread_lists.join(", ")),
            };
            return Err(CompareError::NoPatient { unread }.into());
        }
        let some_known = match known {
            0 => ResampledUnit::Image,
            _ => ResampledUnit::Patient,
        };
        Ok(Self {
            unit: options.unit.unwrap_or(some_known),
            known,
            images_without,
            unread_lists,
            of_images,
        })
    }

    /// Number of patients, with each image of no known one.
    pub fn count(&self) -> usize {
        self.known + self.images_without
    }

    /// Whether a patient has several images.
    pub fn share_images(&self) -> bool {
        self.count() < self.of_images.len()
    }

    /// What resamples are drawn from.
    pub fn strata(&self, labels: &[usize], within: ResampledWithin) -> Strata {
        match (self.unit, within) {
            (ResampledUnit::Image, ResampledWithin::Class) => Strata::by_label(labels),
            (ResampledUnit::Image, ResampledWithin::All) => Strata::whole(labels.len()),
            (ResampledUnit::Patient, ResampledWithin::Class) => {
                Strata::clusters_by_label(&self.of_images, labels)
            }
            (ResampledUnit::Patient, ResampledWithin::All) => {
                Strata::whole_of_clusters(&self.of_images)
            }
        }
    }
}

fn by_pattern(paths: &[&str], pattern: &PatientPattern) -> Result<Vec<Option<String>>> {
    let found = paths
        .iter()
        .map(|path| pattern.patient(without_frame(path)));
    let found: Vec<Option<String>> = found.map(|patient| patient.map(str::to_owned)).collect();
    let missed = paths
        .iter()
        .zip(&found)
        .filter(|(_, patient)| patient.is_none());
    let missed: Vec<&str> = missed.map(|(path, _)| *path).collect();
    if missed.is_empty() {
        return Ok(found);
    }
    Err(CompareError::PatientPattern {
        pattern: pattern.as_str().to_owned(),
        missed: missed.len(),
        of: paths.len(),
        named: missed[..missed.len().min(NAMED)].join(", "),
    }
    .into())
}

/// The patients that any of the evaluations' lists names, and the lists that cannot be read.
fn by_lists(models: &[Model], paths: &[&str]) -> Result<(Vec<Option<String>>, Vec<String>)> {
    let lists = models
        .iter()
        .filter_map(|model| model.summary.data.list.as_ref());
    let lists: BTreeSet<&String> = lists.collect();
    let mut found: Vec<Option<(String, &str)>> = vec![None; paths.len()];
    let mut unread = Vec::new();
    for list in lists {
        let Ok(folder) = ImageFolder::open(Path::new(list)) else {
            unread.push(list.clone());
            continue;
        };
        let named = folder.patients_by_name();
        for (path, found) in paths.iter().zip(&mut found) {
            let Some(patient) = named.get(*path) else {
                continue;
            };
            match found {
                Some((other, first)) if other != patient => {
                    return Err(CompareError::Patients {
                        image: (*path).to_owned(),
                        first: format!("{other} in {first}"),
                        second: format!("{patient} in {list}"),
                    }
                    .into());
                }
                _ => *found = Some(((*patient).to_owned(), list)),
            }
        }
    }
    let found = found
        .into_iter()
        .map(|found| found.map(|(patient, _)| patient));
    Ok((found.collect(), unread))
}
