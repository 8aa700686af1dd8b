//! Checks of a data set before training: unreadable files, duplicates, leaks (test images that are
//! also training images), equal images in different classes.

mod connected_components;
mod patients;
mod perceptual;
pub(crate) mod splits;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use crate::decode::{Mode, decode_file};
use crate::duplicates::pixel_digest;
use crate::error::DataError;
use crate::folder::relative;
use crate::grey::to_grey;
use crate::list::ListPath;
use crate::other_files::OtherFiles;
use crate::patient_pattern::PatientPattern;
use connected_components::connected_components;
pub use patients::{Patients, SharedPatient};
use perceptual::PerceptualHash;
use splits::{Split, find_splits, read_split};

/// Result of a check. Paths are relative to the checked folder or the list's, with `/` between their parts; if
/// several folders are checked, they begin with the folder as given.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Training first, then by name; a single one if the folder contains classes and not splits.
    pub splits: Vec<SplitReport>,
    /// Image files that cannot be decoded.
    pub unreadable: Vec<String>,
    /// The reasons, in the order of `unreadable`.
    pub unreadable_reasons: Vec<String>,
    /// Images whose file has more frames or pages than the one that is used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more_frames: Vec<String>,
    /// Files in class folders that are not used as images, the most frequent kind first.
    pub other_files: Vec<OtherFiles>,
    /// Images with equal decoded grey pixels.
    pub duplicates: Duplicates,
    /// Images of later splits that equal one in the first split.
    pub leaks: Leaks,
    /// Groups of equal images that lie in folders of different classes.
    pub conflicts: Vec<Vec<String>>,
    /// Images that look alike without being equal.
    pub near_duplicates: NearDuplicates,
    /// The patients, if lists or a pattern name them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patients: Option<Patients>,
}

/// One split, such as `Training`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitReport {
    /// Folder name.
    pub name: String,
    /// Image files, readable or not.
    pub images: usize,
    /// Image files per class folder.
    pub classes: BTreeMap<String, usize>,
    /// Readable images per size, `WIDTHxHEIGHT`.
    pub sizes: BTreeMap<String, usize>,
    /// Readable images per mode, such as `grey` or `rgb`.
    pub modes: BTreeMap<String, usize>,
}

/// Exact duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Number of groups of two or more equal images.
    pub groups: usize,
    /// Redundant images: all images of the groups but one of each.
    pub images: usize,
    /// The groups.
    pub paths: Vec<Vec<String>>,
}

/// Equal images in the first split and in a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leaks {
    /// Images of every split but the first that equal one in the first.
    pub images: usize,
    /// The groups of equal images they belong to.
    pub groups: Vec<Vec<String>>,
}

/// Near duplicates: images whose 64-bit perceptual hashes (of the 64 lowest cosine frequencies)
/// differ in at most 6 bits and whose 32 x 32 thumbnails have a correlation of at least 0.985.
/// Neighbouring slices of one patient are found too; the user decides whether they are a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearDuplicates {
    /// Number of groups of two or more images.
    pub groups: usize,
    /// Number of images in the groups.
    pub images: usize,
    /// Number of groups with images of the first split and of a later one.
    pub leaking_groups: usize,
    /// The groups; of equal images only the first is listed.
    pub paths: Vec<Vec<String>>,
}

/// An image file of the data set.
struct Entry {
    path: PathBuf,
    /// The path as reported.
    name: String,
    split: usize,
    class: String,
    patient: Option<String>,
}

/// What is kept of a decoded image.
struct DecodedImage {
    size: (usize, usize),
    mode: Mode,
    more_frames: bool,
    pixels: blake3::Hash,
    perceptual_hash: PerceptualHash,
}

/// Checks a folder of splits, each with class folders, a folder of class folders, or a list. Decodes every
/// image once, in parallel; memory is about 1.2 kB per image. `patients` finds the patients of images
/// whose list does not name them. `progress` is called from any thread with the number of images done
/// and the total.
///
/// # Errors
/// If the folder is missing, cannot be listed, or has no image in a class folder. Problems of
/// single images are in the report.
pub fn check(
    dir: &Path,
    patients: Option<&PatientPattern>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CheckReport, DataError> {
    let mut splits = find_splits(dir)?;
    let root = match ListPath::parse(dir) {
        Some(_) => splits.first().map_or(dir.to_owned(), |s| s.dir.clone()),
        None => dir.to_owned(),
    };
    let name = |path: &Path| relative(path, &root);
    if let Some(pattern) = patients {
        splits
            .iter_mut()
            .for_each(|split| split.find_patients(pattern, &name));
    }
    check_images(splits, &name, dir, progress)
}

/// Checks folders of class folders, lists, and splits of lists (`list.csv/test`) as the splits of one data set; the first is the training split.
///
/// # Errors
/// As [`check`].
///
/// # Panics
/// If there is no folder.
pub fn check_splits(
    dirs: &[PathBuf],
    patients: Option<&PatientPattern>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CheckReport, DataError> {
    let read = |dir: &PathBuf| {
        let mut split = read_split(dir, dir.display().to_string())?;
        if let Some(pattern) = patients {
            let root = split.dir.clone();
            split.find_patients(pattern, &|path| relative(path, &root));
        }
        Ok(split)
    };
    let splits = dirs.iter().map(read).collect::<Result<_, DataError>>()?;
    check_images(
        splits,
        &|path| path.display().to_string(),
        &dirs[0],
        progress,
    )
}

/// `name` gives the path of an image as reported; `dir` is named in an error.
fn check_images(
    found: Vec<Split>,
    name: &dyn Fn(&Path) -> String,
    dir: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CheckReport, DataError> {
    let other_paths = found
        .iter()
        .flat_map(|split| OtherFiles::kinds(&split.dir, &split.other_paths));
    let other_files = OtherFiles::grouped(other_paths.map(|(kind, path)| (kind, name(path))));
    let (mut splits, entries) = list(found, name);
    if entries.is_empty() {
        let reason = "no image in a class folder: a data set has one folder per class, or one folder per split \
                      (Training, Testing) with those in it";
        return Err(DataError::layout(dir, reason));
    }
    let done = AtomicUsize::new(0);
    let decoded: Vec<Result<DecodedImage, DataError>> = entries
        .par_iter()
        .map(|entry| {
            let result = inspect_image(&entry.path);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, entries.len());
            result
        })
        .collect();
    count(&mut splits, &entries, &decoded);
    let patients = Patients::new(&splits, &entries);
    let (unreadable, unreadable_reasons) = entries
        .iter()
        .zip(&decoded)
        .filter_map(|(entry, image)| Some((entry.name.clone(), image.as_ref().err()?.reason())))
        .unzip();
    let more_frames = entries.iter().zip(&decoded);
    let more_frames =
        more_frames.filter(|(_, image)| image.as_ref().is_ok_and(|image| image.more_frames));
    let more_frames = more_frames.map(|(entry, _)| entry.name.clone()).collect();
    let duplicates = duplicate_groups(&decoded);
    let near_duplicates = near_duplicate_groups(&decoded, &duplicates);
    let class = |index: usize| &entries[index].class;
    let in_several_classes = |group: &[usize]| group.iter().any(|i| class(*i) != class(group[0]));
    Ok(CheckReport {
        splits,
        unreadable,
        unreadable_reasons,
        more_frames,
        other_files,
        conflicts: group_names(&entries, &duplicates, &in_several_classes),
        leaks: Leaks::new(&entries, &duplicates),
        duplicates: Duplicates::new(&entries, &duplicates),
        near_duplicates: NearDuplicates::new(&entries, &near_duplicates),
        patients,
    })
}

/// Names of the images of all groups for which `wanted` is true.
fn group_names(
    entries: &[Entry],
    groups: &[Vec<usize>],
    wanted: &dyn Fn(&[usize]) -> bool,
) -> Vec<Vec<String>> {
    let names = |group: &Vec<usize>| group.iter().map(|i| entries[*i].name.clone()).collect();
    let wanted = groups.iter().filter(|group| wanted(group));
    wanted.map(names).collect()
}

/// Whether a group has images of the first split and of a later one.
fn is_leak(entries: &[Entry], group: &[usize]) -> bool {
    let in_first_split = |index: &usize| entries[*index].split == 0;
    group.iter().any(in_first_split) && !group.iter().all(in_first_split)
}

impl Duplicates {
    fn new(entries: &[Entry], groups: &[Vec<usize>]) -> Self {
        Self {
            groups: groups.len(),
            images: groups.iter().map(|group| group.len() - 1).sum(),
            paths: group_names(entries, groups, &|_| true),
        }
    }
}

impl Leaks {
    fn new(entries: &[Entry], groups: &[Vec<usize>]) -> Self {
        let leaks = groups.iter().filter(|group| is_leak(entries, group));
        Self {
            images: leaks.flatten().filter(|i| entries[**i].split > 0).count(),
            groups: group_names(entries, groups, &|group| is_leak(entries, group)),
        }
    }
}

impl NearDuplicates {
    fn new(entries: &[Entry], groups: &[Vec<usize>]) -> Self {
        Self {
            groups: groups.len(),
            images: groups.iter().map(Vec::len).sum(),
            leaking_groups: groups
                .iter()
                .filter(|group| is_leak(entries, group))
                .count(),
            paths: group_names(entries, groups, &|_| true),
        }
    }
}

/// The splits with their classes, counts still 0, and all images.
fn list(found: Vec<Split>, name: &dyn Fn(&Path) -> String) -> (Vec<SplitReport>, Vec<Entry>) {
    let mut splits = Vec::new();
    let mut entries = Vec::new();
    for (split, found) in found.into_iter().enumerate() {
        let mut classes = BTreeMap::new();
        for (class, files) in found.classes {
            entries.extend(files.into_iter().map(|path| Entry {
                name: name(&path),
                patient: found.patients.get(&path).cloned(),
                path,
                split,
                class: class.clone(),
            }));
            classes.insert(class, 0);
        }
        splits.push(SplitReport {
            name: found.name,
            images: 0,
            classes,
            sizes: BTreeMap::new(),
            modes: BTreeMap::new(),
        });
    }
    (splits, entries)
}

fn inspect_image(path: &Path) -> Result<DecodedImage, DataError> {
    let decoded = decode_file(path)?;
    let size = (decoded.pixels.width(), decoded.pixels.height());
    let grey = to_grey(decoded.pixels.clone().into_8_bits());
    Ok(DecodedImage {
        size,
        mode: decoded.mode,
        more_frames: decoded.more_frames,
        pixels: pixel_digest(decoded.pixels),
        perceptual_hash: PerceptualHash::new(&grey),
    })
}

/// Groups of equal images, each in order, ordered by their first image.
fn duplicate_groups(decoded: &[Result<DecodedImage, DataError>]) -> Vec<Vec<usize>> {
    let mut by_pixels: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for (index, image) in decoded.iter().enumerate() {
        if let Ok(image) = image {
            by_pixels
                .entry(*image.pixels.as_bytes())
                .or_default()
                .push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> = by_pixels.into_values().filter(|g| g.len() > 1).collect();
    groups.sort();
    groups
}

/// Groups of near duplicates; of each group in `duplicates` only the first image is compared.
fn near_duplicate_groups(
    decoded: &[Result<DecodedImage, DataError>],
    duplicates: &[Vec<usize>],
) -> Vec<Vec<usize>> {
    let mut redundant: Vec<usize> = duplicates.iter().flat_map(|g| &g[1..]).copied().collect();
    redundant.sort_unstable();
    let distinct: Vec<(usize, &PerceptualHash)> = decoded
        .iter()
        .enumerate()
        .filter(|(index, _)| redundant.binary_search(index).is_err())
        .filter_map(|(index, image)| Some((index, &image.as_ref().ok()?.perceptual_hash)))
        .collect();
    connected_components(&distinct, |a, b| a.is_near_duplicate(b))
}

/// Counts the images of each split, and the sizes and modes of readable ones.
fn count(
    splits: &mut [SplitReport],
    entries: &[Entry],
    decoded: &[Result<DecodedImage, DataError>],
) {
    for (entry, image) in entries.iter().zip(decoded) {
        let report = &mut splits[entry.split];
        report.images += 1;
        *report.classes.entry(entry.class.clone()).or_default() += 1;
        if let Ok(image) = image {
            let size = format!("{}x{}", image.size.0, image.size.1);
            *report.sizes.entry(size).or_default() += 1;
            *report.modes.entry(image.mode.name().into()).or_default() += 1;
        }
    }
}
