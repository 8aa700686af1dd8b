//! A list of images, a CSV or JSON file in place of class folders.

mod check_rows;
mod csv_rows;
mod json_rows;
mod multi_label;
mod write;

use std::path::{Path, PathBuf};

use crate::error::DataError;
pub use multi_label::{ListLabels, MultiLabelData};
pub use write::write_list;

/// The largest list that is read.
const MAX_LIST_BYTES: u64 = 1 << 28;

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// Training.
    Train,
    /// Validation.
    Valid,
    /// Test.
    Test,
}

impl Split {
    /// The name in a list: `train`, `valid` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }

    /// The split of a name, in any case: also `training`, `val`, `validation` and `testing`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "val" | "valid" | "validation" => Some(Self::Valid),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }
}

/// One image of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedImage {
    /// The file, or a frame of a DICOM file.
    pub path: PathBuf,
    /// The class name; empty only if the list was read for its images alone.
    pub label: String,
    /// What the image is for; of every image of a list, or of none.
    pub split: Option<Split>,
    /// The patient, if known.
    pub patient: Option<String>,
}

/// A list of images with their labels.
///
/// A CSV file (`.csv`, with a header) has the columns `path` and `label`, and optionally `split` and
/// `patient`; a JSON file (`.json`) is an array of objects with these keys. Others are ignored.
/// Paths are relative to the list's folder and stay in it: absolute ones and `..` are refused, so
/// that a list from elsewhere cannot name other files of the machine. White space around a value
/// does not count. A file stands in a list once and must exist. A row that names a DICOM file with
/// several frames stands for each of them; one that names a frame ([`FrameName`](crate::FrameName)) for
/// that one. Frames of one file are of one split and one patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageList {
    /// The list file.
    pub file: PathBuf,
    /// Its folder, to which its paths are relative.
    pub root: PathBuf,
    /// The images, in the order of the list; at least one.
    pub images: Vec<ListedImage>,
    /// The row that each image stands in, from 0.
    pub rows: Vec<usize>,
}

impl ImageList {
    /// Reads a list.
    ///
    /// # Errors
    /// If the file cannot be read, and for the first row that is not as described; the error names
    /// its line (of a JSON file its entry) and column.
    pub fn read(file: &Path) -> Result<Self, DataError> {
        Self::read_rows(file, Labels::Required)
    }

    /// Reads a list whose images need no labels.
    ///
    /// # Errors
    /// As [`ImageList::read`].
    pub fn read_unlabelled(file: &Path) -> Result<Self, DataError> {
        Self::read_rows(file, Labels::Optional)
    }

    fn read_rows(file: &Path, labels: Labels) -> Result<Self, DataError> {
        let bytes = read_bytes(file)?;
        let rows = if has_extension(file, "json") {
            json_rows::read(&bytes)
        } else {
            csv_rows::read(&bytes, labels)
        };
        let root = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let images = rows.and_then(|rows| check_rows::check(root, rows, labels));
        let images = images.map_err(|problem| problem.of_file(file))?;
        let (rows, images) = images.into_iter().unzip();
        Ok(Self {
            images,
            rows,
            file: file.to_owned(),
            root: root.to_owned(),
        })
    }

    /// The class names, sorted as those of class folders: by code point.
    pub fn classes(&self) -> Vec<String> {
        let mut names: Vec<String> = self.images.iter().map(|i| i.label.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The splits, training first; none if the list has no column `split`.
    pub fn splits(&self) -> Vec<Split> {
        let mut splits: Vec<Split> = self.images.iter().filter_map(|i| i.split).collect();
        splits.sort();
        splits.dedup();
        splits
    }
}

/// The bytes of a list, without a byte order mark.
fn read_bytes(file: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = mitsume_guard::file::read(file, MAX_LIST_BYTES);
    let mut bytes = bytes.map_err(|error| DataError::read(file, error))?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// A list as it is named on the command line or in a configuration: `list.csv`, or a split of it,
/// `list.csv/test`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListPath<'a> {
    pub file: &'a Path,
    pub split: Option<&'a str>,
}

impl<'a> ListPath<'a> {
    /// `None` if the path is not that of a list file.
    pub fn parse(path: &'a Path) -> Option<Self> {
        if is_list(path) {
            return Some(Self {
                file: path,
                split: None,
            });
        }
        let file = path.parent().filter(|parent| is_list(parent))?;
        let split = path.file_name()?.to_str()?;
        Some(Self {
            file,
            split: Some(split),
        })
    }

    /// The split that is named, if one is.
    ///
    /// # Errors
    /// If there is no such split.
    pub fn named_split(&self) -> Result<Option<Split>, DataError> {
        let Some(name) = self.split else {
            return Ok(None);
        };
        let split = Split::from_name(name).ok_or_else(|| {
            let reason =
                format!("\"{name}\" is no split of a list: name train, valid or test after it");
            DataError::layout(self.file, reason)
        })?;
        Ok(Some(split))
    }
}

fn is_list(path: &Path) -> bool {
    (has_extension(path, "csv") || has_extension(path, "json")) && path.is_file()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|own| own.eq_ignore_ascii_case(extension))
}

/// Whether every image must have a label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Labels {
    Required,
    Optional,
}

/// A row as it stands in the file; an empty value is a missing one.
struct Row {
    /// `line 7` or `entry 7`.
    place: String,
    path: String,
    label: String,
    /// `None` if the file has no column `split`.
    split: Option<String>,
    patient: String,
}

/// What is wrong in a list, and where.
struct Problem {
    /// Line and column, or as far as known.
    place: String,
    reason: String,
}

impl Problem {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }

    fn of_file(self, file: &Path) -> DataError {
        DataError::List {
            path: file.to_owned(),
            place: self.place,
            reason: self.reason,
        }
    }
}
