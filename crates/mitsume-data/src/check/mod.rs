//! What is wrong with a data set before anything is trained on it: files that cannot be read, images that occur twice,
//! test images that were trained on, equal images under different classes.

mod connected_components;
mod perceptual;
mod splits;

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
use crate::other_files::OtherFiles;
use connected_components::connected_components;
use perceptual::PerceptualHash;
use splits::{Split, find_splits, read_split};

/// The findings. Paths are relative to the folder checked, with `/` between their parts; where several folders are
/// checked they begin with the folder as it was named.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Training first, then by name; one, if the folder holds classes and not splits.
    pub splits: Vec<SplitReport>,
    /// Files that are no readable image.
    pub unreadable: Vec<String>,
    /// Why, in the order of `unreadable`.
    pub unreadable_reasons: Vec<String>,
    /// Files in class folders that are not taken as images, the most frequent kind first.
    pub other_files: Vec<OtherFiles>,
    /// Images with equal decoded grey pixels.
    pub duplicates: Duplicates,
    /// Images of later splits that equal one in the first split.
    pub leaks: Leaks,
    /// Groups of equal images that lie in folders of different classes.
    pub conflicts: Vec<Vec<String>>,
    /// Images that look alike without being equal.
    pub near_duplicates: NearDuplicates,
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
    /// Readable images per way of storing pixels, such as `grey` or `rgb`.
    pub modes: BTreeMap<String, usize>,
}

/// Exact duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Sets of two or more equal images.
    pub groups: usize,
    /// Images that repeat another: those of all groups but one of each.
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

/// Images that look alike: a 64-bit perceptual hash (signs of the 64 lowest cosine frequencies) that differs in at most
/// 6 bits, confirmed by a correlation of at least 0.985 of their 32 x 32 thumbnails. Neighbouring slices of one patient
/// are found this way too; whether they are a problem is for a person to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearDuplicates {
    /// Sets of two or more images linked by likeness.
    pub groups: usize,
    /// Images in them.
    pub images: usize,
    /// Sets with images of the first split and of a later one.
    pub leaking_groups: usize,
    /// The groups; of equal images only the first is listed.
    pub paths: Vec<Vec<String>>,
}

struct Entry {
    path: PathBuf,
    /// As it is shown.
    name: String,
    split: usize,
    class: String,
}

/// What is kept of an image once it is decoded.
struct DecodedImage {
    size: (usize, usize),
    mode: Mode,
    pixels: blake3::Hash,
    likeness: PerceptualHash,
}

/// Checks a folder of splits, each with class folders, or of class folders. Decodes every image once, in parallel;
/// memory is about 1.2 kB per image. `progress` is called from any thread with the images done and their total.
///
/// # Errors
/// If the folder is missing, cannot be listed, or holds no image in a class folder. What is wrong with single images
/// is in the report.
pub fn check(
    dir: &Path,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CheckReport, DataError> {
    check_images(
        find_splits(dir)?,
        &|path| relative(path, dir),
        dir,
        progress,
    )
}

/// Checks folders of class folders as the splits of one data set, wherever they lie: the first is what is trained on.
///
/// # Errors
/// As [`check`].
///
/// # Panics
/// If there is no folder.
pub fn check_splits(
    dirs: &[PathBuf],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CheckReport, DataError> {
    let read = |dir: &PathBuf| read_split(dir, dir.display().to_string());
    let splits = dirs.iter().map(read).collect::<Result<_, _>>()?;
    check_images(
        splits,
        &|path| path.display().to_string(),
        &dirs[0],
        progress,
    )
}

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
    let seen: Vec<Result<DecodedImage, DataError>> = entries
        .par_iter()
        .map(|entry| {
            let result = look_at(&entry.path);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, entries.len());
            result
        })
        .collect();
    count(&mut splits, &entries, &seen);
    let path = |index: usize| entries[index].name.clone();
    let failures = (0..)
        .zip(&seen)
        .filter_map(|(i, s)| Some((i, s.as_ref().err()?)));
    let (unreadable, unreadable_reasons) = failures.map(|(i, e)| (path(i), e.reason())).unzip();
    let equal = equal_images(&seen);
    let alike = like_images(&seen, &equal);
    let named = |groups: &[Vec<usize>], wanted: &dyn Fn(&[usize]) -> bool| -> Vec<Vec<String>> {
        let chosen = groups.iter().filter(|group| wanted(group));
        chosen
            .map(|g| g.iter().map(|i| path(*i)).collect())
            .collect()
    };
    let crosses = |group: &[usize]| {
        let first = |i: &usize| entries[*i].split == 0;
        group.iter().any(first) && !group.iter().all(first)
    };
    let class = |i: usize| &entries[i].class;
    let leaked = equal.iter().filter(|g| crosses(g)).flatten();
    Ok(CheckReport {
        splits,
        unreadable,
        unreadable_reasons,
        other_files,
        duplicates: Duplicates {
            groups: equal.len(),
            images: equal.iter().map(|g| g.len() - 1).sum(),
            paths: named(&equal, &|_| true),
        },
        leaks: Leaks {
            images: leaked.filter(|i| entries[**i].split > 0).count(),
            groups: named(&equal, &crosses),
        },
        conflicts: named(&equal, &|g| g.iter().any(|i| class(*i) != class(g[0]))),
        near_duplicates: NearDuplicates {
            groups: alike.len(),
            images: alike.iter().map(Vec::len).sum(),
            leaking_groups: alike.iter().filter(|g| crosses(g)).count(),
            paths: named(&alike, &|_| true),
        },
    })
}

/// The splits with the classes they have, nothing counted yet, and all images.
fn list(found: Vec<Split>, name: &dyn Fn(&Path) -> String) -> (Vec<SplitReport>, Vec<Entry>) {
    let mut splits = Vec::new();
    let mut entries = Vec::new();
    for (split, found) in found.into_iter().enumerate() {
        let mut classes = BTreeMap::new();
        for (class, files) in found.classes {
            entries.extend(files.into_iter().map(|path| Entry {
                name: name(&path),
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

fn look_at(path: &Path) -> Result<DecodedImage, DataError> {
    let decoded = decode_file(path)?;
    let size = (decoded.pixels.width, decoded.pixels.height);
    let grey = to_grey(decoded.pixels);
    Ok(DecodedImage {
        size,
        mode: decoded.mode,
        pixels: pixel_digest(&grey),
        likeness: PerceptualHash::new(&grey),
    })
}

/// Groups of equal images, each in order, ordered by their first.
fn equal_images(seen: &[Result<DecodedImage, DataError>]) -> Vec<Vec<usize>> {
    let mut by_pixels: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for (index, image) in seen.iter().enumerate() {
        if let Ok(image) = image {
            by_pixels
                .entry(*image.pixels.as_bytes())
                .or_default()
                .push(index);
        }
    }
    let mut equal: Vec<Vec<usize>> = by_pixels.into_values().filter(|g| g.len() > 1).collect();
    equal.sort();
    equal
}

/// Groups of images that look alike, one of each set of equal images.
fn like_images(seen: &[Result<DecodedImage, DataError>], equal: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut repeats: Vec<usize> = equal.iter().flat_map(|g| &g[1..]).copied().collect();
    repeats.sort_unstable();
    let distinct: Vec<(usize, &PerceptualHash)> = seen
        .iter()
        .enumerate()
        .filter(|(index, _)| repeats.binary_search(index).is_err())
        .filter_map(|(index, image)| Some((index, &image.as_ref().ok()?.likeness)))
        .collect();
    connected_components(&distinct, |a, b| a.is_near_duplicate(b))
}

fn count(splits: &mut [SplitReport], entries: &[Entry], seen: &[Result<DecodedImage, DataError>]) {
    for (entry, seen) in entries.iter().zip(seen) {
        let report = &mut splits[entry.split];
        report.images += 1;
        *report.classes.entry(entry.class.clone()).or_default() += 1;
        if let Ok(seen) = seen {
            let size = format!("{}x{}", seen.size.0, seen.size.1);
            *report.sizes.entry(size).or_default() += 1;
            *report.modes.entry(seen.mode.name().into()).or_default() += 1;
        }
    }
}
