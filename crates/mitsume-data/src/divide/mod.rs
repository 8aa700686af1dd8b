//! Divides the images of a data set into training, validation and test, or into folds: by shares of
//! every class, and so that no patient is on two sides.

mod groups;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::DataError;
use crate::list::{ListedImage, Split};
use crate::other_files::OtherFiles;
use crate::patient_pattern::PatientPattern;
use groups::{groups, sides};

/// What is done with the splits that a data set has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingSplits {
    /// A data set with several is refused.
    Refuse,
    /// The images of the test stay the test; the others are divided.
    KeepTest,
    /// All images are divided.
    Pool,
}

/// The sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DividePlan {
    /// Share of the images for validation; the number of folds in its place.
    pub valid: ValidShare,
    /// Share of the images for the test; 0 for none.
    pub test: f64,
    /// The same seed divides the same images in the same way.
    pub seed: u64,
}

/// How much of the images is for validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValidShare {
    /// This share of all images, between 0 and 1.
    Fraction(f64),
    /// In each of this many divisions another fold; every image that is not of the test is in one.
    Folds(usize),
}

/// An image that is to be divided.
#[derive(Clone, Debug)]
struct ToDivide {
    path: PathBuf,
    /// The path below the data set's folder.
    name: String,
    class: usize,
    patient: Option<String>,
    /// Whether it stays in the test.
    test: bool,
}

/// The images of a data set, ready to be divided.
#[derive(Clone, Debug)]
pub struct DivideSource {
    /// Files that are not taken as images.
    pub other_files: Vec<OtherFiles>,
    /// The data set's folder.
    pub root: PathBuf,
    classes: Vec<String>,
    /// By class, then by path.
    images: Vec<ToDivide>,
}

/// One side of a division.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SideCounts {
    /// Number of images.
    pub images: usize,
    /// Number of patients that are known.
    pub patients: usize,
    /// Number of images per class.
    pub classes: BTreeMap<String, usize>,
}

impl DivideSource {
    /// Lists the images of a folder of class folders, a folder of splits, a list, or a split of one.
    /// The patients are those of a list, or those that `pattern` finds in the paths. Only DICOM
    /// files are looked into.
    ///
    /// # Errors
    /// If there is no image, or none of a class; if the data set has splits and `existing` does not
    /// say what becomes of them; if the pattern finds no patient in a path, or the list names the
    /// patients already.
    pub fn read(
        path: &Path,
        existing: ExistingSplits,
        pattern: Option<&PatientPattern>,
    ) -> Result<Self, DataError> {
        source::read(path, existing, pattern)
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is no image; never.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Number of images whose patient is not known; each is divided by itself, or with the other frames
    /// of its file.
    pub fn images_without_patient(&self) -> usize {
        let unknown = |image: &&ToDivide| image.patient.is_none();
        self.images.iter().filter(unknown).count()
    }

    /// One list of all images, or one per fold: training first, then validation and test, each by
    /// class and path.
    ///
    /// # Errors
    /// [`DataError::Setting`] for a share or number of folds out of range, and if a class would have
    /// no image on a side; [`DataError::Layout`] if a patient of the test that is kept is among the
    /// others, too.
    pub fn divide(&self, plan: &DividePlan) -> Result<Vec<Vec<ListedImage>>, DataError> {
        let kept = self.images.iter().any(|image| image.test);
        plan.validate(kept)?;
        self.refuse_shared_with_the_test()?;
        let shares = plan.shares();
        let divided: Vec<usize> = (0..self.len()).filter(|&i| !self.images[i].test).collect();
        let groups = groups(&self.images, &divided, self.classes.len());
        let sides = sides(&groups, &shares, plan.seed);
        let test_side = shares.len() - 1;
        let mut side_of = vec![None; self.len()];
        for (group, side) in groups.iter().zip(sides) {
            group.images.iter().for_each(|&i| side_of[i] = Some(side));
        }
        let lists = (0..plan.lists()).map(|list| {
            let split = |side: Option<usize>| match (side, plan.valid) {
                (None, _) => Split::Test,
                (Some(side), _) if plan.test > 0.0 && side == test_side => Split::Test,
                (Some(side), ValidShare::Folds(_)) if side == list => Split::Valid,
                (Some(1), ValidShare::Fraction(_)) => Split::Valid,
                _ => Split::Train,
            };
            let mut images: Vec<ListedImage> = self
                .images
                .iter()
                .zip(&side_of)
                .map(|(image, side)| self.listed(image, split(*side)))
                .collect();
            // Stable: within a split by class and path.
            images.sort_by_key(|image| image.split);
            images
        });
        let lists: Vec<Vec<ListedImage>> = lists.collect();
        for list in &lists {
            self.refuse_missing_class(list, plan)?;
        }
        Ok(lists)
    }

    fn listed(&self, image: &ToDivide, split: Split) -> ListedImage {
        ListedImage {
            path: image.path.clone(),
            label: self.classes[image.class].clone(),
            split: Some(split),
            patient: image.patient.clone(),
        }
    }

    fn refuse_shared_with_the_test(&self) -> Result<(), DataError> {
        let patients = |test: bool| -> BTreeSet<&str> {
            let side = self.images.iter().filter(|image| image.test == test);
            side.filter_map(|image| image.patient.as_deref()).collect()
        };
        let (tested, others) = (patients(true), patients(false));
        let shared: Vec<&str> = tested.intersection(&others).copied().collect();
        if shared.is_empty() {
            return Ok(());
        }
        let reason = format!(
            "{} patients of the test have images outside it, too, such as {}: divide all images anew \
             (--pool), or name the patients so that different ones differ",
            shared.len(),
            shared[..shared.len().min(3)].join(", ")
        );
        Err(DataError::layout(&self.root, reason))
    }

    fn refuse_missing_class(
        &self,
        list: &[ListedImage],
        plan: &DividePlan,
    ) -> Result<(), DataError> {
        let counts = side_counts(list);
        let tested = plan.test > 0.0 || self.images.iter().any(|image| image.test);
        let splits = [Split::Train, Split::Valid, Split::Test];
        for split in splits
            .into_iter()
            .filter(|split| tested || *split != Split::Test)
        {
            let has = |class: &&String| {
                let side = counts.get(&split);
                side.is_some_and(|side| side.classes.contains_key(*class))
            };
            let Some(class) = self.classes.iter().find(|class| !has(class)) else {
                continue;
            };
            let index = self.classes.binary_search(class).expect("one of them");
            let images = self.images.iter().filter(|image| image.class == index);
            let images: Vec<&ToDivide> = images.collect();
            let patients: BTreeSet<&str> =
                images.iter().filter_map(|i| i.patient.as_deref()).collect();
            let of = match patients.len() {
                0 => String::new(),
                1 => " of one patient".into(),
                n => format!(" of {n} patients"),
            };
            let change = match plan.valid {
                _ if split == Split::Test && plan.test == 0.0 => "divide all images anew (--pool)",
                ValidShare::Folds(_) => "take fewer folds",
                ValidShare::Fraction(_) => "take a larger share",
            };
            return Err(DataError::Setting(format!(
                "{}: no image of the class {class} would be in {}: it has {} images{of}; {change}",
                self.root.display(),
                split.name(),
                images.len(),
            )));
        }
        Ok(())
    }
}

impl DividePlan {
    fn validate(&self, test_is_kept: bool) -> Result<(), DataError> {
        let refuse = |reason: String| Err(DataError::Setting(reason));
        if !(0.0..1.0).contains(&self.test) {
            return refuse(format!(
                "the test's share {}: at least 0 and below 1",
                self.test
            ));
        }
        if test_is_kept && self.test > 0.0 {
            return refuse("the test is kept, so that there is no share for another one".into());
        }
        match self.valid {
            ValidShare::Fraction(valid) if !(valid > 0.0 && valid + self.test < 1.0) => {
                refuse(format!(
                    "shares of {valid} for validation and {} for the test: above 0, and together below \
                     1, so that images for training are left",
                    self.test
                ))
            }
            ValidShare::Folds(folds) if !(2..=MAX_FOLDS).contains(&folds) => {
                refuse(format!("{folds} folds: 2 to {MAX_FOLDS}"))
            }
            _ => Ok(()),
        }
    }

    /// The shares of the sides: training and validation, or the folds; then the test, if there is one.
    fn shares(&self) -> Vec<f64> {
        let rest = 1.0 - self.test;
        let mut shares = match self.valid {
            ValidShare::Fraction(valid) => vec![rest - valid, valid],
            ValidShare::Folds(folds) => vec![rest / folds as f64; folds],
        };
        if self.test > 0.0 {
            shares.push(self.test);
        }
        shares
    }

    /// Number of lists.
    fn lists(&self) -> usize {
        match self.valid {
            ValidShare::Fraction(_) => 1,
            ValidShare::Folds(folds) => folds,
        }
    }
}

/// Most folds.
const MAX_FOLDS: usize = 1000;

/// What a list has in each split, training first.
pub fn side_counts(list: &[ListedImage]) -> BTreeMap<Split, SideCounts> {
    let mut sides: BTreeMap<Split, SideCounts> = BTreeMap::new();
    let mut patients: BTreeSet<(Split, &str)> = BTreeSet::new();
    for image in list {
        let Some(split) = image.split else { continue };
        let side = sides.entry(split).or_default();
        side.images += 1;
        *side.classes.entry(image.label.clone()).or_default() += 1;
        if let Some(patient) = &image.patient
            && patients.insert((split, patient))
        {
            side.patients += 1;
        }
    }
    sides
}
