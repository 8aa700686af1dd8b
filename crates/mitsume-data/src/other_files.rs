//! Files of a data set that are not used as images.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::decode::format_of;
use crate::folder::relative;

/// Number of bytes that identify a format.
const MAGIC_BYTES: u64 = 132;

/// Files of one kind that are not used as images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherFiles {
    /// A format recognised by magic bytes (`JPEG 2000`), a supported format without its extension
    /// (`DICOM without .dcm`), or else the extension (`.txt`).
    pub kind: String,
    /// The files, relative to the data set's folder, with `/` between the parts.
    pub paths: Vec<String>,
}

impl OtherFiles {
    /// `files` below `root` by kind, the most frequent kind first.
    pub(crate) fn by_kind(root: &Path, files: &[PathBuf]) -> Vec<Self> {
        Self::grouped(Self::kinds(root, files).map(|(kind, file)| (kind, relative(file, root))))
    }

    /// Each of `files`, all below `root`, with its kind.
    pub(crate) fn kinds<'a>(
        root: &'a Path,
        files: &'a [PathBuf],
    ) -> impl Iterator<Item = (String, &'a PathBuf)> {
        files.iter().map(move |file| (kind(root, file), file))
    }

    /// Groups (kind, path) pairs, the most frequent kind first.
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
        Some((Some(format), name)) => format!("{name} without {}", format.ending()),
        Some((None, name)) => name.into(),
        None => match file.extension() {
            Some(ending) => format!(".{}", ending.to_string_lossy().to_lowercase()),
            None => "file without an ending".into(),
        },
    }
}

/// The first bytes of a file; empty if it cannot be opened or is not a regular file (reading a
/// named pipe would block).
fn first_bytes(file: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file())
        && let Ok(file) = File::open(file)
    {
        // If reading fails, the kind is the extension.
        let _ = file.take(MAGIC_BYTES).read_to_end(&mut bytes);
    }
    bytes
}
