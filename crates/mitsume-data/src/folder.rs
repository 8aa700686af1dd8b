//! A data set of one folder per class, or a list of images, in the order of torchvision's `ImageFolder`.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::error::DataError;
use crate::frame_name::{FrameName, images_in};
use crate::list::{ImageList, ListPath, ListedImage, Split};
use crate::other_files::OtherFiles;

/// File extensions of images: torchvision's list, GIF and DICOM. The format is recognised when a file
/// is decoded; one that is not supported is reported.
const EXTENSIONS: [&str; 11] = [
    "jpg", "jpeg", "png", "dcm", "ppm", "bmp", "pgm", "tif", "tiff", "webp", "gif",
];

/// Files that operating systems create in folders. Names that begin with a dot are ignored too.
const SYSTEM_FILES: [&str; 2] = ["thumbs.db", "desktop.ini"];

/// One image and its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The file, or a frame of a DICOM file ([`FrameName`]).
    pub path: PathBuf,
    /// Index into the class names.
    pub class: usize,
}

/// A folder with one folder per class, or the images of a list ([`ImageList`]) in the same order.
///
/// Order is torchvision's: classes by name, within a class by folder, then by file name, all by
/// code point. Class folders are searched recursively, and symbolic links are followed (except
/// loops). Unlike torchvision, names that begin with a dot are ignored: they are files of other
/// programs (`.ipynb_checkpoints`, `._scan.jpg`, `.DS_Store`), which torchvision takes for images
/// and classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFolder {
    /// The folder, or the folder of the list.
    pub root: PathBuf,
    /// The folder, or the list with its split: `brain/Testing`, `list.csv`, `list.csv/test`.
    pub named: PathBuf,
    /// Whether the images are those of a list.
    pub listed: bool,
    /// Class names, sorted.
    pub classes: Vec<String>,
    /// All images, in order.
    pub samples: Vec<Sample>,
    /// Files that are not used though a user may expect it, in order: files in class folders
    /// without the extension of an image, and image files beside the class folders. Hidden files,
    /// `Thumbs.db` and `desktop.ini` are not listed.
    pub other_paths: Vec<PathBuf>,
    /// The patients that a list names, by image.
    pub patients: HashMap<PathBuf, String>,
}

/// A patient with images in two data sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedPatient {
    /// As the lists name the patient.
    pub patient: String,
    /// Number of images in the first data set.
    pub images: usize,
    /// Number of images in the other.
    pub in_other: usize,
}

impl ImageFolder {
    /// Lists the images of a folder, of a list (`list.csv`), or of a split of a list
    /// (`list.csv/test`). Only DICOM files are looked into: each frame is an image.
    ///
    /// # Errors
    /// If the folder is missing or cannot be listed, has no class folder, or a class folder has no
    /// image file; if the list has an error, holds several splits and none is named, or a class
    /// without an image in the split.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        match ListPath::parse(path) {
            Some(list) => Self::from_list(&list, None),
            None => Self::from_class_folders(path),
        }
    }

    /// As [`ImageFolder::open`], but of a list with splits of which none is named, it takes `split`.
    ///
    /// # Errors
    /// As [`ImageFolder::open`], and if the list has splits but not this one.
    pub fn open_split(path: &Path, split: Split) -> Result<Self, DataError> {
        match ListPath::parse(path) {
            Some(list) => Self::from_list(&list, Some(split)),
            None => Self::from_class_folders(path),
        }
    }

    fn from_list(path: &ListPath<'_>, default: Option<Split>) -> Result<Self, DataError> {
        let list = ImageList::read(path.file)?;
        let split = choose_split(path, &list.splits(), default)?;
        let named = match split {
            Some(split) => path.file.join(split.name()),
            None => path.file.to_owned(),
        };
        let classes = list.classes();
        let images = list.images.iter().filter(|image| image.split == split);
        let patients = images.clone().filter_map(|image| {
            let patient = image.patient.clone()?;
            Some((image.path.clone(), patient))
        });
        let patients = patients.collect();
        let samples = images.map(|image| Sample {
            path: image.path.clone(),
            class: classes.binary_search(&image.label).expect("one of them"),
        });
        let mut samples: Vec<Sample> = samples.collect();
        samples.sort_by_cached_key(|sample| (sample.class, order_key(&sample.path, &list.root)));
        let mut found = vec![false; classes.len()];
        samples.iter().for_each(|sample| found[sample.class] = true);
        if let Some(class) = found.iter().position(|found| !found) {
            let reason = format!(
                "no image with the label {} in this split, but in another one",
                classes[class]
            );
            return Err(DataError::layout(&named, reason));
        }
        Ok(Self {
            root: list.root,
            named,
            listed: true,
            classes,
            samples,
            other_paths: Vec::new(),
            patients,
        })
    }

    fn from_class_folders(root: &Path) -> Result<Self, DataError> {
        let classes = class_folders(root)?;
        if classes.is_empty() {
            return Err(DataError::layout(root, no_class_folder(root)));
        }
        if classes.iter().all(|name| is_split_name(name)) {
            return Err(DataError::layout(
                root,
                format!(
                    "holds splits ({}) and not classes: name one of them, such as {}",
                    classes.join(", "),
                    root.join(&classes[0]).display()
                ),
            ));
        }
        let mut samples = Vec::new();
        let mut other_paths = images_beside_the_classes(root);
        for (class, name) in classes.iter().enumerate() {
            let folder = root.join(name);
            let files = files_below(&folder)?;
            if files.images.is_empty() {
                let found = OtherFiles::by_kind(&folder, &files.other_paths);
                let found = found
                    .iter()
                    .map(|o| format!(" ({} {})", o.paths.len(), o.kind));
                return Err(DataError::layout(
                    &folder,
                    format!(
                        "no image file in this class folder{}: put images ({}) into it or remove it",
                        found.collect::<String>(),
                        EXTENSIONS.join(", ")
                    ),
                ));
            }
            samples.extend(files.images.into_iter().map(|path| Sample { path, class }));
            other_paths.extend(files.other_paths);
        }
        Ok(Self {
            root: root.to_owned(),
            named: root.to_owned(),
            listed: false,
            classes,
            samples,
            other_paths,
            patients: HashMap::new(),
        })
    }

    /// All images in and below a folder, or those of a list or a split of it in the list's order,
    /// as one class with an empty name. There may be none.
    ///
    /// # Errors
    /// If the folder is missing or cannot be listed, or the list has an error.
    pub fn unlabelled(root: &Path) -> Result<Self, DataError> {
        if let Some(path) = ListPath::parse(root) {
            return Self::unlabelled_list(root, &path);
        }
        let files = files_below(root)?;
        let sample = |path| Sample { path, class: 0 };
        Ok(Self {
            root: root.to_owned(),
            named: root.to_owned(),
            listed: false,
            classes: vec![String::new()],
            samples: files.images.into_iter().map(sample).collect(),
            other_paths: files.other_paths,
            patients: HashMap::new(),
        })
    }

    fn unlabelled_list(named: &Path, path: &ListPath<'_>) -> Result<Self, DataError> {
        let list = ImageList::read_unlabelled(path.file)?;
        let split = match path.split {
            Some(_) => choose_split(path, &list.splits(), None)?,
            None => None,
        };
        let images = list.images.into_iter();
        let images = images.filter(|image| split.is_none() || image.split == split);
        let sample = |image: ListedImage| Sample {
            path: image.path,
            class: 0,
        };
        Ok(Self {
            root: list.root,
            named: named.to_owned(),
            listed: true,
            classes: vec![String::new()],
            samples: images.map(sample).collect(),
            other_paths: Vec::new(),
            patients: HashMap::new(),
        })
    }

    /// Whether a path names a list or a split of one.
    pub fn is_list(path: &Path) -> bool {
        ListPath::parse(path).is_some()
    }

    /// Where the images of a class are: its folder, or the list and the label.
    pub fn class_place(&self, class: usize) -> String {
        let name = &self.classes[class];
        match self.listed {
            true => format!("{}, label {name}", self.named.display()),
            false => self.root.join(name).display().to_string(),
        }
    }

    /// The files that are not used as images, by kind. Reads their first bytes.
    pub fn other_files(&self) -> Vec<OtherFiles> {
        OtherFiles::by_kind(&self.root, &self.other_paths)
    }

    /// Keeps at most `max_per_class` images of each class, evenly spaced over their order, because
    /// files may be sorted by scanner or patient.
    pub fn subsample_per_class(&mut self, max_per_class: usize) {
        let mut kept = Vec::new();
        for samples in self.samples.chunk_by(|a, b| a.class == b.class) {
            let count = max_per_class.min(samples.len());
            kept.extend((0..count).map(|i| samples[i * samples.len() / count].clone()));
        }
        self.samples = kept;
    }

    /// The patients of the images with the indices `own` who have images among `others` of another
    /// data set, too; by name, as lists name them.
    pub fn shared_patients(
        &self,
        own: &[usize],
        (other, others): (&Self, &[usize]),
    ) -> Vec<SharedPatient> {
        let own = self.images_per_patient(own);
        let others = other.images_per_patient(others);
        let shared = own.into_iter().filter_map(|(patient, images)| {
            Some(SharedPatient {
                patient: patient.to_owned(),
                images,
                in_other: *others.get(patient)?,
            })
        });
        shared.collect()
    }

    /// The patients that a list names, by the path of the image below the list's folder, with `/`.
    pub fn patients_by_name(&self) -> HashMap<String, &str> {
        let named = self.patients.iter();
        named
            .map(|(path, patient)| (relative(path, &self.root), patient.as_str()))
            .collect()
    }

    fn images_per_patient(&self, images: &[usize]) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        let images = images.iter().map(|&index| &self.samples[index].path);
        for patient in images.filter_map(|path| self.patients.get(path)) {
            *counts.entry(patient.as_str()).or_default() += 1;
        }
        counts
    }
}

/// The path below `root`, with `/` between the parts on every platform.
pub(crate) fn relative(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts = below.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// Names of the folders in `root` that do not begin with a dot, sorted.
pub(crate) fn class_folders(root: &Path) -> Result<Vec<String>, DataError> {
    let failed = |e| DataError::read(root, e);
    let mut names = Vec::new();
    for entry in fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let folder = fs::metadata(entry.path()).is_ok_and(|m| m.is_dir());
        if !folder || hidden(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let name = entry.file_name().into_string().map_err(|_| {
            DataError::layout(&entry.path(), "a class name must be UTF-8: rename it")
        })?;
        names.push(name);
    }
    names.sort();
    Ok(names)
}

/// Files of a class folder, sorted by folder, then by name.
pub(crate) struct ClassFiles {
    /// With each frame of a DICOM file.
    pub images: Vec<PathBuf>,
    /// Files without the extension of an image.
    pub other_paths: Vec<PathBuf>,
}

/// The files in and below `folder`, without hidden and system files.
pub(crate) fn files_below(folder: &Path) -> Result<ClassFiles, DataError> {
    let full = folder.canonicalize();
    let full = full.map_err(|e| DataError::read(folder, e))?;
    // A link to a parent folder would make the whole data set part of this class.
    let links_to_ancestor = |entry: &DirEntry| {
        let target = entry.path_is_symlink().then(|| entry.path().canonicalize());
        target.is_some_and(|target| target.is_ok_and(|target| full.starts_with(target)))
    };
    let visible = |entry: &DirEntry| {
        let shown = !hidden(&entry.file_name().to_string_lossy());
        entry.depth() == 0 || (shown && !links_to_ancestor(entry))
    };
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    let mut files = Vec::new();
    for entry in walk.filter_entry(visible) {
        match entry {
            Ok(entry) if !entry.file_type().is_dir() => files.push(entry.into_path()),
            Ok(_) => {}
            Err(error) if error.loop_ancestor().is_some() => {
                tracing::warn!("{error}: this link is not followed");
            }
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                // A dangling link is listed, so that it is reported when the image is read.
                if !path.is_symlink() {
                    let source = error.into();
                    return Err(DataError::Read { path, source });
                }
                files.push(path);
            }
        }
    }
    files.retain(|file| !is_system_file(file));
    files.sort_by_cached_key(|file| order_key(file, folder));
    let (images, other_paths) = files.into_iter().partition(|file| is_image_name(file));
    Ok(ClassFiles {
        images: images_in(images),
        other_paths,
    })
}

/// The order of images: by folder, then by the name of the file, then by frame.
fn order_key(image: &Path, root: &Path) -> (String, Option<OsString>, u32) {
    let (file, frame) = match FrameName::parse(image) {
        Some(name) => (name.file, name.frame),
        None => (image.to_owned(), 0),
    };
    let parent = file.parent().unwrap_or(root);
    (
        relative(parent, root),
        file.file_name().map(ToOwned::to_owned),
        frame,
    )
}

/// The split whose images are taken: the named one, the default, or the only one; `None` if the
/// list has no splits.
pub(crate) fn choose_split(
    path: &ListPath<'_>,
    splits: &[Split],
    default: Option<Split>,
) -> Result<Option<Split>, DataError> {
    let named = path.named_split()?;
    let names: Vec<&str> = splits.iter().map(|split| split.name()).collect();
    let example = |split: Split| path.file.join(split.name()).display().to_string();
    let reason = match (named.or(default), splits) {
        (Some(split), _) if splits.contains(&split) => return Ok(Some(split)),
        (None, [only]) => return Ok(Some(*only)),
        (_, []) if named.is_none() => return Ok(None),
        (_, []) => "has no column split, so a split of it cannot be named".to_owned(),
        (Some(split), [first, ..]) => format!(
            "no image of the split {}: it holds {}; name one of them, such as {}",
            split.name(),
            names.join(", "),
            example(*first)
        ),
        (None, [.., last]) => format!(
            "holds several splits ({}): name one of them, such as {}",
            names.join(", "),
            example(*last)
        ),
    };
    Err(DataError::layout(path.file, reason))
}

/// Image files in `root` itself, which have no class, sorted by name.
pub(crate) fn images_beside_the_classes(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        is_image_name(path) && !hidden(&name) && !path.is_dir()
    });
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

fn is_system_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    hidden(&name) || SYSTEM_FILES.contains(&name.to_lowercase().as_str())
}

fn no_class_folder(root: &Path) -> String {
    let images = fs::read_dir(root).into_iter().flatten().flatten();
    let example = "a data set has one folder per class, such as glioma/ and notumor/, with the images in them";
    match images.filter(|e| is_image_name(&e.path())).count() {
        0 => format!("no class folder in it: {example}"),
        n => format!("holds {n} image files but no class folder: {example}"),
    }
}

/// Whether a folder has the name of a split and not of a class.
pub(crate) fn is_split_name(name: &str) -> bool {
    const SPLITS: [&str; 7] = [
        "train",
        "training",
        "test",
        "testing",
        "val",
        "valid",
        "validation",
    ];
    SPLITS.contains(&name.to_lowercase().as_str())
}

fn hidden(name: &str) -> bool {
    name.starts_with('.')
}

pub(crate) fn is_image_name(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
}
