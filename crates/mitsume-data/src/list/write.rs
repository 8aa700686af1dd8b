//! Writes a list.

use std::path::{Component, Path, PathBuf};

use csv::Writer;

use super::ListedImage;
use crate::error::DataError;

/// The images as a list (CSV) to be put into the folder of `file`, in this order. It has the columns
/// `split` and `patient` if an image has one.
///
/// # Errors
/// [`DataError::Layout`] for an image that is not below that folder, and for a path that a list
/// cannot hold.
pub fn write_list(images: &[ListedImage], file: &Path) -> Result<Vec<u8>, DataError> {
    let (splits, patients) = (
        images.iter().any(|image| image.split.is_some()),
        images.iter().any(|image| image.patient.is_some()),
    );
    let folder = ListFolder::of(file)?;
    let mut out = Writer::from_writer(Vec::new());
    let mut write = |row: [&str; 4]| {
        let shown = [true, true, splits, patients];
        let cells = row.iter().zip(shown).filter(|(_, shown)| *shown);
        out.write_record(cells.map(|(cell, _)| cell))
            .expect("memory takes every row, and all have the same length");
    };
    write(["path", "label", "split", "patient"]);
    for image in images {
        let path = folder.path_in_list(&image.path)?;
        let split = image.split.map_or("", |split| split.name());
        write([
            &path,
            &image.label,
            split,
            image.patient.as_deref().unwrap_or_default(),
        ]);
    }
    Ok(out.into_inner().expect("memory takes every row"))
}

/// The folder of a list that is to be written.
struct ListFolder<'a> {
    file: &'a Path,
    folder: PathBuf,
}

impl<'a> ListFolder<'a> {
    fn of(file: &'a Path) -> Result<Self, DataError> {
        let absolute = std::path::absolute(file).map_err(|error| DataError::read(file, error))?;
        let folder = absolute.parent().unwrap_or(&absolute).to_owned();
        Ok(Self { file, folder })
    }

    /// The path of an image relative to the folder, with `/`: as it is written, so that links are
    /// kept, else with links followed.
    fn path_in_list(&self, image: &Path) -> Result<String, DataError> {
        let refuse = |reason: String| Err(DataError::layout(image, reason));
        let below = |image: &Path, folder: &Path| image.strip_prefix(folder).map(Path::to_owned);
        let written = std::path::absolute(image).ok();
        let written = written.and_then(|image| below(&image, &self.folder).ok());
        let followed = || {
            let (image, folder) = (image.canonicalize().ok()?, self.folder.canonicalize().ok()?);
            below(&image, &folder).ok()
        };
        let plain = |path: &PathBuf| path.components().all(|c| matches!(c, Component::Normal(_)));
        let Some(path) = written.filter(plain).or_else(followed) else {
            return refuse(format!(
                "is not below the folder of the list {}: put the list into a folder above the images, \
                 or a symbolic link to them beside it",
                self.file.display()
            ));
        };
        let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
        let Some(path) = parts.map(|parts| parts.join("/")) else {
            return refuse("is not UTF-8, as a list is: rename it".into());
        };
        if path.trim() != path || path.contains(char::is_control) {
            return refuse(
                "begins or ends with white space, or has a control character, which a list does not keep: rename it"
                    .into(),
            );
        }
        Ok(path)
    }
}
