//! Files of a data set that are not taken as images.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::decode::{Kind, format_of};
use crate::folder::relative;

/// As many bytes as tell a format.
const MAGIC_BYTES: u64 = 132;

/// Files of one kind that are not taken as images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherFiles {
    /// What they are: a format told by the first bytes (`GIF`), a format that is read but not under such a name
    /// (`DICOM without .dcm`), else the ending of the name (`.txt`).
    pub kind: String,
    /// The files, relative to the data set's folder, with `/` between the parts.
    pub paths: Vec<String>,
}

impl OtherFiles {
    /// `files` below `root` by kind, the most frequent kind first.
    pub(crate) fn by_kind(root: &Path, files: &[PathBuf]) -> Vec<Self> {
        Self::grouped(Self::kinds(root, files).map(|(kind, file)| (kind, relative(file, root))))
    }

    /// Each of `files`, which lie below `root`, with its kind.
    pub(crate) fn kinds<'a>(
        root: &'a Path,
        files: &'a [PathBuf],
    ) -> impl Iterator<Item = (String, &'a PathBuf)> {
        files.iter().map(move |file| (kind(root, file), file))
    }

    /// Kinds and paths, the most frequent kind first.
    pub(crate) fn grouped(files: impl Iterator<Item = (String, String)>) -> Vec<Self> {
        let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (kind, path) in files {
            kinds.entry(kind).or_default().push(path);
        }
        let mut all: Vec<Self> = kinds
            .into_iter()
            .map(|(kind, paths)| Self { kind, paths })
            .collect();
        all.sort_by_key(|other| std::cmp::Reverse(other.paths.len()));
        all
    }
}

fn kind(root: &Path, file: &Path) -> String {
    if file.parent() == Some(root) && crate::folder::is_image_name(file) {
        return "image beside the class folders".into();
    }
    match format_of(&first_bytes(file)) {
        Some((Some(Kind::Png), name)) => format!("{name} without .png"),
        Some((Some(Kind::Jpeg), name)) => format!("{name} without .jpg"),
        Some((Some(Kind::Dicom), name)) => format!("{name} without .dcm"),
        Some((None, name)) => name.into(),
        None => match file.extension() {
            Some(ending) => format!(".{}", ending.to_string_lossy().to_lowercase()),
            None => "file without an ending".into(),
        },
    }
}

/// None of a file that cannot be opened, or of something that would wait for a writer.
fn first_bytes(file: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file())
        && let Ok(file) = File::open(file)
    {
        // A file that cannot be read to this point is told by its name.
        let _ = file.take(MAGIC_BYTES).read_to_end(&mut bytes);
    }
    bytes
}
