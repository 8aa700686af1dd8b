//! Tells split folders from class folders.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::folder::{
    choose_split, class_folders, files_below, images_beside_the_classes, is_image_name,
    is_split_name,
};
use crate::frame_name::without_frame;
use crate::list::{ImageList, ListPath, ListedImage, Split as ListSplit};
use crate::patient_pattern::PatientPattern;

/// A split and the image files of its classes.
pub(crate) struct Split {
    pub name: String,
    pub dir: PathBuf,
    pub classes: Vec<(String, Vec<PathBuf>)>,
    /// Files that are not taken as images.
    pub other_paths: Vec<PathBuf>,
    /// The patients of a list's images.
    pub patients: HashMap<PathBuf, String>,
}

/// The splits of a data set: training first, then by name.
///
/// Folders with the name of a split (`train`, `Testing`, `val`, ...) are splits; other folders
/// beside them are left out, such as the `masks` of phantoms. If there is none, folders are splits
/// if they all contain folders of the same two or more names (`fold1`, `fold2`), and classes
/// otherwise.
///
/// A list's splits are those of its column `split`; without one it is a single split.
pub(crate) fn find_splits(dir: &Path) -> Result<Vec<Split>, DataError> {
    if let Some(path) = ListPath::parse(dir) {
        return list_splits(&path);
    }
    let folders = class_folders(dir)?;
    let mut names: Vec<String> = folders
        .iter()
        .filter(|n| is_split_name(n))
        .cloned()
        .collect();
    if names.is_empty() && contain_the_same_folders(dir, &folders)? {
        names = folders;
    }
    if names.is_empty() {
        let name = dir.canonicalize().ok().and_then(|full| {
            let last = full.file_name()?;
            Some(last.to_string_lossy().into_owned())
        });
        let name = name.unwrap_or_else(|| ".".into());
        return Ok(vec![read_split(dir, name)?]);
    }
    names.sort_by_key(|name| (!is_training(name), name.clone()));
    let read = |name: String| read_split(&dir.join(&name), name);
    names.into_iter().map(read).collect()
}

fn is_training(name: &str) -> bool {
    matches!(name.to_lowercase().as_str(), "train" | "training")
}

fn contain_the_same_folders(dir: &Path, folders: &[String]) -> Result<bool, DataError> {
    let mut inner = Vec::new();
    for folder in folders {
        let path = dir.join(folder);
        let entries = fs::read_dir(&path).map_err(|e| DataError::read(&path, e))?;
        if entries.flatten().any(|entry| is_image_name(&entry.path())) {
            return Ok(false);
        }
        inner.push(class_folders(&path)?);
    }
    let several = inner.len() > 1 && inner[0].len() > 1;
    Ok(several && inner.iter().all(|names| *names == inner[0]))
}

/// The splits of a list, or the one that is named.
fn list_splits(path: &ListPath<'_>) -> Result<Vec<Split>, DataError> {
    let list = ImageList::read(path.file)?;
    let names = match list.splits() {
        _ if path.split.is_some() => vec![choose_split(path, &list.splits(), None)?],
        none if none.is_empty() => vec![None],
        all => all.into_iter().map(Some).collect(),
    };
    let splits = names.into_iter().map(|split| {
        let images = list.images.iter().filter(|image| image.split == split);
        Split::from_list(&list, split.map_or("", ListSplit::name), images)
    });
    Ok(splits.collect())
}

impl Split {
    /// Finds the patients that are not known in the names of the images.
    pub fn find_patients(&mut self, pattern: &PatientPattern, name: &dyn Fn(&Path) -> String) {
        for path in self.classes.iter().flat_map(|(_, files)| files) {
            if !self.patients.contains_key(path)
                && let Some(patient) = pattern.patient(without_frame(&name(path)))
            {
                self.patients.insert(path.clone(), patient.to_owned());
            }
        }
    }

    fn from_list<'a>(
        list: &ImageList,
        name: &str,
        images: impl Iterator<Item = &'a ListedImage>,
    ) -> Self {
        let mut classes: Vec<_> = list.classes().into_iter().map(|c| (c, vec![])).collect();
        let mut patients = HashMap::new();
        for image in images {
            let class = classes.binary_search_by(|(class, _)| class.cmp(&image.label));
            classes[class.expect("one of them")]
                .1
                .push(image.path.clone());
            if let Some(patient) = &image.patient {
                patients.insert(image.path.clone(), patient.clone());
            }
        }
        Self {
            name: name.to_owned(),
            dir: list.root.clone(),
            classes,
            other_paths: Vec::new(),
            patients,
        }
    }
}

/// A folder of class folders, a list, or a split of one, as one split.
pub(super) fn read_split(dir: &Path, name: String) -> Result<Split, DataError> {
    if let Some(path) = ListPath::parse(dir) {
        let list = ImageList::read(path.file)?;
        let split = choose_split(&path, &list.splits(), None)?;
        let images = list.images.iter().filter(|image| image.split == split);
        return Ok(Split::from_list(&list, &name, images));
    }
    let mut classes = Vec::new();
    let mut other_paths = images_beside_the_classes(dir);
    for class in class_folders(dir)? {
        let files = files_below(&dir.join(&class))?;
        classes.push((class, files.images));
        other_paths.extend(files.other_paths);
    }
    Ok(Split {
        name,
        dir: dir.to_owned(),
        classes,
        other_paths,
        patients: HashMap::new(),
    })
}
